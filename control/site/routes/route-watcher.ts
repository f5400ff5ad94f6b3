/** Reads the providers' routing tables from the kernel and follows them, a bounded piece at a time. */
import { Netlink, type RouteInfo } from '../../../native/linux/index.ts';
import type { Log } from '../../observe/log.ts';
import type { Report } from '../liveness/bfd-sessions.ts';
import type { ProviderRoutes, ReachChange } from './provider-routes.ts';
import { routeOf } from './route-table.ts';

/** Octets of events that may wait: a daemon that withdraws a full table sends some hundred thousand at once. */
const RECEIVE_BUFFER = 32 << 20;
/** Routes taken from the kernel before others get their turn. */
const ROUTES_PER_TURN = 500;
/** Milliseconds after a change in which others are collected. */
const COLLECT = 20;
/** Milliseconds between looks without a change. */
const LOOK = 1000;
/** Milliseconds until a table that changed while it was read is read once more. */
const READ_AGAIN = 30_000;

export interface RouteWatcherOptions {
  readonly routes: ProviderRoutes;
  readonly report: Report;
  readonly onChange: (change: ReachChange) => void;
  readonly clock: () => number;
  readonly log: Log;
}

export class RouteWatcher {
  readonly #options: RouteWatcherOptions;
  readonly #netlink: Netlink;
  readonly #look: NodeJS.Timeout;
  #collecting: NodeJS.Timeout | undefined;
  #again: NodeJS.Timeout | undefined;
  /** Changes while tables are being read; they are applied behind what is read. */
  #waiting: { readonly route: RouteInfo; readonly removed: boolean }[] | undefined;
  #readAgain = false;
  #closed = false;

  /** Throws SyscallError. */
  constructor(options: RouteWatcherOptions) {
    this.#options = options;
    this.#netlink = Netlink.open({ receiveBuffer: RECEIVE_BUFFER });
    const { tables } = options.routes;
    this.#netlink.subscribe(['route'], (event) => {
      if (event.kind === 'overrun') {
        options.log.warn('netlink-overrun', { of: 'routes' });
        this.#read();
      } else if (event.kind === 'route' && tables.has(event.table)) {
        this.#take(event, event.removed);
      }
    });
    this.#read();
    this.#look = setInterval(() => this.#evaluate(), LOOK);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#look);
    clearTimeout(this.#collecting);
    clearTimeout(this.#again);
    this.#netlink.close();
  }

  #take(route: RouteInfo, removed: boolean): void {
    if (this.#waiting !== undefined) {
      this.#waiting.push({ route, removed });
      return;
    }
    this.#options.routes.change(this.#options.clock(), route.table, routeOf(route), removed);
    this.#collecting ??= setTimeout(() => this.#evaluate(), COLLECT);
  }

  #evaluate(): void {
    this.#collecting = undefined;
    const { routes, report, onChange, clock } = this.#options;
    const { reports, changes } = routes.evaluate(clock());
    for (const { uplink, report: said } of reports) report(uplink, said);
    for (const change of changes) onChange(change);
  }

  /** Reads all tables, or has them read again if that is being done. */
  #read(): void {
    if (this.#waiting !== undefined) {
      this.#readAgain = true;
      return;
    }
    this.#waiting = [];
    this.#readTables().then(
      (isConsistent) => {
        if (this.#closed) return;
        for (const { route, removed } of this.#waiting ?? [])
          this.#options.routes.change(this.#options.clock(), route.table, routeOf(route), removed);
        this.#waiting = undefined;
        this.#evaluate();
        if (this.#readAgain) this.#read();
        else if (!isConsistent) this.#again = setTimeout(() => this.#read(), READ_AGAIN);
        this.#readAgain = false;
      },
      (error: unknown) => {
        if (this.#closed) return;
        this.#waiting = undefined;
        this.#options.log.error('kernel-refused', { what: 'routes', reason: (error as Error).message });
        this.#again = setTimeout(() => this.#read(), READ_AGAIN);
      },
    );
  }

  /** False when a table changed while it was read, so that the kernel may have left out a route. */
  async #readTables(): Promise<boolean> {
    const { routes } = this.#options;
    let isConsistent = true;
    for (const table of routes.tables) {
      routes.beginReading(table);
      const dump = this.#netlink.routesInSteps(table);
      for (let count = 1; ; count++) {
        const step = dump.next();
        if (step.done === true) {
          isConsistent &&= step.value;
          break;
        }
        routes.load(table, routeOf(step.value));
        if (count % ROUTES_PER_TURN === 0) await new Promise((done) => setImmediate(done));
        if (this.#closed) return true;
      }
      routes.endReading(table);
    }
    return isConsistent;
  }
}
