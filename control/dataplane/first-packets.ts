/**
 * Packets that wait for a context: bounded per ULID pair, in all, and in time. Pure: time is
 * passed in, frames come out in the order they came in.
 */
export interface FirstPacketLimits {
  readonly perPair: number;
  readonly total: number;
  /** Milliseconds that a packet may wait. */
  readonly patience: number;
}

export interface WaitingFrame {
  readonly frame: Uint8Array;
  /** Where it came in. */
  readonly ifindex: number;
  /** Of the IPv6 header, octets. */
  readonly networkOffset: number;
}

interface Queue {
  readonly frames: WaitingFrame[];
  /** When the first of them came, milliseconds. */
  readonly since: number;
}

export class FirstPackets {
  readonly #limits: FirstPacketLimits;
  readonly #queues = new Map<string, Queue>();
  #total = 0;
  /** Packets refused because a bound was reached. */
  refused = 0;
  /** Packets that waited too long. */
  expired = 0;

  constructor(limits: FirstPacketLimits) {
    this.#limits = limits;
  }

  get waiting(): number {
    return this.#total;
  }

  /** False when the packet was refused; the newest is refused, so that what waits stays in order. */
  add(now: number, pair: string, waiting: WaitingFrame): boolean {
    const queue = this.#queues.get(pair) ?? { frames: [], since: now };
    if (queue.frames.length >= this.#limits.perPair || this.#total >= this.#limits.total) {
      this.refused++;
      return false;
    }
    queue.frames.push(waiting);
    this.#queues.set(pair, queue);
    this.#total++;
    return true;
  }

  /** Takes out all that wait for a pair. */
  take(pair: string): readonly WaitingFrame[] {
    const queue = this.#queues.get(pair);
    if (queue === undefined) return [];
    this.#queues.delete(pair);
    this.#total -= queue.frames.length;
    return queue.frames;
  }

  /** When the pair's first packet came, milliseconds; undefined if none waits. */
  since(pair: string): number | undefined {
    return this.#queues.get(pair)?.since;
  }

  /** Takes out all that have waited too long. Queues stand in the order of their first packet. */
  expire(now: number): readonly WaitingFrame[] {
    const late: WaitingFrame[] = [];
    for (const [pair, queue] of this.#queues) {
      if (now - queue.since < this.#limits.patience) break;
      late.push(...this.take(pair));
    }
    this.expired += late.length;
    return late;
  }
}
