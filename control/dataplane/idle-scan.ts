/**
 * Finds contexts that carried nothing, either way, for a while (RFC 5533 §9). There is no timer per
 * context: the ticks that the data path leaves in the tables are read, a slice at a time.
 */
import type { ContextView } from '../shim6/context.ts';
import type { ContextTag } from '../wire/shim6/context-tag.ts';
import type { EgressTable } from './egress-table.ts';
import type { IngressTable } from './ingress-table.ts';
import { NO_SLOT } from './slot-table.ts';

/** Calls of `step` that see every slot once. */
const SLICES = 50;

export interface IdleScanOptions {
  readonly egress: EgressTable;
  readonly ingress: IngressTable;
  /** Ticks without a packet after which a context is idle. */
  readonly patience: number;
  readonly contextWithTag: (localTag: ContextTag) => ContextView | undefined;
  readonly discard: (context: ContextView) => void;
}

export class IdleScan {
  readonly #options: IdleScanOptions;
  #next = 0;

  constructor(options: IdleScanOptions) {
    this.#options = options;
  }

  /** Looks at the next slice of the tables. `tick`: the data path's clock. */
  step(tick: number): void {
    const { ingress, patience } = this.#options;
    const before = tick - patience;
    if (before <= 0) return;
    const slots = ingress.mask + 1;
    const end = Math.min(slots, this.#next + Math.ceil(slots / SLICES));
    const silent: ContextTag[] = [];
    for (let slot = this.#next; slot < end; slot++) {
      if (ingress.isSilentSince(slot, before)) silent.push(ingress.tagAt(slot));
    }
    this.#next = end === slots ? 0 : end;
    for (const tag of silent) this.#consider(tag, before);
  }

  #consider(tag: ContextTag, before: number): void {
    const { egress, contextWithTag, discard } = this.#options;
    const context = contextWithTag(tag);
    if (context === undefined) return;
    const slot = egress.find(context.local, context.peer, context.fork);
    if (slot === NO_SLOT || egress.isSilentSince(slot, before)) discard(context);
  }
}
