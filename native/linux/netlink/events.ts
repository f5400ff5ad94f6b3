/** What the kernel tells of its routing state as it changes. */
import { watch } from '../watch.ts';
import * as addresses from './address.ts';
import * as links from './link.ts';
import { decodeMessages } from './message.ts';
import * as neighbours from './neighbour.ts';
import * as routes from './route.ts';
import { NetlinkSocket } from './socket.ts';

/** Multicast groups: enum rtnetlink_groups of linux/rtnetlink.h. */
const GROUPS = { link: 1, neighbour: 3, address: 9, route: 11 } as const;

export type NetlinkGroup = keyof typeof GROUPS;

interface Change<Kind extends NetlinkGroup> {
  readonly kind: Kind;
  /** The thing is gone; otherwise it is new or changed. */
  readonly removed: boolean;
}

export type NetlinkEvent =
  | (Change<'link'> & links.LinkInfo)
  | (Change<'neighbour'> & neighbours.NeighbourInfo)
  | (Change<'route'> & routes.RouteInfo)
  | (Change<'address'> & addresses.AddressInfo)
  /** Events were lost: read anew what matters. */
  | { readonly kind: 'overrun' };

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
      if (datagram === 'overrun') {
        for (const { onEvent } of this.#subscriptions) onEvent({ kind: 'overrun' });
        continue;
      }
      for (const { type, payload } of decodeMessages(datagram)) {
        const event = decodeEvent(type, payload);
        if (event === undefined) continue;
        for (const { groups, onEvent } of this.#subscriptions)
          if (groups.includes(event.kind)) onEvent(event);
      }
    }
  }
}

function decodeEvent(
  type: number,
  payload: Uint8Array,
): Exclude<NetlinkEvent, { kind: 'overrun' }> | undefined {
  switch (type) {
    case links.RTM_NEWLINK:
    case links.RTM_DELLINK: {
      const link = links.decodeLink(payload);
      return link && { kind: 'link', removed: type === links.RTM_DELLINK, ...link };
    }
    case neighbours.RTM_NEWNEIGH:
    case neighbours.RTM_DELNEIGH: {
      const neighbour = neighbours.decodeNeighbour(payload);
      return neighbour && { kind: 'neighbour', removed: type === neighbours.RTM_DELNEIGH, ...neighbour };
    }
    case routes.RTM_NEWROUTE:
    case routes.RTM_DELROUTE: {
      const route = routes.decodeRoute(payload);
      return route && { kind: 'route', removed: type === routes.RTM_DELROUTE, ...route };
    }
    case addresses.RTM_NEWADDR:
    case addresses.RTM_DELADDR: {
      const address = addresses.decodeAddress(payload);
      return address && { kind: 'address', removed: type === addresses.RTM_DELADDR, ...address };
    }
    default:
      return undefined;
  }
}
