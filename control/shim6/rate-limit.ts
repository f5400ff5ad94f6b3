/** At most so many per second, counted in whole seconds. */
export class RateLimit {
  readonly #perSecond: number;
  #second = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Whether one more may pass at `now` (milliseconds). */
  admits(now: number): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) [this.#second, this.#count] = [second, 0];
    return ++this.#count <= this.#perSecond;
  }
}
