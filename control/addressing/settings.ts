/** What a DHCPv6 server was told by its operator. */
import type { Name } from '../wire/dns/name.ts';
import type { Address } from '../wire/ipv6/address.ts';
import type { Prefix } from '../wire/ipv6/prefix.ts';

export interface SubnetSettings {
  /** A /64. A client gets one address of every subnet of its link. */
  readonly prefix: Prefix;
  /** The inside interface that the subnet is on. */
  readonly interface?: string;
  /** Link addresses of the relay agents that serve it; those within `prefix` do without being named. */
  readonly relays: readonly Prefix[];
  /** Never handed out. */
  readonly exclude: readonly Prefix[];
}

export interface DhcpSettings {
  readonly subnets: readonly SubnetSettings[];
  /** Seconds. */
  readonly lifetimes: { readonly preferred: number; readonly valid: number };
  /** Seconds, or undefined: 0.5 and 0.8 of the preferred lifetime (RFC 8415 §21.4). */
  readonly t1: number | undefined;
  readonly t2: number | undefined;
  readonly rapidCommit: boolean;
  /** 0 to 255; the server with the highest wins. */
  readonly preference: number;
  readonly dnsServers: readonly Address[];
  readonly domainSearch: readonly Name[];
  /** Seconds, 60 to 86400 (RFC 8415 §21.24, §21.25), or undefined to say nothing. */
  readonly solMaxRt: number | undefined;
  readonly infMaxRt: number | undefined;
  /** Seconds, 600 at least (RFC 8415 §21.23). */
  readonly informationRefreshTime: number;
  /** The domain that clients may have names in; undefined: only reservations have names. */
  readonly domain: string | undefined;
  /** Seconds for which a declined address is not handed out. */
  readonly quarantine: number;
  /** Messages a second, and at once. */
  readonly rates: { readonly perClient: number; readonly perRelay: number };
  /** Leases, those of clients that are gone included. */
  readonly maximumLeases: number;
  /** Addresses offered and not yet taken. */
  readonly maximumOffers: number;
  /** Seconds for which an offer is kept. */
  readonly offerPatience: number;
}
