/** Named counts of what the DNS ALG did and refused to do. */
export const createDnsCounters = () => ({
  queries: 0,
  /** Answers relayed with nothing changed but the ID. */
  passed: 0,
  /** Answers with ULIDs, without addresses, or without address hints. */
  rewritten: 0,
  /** Among them those about hosts of the site, from what the box itself knows. */
  ownNames: 0,
  /** Answers given from memory: neither passed nor rewritten. */
  fromCache: 0,
  /** Queries that got the answer to an equal one, which was under way: counted as that is. */
  joined: 0,
  serverFailures: 0,
  /** Messages to the server that are no queries: too short, or answers. */
  notQueries: 0,
  /** Copies of a query under way. */
  duplicates: 0,
  refusedInFlight: 0,
  refusedPerClient: 0,
  upstreamQueries: 0,
  /** For a query that is over, or was never made. */
  upstreamLate: 0,
  /** Wrong resolver, port, ID or question, or not an answer at all: forged, or a mistake. */
  upstreamMismatched: 0,
  upstreamMalformed: 0,
  upstreamFailures: 0,
  /** Answers sent unchanged because the ULID answer failed or took too long. */
  ulidMissed: 0,
  /** ULID and addresses stand at the ends of different alias chains: they may be different hosts'. */
  chainMismatched: 0,
  /** ULIDs that the resolver does not vouch for at a name whose other records it does: not used. */
  ulidInsecure: 0,
  /** Names with a ULID but no usable locator. */
  withoutLocators: 0,
  /** Questions to resolvers that were down. */
  probes: 0,
  /** Searches in the reverse tree: begun, ended, not begun because of a budget or of an earlier end. */
  searches: 0,
  searchesFound: 0,
  searchesNotFound: 0,
  searchesRefused: 0,
  searchesKnownNotFound: 0,
});

export type DnsCounters = ReturnType<typeof createDnsCounters>;
