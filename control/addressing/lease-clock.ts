/** The time that leases are counted in. */

/**
 * Whole milliseconds since the epoch as they are now, plus the time since: leases neither end nor live longer when
 * somebody sets the clock. `wall`: milliseconds since the epoch; `elapsed`: the same, monotonic, from any start.
 */
export function leaseClock(wall: () => number, elapsed: () => number): () => number {
  const epoch = wall() - elapsed();
  return () => Math.round(epoch + elapsed());
}
