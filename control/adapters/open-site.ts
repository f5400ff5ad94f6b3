/** A box's site from its files: the store, the key, and the thread that mines. */
import type { Config } from '../config/schema.ts';
import type { Log } from '../observe/log.ts';
import { SITE_KEY, setting } from '../site/settings.ts';
import { Site } from '../site/site.ts';
import { openSiteKey, readPassphrase } from '../store/site-key.ts';
import { SqliteStore } from '../store/sqlite/sqlite-store.ts';
import { ModifierMiner } from './modifier-miner.ts';

export interface OpenSite {
  readonly site: Site;
  close(): Promise<void>;
}

/** Rejects with StoreError, SiteKeyFileError, ModifierError, ConfigError or ProviderError, with nothing left open. */
export async function openSite(
  config: Config,
  log: Log,
  random: (length: number) => Uint8Array,
): Promise<OpenSite> {
  const store = await SqliteStore.open(config.store.path);
  const miner = new ModifierMiner((error) => log.error('internal-error', { reason: error.message }));
  const close = async () => {
    await miner.close();
    await store.close();
  };
  try {
    const { key: file, 'key-type': type, 'key-passphrase-file': passphraseFile } = config.site;
    const known = setting(await store.contents(), SITE_KEY);
    const key = openSiteKey({
      file,
      type,
      passphrase: readPassphrase(passphraseFile, process.env),
      // The modifiers of configured hosts were found for a key that exists somewhere.
      isFirstStart: known === undefined && config.hosts.length === 0,
    });
    const onNotKept = (error: Error) => log.warn('store-failed', { reason: error.message });
    return { site: await Site.open({ config, key, store, miner, random, onNotKept }), close };
  } catch (error) {
    await close();
    throw error;
  }
}
