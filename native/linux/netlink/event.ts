/** Messages that the kernel multicasts as its routing state changes. Pure. */
import * as addresses from './address.ts';
import * as links from './link.ts';
import * as neighbours from './neighbour.ts';
import * as routes from './route.ts';

/** Multicast groups: enum rtnetlink_groups of linux/rtnetlink.h. */
export const GROUPS = { link: 1, neighbour: 3, address: 9, route: 11 } as const;

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

/** Undefined for what is not watched, or not IPv6. Throws NetlinkDecodeError. */
export function decodeEvent(
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
