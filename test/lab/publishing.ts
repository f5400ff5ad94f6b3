/** A site's zones kept by its box at the lab's name server, and a new provider told to the box. */
import { writeFileSync } from 'node:fs';
import { askDaemon } from '../../control/api/client.ts';
import type { ProviderReport } from '../../control/api/protocol.ts';
import { editConfiguration, socketOf } from './box.ts';
import { run, runIn, until } from './command.ts';
import { UPDATE_KEY } from './dns.ts';
import { CLI, inState } from './paths.ts';
import { NAME_SERVER, type Provider, type Site } from './topology.ts';

/** From the box's next start on. `ttl` in seconds. */
export function publishZones(site: Site, zones: readonly string[], ttl: number): void {
  const secret = inState('update-secret');
  writeFileSync(secret, UPDATE_KEY.secret, { mode: 0o600 });
  editConfiguration(site, (configuration) => {
    configuration['publication'] = {
      ttl,
      keys: [{ name: UPDATE_KEY.name, 'secret-file': secret }],
      zones: zones.map((zone) => ({ zone, server: NAME_SERVER.address, key: UPDATE_KEY.name })),
    };
  });
}

/** What the name server says, sorted. `program`: dig, or Knot's kdig. */
export async function published(
  name: string,
  type: string,
  program: 'dig' | 'kdig' = 'dig',
): Promise<string[]> {
  const argv = [program, '+short', '+norecurse', `@${NAME_SERVER.address}`, name, type];
  return (await runIn(NAME_SERVER.namespace, argv)).stdout.split('\n').filter(Boolean).sort();
}

/** Runs the CLI against the site's box. */
export const pshim6 = async (site: Site, ...words: string[]): Promise<string> =>
  (await run([process.execPath, CLI, '--socket', socketOf(site), ...words], { timeout: 60_000 })).stdout;

/** Adds a provider of priority 1 on an interface of its name. Resolves when it is up. */
export async function addProvider(site: Site, { name, prefix, gateway }: Provider): Promise<void> {
  const words = ['--interface', name, '--prefix', prefix, '--gateway', gateway, '--priority', '1'];
  await pshim6(site, 'provider', 'add', name, ...words);
  await until(`${name} is up`, async () =>
    ((await askDaemon(socketOf(site), 'providers')) as readonly ProviderReport[]).some(
      (row) => row.name === name && row.state === 'up',
    ),
  );
}
