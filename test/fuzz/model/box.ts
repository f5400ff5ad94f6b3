/** One site of the model: a core, its data path, and the packets that wait for a context. */
import type { SiteIdentity } from '../../../control/identity/index.ts';
import { type Effect, type LocalHost, Shim6 } from '../../../control/shim6/index.ts';
import { type Address, pairKey } from '../../../control/wire/ipv6/address.ts';
import { tagNumber } from '../../../control/wire/shim6/index.ts';
import { SeededRandom } from '../../shim6/random.ts';
import { addresses } from '../../shim6/sites.ts';
import { DataPath, type PayloadPacket, type UlpPacket } from './data-path.ts';

const MOST_HELD = 32;

/** What a box does to the world around it. */
export interface Surroundings {
  readonly now: number;
  isUp(locator: Address): boolean;
  /** Where DNS says that a host of the other site is. */
  locatorsOf(ulid: Address): readonly Address[];
  transmit(from: Box, packet: PayloadPacket | Extract<Effect, { kind: 'send' }>): void;
  deliver(at: Box, packet: UlpPacket): void;
}

export class Box {
  core!: Shim6;
  hosts: readonly LocalHost[];
  readonly #identity: SiteIdentity;
  readonly #around: Surroundings;
  readonly #seed: number;
  #starts = 0;
  #dataPath = new DataPath();
  /** By ULID pair. */
  readonly #waiting = new Map<string, UlpPacket[]>();
  /** By the tag that is unknown. */
  readonly #held = new Map<number, PayloadPacket[]>();

  constructor(hosts: readonly LocalHost[], identity: SiteIdentity, around: Surroundings, seed: number) {
    this.hosts = hosts;
    this.#identity = identity;
    this.#around = around;
    this.#seed = seed;
    this.restart();
  }

  /** All state is lost, as is what waited. */
  restart(): void {
    const random = new SeededRandom(this.#seed + 7919 * ++this.#starts).octets;
    this.core = new Shim6({ random, identity: this.#identity });
    this.#dataPath = new DataPath();
    this.#waiting.clear();
    this.#held.clear();
    for (const host of this.hosts) this.core.setHost(this.#around.now, host);
  }

  /** The hosts' locators, or what is known of them, changed. */
  setHosts(hosts: readonly LocalHost[]): void {
    this.hosts = hosts;
    for (const host of hosts) this.core.setHost(this.#around.now, host);
    this.collect();
  }

  owns(address: Address): boolean {
    return this.hosts.some((host) => addresses(host).some((one) => Buffer.compare(one, address) === 0));
  }

  /** A host of ours sends. */
  send(packet: UlpPacket): void {
    const out = this.#dataPath.send(packet, (locator) => this.#around.isUp(locator));
    if (out !== undefined) return this.#around.transmit(this, out);
    const { source, destination } = packet;
    queue(this.#waiting, pairKey(source, destination), packet);
    this.core.establish(this.#around.now, source, destination, this.#around.locatorsOf(destination));
    this.collect();
  }

  receive(packet: PayloadPacket): void {
    const delivered = this.#dataPath.receive(packet);
    if (delivered !== undefined) return this.#around.deliver(this, delivered);
    if (this.core.handleUnknownTag(this.#around.now, packet))
      queue(this.#held, tagNumber(packet.tag), packet);
    this.collect();
  }

  /** Does what the core wants done. */
  collect(): void {
    for (let effect = this.core.pollEffect(); effect !== undefined; effect = this.core.pollEffect())
      this.#perform(effect);
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        return this.#around.transmit(this, effect);
      case 'removed':
        return this.#dataPath.remove(effect.context);
      case 'failed':
        this.#waiting.delete(pairKey(effect.local, effect.peer));
        return;
      case 'established':
      case 'changed':
        this.#install(effect);
    }
  }

  #install({ context, recovered }: Extract<Effect, { kind: 'established' | 'changed' }>): void {
    this.#dataPath.install(context);
    if (recovered !== undefined) {
      // Held payload was for the context under its old tag: as if it came under the new one.
      for (const packet of take(this.#held, tagNumber(recovered))) {
        const delivered = this.#dataPath.receive({ ...packet, tag: context.localTag });
        if (delivered !== undefined) this.#around.deliver(this, delivered);
      }
    }
    for (const packet of take(this.#waiting, pairKey(context.local, context.peer))) this.send(packet);
  }
}

function queue<Key, Packet>(queues: Map<Key, Packet[]>, key: Key, packet: Packet): void {
  const packets = queues.get(key) ?? [];
  if (packets.length < MOST_HELD) packets.push(packet);
  queues.set(key, packets);
}

function take<Key, Packet>(queues: Map<Key, Packet[]>, key: Key): readonly Packet[] {
  const packets = queues.get(key) ?? [];
  queues.delete(key);
  return packets;
}
