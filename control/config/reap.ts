/** What a configuration may say of REAP, RFC 5534. */
import { z } from 'zod';
import { DEFAULT_SEND_TIMEOUT, DEFAULT_SETTINGS, type ReapSettings } from '../reap/index.ts';

export const reapSchema = z.strictObject({
  /**
   * Seconds without return traffic after which another pair of locators is looked for; peers are told. RFC 5534 §7
   * recommends 10 to 100.
   */
  'send-timeout': z.int().min(1).max(100).default(DEFAULT_SEND_TIMEOUT),
  /** Keepalives in a peer's Send Timeout while only it sends: their interval is a third or a half of it. */
  keepalives: z.literal([2, 3]).default(DEFAULT_SETTINGS.keepalives),
  /** Keepalives and Probes a second, of all contexts together. */
  'packets-per-second': z.int().min(10).max(1_000_000).default(DEFAULT_SETTINGS.packetsPerSecond),
  /** Seconds that what one context found orders what others try; 0: each finds out for itself. */
  memory: z
    .number()
    .min(0)
    .max(3600)
    .default(DEFAULT_SETTINGS.memory / 1000),
});

export const reapSettings = (config: z.output<typeof reapSchema>): Partial<ReapSettings> => ({
  sendTimeout: config['send-timeout'],
  keepalives: config.keepalives,
  packetsPerSecond: config['packets-per-second'],
  memory: config.memory * 1000,
});
