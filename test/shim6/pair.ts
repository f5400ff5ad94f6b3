/**
 * Two protocol cores and the network between them in virtual time: latency, loss, duplication, reordering and
 * whatever else a test does to a packet. The same seed gives the same run.
 */
import type { IdentityProvider } from '../../control/identity/index.ts';
import { type Effect, type LocalHost, Shim6, type Shim6Settings } from '../../control/shim6/index.ts';
import type { Doubts } from '../../control/shim6/locator-pairs.ts';
import { type Address, addressKey, formatAddress } from '../../control/wire/ipv6/address.ts';
import { decodeMessage } from '../../control/wire/shim6/index.ts';
import { SeededRandom } from './random.ts';
import { addresses, hostA, hostB, siteA, siteB } from './sites.ts';

export interface Packet {
  readonly source: Address;
  readonly destination: Address;
  readonly message: Uint8Array;
}

export interface Sent extends Packet {
  readonly at: number;
  readonly from: 'a' | 'b';
  readonly type: string;
}

/** What becomes of a packet: the packets that arrive, none if it is lost. */
export type Treatment = (sent: Sent) => readonly Packet[];

export interface PairOptions {
  readonly seed?: number;
  /** Milliseconds one way. */
  readonly latency?: number;
  /** Up to so many milliseconds more, so that packets overtake each other. */
  readonly jitter?: number;
  /** Probabilities. */
  readonly loss?: number;
  readonly duplication?: number;
  readonly treatment?: Treatment;
  readonly settings?: Partial<Shim6Settings>;
  /** Of both sides. */
  readonly doubts?: Doubts;
  readonly identityA?: IdentityProvider;
  readonly identityB?: IdentityProvider;
  /** Other than those of sites.ts. */
  readonly hostA?: LocalHost;
  readonly hostB?: LocalHost;
}

export class Side {
  readonly core: Shim6;
  readonly host: LocalHost;
  readonly effects: Effect[] = [];

  constructor(core: Shim6, host: LocalHost) {
    this.core = core;
    this.host = host;
    core.setHost(0, host);
  }

  /** Kinds of effects so far but what is only sent, or only for REAP. */
  get outcomes(): string[] {
    return this.effects
      .map(({ kind }) => kind)
      .filter((kind) => !['send', 'heard', 'reachability'].includes(kind));
  }
}

interface Arrival extends Packet {
  readonly at: number;
  readonly order: number;
}

export class Pair {
  readonly a: Side;
  readonly b: Side;
  readonly sent: Sent[] = [];
  now = 0;
  treatment: Treatment;
  readonly #options: PairOptions;
  readonly #random: SeededRandom;
  readonly #arrivals: Arrival[] = [];
  readonly #owner = new Map<string, Side>();

  constructor(options: PairOptions = {}) {
    this.#options = options;
    const seed = options.seed ?? 1;
    this.#random = new SeededRandom(seed);
    this.treatment = options.treatment ?? ((sent) => [sent]);
    const side = (host: LocalHost, identity: IdentityProvider, offset: number) => {
      const random = new SeededRandom(seed * 1000 + offset).octets;
      return new Side(
        new Shim6({
          random,
          identity,
          ...(options.settings && { settings: options.settings }),
          ...(options.doubts && { doubts: options.doubts }),
        }),
        host,
      );
    };
    this.a = side(options.hostA ?? hostA, options.identityA ?? siteA.identity, 1);
    this.b = side(options.hostB ?? hostB, options.identityB ?? siteB.identity, 2);
    for (const one of [this.a, this.b]) for (const address of addresses(one.host)) this.own(one, address);
  }

  /** Packets to `address` arrive at `side`. */
  own(side: Side, address: Address): void {
    this.#owner.set(addressKey(address), side);
  }

  get types(): string[] {
    return this.sent.map(({ type }) => type);
  }

  establish(from = this.a, to = from === this.a ? this.b : this.a): void {
    from.core.establish(this.now, from.host.ulid, to.host.ulid, addresses(to.host));
    this.collect();
  }

  /** Hands a packet to whoever owns its destination, now. */
  inject(packet: Packet): void {
    this.#owner.get(addressKey(packet.destination))?.core.handleMessage(this.now, packet);
    this.collect();
  }

  /** Takes the effects of both cores and puts what they send on its way. */
  collect(): void {
    for (const name of ['a', 'b'] as const) {
      const side = this[name];
      for (let effect = side.core.pollEffect(); effect !== undefined; effect = side.core.pollEffect()) {
        side.effects.push(effect);
        if (effect.kind === 'send') this.#transmit(name, effect);
      }
    }
  }

  /** Lets time pass until `time`, or until nothing is due any more. */
  runUntil(time: number): void {
    for (;;) {
      this.#arrivals.sort((first, second) => first.at - second.at || first.order - second.order);
      const due = Math.min(
        this.#arrivals[0]?.at ?? Number.POSITIVE_INFINITY,
        this.a.core.nextTimeout() ?? Number.POSITIVE_INFINITY,
        this.b.core.nextTimeout() ?? Number.POSITIVE_INFINITY,
      );
      if (due > time) break;
      this.now = Math.max(this.now, due);
      if (this.#arrivals[0]?.at === due) this.inject(this.#arrivals.shift()!);
      this.a.core.handleTimeout(this.now);
      this.b.core.handleTimeout(this.now);
      this.collect();
    }
    this.now = time;
  }

  /** Everything that was sent and came of it, as text: equal for equal runs. */
  transcript(): string {
    const effects = [this.a, this.b].map((side) => side.outcomes.join(' '));
    const sent = this.sent.map(
      ({ at, from, source, destination, message }) =>
        `${at} ${from} ${formatAddress(source)} ${formatAddress(destination)} ${Buffer.from(message).toString('hex')}`,
    );
    return [...sent, ...effects].join('\n');
  }

  #transmit(from: 'a' | 'b', { source, destination, message }: Packet): void {
    const { latency = 10, jitter = 0, loss = 0, duplication = 0 } = this.#options;
    const sent = { at: this.now, from, type: decodeMessage(message).type, source, destination, message };
    this.sent.push(sent);
    for (const packet of this.treatment(sent)) {
      if (this.#random.number() < loss) continue;
      const copies = this.#random.number() < duplication ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        const at = this.now + latency + jitter * this.#random.number();
        this.#arrivals.push({ ...packet, at, order: this.#arrivals.length + this.sent.length });
      }
    }
  }
}

/** Loses the packets of a type that `which` counts, from 1. */
export function losing(type: string, which: (count: number) => boolean = (count) => count === 1): Treatment {
  let count = 0;
  return (sent) => (sent.type === type && which(++count) ? [] : [sent]);
}
