/** A site: its key, its providers and its hosts, as the configuration and the store have them. */

import { printProvider } from '../config/provider.ts';
import type { Config, ProviderConfig } from '../config/schema.ts';
import type { SiteKey } from '../store/site-key.ts';
import type { Change, Store, StoreContents } from '../store/store.ts';
import { HostRegistry } from './host-registry.ts';
import { configuredHosts } from './hosts.ts';
import { type Miner, ModifierPool } from './modifier-pool.ts';
import { ProviderError, ProviderList, type SiteProvider } from './provider-list.ts';
import { checkKey, serverDuid } from './settings.ts';

export interface SiteOptions {
  readonly config: Config;
  readonly key: SiteKey;
  readonly store: Store;
  readonly miner: Miner;
  readonly random: (length: number) => Uint8Array;
  /** What could not be kept and is no loss. */
  readonly onNotKept: (error: Error) => void;
}

export interface ProviderListener {
  readonly onProviderAdded: (provider: SiteProvider) => void;
  readonly onProviderRemoved: (provider: SiteProvider) => void;
  /** It drains, or does so no more. */
  readonly onProviderChanged: (provider: SiteProvider) => void;
}

export class Site {
  readonly config: Config;
  readonly key: SiteKey;
  readonly store: Store;
  readonly providers: ProviderList;
  readonly hosts: HostRegistry;
  readonly pool: ModifierPool;
  /** The DHCPv6 server's, made at the first start (RFC 8415 §11). */
  readonly serverDuid: Uint8Array;
  readonly #listeners: ProviderListener[] = [];

  /**
   * Reads the store and serves its hosts and the configuration's. Rejects with StoreError, ModifierError, ConfigError,
   * ProviderError, and SiteKeyFileError when the store is of another key.
   */
  static async open(options: SiteOptions): Promise<Site> {
    const { store, key, config, random } = options;
    const contents = await store.contents();
    const [keyChanges, [duid, duidChanges]] = [checkKey(contents, key, config), serverDuid(contents, random)];
    await store.commit([...keyChanges, ...duidChanges]);
    const site = new Site(options, contents, duid);
    await site.hosts.start();
    return site;
  }

  private constructor(options: SiteOptions, contents: StoreContents, duid: Uint8Array) {
    const { config, key, store, miner, random, onNotKept } = options;
    this.config = config;
    this.key = key;
    this.store = store;
    this.serverDuid = duid;
    const { publicKey } = key;
    this.providers = new ProviderList(config.providers, contents.providers);
    this.pool = new ModifierPool({
      publicKey,
      sec: config.site.sec,
      size: config.site.pool,
      random,
      miner,
      stored: contents.modifiers,
      keep: (changes) => void store.commit(changes).catch(onNotKept),
    });
    this.hosts = new HostRegistry({
      store,
      contents,
      publicKey,
      configured: configuredHosts(config, publicKey),
      providers: this.providers,
      rule: config.site.locators,
      hba: config.site.identity === 'hba',
      pool: this.pool,
    });
  }

  listen(listener: ProviderListener): void {
    this.#listeners.push(listener);
  }

  /** Gives every host a locator of the provider. Resolves once that is durable and told. Rejects with ProviderError. */
  async addProvider(config: ProviderConfig): Promise<void> {
    const { name } = config;
    if (this.providers.find(name) !== undefined)
      throw new ProviderError(`there is a provider ${name} already`);
    if (this.config.providers.some((configured) => configured.name === name))
      throw new ProviderError(
        `the configuration file has a provider ${name}, which was removed: use another name`,
      );
    const provider: SiteProvider = { config, origin: 'added', draining: false };
    this.providers.set(provider);
    const record = { name, state: 'added' as const, configuration: printProvider(config) };
    try {
      const locators = [...this.hosts.live.values()].flatMap((host) => this.hosts.assignLocators(host));
      await this.store.commit([{ table: 'providers', put: record }, ...locators]);
    } catch (error) {
      for (const { ulid } of [...this.hosts.locators.ofProvider(name)])
        this.hosts.locators.remove(ulid, name);
      this.providers.delete(name);
      throw error;
    }
    try {
      for (const { onProviderAdded } of this.#listeners) onProviderAdded(provider);
    } catch (error) {
      // Its interface takes no program, for instance: as if it had never been asked for.
      await this.removeProvider(name);
      throw error;
    }
    this.hosts.refresh();
  }

  /** Has nothing new use the provider, or everything again. Resolves once that is durable and told. */
  async setDraining(name: string, draining: boolean): Promise<void> {
    const provider = this.providers.get(name);
    if (provider.draining === draining) return;
    const others = [...this.providers.values()].filter((other) => other !== provider && !other.draining);
    if (draining && others.length === 0) throw new ProviderError(`${name} is the only provider in use`);
    const state = draining ? 'draining' : 'added';
    const configuration = printProvider(provider.config);
    await this.store.commit([{ table: 'providers', put: { name, state, configuration } }]);
    const changed = { ...provider, draining };
    this.providers.set(changed);
    for (const { onProviderChanged } of this.#listeners) onProviderChanged(changed);
    this.hosts.refresh();
  }

  /** Takes the provider's locators away from every host; what still comes by it is received. Rejects as above. */
  async withdrawProvider(name: string): Promise<void> {
    const provider = this.providers.get(name);
    const others = [...this.providers.values()].filter((other) => other !== provider && !other.draining);
    if (others.length === 0) throw new ProviderError(`${name} is the only provider in use`);
    const locators = [...this.hosts.locators.ofProvider(name)];
    const draining = { name, state: 'draining' as const, configuration: printProvider(provider.config) };
    await this.store.commit([
      // Nobody is to get a new locator of it, after a restart either.
      { table: 'providers', put: draining },
      ...locators.map((row): Change => ({ table: 'locators', remove: row })),
    ]);
    this.providers.set({ ...provider, draining: true });
    for (const { ulid } of locators) this.hosts.locators.remove(ulid, name);
    this.hosts.refresh();
  }

  /** Ends all use of the provider. Resolves once that is durable and told. Rejects with ProviderError and StoreError. */
  async removeProvider(name: string): Promise<void> {
    const provider = this.providers.get(name);
    if (this.providers.size === 1) throw new ProviderError(`${name} is the only provider`);
    // Hosts first: nothing must choose a path by a provider that is gone.
    await this.withdrawProvider(name);
    const configuration = printProvider(provider.config);
    const isConfigured = this.config.providers.some((configured) => configured.name === name);
    await this.store.commit([
      isConfigured
        ? { table: 'providers', put: { name, state: 'removed', configuration } }
        : { table: 'providers', remove: { name } },
    ]);
    this.providers.delete(name);
    for (const { onProviderRemoved } of this.#listeners) onProviderRemoved(provider);
  }

  /** What is kept under a name of the caller's; undefined removes it. Resolves once it is durable. */
  async keep(key: string, value: object | undefined): Promise<void> {
    const encoded = value && new TextEncoder().encode(JSON.stringify(value));
    await this.store.commit([
      encoded === undefined
        ? { table: 'settings', remove: { key } }
        : { table: 'settings', put: { key, value: encoded } },
    ]);
  }
}
