/** The configuration's seconds as the milliseconds that liveness counts in. */
import type { ProviderConfig } from '../../config/schema.ts';
import type { Hysteresis } from './uplink-health.ts';

export function hysteresisOf({ hysteresis }: ProviderConfig): Hysteresis {
  const { damping } = hysteresis;
  return {
    upAfter: hysteresis['up-after'] * 1000,
    damping: {
      halfLife: damping['half-life'] * 1000,
      suppress: damping.suppress,
      reuse: damping.reuse,
      longest: damping.longest * 1000,
    },
  };
}
