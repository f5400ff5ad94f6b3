/**
 * What names' ULIDs are, or that they have none, for as long as the answers said: so that of the AAAA, A and HTTPS
 * queries that clients ask at the same time only the first asks for ULIDs, too. Answers to our own questions only.
 */
import { type Name, nameKey } from '../wire/dns/name.ts';
import type { DnsAlgSettings } from './settings.ts';
import { TtlCache } from './ttl-cache.ts';
import type { Ulids } from './ulids.ts';

export class UlidCache {
  readonly #entries: TtlCache<Ulids | 'none'>;
  readonly #ttlMax: number;

  constructor({ ulidCacheCapacity, ulidCacheTtlMax }: DnsAlgSettings) {
    this.#entries = new TtlCache(ulidCacheCapacity);
    this.#ttlMax = ulidCacheTtlMax;
  }

  /** `negativeTtl`: seconds, if there are none. */
  learn(now: number, name: Name, ulids: Ulids | 'none', negativeTtl: number): void {
    const told = ulids === 'none' ? negativeTtl : Math.min(ulids.ttl, ulids.aliasTtl);
    const ttl = Math.min(told, this.#ttlMax);
    if (ttl > 0) this.#entries.set(nameKey(name), ulids, now + ttl * 1000);
  }

  /** With what is left of the TTL. */
  get(now: number, name: Name): Ulids | 'none' | undefined {
    const entry = this.#entries.get(now, nameKey(name));
    if (entry === undefined || entry.value === 'none') return entry?.value;
    const left = Math.ceil((entry.expiry - now) / 1000);
    return { ...entry.value, ttl: Math.min(entry.value.ttl, left) };
  }
}
