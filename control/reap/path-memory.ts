/**
 * What was found lately of the way between one of our prefixes and one of a peer's, for all contexts. It orders
 * exploration, and says where new contexts do not begin: none moves because another did.
 */
import type { LocatorPair } from './subject.ts';

/** Octets of a locator that name its site at its provider: a /48. */
const PREFIX_OCTETS = 6;
const MOST_PATHS = 4_096;

export type Verdict = 'alive' | 'unknown' | 'dead';

export class PathMemory {
  readonly #lifetime: number;
  readonly #paths = new Map<string, { readonly alive: boolean; readonly until: number }>();

  /** When the last that was found dead is forgotten. */
  #deadUntil = 0;

  /** Milliseconds. */
  constructor(lifetime: number) {
    this.#lifetime = lifetime;
  }

  get size(): number {
    return this.#paths.size;
  }

  note(now: number, pair: LocatorPair, verdict: 'alive' | 'dead'): void {
    const key = keyOf(pair);
    this.#paths.delete(key);
    const until = now + this.#lifetime;
    this.#paths.set(key, { alive: verdict === 'alive', until });
    if (verdict === 'dead') this.#deadUntil = until;
    if (this.#paths.size <= MOST_PATHS) return;
    const [oldest] = this.#paths.keys();
    this.#paths.delete(oldest!);
  }

  /** False: no verdict is 'dead'. */
  knowsDead(now: number): boolean {
    return this.#deadUntil > now;
  }

  verdict(now: number, pair: LocatorPair): Verdict {
    const known = this.#paths.get(keyOf(pair));
    if (known === undefined || known.until <= now) return 'unknown';
    return known.alive ? 'alive' : 'dead';
  }
}

function keyOf({ source, destination }: LocatorPair): string {
  let key = '';
  for (let index = 0; index < PREFIX_OCTETS; index += 2) {
    key += String.fromCharCode(
      (source[index]! << 8) | source[index + 1]!,
      (destination[index]! << 8) | destination[index + 1]!,
    );
  }
  return key;
}
