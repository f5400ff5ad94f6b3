/** Counts the contexts whose packets an uplink carried, a slice of the egress table at a time. */
import type { EgressTable } from '../../dataplane/egress-table.ts';

/** Slots a slice: about a millisecond. */
const SLICE = 131_072;

export class AffectedCount {
  readonly #egress: EgressTable;
  readonly #uplink: number;
  readonly #done: (contexts: number) => void;
  #next = 0;
  #count = 0;

  constructor(egress: EgressTable, uplink: number, done: (contexts: number) => void) {
    this.#egress = egress;
    this.#uplink = uplink;
    this.#done = done;
  }

  /** True when it has counted them all. */
  step(): boolean {
    const end = Math.min(this.#next + SLICE, this.#egress.mask + 1);
    this.#count += this.#egress.countByUplink(this.#uplink, this.#next, end);
    this.#next = end;
    if (end <= this.#egress.mask) return false;
    this.#done(this.#count);
    return true;
  }
}
