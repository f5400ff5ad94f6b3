/** Outages of uplinks: how many contexts each concerned, how the peers were told, and how it ended. */
import type { EgressTable } from '../../dataplane/egress-table.ts';
import type { UplinkTransition } from '../../site/liveness/uplink-states.ts';
import type { Uplink } from '../../site/uplinks.ts';
import type { OutageBook, OutageReport } from './outage-book.ts';

interface UplinkOutage {
  readonly number: number;
  readonly name: string;
  /** Update Requests sent and acknowledged meanwhile. */
  told: number;
  agreed: number;
  well: boolean;
}

export interface UplinkOutagesOptions {
  readonly book: OutageBook;
  readonly egress: EgressTable;
  readonly uplinks: () => readonly Uplink[];
  readonly tell: (outage: number, phase: string) => void;
}

export class UplinkOutages {
  readonly #options: UplinkOutagesOptions;
  /** Under way, by the uplink's index. */
  readonly #outages = new Map<number, UplinkOutage>();

  constructor(options: UplinkOutagesOptions) {
    this.#options = options;
  }

  get any(): boolean {
    return this.#outages.size > 0;
  }

  begin(now: number, { index, provider: { name } }: Uplink, { reason, at }: UplinkTransition): void {
    const { book, egress, tell } = this.#options;
    const number = book.begin(at, 'uplink', name, reason);
    this.#outages.set(index, { number, name, told: 0, agreed: 0, well: false });
    book.reach(now, number, 'data path switched');
    // Now, while each is still where it was: they are settled elsewhere soon.
    book.count(number, egress.countByUplink(index));
    tell(number, 'began');
  }

  end(now: number, { index }: Uplink): OutageReport | undefined {
    const outage = this.#outages.get(index);
    if (outage === undefined) return undefined;
    this.#outages.delete(index);
    return this.#options.book.end(now, 'uplink', outage.name);
  }

  told(now: number): void {
    for (const outage of this.#outages.values())
      this.#options.book.reach(now, outage.number, 'peers told', ++outage.told);
  }

  agreed(now: number): void {
    for (const outage of this.#outages.values())
      this.#options.book.reach(now, outage.number, 'peers agreed', ++outage.agreed);
  }

  tick(now: number): void {
    for (const [index, outage] of this.#outages) this.#watchRecovery(now, index, outage);
  }

  /** Notes when all sources are content with an uplink that is not used again yet. */
  #watchRecovery(now: number, index: number, outage: UplinkOutage): void {
    const uplink = this.#options.uplinks().find((one) => one.index === index);
    if (uplink === undefined) return;
    const phase = uplink.phase(now);
    const well = phase === 'waiting' || phase === 'damped';
    if (well && !outage.well) this.#options.book.reach(now, outage.number, 'uplink well again');
    outage.well = well;
  }
}
