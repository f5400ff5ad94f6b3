/** What REAP did, and why it ignored a message. */
export const counterNames = [
  'probes-sent',
  'probes-received',
  'keepalives-sent',
  'keepalives-received',
  'explorations',
  'recoveries',
  'pair-switches',
  // Probes that ask whether a peer is at a locator it has listed, and locators at which one was found.
  'presence-probes-sent',
  'peers-found',
  // Put off because of the budget of packets a second; not sent because of a context's own.
  'reap-deferred',
  'probes-limited',
  'no-pair-to-probe',
  // Ignored, whole or in part.
  'probe-illegal-state',
  'probe-wrong-addresses',
  'probe-replayed',
  'probe-unknown-report',
] as const;

export type CounterName = (typeof counterNames)[number];
export type Counters = { [Name in CounterName]: number };

export const zeroCounters = (): Counters =>
  Object.fromEntries(counterNames.map((name) => [name, 0])) as unknown as Counters;
