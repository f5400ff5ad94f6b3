/** A mistake behind checks that only coverage gets past, one at a time. */
import { hold, type Target } from '../target.ts';

export const target: Target = {
  invariant: 'no input starts with SHIM',
  maximumLength: 64,
  dictionary: [],
  watched: ['/planted/deep.ts'],
  seeds: () => [new Uint8Array(32)],
  run(input) {
    if (input[0] === 0x53) if (input[1] === 0x48) if (input[2] === 0x49) hold(input[3] !== 0x4d, 'planted');
  },
};
