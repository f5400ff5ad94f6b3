/** What can be set about the DNS ALG, with the defaults. */
import { type Prefix, parsePrefix } from '../wire/ipv6/prefix.ts';
import type { BudgetSettings } from './budget.ts';
import { DEFAULT_ULID_TYPE } from './ulid-record.ts';

export interface DnsAlgSettings {
  /** RR type that holds ULIDs. */
  readonly ulidType: number;
  /**
   * A ULID outside these prefixes is ignored: an answer must not be able to point hosts at loopback,
   * link-local or other addresses that no context will ever be made for.
   */
  readonly ulidPrefixes: readonly Prefix[];
  /** Milliseconds until a client without an answer gets SERVFAIL. Stub resolvers give up after 5 s. */
  readonly deadline: number;
  /** Milliseconds without an answer after which the next resolver is asked too. */
  readonly retransmitAfter: number;
  /** Times that one question is sent upstream at most. */
  readonly maxAttempts: number;
  /** Milliseconds between questions whether a resolver that is down is back: at first, and at most. */
  readonly probeInterval: number;
  readonly probeIntervalMax: number;
  /** A of a name with a ULID is NODATA. False: IPv4 addresses are told beside ULIDs, and hosts choose. */
  readonly hideIpv4: boolean;
  /** Seconds, of the CMULA of a host of the site. */
  readonly ownTtl: number;
  /** Milliseconds that an answer waits for the ULID answer, which was asked for at the same time. */
  readonly ulidGrace: number;
  /** Client queries under way, in total and of one client address. */
  readonly maxInFlight: number;
  readonly maxInFlightPerClient: number;
  /** Octets of messages held for queries under way. */
  readonly maxInFlightOctets: number;
  /** ULIDs, and locators, used of one name. */
  readonly maxAddressesPerName: number;
  /** ULIDs whose locators are remembered, and for how many seconds at least and at most. */
  readonly locatorCacheCapacity: number;
  readonly locatorTtlMin: number;
  readonly locatorTtlMax: number;
  /** Names of which the ULIDs, or that there are none, are remembered, and for how many seconds at most. */
  readonly ulidCacheCapacity: number;
  readonly ulidCacheTtlMax: number;
  /** Answers kept, 0 for none, and for how many seconds at most: what there is, and what there is not (RFC 2308 §5). */
  readonly answerCacheCapacity: number;
  readonly answerCacheTtlMax: number;
  readonly answerCacheNegativeTtlMax: number;
  /** Searches in the reverse tree under way, in total and for one host. */
  readonly maxSearches: number;
  readonly maxSearchesPerHost: number;
  /** Searches begun: a second and at once, of one host and in total. */
  readonly searchBudget: BudgetSettings;
  /** Hosts that wait for one search. */
  readonly maxAskersPerSearch: number;
  /** ULIDs that are known not to be found, and for how many seconds: at most, and where no answer came. */
  readonly notFoundCapacity: number;
  readonly notFoundTtlMax: number;
  readonly notFoundTtlFailed: number;
}

export const DEFAULT_DNS_ALG_SETTINGS: DnsAlgSettings = {
  ulidType: DEFAULT_ULID_TYPE,
  ulidPrefixes: [parsePrefix('fc00::/8')],
  deadline: 4500,
  retransmitAfter: 800,
  maxAttempts: 4,
  probeInterval: 1000,
  probeIntervalMax: 30_000,
  hideIpv4: true,
  ownTtl: 60,
  ulidGrace: 1200,
  maxInFlight: 2048,
  maxInFlightPerClient: 256,
  maxInFlightOctets: 16 * 1024 * 1024,
  maxAddressesPerName: 16,
  locatorCacheCapacity: 65536,
  locatorTtlMin: 30,
  locatorTtlMax: 86_400,
  ulidCacheCapacity: 16_384,
  ulidCacheTtlMax: 300,
  answerCacheCapacity: 16_384,
  answerCacheTtlMax: 86_400,
  answerCacheNegativeTtlMax: 10_800,
  maxSearches: 256,
  maxSearchesPerHost: 32,
  searchBudget: { rate: 20, burst: 64, totalRate: 200, totalBurst: 512 },
  maxAskersPerSearch: 64,
  notFoundCapacity: 16_384,
  notFoundTtlMax: 60,
  notFoundTtlFailed: 5,
};
