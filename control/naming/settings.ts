/** What can be set about the DNS ALG, with the defaults. */
import { type Prefix, parsePrefix } from '../wire/ipv6/prefix.ts';
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
  /** Milliseconds that an answer waits for the ULID answer, which was asked for at the same time. */
  readonly ulidGrace: number;
  /** Client queries under way, in total and of one client address. */
  readonly maxInFlight: number;
  readonly maxInFlightPerClient: number;
  /** Octets of messages held for queries under way. */
  readonly maxInFlightOctets: number;
  /** ULIDs, and locators, used of one name. */
  readonly maxAddressesPerName: number;
  /** ULIDs whose locators are remembered. */
  readonly locatorCacheCapacity: number;
}

export const DEFAULT_DNS_ALG_SETTINGS: DnsAlgSettings = {
  ulidType: DEFAULT_ULID_TYPE,
  ulidPrefixes: [parsePrefix('fc00::/8')],
  deadline: 4500,
  retransmitAfter: 800,
  maxAttempts: 4,
  ulidGrace: 1200,
  maxInFlight: 2048,
  maxInFlightPerClient: 256,
  maxInFlightOctets: 16 * 1024 * 1024,
  maxAddressesPerName: 16,
  locatorCacheCapacity: 65536,
};
