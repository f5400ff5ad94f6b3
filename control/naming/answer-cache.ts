/**
 * Answers kept as they were given, for as long as everything that they rest on holds: the octets are copied, then the
 * ID and the question are the client's, and the TTLs lose the seconds that have passed. An answer serves only queries
 * that the resolver would have to answer alike; nothing else in it is ever used.
 */
import { BoundedMap } from '../limits/bounded-map.ts';
import { FLAG } from '../wire/dns/constants.ts';
import { DnsDecodeError } from '../wire/dns/decode-error.ts';
import { HEADER_LENGTH } from '../wire/dns/header.ts';
import { read32, write16 } from '../wire/dns/octets.ts';
import type { Address } from '../wire/ipv6/address.ts';
import { transientCopy } from '../wire/transient-octets.ts';
import type { Told } from './learning.ts';
import { type Lifetime, lifetimeOf } from './lifetime.ts';
import type { PlainQuery } from './plain-query.ts';
import type { DnsAlgSettings } from './settings.ts';

interface Kept {
  readonly message: Uint8Array;
  /** Milliseconds, both. */
  readonly since: number;
  readonly until: number;
  readonly ttlOffsets: readonly number[];
  readonly names: readonly string[];
  readonly told: readonly Told[];
}

export interface KeptAnswer {
  readonly message: Uint8Array;
  /** ULIDs that it tells, and seconds for which that holds. */
  readonly told: readonly Told[];
  readonly ttl: number;
}

/** Octets. What is longer is asked anew: the memory is bounded by this times the capacity. */
const LONGEST = 4096;

export class AnswerCache {
  readonly #kept: BoundedMap<Kept>;
  readonly #settings: DnsAlgSettings;
  readonly #ownHost: (key: string) => Address | undefined;

  constructor(settings: DnsAlgSettings, ownHost: (key: string) => Address | undefined) {
    this.#settings = settings;
    this.#ownHost = ownHost;
    this.#kept = new BoundedMap(settings.answerCacheCapacity);
  }

  /** Those that time has overtaken included. */
  get size(): number {
    return this.#kept.size;
  }

  /** The answer to `query`, which is `plain`. */
  find(now: number, plain: PlainQuery, query: Uint8Array): KeptAnswer | undefined {
    const kept = this.#kept.get(plain.key);
    if (kept === undefined || kept.until <= now || this.#isAboutOwn(kept.names)) return undefined;
    const message = transientCopy(kept.message);
    message[0] = query[0]!;
    message[1] = query[1]!;
    message.set(query.subarray(HEADER_LENGTH, plain.questionEnd), HEADER_LENGTH);
    const age = Math.floor((now - kept.since) / 1000);
    if (age > 0) for (const offset of kept.ttlOffsets) lower(message, offset, age);
    return { message, told: kept.told, ttl: Math.ceil((kept.until - now) / 1000) };
  }

  /**
   * Keeps `message` if that may be, until `until` milliseconds at most: what else the answer rests on. Hosts of the site
   * come, go and are renumbered at any time: what is about them is not kept, nor what cannot be read.
   */
  keep(now: number, plain: PlainQuery, message: Uint8Array, until: number, told: readonly Told[]): void {
    const { answerCacheCapacity, answerCacheTtlMax, answerCacheNegativeTtlMax } = this.#settings;
    if (answerCacheCapacity === 0 || message.length > LONGEST || until < now + 1000) return;
    const lifetime = lifetimeIfReadable(message, plain, {
      ttlMax: answerCacheTtlMax,
      negativeTtlMax: answerCacheNegativeTtlMax,
    });
    if (lifetime === undefined || this.#isAboutOwn(lifetime.names)) return;
    const { ttl, ttlOffsets, names } = lifetime;
    const copy = new Uint8Array(message);
    // Not from an authority, but from memory (RFC 1035 §4.1.1).
    copy[2]! &= ~(FLAG.AA >> 8);
    this.#kept.set(plain.key, {
      message: copy,
      since: now,
      until: Math.min(until, now + ttl * 1000),
      ttlOffsets,
      names,
      told,
    });
  }

  #isAboutOwn(names: readonly string[]): boolean {
    for (const name of names) if (this.#ownHost(name) !== undefined) return true;
    return false;
  }
}

function lower(message: Uint8Array, offset: number, seconds: number): void {
  const left = Math.max(0, read32(message, offset) - seconds);
  write16(message, offset, left >>> 16);
  write16(message, offset + 2, left & 0xffff);
}

function lifetimeIfReadable(...words: Parameters<typeof lifetimeOf>): Lifetime | undefined {
  try {
    return lifetimeOf(...words);
  } catch (error) {
    if (error instanceof DnsDecodeError) return undefined;
    throw error;
  }
}
