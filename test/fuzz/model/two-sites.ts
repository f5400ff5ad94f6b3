/**
 * Two sites with two hosts each and the network between them, in virtual time. What comes from the attacker, or was
 * caused by it, is marked: none of it may change anything.
 */
import type { LocalHost } from '../../../control/shim6/index.ts';
import { type Address, addressKey, equalAddress } from '../../../control/wire/ipv6/address.ts';
import { SeededRandom } from '../../shim6/random.ts';
import { addresses, locator, siteA, siteB } from '../../shim6/sites.ts';
import { hold } from '../target.ts';
import { Box, type Surroundings } from './box.ts';
import type { PayloadPacket, UlpPacket } from './data-path.ts';

export interface ControlPacket {
  readonly source: Address;
  readonly destination: Address;
  readonly message: Uint8Array;
}

export type WirePacket = PayloadPacket | ControlPacket;

interface Arrival {
  readonly at: number;
  readonly packet: WirePacket;
  readonly forged: boolean;
}

/** Of the network: probabilities, and milliseconds. */
export interface Conditions {
  readonly loss: number;
  readonly duplication: number;
  readonly jitter: number;
}

export const FAIR: Conditions = { loss: 0, duplication: 0, jitter: 0 };
const LATENCY = 10;
const CAPTURED = 15;

const host = (site: typeof siteA, number: number, prefixes: readonly string[]): LocalHost =>
  site.host(
    number,
    prefixes.map((prefix, index) => locator(`${prefix}::${number}`, { priority: 10 * (index + 1) })),
  );
const hostsA = [101, 102].map((number) => host(siteA, number, ['2001:db8:11', '2001:db8:12']));
const hostsB = [101, 102].map((number) => host(siteB, number, ['2001:db8:21', '2001:db8:22']));

export class TwoSites implements Surroundings {
  readonly a: Box;
  readonly b: Box;
  now = 0;
  conditions = FAIR;
  /** Payload that reached a host, by what its first four octets say. */
  readonly delivered = new Map<number, number>();
  /** Packets the attacker has got, for it to use. */
  captured: readonly ControlPacket[] = [];
  readonly #random: SeededRandom;
  readonly #down = new Set<string>();
  readonly #sent: UlpPacket[] = [];
  #arrivals: Arrival[] = [];
  /** What is being handled now comes from the attacker, if from its message or from one that answers it. */
  #forged = false;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.a = new Box(hostsA, siteA.identity, this, seed);
    this.b = new Box(hostsB, siteB.identity, this, seed + 500_000_000);
  }

  isUp(address: Address): boolean {
    return !this.#down.has(addressKey(address));
  }

  setUp(address: Address, up: boolean): void {
    if (up) this.#down.delete(addressKey(address));
    else this.#down.add(addressKey(address));
  }

  locatorsOf(ulid: Address): readonly Address[] {
    const known = [...this.a.hosts, ...this.b.hosts].find((one) => equalAddress(one.ulid, ulid));
    return known === undefined ? [] : addresses(known);
  }

  /** A host sends a packet that no other is equal to. */
  send(from: Box, source: Address, destination: Address): number {
    const number = this.#sent.length;
    const octets = new Uint8Array(4 + (number % 9));
    new DataView(octets.buffer).setUint32(0, number);
    this.#random.octets(octets.length - 4).forEach((octet, index) => {
      octets[4 + index] = octet;
    });
    const packet = { source, destination, octets };
    this.#sent.push(packet);
    from.send(packet);
    return number;
  }

  deliver(_at: Box, packet: UlpPacket): void {
    // With an own host and key the attacker is a peer like any other.
    if (this.#forged && !this.#isOurs(packet.source)) return;
    hold(!this.#forged, 'payload of the attacker is delivered in the name of another');
    const number = new DataView(packet.octets.buffer, packet.octets.byteOffset).getUint32(0);
    const sent = this.#sent[number];
    hold(sent !== undefined, 'payload is delivered that nobody sent');
    const same =
      equalAddress(sent.source, packet.source) &&
      equalAddress(sent.destination, packet.destination) &&
      Buffer.compare(sent.octets, packet.octets) === 0;
    hold(same, `payload ${number} is delivered, but not as it was sent`);
    this.delivered.set(number, (this.delivered.get(number) ?? 0) + 1);
  }

  transmit(_from: Box, packet: WirePacket): void {
    const { loss, duplication, jitter } = this.conditions;
    if (this.#random.number() < loss || !this.isUp(packet.source)) return;
    const copies = this.#random.number() < duplication ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const at = this.now + LATENCY + jitter * this.#random.number();
      this.#arrivals.push({ at, packet, forged: this.#forged });
    }
  }

  /** The attacker sends from wherever it says. */
  forge(packet: WirePacket): void {
    this.#arrive({ at: this.now, packet, forged: true });
  }

  /** The attacker hands `act` something that a box believes comes from the network. */
  forgeInput(at: Box, act: () => void): void {
    this.#unchanged(at, act);
  }

  pass(milliseconds: number): void {
    const end = this.now + milliseconds;
    for (;;) {
      this.#arrivals.sort((first, second) => first.at - second.at);
      const timeouts = [this.a, this.b].map((box) => box.core.nextTimeout() ?? Number.POSITIVE_INFINITY);
      const due = Math.min(this.#arrivals[0]?.at ?? Number.POSITIVE_INFINITY, ...timeouts);
      if (due > end) break;
      this.now = Math.max(this.now, due);
      const [first] = this.#arrivals;
      if (first !== undefined && first.at <= this.now) {
        this.#arrivals = this.#arrivals.slice(1);
        this.#arrive(first);
      }
      for (const box of [this.a, this.b]) {
        box.core.handleTimeout(this.now);
        box.collect();
      }
    }
    this.now = end;
  }

  #arrive({ packet, forged }: Arrival): void {
    if (!this.isUp(packet.destination)) return;
    const box = [this.a, this.b].find((one) => one.owns(packet.destination));
    if (box === undefined) {
      if ('message' in packet) this.captured = [...this.captured.slice(-CAPTURED), packet];
      return;
    }
    const hand = () => {
      if ('message' in packet) box.core.handleMessage(this.now, packet);
      else box.receive(packet);
      box.collect();
    };
    if (forged) this.#unchanged(box, hand);
    else hand();
  }

  #unchanged(box: Box, act: () => void): void {
    const before = this.#snapshot(box);
    const due = box.core.nextTimeout();
    this.#forged = true;
    act();
    box.collect();
    this.#forged = false;
    const after = this.#snapshot(box);
    hold(before === after, `the attacker changed\n${before}\nto\n${after}`);
    // With a context of its own the attacker has the box do something for that.
    const onlyOurs = [...box.core.contexts()].every(({ peer }) => this.#isOurs(peer));
    hold(!onlyOurs || due === box.core.nextTimeout(), 'the attacker changed when the box acts next');
  }

  #isOurs(ulid: Address): boolean {
    return [...this.a.hosts, ...this.b.hosts].some((one) => equalAddress(one.ulid, ulid));
  }

  /** All that the box knows of the other site. */
  #snapshot(box: Box): string {
    const contexts = [...box.core.contexts()]
      .filter(({ peer }) => this.#isOurs(peer))
      .map(({ local, peer, state, localTag, peerTag, localLocators, peerLocators }) => ({
        local,
        peer,
        state,
        localTag,
        peerTag,
        localLocators,
        peerLocators,
      }));
    return JSON.stringify(contexts);
  }
}
