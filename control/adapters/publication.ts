/** Publication as the configuration has it. */
import { readFileSync, statSync } from 'node:fs';
import { ConfigError } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { errnoText } from '../observe/errno.ts';
import type { Log } from '../observe/log.ts';
import type { Site } from '../site/site.ts';
import { parseName } from '../wire/dns/name.ts';
import type { TsigKey } from '../wire/dns/tsig.ts';
import { ZonePublisher } from './zone-publisher.ts';
import { ZoneServer } from './zone-server.ts';

type PublicationConfig = NonNullable<Config['publication']>;

/** Begins to publish. Rejects with ConfigError when a secret cannot be read, and StoreError. */
export async function startPublication(
  config: PublicationConfig,
  options: {
    readonly site: Site;
    readonly log: Log;
    readonly random: (length: number) => Uint8Array;
    readonly ulidType: number;
  },
): Promise<ZonePublisher> {
  const { site, log, random, ulidType } = options;
  const settings = { ttl: config.ttl, ulidType };
  const keys = new Map(config.keys.map((key) => [key.name, readKey(key)]));
  const zones = config.zones.map(({ zone, server, port, key }) => ({
    zone: parseName(zone),
    // The configuration was refused unless the key is among them.
    server: new ZoneServer({ zone: parseName(zone), server, port, key: keys.get(key)!, settings, random }),
  }));
  const publisher = new ZonePublisher({ site, zones, settings, log });
  await publisher.start();
  return publisher;
}

/** The secret is Base64, as tsig-keygen and keymgr print it. */
function readKey({ name, algorithm, 'secret-file': file }: PublicationConfig['keys'][number]): TsigKey {
  let text: string;
  try {
    if ((statSync(file).mode & 0o077) !== 0)
      throw new ConfigError(file, [`others may read the secret; chmod 600 ${file}`]);
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(file, [`cannot be read: ${errnoText(error)}`]);
  }
  const secret = Uint8Array.from(Buffer.from(text, 'base64'));
  if (
    secret.length < 16 ||
    Buffer.from(secret).toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')
  )
    throw new ConfigError(file, ['must hold a secret of 16 octets or more in Base64, and nothing else']);
  return { name: parseName(name), algorithm, secret };
}
