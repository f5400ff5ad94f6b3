/** NTP: chrony serves the machine's own time and asks for it; no clock is ever set (`-x`, `-Q`). */
import { runIn } from '../command.ts';
import { inState } from '../paths.ts';
import type { LabHost } from '../state.ts';
import { listen } from './listen.ts';

const PORT = 123;

/** What two daemons on one machine must not share, and the port for chronyc, which is not needed. */
const own = (host: LabHost, role: string) => [
  `pidfile ${inState(`chrony-${role}-${host.namespace}.pid`)}`,
  'cmdport 0',
  'bindcmdaddress /',
];

export async function serveTime(host: LabHost): Promise<void> {
  const words = [...own(host, 'server'), `bindaddress ${host.cmula}`, 'allow ::/0', 'local stratum 8'];
  await listen('chrony', host, 'udp', PORT, ['chronyd', '-d', '-x', '-u', 'root', ...words]);
}

/** By how many seconds `client`'s clock is wrong, as four exchanges with `server` say. Throws CommandError without. */
export async function askForTime(client: LabHost, server: LabHost): Promise<number> {
  const words = [...own(client, 'client'), `server ${server.name} iburst`];
  const argv = ['chronyd', '-Q', '-t', '20', '-u', 'root', ...words];
  const { stdout, stderr } = await runIn(client.namespace, argv);
  return Number(/System clock wrong by (-?[\d.]+) seconds/.exec(stdout + stderr)?.[1]);
}
