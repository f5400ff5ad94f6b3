/** A mistake that never returns. */
import type { Target } from '../target.ts';

export const target: Target = {
  invariant: 'no octet is 0x2a',
  maximumLength: 4,
  dictionary: [],
  seeds: () => [Uint8Array.of(1)],
  run(input) {
    while (input.includes(0x2a));
  },
};
