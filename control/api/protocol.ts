/**
 * What goes over the control socket: one JSON object a line. A request names a command; its
 * answer is `{result}` or `{error}`, or `{event}` again and again until the client goes. The shapes
 * below are what `--json` prints.
 */
export interface Request {
  readonly command: string;
  /** What the command needs besides. */
  readonly arguments?: Arguments;
}

export type Arguments = Readonly<Record<string, unknown>>;

export type Response =
  | { readonly result: unknown }
  | { readonly error: string }
  | { readonly event: unknown }
  /** Events that this client was too slow for. */
  | { readonly lost: number };

/** Longest line accepted either way, octets; a table of a million contexts is larger than any request. */
export const REQUEST_LIMIT = 65_536;

export interface ProgramCounts {
  readonly received: number;
  readonly forwarded: number;
  readonly toKernel: number;
  readonly passed: number;
  readonly punted: number;
  readonly dropped: number;
  /** Packet Too Big was sent back in the packet's place. */
  readonly answered: number;
}

export interface StatusReport {
  readonly site: string;
  readonly version: string;
  /** ISO 8601. */
  readonly since: string;
  readonly programs: { readonly inside: ProgramCounts; readonly outside: ProgramCounts };
  readonly contexts: { readonly established: number; readonly pending: number; readonly capacity: number };
  readonly waitingPackets: number;
  readonly counters: Readonly<Record<string, number>>;
}

export interface ContextReport {
  readonly local: string;
  readonly peer: string;
  /** Forked Instance Identifier (RFC 5533 §4.2); 0: the default context of the pair. */
  readonly fork: number;
  /** RFC 5533 §6.2. */
  readonly state: string;
  readonly paths: readonly {
    readonly source: string;
    readonly destination: string;
    readonly uplink: string;
  }[];
  /** Index in paths of the one that carries packets now; null before the context stands. */
  readonly active: number | null;
  readonly localTag: string;
  readonly peerTag: string;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly establishedAt: string | null;
  /** From the first I1 to ESTABLISHED. */
  readonly handshakeMilliseconds: number | null;
  /** What the first packet waited in the box; null when none had to. */
  readonly firstPacketMilliseconds: number | null;
}

export interface LocatorPairReport {
  readonly source: string;
  readonly destination: string;
  /** Of the provider that delegated the source. */
  readonly uplink: string;
}

/** `pshim6 contexts show`. */
export interface ContextDetailReport extends ContextReport {
  /** The pair in use, since when, and why that one; null while none is. */
  readonly inUse: (LocatorPairReport & { readonly since: string; readonly because: string }) | null;
  readonly localLocators: readonly {
    readonly address: string;
    readonly uplink: string;
    readonly usable: boolean;
    /** The peer knows it. */
    readonly acknowledged: boolean;
    readonly priority: number;
    readonly weight: number;
  }[];
  readonly peerLocators: readonly {
    readonly address: string;
    /** What proves it: `ULID`: it is the ULID; `CGA`, `HBA`: RFC 5533 §5.15.2. */
    readonly method: string;
    /** The peer was found there, so that packets may go there (RFC 5533 §7.2). */
    readonly found: boolean;
    readonly broken: boolean;
    readonly transient: boolean;
    readonly priority: number;
    readonly weight: number;
  }[];
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly lastSentSecondsAgo: number | null;
  readonly lastReceivedSecondsAgo: number | null;
  /** The newest last. */
  readonly switches: readonly {
    readonly at: string;
    readonly from: LocatorPairReport | null;
    readonly to: LocatorPairReport | null;
    readonly because: string;
  }[];
  readonly reachability: ReachabilityReport | null;
}

/** What REAP (RFC 5534) knows of a context. */
export interface ReachabilityReport {
  /** Operational, Exploring or InboundOk. */
  readonly state: string;
  /** Which timer runs. */
  readonly timer: 'none' | 'Send' | 'Keepalive';
  readonly explorations: number;
  readonly probesSent: number;
  readonly probesReceived: number;
  /** The last of them, the newest last. */
  readonly probes: readonly {
    readonly at: string;
    readonly direction: 'sent' | 'received';
    /** Of who sent it. */
    readonly state: string;
    readonly source: string;
    readonly destination: string;
  }[];
}

export interface UplinkReport {
  readonly name: string;
  readonly state: 'up' | 'down';
  /** `waiting`, `damped`: well again, but not for long enough; `last-resort`: used because nothing else is left. */
  readonly phase: 'up' | 'down' | 'waiting' | 'damped' | 'last-resort';
  /** When an uplink that waits will be up. */
  readonly upAt: string | null;
  readonly interface: string;
  readonly prefix: string;
  readonly gateway: string;
  /** The exit router at the other end of its tunnel; null: none. */
  readonly tunnel: string | null;
  readonly gatewayMac: string | null;
  readonly mtu: number;
  readonly since: string | null;
  readonly switches: readonly { readonly state: string; readonly reason: string; readonly at: string }[];
  readonly sources: readonly {
    readonly source: string;
    readonly state: 'up' | 'down' | 'unknown';
    readonly detail: string;
    readonly since: string;
  }[];
}

export interface HostReport {
  /** null: a client that gave none. */
  readonly name: string | null;
  readonly ulid: string;
  readonly locators: readonly string[];
  readonly mac: string | null;
  /** `reservation`: kept for a host, which has it by hand or has not come yet. */
  readonly origin: 'configuration' | 'reservation' | 'lease';
  /** Whether traffic of it is served now. */
  readonly served: boolean;
}

export interface HostDetail extends HostReport {
  readonly subnet: string;
  /** 32 hexadecimal digits. */
  readonly modifier: string;
  readonly collisionCount: number;
  readonly sec: number;
  readonly hba: readonly string[] | null;
  readonly locatorsByProvider: Readonly<Record<string, string>>;
  readonly lease: {
    readonly state: string;
    readonly duid: string;
    readonly iaid: number;
    readonly boundAt: string;
    readonly preferredUntil: string;
    readonly validUntil: string;
  } | null;
  readonly reservation: { readonly duid: string | null; readonly remoteId: string | null } | null;
}

export interface ProviderReport {
  readonly name: string;
  readonly prefix: string;
  readonly interface: string;
  readonly gateway: string;
  /** The exit router at the other end of its tunnel; null: none. */
  readonly tunnel: string | null;
  readonly priority: number;
  readonly origin: 'configuration' | 'added';
  readonly draining: boolean;
  readonly state: 'up' | 'down';
  /** Locators of hosts. */
  readonly locators: number;
  /** Established contexts whose packets leave by it now. */
  readonly contexts: number;
}

export interface DnsReport {
  readonly resolvers: readonly {
    readonly address: string;
    readonly port: number;
    /** The name that it has to prove; null without TLS. */
    readonly tls: string | null;
    readonly state: 'up' | 'down';
  }[];
  /** Client queries, and messages to the resolvers, under way. */
  readonly inFlight: number;
  readonly upstreamInFlight: number;
  /** Answers kept. */
  readonly kept: number;
  /** ULIDs whose locators are remembered. */
  readonly locators: number;
  /** Searches in the reverse tree under way. */
  readonly searching: number;
  readonly counters: Readonly<Record<string, number>>;
}

export interface DropReport {
  readonly reason: string;
  readonly meaning: string;
  readonly packets: number;
}
