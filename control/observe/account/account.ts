/** The box's account of itself: events, switches and outages, from what its parts tell as it happens. */
import type { EgressTable, Path } from '../../dataplane/egress-table.ts';
import type { ContextView } from '../../shim6/context.ts';
import type { Effect } from '../../shim6/effects.ts';
import type { UplinkTransition } from '../../site/liveness/uplink-states.ts';
import type { Uplink } from '../../site/uplinks.ts';
import { type Address, formatAddress } from '../../wire/ipv6/address.ts';
import type { PathReport } from './events.ts';
import { Journal } from './journal.ts';
import { OutageBook, type OutageReport } from './outage-book.ts';
import { type Exploration, PathOutages, prefixOf } from './path-outages.ts';
import { SwitchLog, whyLeft } from './switch-log.ts';
import { UplinkOutages } from './uplink-outages.ts';

export interface AccountOptions {
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
  readonly dateOf: (moment: number) => string;
  readonly egress: EgressTable;
  readonly uplinks: () => readonly Uplink[];
  /** Outages kept in memory, and the number of the first. */
  readonly kept: number;
  readonly firstOutage: number;
  readonly onOutageEnd: (outage: OutageReport) => void;
}

/** RFC 5533 §5.3: SHIM6 message types, in the third octet below the P bit. */
const UPDATE_REQUEST = 64;
const UPDATE_ACKNOWLEDGEMENT = 65;
/** Milliseconds without another context that comes back, after which a peer's outage is over. */
const SETTLED = 2_000;

type ContextEffect = Extract<Effect, { kind: 'established' | 'changed' | 'removed' | 'failed' }>;

export class Account {
  readonly journal: Journal;
  readonly switches = new SwitchLog();
  readonly outages: OutageBook;
  readonly #options: AccountOptions;
  readonly #uplinkOutages: UplinkOutages;
  /** Peers' outages under way, by prefix. */
  readonly #peerOutages = new Map<string, { number: number; moved: number; back: number; backAt: number }>();
  readonly #pathOutages: PathOutages;

  constructor(options: AccountOptions) {
    const { clock, dateOf, kept, firstOutage, onOutageEnd } = options;
    this.#options = options;
    this.journal = new Journal({ clock, dateOf });
    this.outages = new OutageBook({ kept, dateOf, first: firstOutage, onEnd: onOutageEnd });
    this.#pathOutages = new PathOutages(this.outages);
    const { egress, uplinks } = options;
    const tell = (outage: number, phase: string) => this.#tellNumber(outage, phase);
    this.#uplinkOutages = new UplinkOutages({ book: this.outages, egress, uplinks, tell });
  }

  /** An uplink is up or down, and the data path has switched. */
  uplinkChanged(uplink: Uplink, transition: UplinkTransition): void {
    const { state, reason } = transition;
    this.journal.note({ kind: 'uplink', uplink: uplink.provider.name, state, because: reason });
    const now = this.#options.clock();
    if (state === 'down') return this.#uplinkOutages.begin(now, uplink, transition);
    const ended = this.#uplinkOutages.end(now, uplink);
    if (ended !== undefined) this.#tellPhase(ended, 'ended');
  }

  /** A context uses another path than before. `because`, unless the context itself tells. */
  moved(context: ContextView, from: Path | undefined, to: Path | undefined, because?: string): void {
    const now = this.#options.clock();
    const reason = because ?? whyLeft(context, from, to);
    this.switches.note(context, { at: now, from, to, because: reason });
    this.#peerOutage(now, context, from, to);
    this.journal.note({
      kind: 'switched',
      local: formatAddress(context.local),
      peer: formatAddress(context.peer),
      from: from === undefined ? null : this.path(from),
      to: to === undefined ? null : this.path(to),
      because: reason,
    });
  }

  /** What the core wants done, before it is done. */
  effect(effect: ContextEffect): void {
    if (effect.kind === 'failed') {
      const [local, peer] = [formatAddress(effect.local), formatAddress(effect.peer)];
      this.journal.note({ kind: 'failed', local, peer, because: effect.reason });
      return;
    }
    if (effect.kind === 'removed') {
      this.switches.forget(effect.context);
      this.#endExploration(effect.context, false);
    }
    if (effect.kind === 'changed' || !this.journal.contextsWanted) return;
    const { local, peer } = effect.context;
    this.journal.note({ kind: effect.kind, local: formatAddress(local), peer: formatAddress(peer) });
  }

  /** REAP explores a context. */
  exploring(exploration: Exploration): void {
    const number = this.#pathOutages.begin(this.#options.clock(), exploration);
    if (number !== undefined) this.#tellNumber(number, 'began');
  }

  /** REAP found that a context works. */
  operational(context: ContextView): void {
    this.#endExploration(context, true);
  }

  #endExploration(context: ContextView, recovered: boolean): void {
    const ended = this.#pathOutages.end(this.#options.clock(), context, recovered);
    if (ended !== undefined) this.#tellPhase(ended, 'ended');
  }

  /** A control message leaves. */
  sent(message: Uint8Array): void {
    if (this.#uplinkOutages.any && typeOf(message) === UPDATE_REQUEST)
      this.#uplinkOutages.told(this.#options.clock());
  }

  /** A control message has come. */
  received(message: Uint8Array): void {
    if (this.#uplinkOutages.any && typeOf(message) === UPDATE_ACKNOWLEDGEMENT)
      this.#uplinkOutages.agreed(this.#options.clock());
  }

  tick(): void {
    const now = this.#options.clock();
    this.journal.turn(now);
    this.#uplinkOutages.tick(now);
    for (const [subject, { moved, back, backAt }] of this.#peerOutages) {
      if (back === 0 || (back < moved && now - backAt < SETTLED)) continue;
      this.#peerOutages.delete(subject);
      const ended = this.outages.end(backAt, 'peer', subject);
      if (ended !== undefined) this.#tellPhase(ended, 'ended');
    }
  }

  path({ source, destination, uplink }: Path): PathReport {
    const name = this.#options.uplinks().find(({ index }) => index === uplink)?.provider.name ?? 'removed';
    return { source: formatAddress(source), destination: formatAddress(destination), uplink: name };
  }

  /** Contexts that leave a locator of a peer because the peer says so have an outage in common, and so their return. */
  #peerOutage(now: number, context: ContextView, from: Path | undefined, to: Path | undefined): void {
    const left = from && context.peerLocators.find(({ address }) => sameAddress(address, from.destination));
    if (from !== undefined && left?.broken) {
      const subject = prefixOf(from.destination);
      const isNew = !this.#peerOutages.has(subject);
      const because = "the peer's box says so";
      const number = this.outages.begin(now, 'peer', subject, because);
      const outage = this.#peerOutages.get(subject) ?? { number, moved: 0, back: 0, backAt: now };
      this.#peerOutages.set(subject, outage);
      outage.moved++;
      this.outages.count(number, outage.moved);
      this.outages.reach(now, number, 'contexts moved', outage.moved);
      if (isNew) this.#tellNumber(number, 'began');
    }
    const outage = to && this.#peerOutages.get(prefixOf(to.destination));
    if (outage === undefined) return;
    outage.back++;
    outage.backAt = now;
    this.outages.reach(now, outage.number, 'contexts back', outage.back);
  }

  #tellNumber(number: number, phase: string): void {
    const outage = this.outages.reports().find((one) => one.number === number);
    if (outage !== undefined) this.#tellPhase(outage, phase);
  }

  #tellPhase({ number, subject, contexts, began }: OutageReport, phase: string): void {
    const milliseconds = Date.parse(this.#options.dateOf(this.#options.clock())) - Date.parse(began);
    this.journal.note({ kind: 'outage', outage: number, subject, phase, contexts, milliseconds });
  }
}

const typeOf = (message: Uint8Array): number => message[2]! & 0x7f;

const sameAddress = (first: Address, second: Address): boolean =>
  first.every((octet, index) => octet === second[index]);
