/** What the kernel tells of its routing state as it changes. */
import { watch } from '../watch.ts';
import { decodeEvent, GROUPS, type NetlinkEvent, type NetlinkGroup } from './event.ts';
import { decodeMessages, NetlinkDecodeError } from './message.ts';
import { NetlinkSocket } from './socket.ts';

/** Datagrams per turn of the event loop. */
const DATAGRAMS_PER_TURN = 64;

interface Subscription {
  readonly groups: readonly NetlinkGroup[];
  readonly onEvent: (event: NetlinkEvent) => void;
}

export class NetlinkEvents {
  readonly #socket: NetlinkSocket;
  readonly #subscriptions = new Set<Subscription>();
  #unwatch: (() => void) | undefined;

  private constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  static open(receiveBuffer: number): NetlinkEvents {
    const socket = NetlinkSocket.open('Netlink events');
    try {
      socket.setReceiveBuffer(receiveBuffer);
      return new NetlinkEvents(socket);
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  subscribe(groups: readonly NetlinkGroup[], onEvent: (event: NetlinkEvent) => void): () => void {
    const subscription = { groups, onEvent };
    for (const group of groups) this.#socket.setMembership(GROUPS[group], true);
    this.#unwatch ??= watch(this.#socket.descriptor.fd, () => this.#deliver());
    this.#subscriptions.add(subscription);
    return () => this.#unsubscribe(subscription);
  }

  close(): void {
    this.#subscriptions.clear();
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#socket.close();
  }

  #unsubscribe(subscription: Subscription): void {
    if (!this.#subscriptions.delete(subscription)) return;
    for (const group of subscription.groups)
      if (![...this.#subscriptions].some(({ groups }) => groups.includes(group)))
        this.#socket.setMembership(GROUPS[group], false);
    if (this.#subscriptions.size > 0) return;
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  #deliver(): void {
    for (let count = 0; count < DATAGRAMS_PER_TURN && !this.#socket.descriptor.closed; count++) {
      const datagram = this.#socket.receiveEvents();
      if (datagram === undefined) return;
      const events = datagram === 'overrun' ? undefined : decodeEvents(datagram);
      // What cannot be read is as good as lost.
      for (const event of events ?? [{ kind: 'overrun' } as const])
        for (const { groups, onEvent } of this.#subscriptions)
          if (event.kind === 'overrun' || groups.includes(event.kind)) onEvent(event);
    }
  }
}

/** Those of a datagram; undefined when it is no sequence of whole messages. */
function decodeEvents(datagram: Uint8Array): readonly NetlinkEvent[] | undefined {
  try {
    return [...decodeMessages(datagram)].flatMap(({ type, payload }) => decodeEvent(type, payload) ?? []);
  } catch (error) {
    if (error instanceof NetlinkDecodeError) return undefined;
    throw error;
  }
}
