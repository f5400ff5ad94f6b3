/** Runs the sources of liveness that the configuration names, and hands their reports to the uplinks. */
import type { Log } from '../observe/log.ts';
import { BfdSessions, type Report, type WatchedSession } from '../site/liveness/bfd-sessions.ts';
import type { Reachability } from '../site/liveness/reachability.ts';
import { ProviderRoutes, type ReachChange } from '../site/routes/provider-routes.ts';
import { RouteWatcher } from '../site/routes/route-watcher.ts';
import type { Uplink } from '../site/uplinks.ts';
import type { Address } from '../wire/ipv6/address.ts';
import { BfddClient } from './bfdd-client.ts';
import { PathProber } from './path-prober.ts';

export interface LivenessOptions {
  readonly log: Log;
  readonly clock: () => number;
  readonly report: Report;
  /** What a provider reaches has changed. */
  readonly onReachChange: (change: ReachChange) => void;
  /** Sends an IPv6 packet by an uplink, whatever its state. */
  readonly send: (uplink: Uplink, packet: Uint8Array) => void;
}

interface Source {
  close(): void;
}

export class Liveness implements Reachability {
  readonly #options: LivenessOptions;
  #sources: readonly Source[] = [];
  #routes = new ProviderRoutes(new Map());

  constructor(options: LivenessOptions) {
    this.#options = options;
  }

  /** Watches these uplinks and no others from now on: what was known of them is learnt anew. Throws SyscallError. */
  follow(uplinks: readonly Uplink[]): void {
    this.close();
    this.#sources = [
      ...this.#bfdClients(uplinks),
      ...this.#routeWatchers(uplinks),
      ...this.#probers(uplinks),
    ];
  }

  reaches(uplink: number, address: Address): boolean {
    return this.#routes.reaches(uplink, address);
  }

  close(): void {
    for (const source of this.#sources) source.close();
    this.#sources = [];
  }

  /** One client for each control socket, with all sessions that are to be had there. */
  *#bfdClients(uplinks: readonly Uplink[]): Generator<Source> {
    const { report, log } = this.#options;
    const sockets = new Map<string, WatchedSession[]>();
    for (const { index, provider } of uplinks) {
      const { bfd } = provider.liveness;
      if (bfd === undefined) continue;
      const { socket, peer = provider.tunnel?.remote ?? provider.gateway } = bfd;
      const session = { uplink: index, peer, interface: provider.interface };
      sockets.set(socket, [...(sockets.get(socket) ?? []), session]);
    }
    for (const [socket, watched] of sockets)
      yield new BfddClient(socket, new BfdSessions(watched, report), log);
  }

  *#probers(uplinks: readonly Uplink[]): Generator<Source> {
    const { report, send } = this.#options;
    if (uplinks.some(({ provider }) => provider.liveness.probe !== undefined))
      yield new PathProber(uplinks, { report, send });
  }

  *#routeWatchers(uplinks: readonly Uplink[]): Generator<Source> {
    const { report, onReachChange: onChange, clock, log } = this.#options;
    const tables = uplinks.flatMap(({ index, provider }) => {
      const table = provider.liveness.routes?.table;
      return table === undefined ? [] : [[index, table] as const];
    });
    const routes = new ProviderRoutes(new Map(tables));
    this.#routes = routes;
    if (tables.length > 0) yield new RouteWatcher({ routes, report, onChange, clock, log });
  }
}
