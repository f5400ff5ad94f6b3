/** Many TCP streams at once, and one connection by Multipath TCP. */
import { runIn } from '../command.ts';
import type { LabHost } from '../state.ts';
import { listen } from './listen.ts';

interface Iperf {
  readonly end: { readonly streams: readonly { readonly receiver: { readonly bytes: number } }[] };
}

/** Octets received on each of `count` parallel streams in `seconds`. */
export async function parallelStreams(
  client: LabHost,
  server: LabHost,
  count: number,
  seconds: number,
): Promise<readonly number[]> {
  const argv = ['iperf3', '-6', '-J', '-c', server.name, '-P', String(count), '-t', String(seconds)];
  const { stdout } = await runIn(client.namespace, argv);
  return (JSON.parse(stdout) as Iperf).end.streams.map(({ receiver }) => receiver.bytes);
}

/** MPTcpExt counters of a host: /proc/net/netstat is two lines, names and values. */
export async function multipathCounters(host: LabHost): Promise<ReadonlyMap<string, number>> {
  const { stdout } = await runIn(host.namespace, ['cat', '/proc/net/netstat']);
  const [names, values] = stdout.split('\n').filter((line) => line.startsWith('MPTcpExt:'));
  const numbers = values?.split(' ') ?? [];
  return new Map(names?.split(' ').map((name, index) => [name, Number(numbers[index])]));
}

const PORT = 5202;

export async function serveMultipath(host: LabHost): Promise<void> {
  await listen('mptcp', host, 'tcp', PORT, ['mptcpize', 'run', 'iperf3', '-s', '-p', String(PORT)]);
}

/** Sends for a second over one Multipath TCP connection; octets that arrived. */
export async function sendByMultipath(client: LabHost, server: LabHost): Promise<number> {
  const argv = ['mptcpize', 'run', 'iperf3', '-6', '-J', '-c', server.name, '-p', String(PORT), '-t', '1'];
  const { stdout } = await runIn(client.namespace, argv);
  return (JSON.parse(stdout) as Iperf).end.streams[0]!.receiver.bytes;
}
