/** DNS between hosts: NSD on one, dig on the other, and an answer so large that UDP fragments it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { runIn } from '../command.ts';
import { inState } from '../paths.ts';
import type { LabHost } from '../state.ts';
import { listen } from './listen.ts';

const ZONE = 'large.test';
/** Eleven strings of 250 characters: about 2,800 octets, two fragments of 1,500. */
const STRINGS = Array.from({ length: 11 }, (_, index) => String.fromCharCode(97 + index).repeat(250));

export async function serveLargeZone(host: LabHost): Promise<void> {
  const folder = inState(`nsd-${host.namespace}`);
  mkdirSync(folder, { recursive: true });
  const record = STRINGS.map((text) => `"${text}"`).join(' ');
  writeFileSync(
    `${folder}/zone`,
    `$TTL 60\n@ SOA ns.${ZONE}. hostmaster.${ZONE}. 1 3600 600 86400 60\n@ NS ns\nns AAAA ${host.cmula}\n@ TXT ${record}\n`,
  );
  writeFileSync(
    `${folder}/nsd.conf`,
    `server:
  ip-address: ${host.cmula}
  username: ""
  zonesdir: "${folder}"
  database: ""
  zonelistfile: "${folder}/zone.list"
  xfrdfile: "${folder}/xfrd.state"
  xfrdir: "${folder}"
  pidfile: ""
  ipv6-edns-size: 4096
remote-control:
  control-enable: no
zone:
  name: ${ZONE}
  zonefile: zone
`,
  );
  await listen('nsd', host, 'udp', 53, ['nsd', '-d', '-c', `${folder}/nsd.conf`]);
}

/** Length of the TXT record as `client` gets it, by one protocol and without falling back to the other. */
export async function askForLargeRecord(
  client: LabHost,
  server: LabHost,
  protocol: 'udp' | 'tcp',
): Promise<number> {
  const how = protocol === 'tcp' ? ['+tcp'] : ['+notcp', '+ignore', '+bufsize=4096'];
  const argv = ['dig', '+short', '+tries=1', '+time=5', ...how, `@${server.cmula}`, ZONE, 'TXT'];
  const { stdout } = await runIn(client.namespace, argv);
  return stdout.replaceAll(/["\s]/g, '').length;
}

export const LARGE_RECORD_LENGTH = STRINGS.join('').length;

/** Fragments that a host has made and put together again since it started. */
export async function fragmentCounters(host: LabHost): Promise<{ made: number; reassembled: number }> {
  const { stdout } = await runIn(host.namespace, ['cat', '/proc/net/snmp6']);
  const value = (name: string) => Number(new RegExp(`^${name}\\s+(\\d+)`, 'm').exec(stdout)?.[1] ?? 0);
  return { made: value('Ip6FragCreates'), reassembled: value('Ip6ReasmOKs') };
}
