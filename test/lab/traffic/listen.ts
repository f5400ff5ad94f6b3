/** Starting a server of a scenario, and waiting until it listens. */
import { runIn, until } from '../command.ts';
import { assertAlive, start } from '../process.ts';
import type { LabHost, LabProcess } from '../state.ts';

/** Returns when something on `host` listens on the port. Throws ProgramEndedError when the server has ended. */
export async function listen(
  name: string,
  host: LabHost,
  protocol: 'tcp' | 'udp',
  port: number,
  argv: readonly string[],
): Promise<LabProcess> {
  const program = await start(`${name}-${host.namespace}`, host.namespace, argv);
  const listing = ['ss', '-Hln', protocol === 'tcp' ? '-t' : '-u', `sport = :${port}`];
  await until(`${name} listens on ${host.name}`, async () => {
    assertAlive(program);
    return (await runIn(host.namespace, listing)).stdout !== '';
  });
  return program;
}
