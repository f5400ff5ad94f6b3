/** foo.com signed at the lab's name server, and unbound beside the lab's resolver, which validates it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delvAnchors, signZone } from '../../adapters/dns-programs.ts';
import { LabError, runIn, until } from '../command.ts';
import { inState } from '../paths.ts';
import { assertAlive, start } from '../process.ts';
import { unconfined } from '../services.ts';
import { type LabProcess, readState } from '../state.ts';
import { NAME_SERVER, RESOLVER } from '../topology.ts';

export const VALIDATOR = { address: RESOLVER.address, port: 5353 } as const;
const SIGNED = 'foo.com';

/** For `delv -a`. */
export const ANCHORS = inState('anchors.conf');

/** Signs the zone, has BIND load it, and starts unbound. Returns its process. */
export async function startValidator(): Promise<LabProcess> {
  const file = inState(NAME_SERVER.namespace, `zone.${SIGNED}`);
  const { text, ds } = await signZone({ name: SIGNED, text: readFileSync(file, 'utf8') });
  writeFileSync(file, text);
  makeStatic();
  writeFileSync(ANCHORS, delvAnchors([ds]));
  const named = readState()?.processes.find(({ name }) => name === `named-${NAME_SERVER.namespace}`);
  if (named === undefined) throw new LabError('the lab has no name server');
  process.kill(named.pid, 'SIGHUP');
  await until(`${NAME_SERVER.name} serves the signed ${SIGNED}`, async () => {
    const query = ['dig', '+short', '+tries=1', `@${NAME_SERVER.address}`, SIGNED, 'DNSKEY'];
    return (await runIn(NAME_SERVER.namespace, query)).stdout !== '';
  });
  return startUnbound(ds);
}

/** BIND does not read the file of a zone again that takes updates; this one takes none from now on. */
function makeStatic(): void {
  const configuration = inState(NAME_SERVER.namespace, 'named.conf');
  const lines = readFileSync(configuration, 'utf8').split('\n');
  const changed = lines.map((line) =>
    line.startsWith(`zone "${SIGNED}."`) ? line.replace(/allow-update \{[^}]*\};/, '') : line,
  );
  writeFileSync(configuration, changed.join('\n'));
}

async function startUnbound(ds: string): Promise<LabProcess> {
  const directory = inState('unbound');
  mkdirSync(directory);
  const configuration = `server:
  interface: ${VALIDATOR.address}@${VALIDATOR.port}
  port: ${VALIDATOR.port}
  directory: "${directory}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  do-ip4: no
  access-control: ::/0 allow
  module-config: "validator iterator"
  trust-anchor: "${ds}"
  # Documentation prefixes are not resolved otherwise.
  local-zone: "8.b.d.0.1.0.0.2.ip6.arpa." nodefault
remote-control:
  control-enable: no
stub-zone:
  name: "."
  stub-addr: ${NAME_SERVER.address}
`;
  writeFileSync(`${directory}/unbound.conf`, configuration);
  const { namespace } = RESOLVER;
  const argv = unconfined(['unbound', '-d', '-p', '-c', `${directory}/unbound.conf`]);
  const unbound = await start('unbound', namespace, argv);
  await until('unbound validates', async () => {
    assertAlive(unbound);
    const at = [`@${VALIDATOR.address}`, '-p', String(VALIDATOR.port)];
    const { stdout } = await runIn(namespace, [
      'dig',
      '+tries=1',
      '+time=1',
      '+dnssec',
      ...at,
      SIGNED,
      'SOA',
    ]);
    return /flags:[^;]* ad;/.test(stdout);
  });
  return unbound;
}
