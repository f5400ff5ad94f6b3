/** So many packets a second, of all contexts together: what is too much now waits for the next tick. */
export class Budget {
  readonly #perMillisecond: number;
  readonly #burst: number;
  #left: number;
  #at: number | undefined;

  /** At once: what a tick of 100 ms may send. */
  constructor(perSecond: number) {
    this.#perMillisecond = perSecond / 1000;
    this.#burst = Math.max(1, perSecond / 10);
    this.#left = this.#burst;
  }

  /** Milliseconds. */
  refill(now: number): void {
    const passed = now - (this.#at ?? now);
    this.#at = now;
    this.#left = Math.min(this.#burst, this.#left + passed * this.#perMillisecond);
  }

  /** There is room for what may wait: half of what a tick may send is left for what may not. */
  get hasSpare(): boolean {
    return this.#left >= 1 && this.#left > this.#burst / 2;
  }

  take(): boolean {
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
