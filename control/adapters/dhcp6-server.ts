/**
 * The DHCPv6 server at work: what a message changes is recorded before it is answered. Messages that come together are
 * recorded together: the store makes one transaction of all that waits for the disk.
 */
import type { LeaseChange } from '../addressing/leases.ts';
import type { Outcome } from '../addressing/outcome.ts';
import type { DhcpPacket } from '../addressing/request.ts';
import type { DhcpServer } from '../addressing/server.ts';
import type { Log } from '../observe/log.ts';
import { type DhcpLink, DhcpListenError, DhcpSockets, type Respond } from './dhcp6-sockets.ts';

export interface DhcpServiceOptions {
  readonly server: DhcpServer;
  readonly links: readonly DhcpLink[];
  /** Resolves once the changes are durable; rejects, and nothing has changed. */
  readonly record: (changes: readonly LeaseChange[]) => Promise<void>;
  /** Milliseconds since the epoch, never going back. */
  readonly clock: () => number;
  readonly log: Log;
}

/** Messages that wait for the disk at once; more are dropped, and their clients ask again. */
const MOST_WAITING = 8192;
const EXPIRY_INTERVAL = 5_000;
/** Milliseconds between attempts to listen on an interface that was made anew: its addresses come later. */
const REOPEN_INTERVAL = 500;
/** Leases that end in one transaction. */
const EXPIRY_BATCH = 512;

export class DhcpService {
  readonly #options: DhcpServiceOptions;
  readonly #sockets: DhcpSockets;
  #waiting = 0;
  #timer: NodeJS.Timeout | undefined;
  #reopening: NodeJS.Timeout | undefined;
  readonly #counters = { overloaded: 0, notRecorded: 0 };

  constructor(options: DhcpServiceOptions) {
    this.#options = options;
    this.#sockets = new DhcpSockets((packet, respond) => this.#handle(packet, respond));
  }

  /** Throws DhcpListenError, with nothing left open. */
  start(): void {
    this.#sockets.open(this.#options.links);
    this.#timer = setInterval(() => void this.#expire(), EXPIRY_INTERVAL);
  }

  /** An interface was made anew: what listens on the one of before hears nothing any more. Goes on until it succeeds. */
  reopen(): void {
    clearTimeout(this.#reopening);
    this.#sockets.close();
    try {
      this.#sockets.open(this.#options.links);
      this.#options.log.info('dhcp-listening', {
        interfaces: this.#options.links.map((link) => link.interface),
      });
    } catch (error) {
      if (!(error instanceof DhcpListenError)) throw error;
      this.#reopening = setTimeout(() => this.reopen(), REOPEN_INTERVAL);
    }
  }

  close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#reopening);
    this.#sockets.close();
  }

  get counters(): Readonly<Record<string, number>> {
    const { discarded, requests, ...counters } = this.#options.server.counters;
    return { ...counters, ...requests, ...discarded, ...this.#counters, unsent: this.#sockets.unsent };
  }

  #handle(packet: DhcpPacket, respond: Respond): void {
    const { server, clock } = this.#options;
    if (this.#waiting >= MOST_WAITING) {
      this.#counters.overloaded++;
      return;
    }
    const outcome = server.handle(packet, clock());
    if (outcome.kind === 'answer') respond(outcome.message);
    else if (outcome.kind === 'record') void this.#record(outcome, respond);
  }

  async #record(outcome: Extract<Outcome, { kind: 'record' }>, respond: Respond): Promise<void> {
    const { server, record } = this.#options;
    this.#waiting++;
    try {
      await record(outcome.changes);
    } catch (error) {
      this.#failed(error as Error);
      return respond(server.failed(outcome));
    } finally {
      this.#waiting--;
    }
    server.recorded(outcome);
    respond(outcome.message);
  }

  async #expire(): Promise<void> {
    const { server, record, clock } = this.#options;
    const changes = server.expired(clock());
    try {
      for (let at = 0; at < changes.length; at += EXPIRY_BATCH)
        await record(changes.slice(at, at + EXPIRY_BATCH));
    } catch (error) {
      this.#failed(error as Error);
    }
  }

  #failed(error: Error): void {
    // The first of a row tells; a full disk would otherwise fill the log, too.
    if (this.#counters.notRecorded++ % 1000 === 0)
      this.#options.log.error('lease-not-recorded', { reason: error.message });
  }
}
