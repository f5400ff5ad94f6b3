/**
 * What the providers' routing tables say: a provider without any route is down, and a peer's locator without a route
 * is not reached by it. Whatever routing daemon fills the tables; we only read them. Pure: routes and time come in.
 */
import type { Address } from '../../wire/ipv6/address.ts';
import type { Prefix } from '../../wire/ipv6/prefix.ts';
import type { Reachability } from '../liveness/reachability.ts';
import type { SourceReport, SourceState } from '../liveness/source.ts';
import { type Route, RouteTable } from './route-table.ts';

/** Milliseconds without a new route after which a table that was empty is taken for complete. */
const SETTLED_AFTER = 2000;
/** Changed prefixes named one by one; beyond that, everything may have changed. */
const MOST_CHANGES = 256;

/** Peers' locators that a provider may reach now and did not before, or the other way round. */
export interface ReachChange {
  readonly uplink: number;
  /** Undefined: any. */
  readonly prefixes: readonly Prefix[] | undefined;
}

export interface Evaluation {
  readonly reports: readonly { readonly uplink: number; readonly report: SourceReport }[];
  readonly changes: readonly ReachChange[];
}

class Feed {
  readonly uplink: number;
  readonly table: number;
  routes = new RouteTable();
  /** Being read: what the kernel says of changes meanwhile comes behind it. */
  next: RouteTable | undefined = undefined;
  isRead = false;
  hadRoutes = false;
  /** The table is being filled by a daemon that has just started: what is missing may be still to come. */
  filling = true;
  lastAdded = 0;
  changed: Prefix[] | undefined = [];

  constructor(uplink: number, table: number) {
    this.uplink = uplink;
    this.table = table;
  }

  get isEmpty(): boolean {
    return this.routes.forwarding === 0;
  }

  /** Everything may have changed. */
  changeAll(): void {
    this.changed = undefined;
  }

  change(prefix: Prefix): void {
    if (this.changed !== undefined && this.changed.push(prefix) > MOST_CHANGES) this.changed = undefined;
  }
}

export class ProviderRoutes implements Reachability {
  readonly #feeds: readonly Feed[];

  /** `tables`: by uplink, its routing table. */
  constructor(tables: ReadonlyMap<number, number>) {
    this.#feeds = [...tables].map(([uplink, table]) => new Feed(uplink, table));
  }

  get tables(): ReadonlySet<number> {
    return new Set(this.#feeds.map(({ table }) => table));
  }

  reaches(uplink: number, address: Address): boolean {
    const feed = this.#feeds.find((candidate) => candidate.uplink === uplink);
    // An empty table is a matter of the uplink's state, and then all its pairs are alike.
    if (feed === undefined || feed.filling || feed.isEmpty) return true;
    return feed.routes.reaches(address);
  }

  /** The table is about to be read whole: `load` follows for each route, `endReading` behind them. */
  beginReading(table: number): void {
    for (const feed of this.#of(table)) feed.next = new RouteTable();
  }

  load(table: number, route: Route): void {
    for (const feed of this.#of(table)) feed.next?.add(route);
  }

  endReading(table: number): void {
    for (const feed of this.#of(table)) {
      if (feed.next === undefined) continue;
      feed.routes = feed.next;
      feed.next = undefined;
      // What was in the kernel when we came is complete.
      if (!feed.isRead && !feed.isEmpty) feed.filling = false;
      feed.isRead = true;
      feed.changeAll();
    }
  }

  /** A route came, changed or went. */
  change(at: number, table: number, route: Route, removed: boolean): void {
    for (const feed of this.#of(table)) {
      if (removed) feed.routes.remove(route);
      else feed.routes.add(route);
      if (!removed) feed.lastAdded = at;
      feed.change(route.to);
    }
  }

  /** What follows from the changes since the last call. Call some time after a change, and now and then. */
  evaluate(at: number): Evaluation {
    const emptied = this.#feeds.filter((feed) => feed.isEmpty && feed.hadRoutes);
    // No provider loses everything in the same moment as all others: it is the routing daemon that went.
    const isDaemonGone = emptied.length > 1 && emptied.length === this.#feeds.length;
    const reports = this.#feeds.map((feed) => {
      if (isDaemonGone) feed.hadRoutes = false;
      this.#settle(at, feed);
      return { uplink: feed.uplink, report: reportOf(feed, isDaemonGone) };
    });
    const changes = this.#feeds.flatMap((feed) => {
      const { uplink, changed } = feed;
      feed.changed = [];
      return changed?.length === 0 ? [] : [{ uplink, prefixes: changed }];
    });
    return { reports, changes };
  }

  #settle(at: number, feed: Feed): void {
    if (feed.isEmpty) {
      if (!feed.filling) feed.changeAll();
      feed.filling = true;
      return;
    }
    feed.hadRoutes = true;
    if (!feed.filling || at - feed.lastAdded < SETTLED_AFTER) return;
    feed.filling = false;
    feed.changeAll();
  }

  #of(table: number): readonly Feed[] {
    return this.#feeds.filter((feed) => feed.table === table);
  }
}

function reportOf({ isRead, isEmpty, hadRoutes, routes }: Feed, isDaemonGone: boolean): SourceReport {
  const say = (state: SourceState, detail: string): SourceReport => ({ source: 'routes', state, detail });
  if (!isRead) return say('unknown', 'reading the table');
  if (!isEmpty) return say('up', `${routes.forwarding} routes`);
  if (isDaemonGone) return say('unknown', 'all tables were emptied at once: the routing daemon is gone');
  return hadRoutes ? say('down', 'all routes are withdrawn') : say('unknown', 'no route yet');
}
