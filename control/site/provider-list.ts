/** The site's providers: those of the configuration file, and what was changed while running. */
import { type ProviderConfig, parseProvider } from '../config/provider.ts';
import type { ProviderRecord } from '../store/records.ts';
import { formatPrefix } from '../wire/ipv6/prefix.ts';
import { RefusalError } from './refusal.ts';

export interface SiteProvider {
  readonly config: ProviderConfig;
  readonly origin: 'configuration' | 'added';
  /** Nothing new uses it; it still carries what it did. */
  readonly draining: boolean;
}

/** A provider cannot be added, removed or replaced like that. */
export class ProviderError extends RefusalError {
  constructor(message: string) {
    super(message);
    this.name = 'ProviderError';
  }
}

export class ProviderList {
  readonly #providers = new Map<string, SiteProvider>();

  /**
   * Throws ConfigError when a record cannot be read. A provider removed while running stays so while the configuration
   * names it with the same prefix: with another one it is another.
   */
  constructor(configured: readonly ProviderConfig[], records: readonly ProviderRecord[]) {
    for (const config of configured)
      this.#providers.set(config.name, { config, origin: 'configuration', draining: false });
    for (const record of records) this.#applyRecord(record);
    if (this.#providers.size === 0)
      throw new ProviderError(
        'every provider of the configuration was removed while running: pshim6 provider add',
      );
  }

  #applyRecord({ name, state, configuration }: ProviderRecord): void {
    const config = parseProvider(configuration);
    const known = this.#providers.get(name);
    const isSame = known !== undefined && formatPrefix(known.config.prefix) === formatPrefix(config.prefix);
    if (state === 'removed') {
      if (isSame) this.#providers.delete(name);
      return;
    }
    if (known !== undefined && !isSame) return;
    const origin = known?.origin ?? 'added';
    this.#providers.set(name, { config: known?.config ?? config, origin, draining: state === 'draining' });
  }

  values(): IterableIterator<SiteProvider> {
    return this.#providers.values();
  }

  find(name: string): SiteProvider | undefined {
    return this.#providers.get(name);
  }

  /** Throws ProviderError, naming those that there are. */
  get(name: string): SiteProvider {
    const provider = this.#providers.get(name);
    if (provider !== undefined) return provider;
    throw new ProviderError(
      `no provider is called ${name}: there are ${[...this.#providers.keys()].join(', ')}`,
    );
  }

  set(provider: SiteProvider): void {
    this.#providers.set(provider.config.name, provider);
  }

  delete(name: string): void {
    this.#providers.delete(name);
  }

  get size(): number {
    return this.#providers.size;
  }
}
