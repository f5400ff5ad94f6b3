/** Unpredictable octets from the system, asked for a few kilobytes at a time. */
import { randomFillSync } from 'node:crypto';

const POOL_LENGTH = 4096;

/** Tags and nonces take four octets each: to ask the system for every one costs a handshake 5 % of its time. */
export function systemRandom(): (length: number) => Uint8Array {
  const pool = new Uint8Array(POOL_LENGTH);
  let used = POOL_LENGTH;
  return (length) => {
    if (length > POOL_LENGTH) return randomFillSync(new Uint8Array(length));
    if (used + length > POOL_LENGTH) {
      randomFillSync(pool);
      used = 0;
    }
    const octets = pool.slice(used, used + length);
    // What was given out must not be found here later.
    pool.fill(0, used, used + length);
    used += length;
    return octets;
  };
}
