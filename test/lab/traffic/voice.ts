/** SIP over UDP: SIPp calls SIPp. Contact and SDP name ULIDs. */
import { runIn } from '../command.ts';
import { inState } from '../paths.ts';
import type { LabHost } from '../state.ts';
import { listen } from './listen.ts';

const PORT = 5060;

export async function answerCalls(host: LabHost): Promise<void> {
  // It detaches itself unless its standard input is read; -nostdin keeps it in the foreground.
  const argv = ['sipp', '-sn', 'uas', '-i', `[${host.cmula}]`, '-p', String(PORT), '-nostdin'];
  await listen('sipp', host, 'udp', PORT, argv);
}

/** Makes `calls` calls, one after the other. Throws CommandError unless each of them succeeds. */
export async function call(client: LabHost, server: LabHost, calls: number): Promise<void> {
  const limits = [
    '-m',
    String(calls),
    '-l',
    '1',
    '-r',
    '50',
    '-d',
    '20',
    '-timeout',
    '30s',
    '-timeout_error',
  ];
  const argv = ['sipp', '-sn', 'uac', '-i', `[${client.cmula}]`, '-p', String(PORT), '-nostdin', ...limits];
  await runIn(client.namespace, ['env', '-C', inState(), ...argv, `[${server.cmula}]:${PORT}`]);
}
