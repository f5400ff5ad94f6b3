/**
 * Two ends of REAP, any number of contexts between them, and the network, in virtual time. The data path is two ticks a
 * context, as in the shared tables. The same seed gives the same run.
 */
import {
  type LocatorPair,
  Reap,
  type ReapEffect,
  type ReapSettings,
  TICK,
} from '../../control/reap/index.ts';
import type { Subject, SubjectLocator, SubjectPeerLocator } from '../../control/reap/subject.ts';
import { type Address, formatAddress } from '../../control/wire/ipv6/address.ts';
import { decodeMessage, type Keepalive, type Probe } from '../../control/wire/shim6/index.ts';
import { SeededRandom } from '../shim6/random.ts';

export type Name = 'a' | 'b';

export interface Sent extends LocatorPair {
  readonly at: number;
  readonly from: Name;
  readonly message: Keepalive | Probe;
}

export interface PairOptions {
  readonly contexts?: number;
  /** Locators at each end. */
  readonly locators?: readonly [number, number];
  readonly latency?: number;
  readonly seed?: number;
  readonly settings?: Partial<ReapSettings>;
  /** Messages are not kept, of which there are too many. */
  readonly forgetful?: boolean;
}

interface TestSubject extends Subject {
  isPresent: (peerLocator: Address) => boolean;
  localLocators: SubjectLocator[];
  peerLocators: SubjectPeerLocator[];
}

export class End {
  readonly reap: Reap;
  readonly subjects: TestSubject[];
  readonly current: (LocatorPair | undefined)[];
  readonly lastSent: Uint32Array;
  readonly lastReceived: Uint32Array;
  readonly effects: ReapEffect[] = [];
  usable: (pair: LocatorPair) => boolean = () => true;

  constructor(subjects: TestSubject[], random: SeededRandom, settings: Partial<ReapSettings>) {
    this.subjects = subjects;
    this.current = subjects.map(({ localLocators, peerLocators }) => ({
      source: localLocators[0]!.address,
      destination: peerLocators[0]!.address,
    }));
    this.lastSent = new Uint32Array(subjects.length);
    this.lastReceived = new Uint32Array(subjects.length);
    this.reap = new Reap({
      random: random.octets,
      slots: subjects.length,
      settings,
      around: {
        subject: (slot) => this.subjects[slot],
        currentPair: (slot) => this.current[slot],
        lastReceived: (slot) => this.lastReceived[slot]!,
        isUsable: (pair) => this.usable(pair),
      },
    });
    for (const slot of subjects.keys()) this.reap.adopt(slot);
  }

  /** States gone to, of all contexts in order. */
  get transitions() {
    return this.effects.flatMap((effect) =>
      effect.kind === 'transition' ? [[effect.state, effect.because] as const] : [],
    );
  }
}

export class Pair {
  readonly a: End;
  readonly b: End;
  readonly sent: Sent[] = [];
  now = 0;
  tick = 0;
  /** Whether a packet of `pair` arrives. */
  passes: (pair: LocatorPair, from: Name) => boolean = () => true;
  /** Who sends payload in this tick, and on which contexts. */
  talks: (from: Name, tick: number, slot: number) => boolean = () => false;
  /** Messages sent, kept or not. */
  count = 0;
  readonly #latency: number;
  readonly #forgetful: boolean;
  readonly #arrivals: { at: number; to: Name; sent: Sent }[] = [];

  constructor(options: PairOptions = {}) {
    const { contexts = 1, locators = [2, 2], latency = 10, seed = 1, settings = {} } = options;
    this.#latency = latency;
    this.#forgetful = options.forgetful ?? false;
    const addresses = (site: number, slot: number) =>
      Array.from({ length: locators[site - 1]! }, (_, index) => locatorOf(site, index, slot));
    const subjects = (own: number, other: number): TestSubject[] =>
      Array.from({ length: contexts }, (_, slot) => ({
        local: addressOf([0xfc, 0, 0x0d, 0xb8, 0, own], slot),
        peer: addressOf([0xfc, 0, 0x0d, 0xb8, 0, other], slot),
        peerTag: { high: 0, low: slot },
        localLocators: addresses(own, slot).map((address, index) => ({
          address,
          usable: true,
          acknowledged: true,
          priority: index,
        })),
        peerLocators: addresses(other, slot).map((address, index) => ({
          address,
          broken: false,
          priority: index,
        })),
        isPresent: () => true,
      }));
    this.a = new End(subjects(1, 2), new SeededRandom(seed * 1000 + 1), settings);
    this.b = new End(subjects(2, 1), new SeededRandom(seed * 1000 + 2), settings);
    // The data path's clock does not begin at zero, which means never.
    this.run(TICK);
  }

  /** Lets milliseconds pass, a tick at a time. */
  run(milliseconds: number): void {
    const end = this.now + milliseconds;
    while (this.now < end) {
      const next = this.now + TICK;
      this.#arrive(next);
      this.now = next;
      this.tick++;
      for (const name of ['a', 'b'] as const) this.#observe(name);
      for (const name of ['a', 'b'] as const) this.#payload(name);
    }
  }

  /** A message as if from the network. */
  inject(to: Name, slot: number, message: Keepalive | Probe, pair: LocatorPair): void {
    const { reap } = this[to];
    if (message.type === 'Keepalive') reap.handleKeepalive(this.now, slot);
    else reap.handleProbe(this.now, slot, { ...pair, probe: message });
    this.collect(to);
  }

  collect(name: Name): void {
    const end = this[name];
    for (const effect of end.reap.takeEffects()) {
      if (!this.#forgetful) end.effects.push(effect);
      if (effect.kind === 'switch') end.current[effect.slot] = effect.pair;
      if (effect.kind === 'send') this.#transmit(name, effect);
    }
  }

  /** Of the messages sent: `from:TYPE/state source>destination`. */
  get log(): string[] {
    return this.sent.map(describe);
  }

  #transmit(
    from: Name,
    { source, destination, message: bytes }: Extract<ReapEffect, { kind: 'send' }>,
  ): void {
    const message = decodeMessage(bytes) as Keepalive | Probe;
    const sent: Sent = { at: this.now, from, source, destination, message };
    this.count++;
    if (!this.#forgetful) this.sent.push(sent);
    if (!this.passes(sent, from)) return;
    this.#arrivals.push({ at: this.now + this.#latency, to: from === 'a' ? 'b' : 'a', sent });
  }

  /** Arrivals may lead to others: the latest come last, as the latency is the same for all. */
  #arrive(until: number): void {
    let taken = 0;
    for (; taken < this.#arrivals.length; taken++) {
      const { at, to, sent } = this.#arrivals[taken]!;
      if (at >= until) break;
      this.now = Math.max(this.now, at);
      this.inject(to, sent.message.receiverTag.low, sent.message, sent);
    }
    this.#arrivals.splice(0, taken);
  }

  #observe(name: Name): void {
    const { reap, lastSent, lastReceived } = this[name];
    const since = this.tick - 1;
    reap.tick(this.now, this.tick);
    for (let slot = 0; slot < lastSent.length; slot++) {
      const received = lastReceived[slot]!;
      reap.observe(slot, since, lastSent[slot]!, received >= since ? received : 0);
    }
    this.collect(name);
  }

  #payload(from: Name): void {
    const [end, other] = from === 'a' ? [this.a, this.b] : [this.b, this.a];
    for (let slot = 0; slot < end.lastSent.length; slot++) {
      if (!this.talks(from, this.tick, slot)) continue;
      end.lastSent[slot] = this.tick;
      const pair = end.current[slot];
      if (pair !== undefined && this.passes(pair, from)) other.lastReceived[slot] = this.tick;
    }
  }
}

/** An address of `slot` in a prefix of 6 octets. */
function addressOf(prefix: readonly number[], slot: number): Address {
  const address = new Uint8Array(16);
  address.set(prefix);
  new DataView(address.buffer).setUint32(12, slot + 1);
  return address;
}

/** Locator of the context `slot` at provider `index` of a site, both from 0: 2001:db8:SI::SLOT. */
export const locatorOf = (site: number, index: number, slot = 0): Address =>
  addressOf([0x20, 0x01, 0x0d, 0xb8, 0, site * 16 + index], slot);

/** The pair has a locator of that provider at one of its ends. */
export const uses = ({ source, destination }: LocatorPair, site: number, index: number): boolean =>
  source[5] === site * 16 + index || destination[5] === site * 16 + index;

const short = (address: Address): string => /db8:(\d+):/.exec(formatAddress(address))![1]!;

function describe({ from, source, destination, message }: Sent): string {
  const state =
    message.type === 'Probe' ? `/${['Operational', 'Exploring', 'InboundOk'][message.state]}` : '';
  return `${from}:${message.type}${state} ${short(source)}>${short(destination)}`;
}
