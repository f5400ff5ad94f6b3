/** The penalty of RFC 2439 §2.3 for an uplink that flaps: added to by each loss, halved by time. Pure. */

export interface DampingSettings {
  /** Milliseconds in which the penalty halves. */
  readonly halfLife: number;
  /** Penalty from which an uplink is suppressed; one loss adds PENALTY_PER_LOSS. */
  readonly suppress: number;
  /** Penalty below which it is used again. */
  readonly reuse: number;
  /** Milliseconds that the longest suppression lasts. */
  readonly longest: number;
}

export const PENALTY_PER_LOSS = 1000;

export class FlapDamping {
  readonly #settings: DampingSettings;
  #penalty = 0;
  #at = 0;
  #suppressed = false;

  constructor(settings: DampingSettings) {
    this.#settings = settings;
  }

  /** The uplink was lost once more. */
  lose(at: number): void {
    const { reuse, suppress, longest, halfLife } = this.#settings;
    const most = reuse * 2 ** (longest / halfLife);
    this.#penalty = Math.min(this.penalty(at) + PENALTY_PER_LOSS, most);
    this.#at = at;
    if (this.#penalty >= suppress) this.#suppressed = true;
  }

  penalty(at: number): number {
    return this.#penalty * 2 ** (-(at - this.#at) / this.#settings.halfLife);
  }

  /** Until when it is suppressed; undefined when it is not. */
  suppressedUntil(at: number): number | undefined {
    if (!this.#suppressed) return undefined;
    const { reuse, halfLife } = this.#settings;
    const until = this.#at + halfLife * Math.log2(Math.max(1, this.#penalty / reuse));
    if (at < until) return until;
    this.#suppressed = false;
    return undefined;
  }
}
