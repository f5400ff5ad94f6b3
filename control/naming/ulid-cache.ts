/**
 * What names' ULIDs are, or that they have none, for as long as the answers said: so that of the AAAA, A and HTTPS
 * queries that clients ask at the same time only the first asks for ULIDs, too. Answers to our own questions only.
 */
import { FLAG } from '../wire/dns/constants.ts';
import { nameKey } from '../wire/dns/name.ts';
import type { Query } from './classify.ts';
import type { DnsAlgSettings } from './settings.ts';
import { TtlCache } from './ttl-cache.ts';
import { readUlids, type Ulids } from './ulids.ts';

export interface KnownUlids {
  readonly ulids: Ulids | 'none';
  /** Milliseconds on the caller's clock. */
  readonly until: number;
}

export class UlidCache {
  readonly #entries: TtlCache<Ulids | 'none'>;
  readonly #settings: DnsAlgSettings;

  constructor(settings: DnsAlgSettings) {
    this.#entries = new TtlCache(settings.ulidCacheCapacity);
    this.#settings = settings;
  }

  /** What `message` says of the name that `query` is for. Throws DnsDecodeError. */
  learn(now: number, query: Query, message: Uint8Array): KnownUlids {
    const { ulids, ttl } = readUlids(message, this.#settings);
    const until = now + Math.min(ttl, this.#settings.ulidCacheTtlMax) * 1000;
    if (until > now && !isUnchecked(query)) this.#entries.set(nameKey(query.question!.name), ulids, until);
    return { ulids, until };
  }

  /** With what is left of the TTL. */
  find(now: number, query: Query): KnownUlids | undefined {
    const entry = isUnchecked(query) ? undefined : this.#entries.get(now, nameKey(query.question!.name));
    if (entry === undefined) return undefined;
    const { value: ulids, expiry: until } = entry;
    if (ulids === 'none') return { ulids, until };
    const left = Math.ceil((until - now) / 1000);
    return { ulids: { ...ulids, ttl: Math.min(ulids.ttl, left) }, until };
  }
}

/** Of a client that wants no validation, whose answers may be bogus: they are not remembered, and what is remembered is not for it. */
const isUnchecked = ({ header }: Query): boolean => (header.flags & FLAG.CD) !== 0;
