/**
 * Outages of paths: contexts that REAP found silent. Those that lost the same way, between the same two providers, have
 * an outage in common; it lasts until each of them works again, or is gone.
 */
import type { Path } from '../../dataplane/egress-table.ts';
import type { ContextView } from '../../shim6/context.ts';
import type { Address } from '../../wire/ipv6/address.ts';
import { formatPrefix } from '../../wire/ipv6/prefix.ts';
import type { OutageBook, OutageReport } from './outage-book.ts';

/** What providers delegate to sites, as far as anyone can tell from an address. */
const SITE_PREFIX = 48;
/** Contexts followed one by one; the outage of more is told without them. */
const MOST_EXPLORING = 65_536;

interface Outage {
  readonly number: number;
  exploring: number;
  noticed: number;
  recovered: number;
}

export interface Exploration {
  readonly context: ContextView;
  /** The path it used; undefined when it had none. */
  readonly path: Path | undefined;
  /** When the peer was last heard, milliseconds of the box's clock. */
  readonly silentSince: number;
  readonly because: string;
}

export class PathOutages {
  readonly #book: OutageBook;
  readonly #outages = new Map<string, Outage>();
  readonly #exploring = new Map<ContextView, string>();

  constructor(book: OutageBook) {
    this.#book = book;
  }

  /** REAP left Operational. The number of the outage if this is its first context. */
  begin(now: number, { context, path, silentSince, because }: Exploration): number | undefined {
    if (path === undefined || this.#exploring.has(context) || this.#exploring.size >= MOST_EXPLORING)
      return undefined;
    const subject = `${prefixOf(path.source)} > ${prefixOf(path.destination)}`;
    const known = this.#outages.get(subject);
    const number = this.#book.begin(silentSince, 'path', subject, because);
    const outage = known ?? { number, exploring: 0, noticed: 0, recovered: 0 };
    this.#outages.set(subject, outage);
    this.#exploring.set(context, subject);
    outage.exploring++;
    this.#book.count(number, ++outage.noticed);
    this.#book.reach(now, number, 'noticed', outage.noticed);
    return known === undefined ? number : undefined;
  }

  /** REAP is in Operational again, or the context is gone. The outage if this was its last context. */
  end(now: number, context: ContextView, recovered: boolean): OutageReport | undefined {
    const subject = this.#exploring.get(context);
    const outage = subject === undefined ? undefined : this.#outages.get(subject);
    if (subject === undefined || outage === undefined) return undefined;
    this.#exploring.delete(context);
    outage.exploring--;
    if (recovered) this.#book.reach(now, outage.number, 'works again', ++outage.recovered);
    if (outage.exploring > 0) return undefined;
    this.#outages.delete(subject);
    return this.#book.end(now, 'path', subject);
  }
}

export function prefixOf(locator: Address): string {
  const address = locator.slice().fill(0, SITE_PREFIX / 8);
  return formatPrefix({ address, length: SITE_PREFIX });
}
