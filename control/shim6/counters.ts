/** Why a message was ignored or a request refused. Each name is counted; none is logged per packet. */
export const counterNames = [
  // Any message, RFC 5533 §12.3.
  'malformed',
  'bad-checksum',
  'bad-address',
  'unknown-message',
  'critical-option',
  // Messages and options that are understood but not acted on.
  'ignored-Keepalive',
  'ignored-Probe',
  'ignored-Error',
  // Establishment.
  'not-for-us',
  'bad-validator',
  'unmatched-R1',
  'unmatched-R2',
  'unmatched-R1bis',
  'unmatched-Error',
  'unmatched-ICMP',
  'refused-by-peer',
  'replayed-I2',
  // Verification of a peer's locators, RFC 5533 §7.2.
  'bad-parameters',
  'bad-signature',
  'unsupported-key',
  'unsupported-method',
  'bad-locator',
  'too-many-locators',
  'bad-preferences',
  'source-not-listed',
  // After establishment.
  'unknown-tag',
  'stale-tag',
  'too-early',
  'unmatched-acknowledgement',
  'no-update-source',
  'context-confusion',
  // Limits.
  'table-full',
  'too-many-unfinished',
  'too-many-forks',
  'shared-tag',
  'message-too-long',
  'errors-suppressed',
  'R1bis-suppressed',
] as const;

export type CounterName = (typeof counterNames)[number];
export type Counters = { [Name in CounterName]: number };

export const zeroCounters = (): Counters =>
  Object.fromEntries(counterNames.map((name) => [name, 0])) as unknown as Counters;
