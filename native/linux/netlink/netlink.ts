/** Routing state of the kernel: read, changed and watched through rtnetlink(7). IPv6 only. */
import { ERRNO, SyscallError } from '../errors.ts';
import * as addresses from './address.ts';
import type { NetlinkEvent, NetlinkGroup } from './event.ts';
import { NetlinkEvents } from './events.ts';
import * as links from './link.ts';
import * as neighbours from './neighbour.ts';
import type { Ipv6Address } from './prefix.ts';
import * as routes from './route.ts';
import * as rules from './rule.ts';
import { NetlinkSocket } from './socket.ts';

const NLM_F_REPLACE = 0x100;
const NLM_F_EXCL = 0x200;
const NLM_F_CREATE = 0x400;
const RECEIVE_BUFFER = 1 << 20;

export class Netlink {
  readonly #socket: NetlinkSocket;
  readonly #events: NetlinkEvents;

  private constructor(socket: NetlinkSocket, events: NetlinkEvents) {
    this.#socket = socket;
    this.#events = events;
  }

  /**
   * Opens sockets in the calling thread's network namespace: that is the one served from then on. `receiveBuffer`:
   * bytes of events that may wait for this process (default 1 MiB, some 2000 events). Throws SyscallError.
   */
  static open({ receiveBuffer = RECEIVE_BUFFER }: { receiveBuffer?: number } = {}): Netlink {
    const socket = NetlinkSocket.open('Netlink');
    try {
      return new Netlink(socket, NetlinkEvents.open(receiveBuffer));
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  links(): links.LinkInfo[] {
    return this.#socket.dump('dump of links', links.RTM_GETLINK, links.encodeLinkName(), links.decodeLink);
  }

  /** Undefined if there is no interface of that name. */
  link(name: string): links.LinkInfo | undefined {
    const answer = absent([ERRNO.ENODEV], () =>
      this.#socket.get(`link ${name}`, links.RTM_GETLINK, links.encodeLinkName(name)),
    );
    return answer === undefined ? undefined : links.decodeLink(answer);
  }

  addresses(): addresses.AddressInfo[] {
    const body = addresses.encodeAddressDump();
    return this.#socket.dump('dump of addresses', addresses.RTM_GETADDR, body, addresses.decodeAddress);
  }

  neighbours(): neighbours.NeighbourInfo[] {
    const body = neighbours.encodeNeighbourDump();
    return this.#socket.dump('dump of neighbours', neighbours.RTM_GETNEIGH, body, neighbours.decodeNeighbour);
  }

  /** Routes of one table, or of all (that includes `local`). A table that does not exist is empty. */
  routes({ table }: { table?: number } = {}): routes.RouteInfo[] {
    const body = routes.encodeRouteDump(table);
    const dump = () => this.#socket.dump('dump of routes', routes.RTM_GETROUTE, body, routes.decodeRoute);
    return absent([ERRNO.ENOENT], dump) ?? [];
  }

  /**
   * Routes of one table, one at a time as the caller goes on, for tables too large to read at once. Nothing else may
   * be asked of this Netlink before the end. Returns false when the table changed meanwhile: a route may be missing.
   */
  *routesInSteps(table: number): Generator<routes.RouteInfo, boolean> {
    const body = routes.encodeRouteDump(table);
    const { RTM_GETROUTE, decodeRoute } = routes;
    try {
      return yield* this.#socket.dumpInSteps('dump of routes', RTM_GETROUTE, body, decodeRoute);
    } catch (error) {
      // The table does not exist yet.
      if (error instanceof SyscallError && error.errno === ERRNO.ENOENT) return true;
      throw error;
    }
  }

  rules(): rules.RuleInfo[] {
    return this.#socket.dump('dump of rules', rules.RTM_GETRULE, rules.encodeRuleDump(), rules.decodeRule);
  }

  /** Throws SyscallError: EEXIST, unless `replace`; EHOSTUNREACH or EINVAL for a gateway off the link. */
  addRoute(route: routes.RouteSpecification, { replace = false }: { replace?: boolean } = {}): void {
    const flags = NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL);
    this.#socket.change('add of a route', routes.RTM_NEWROUTE, flags, routes.encodeRoute(route));
  }

  /** Deletes the first route that matches all that is given. False if there is none. */
  deleteRoute(route: routes.RouteSpecification): boolean {
    const { protocol = routes.PROTOCOL_ANY } = route;
    return this.#delete('delete of a route', routes.RTM_DELROUTE, routes.encodeRoute({ ...route, protocol }));
  }

  /** Throws SyscallError: EEXIST for the same rule again. */
  addRule(rule: rules.RuleSpecification): void {
    this.#socket.change(
      'add of a rule',
      rules.RTM_NEWRULE,
      NLM_F_CREATE | NLM_F_EXCL,
      rules.encodeRule(rule),
    );
  }

  /** Deletes the first rule that matches all that is given. False if there is none. */
  deleteRule(rule: rules.RuleSpecification): boolean {
    return this.#delete('delete of a rule', rules.RTM_DELRULE, rules.encodeRule(rule));
  }

  /** Enters a neighbour, or replaces what is known of it. */
  setNeighbour(neighbour: neighbours.NeighbourSpecification): void {
    const body = neighbours.encodeNeighbour(neighbour);
    this.#socket.change('set of a neighbour', neighbours.RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, body);
  }

  /**
   * Has the kernel find out, or confirm, the link-layer address of a neighbour (RFC 4861 §7.2). The outcome comes
   * as events of group 'neighbour': reachable, or failed after some seconds.
   */
  probeNeighbour(ifindex: number, address: Ipv6Address): void {
    const body = neighbours.encodeNeighbourUse(ifindex, address);
    this.#socket.change('probe of a neighbour', neighbours.RTM_NEWNEIGH, NLM_F_CREATE, body);
  }

  /** False if it is not there. */
  deleteNeighbour(ifindex: number, address: Ipv6Address): boolean {
    const body = neighbours.encodeNeighbour({ ifindex, address, state: 'none' });
    return this.#delete('delete of a neighbour', neighbours.RTM_DELNEIGH, body);
  }

  /** Throws SyscallError: EEXIST if one of the names is taken. */
  createVeth(name: string, peerName: string): void {
    const body = links.encodeVeth(name, peerName);
    this.#socket.change(`add of veth ${name}`, links.RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, body);
  }

  /** False if there is no such link. */
  deleteLink(name: string): boolean {
    return this.#delete(`delete of link ${name}`, links.RTM_DELLINK, links.encodeLinkName(name));
  }

  /** Throws SyscallError ENODEV if there is no such link. */
  setLink(name: string, change: links.LinkChange): void {
    this.#socket.change(`set of link ${name}`, links.RTM_NEWLINK, 0, links.encodeLinkChange(name, change));
  }

  /**
   * Tries whether an XDP program could be attached, where attaching it by a BPF link has failed: here the kernel adds
   * the driver's words. Undefined if it could be, and nothing is attached.
   */
  xdpRefusal(ifindex: number, program: number, mode: 'native' | 'generic'): SyscallError | undefined {
    const set = (descriptor: number) => {
      const body = links.encodeXdp(ifindex, descriptor, mode);
      this.#socket.change(`XDP on interface ${ifindex}`, links.RTM_SETLINK, 0, body);
    };
    try {
      set(program);
    } catch (error) {
      if (error instanceof SyscallError) return error;
      throw error;
    }
    set(-1);
    return undefined;
  }

  /**
   * Calls `onEvent` from the event loop for every change in `groups`, from now on, until the returned function or
   * close() ends it. Subscribe first and dump then, or changes in between are missed. Throws SyscallError.
   */
  subscribe(groups: readonly NetlinkGroup[], onEvent: (event: NetlinkEvent) => void): () => void {
    return this.#events.subscribe(groups, onEvent);
  }

  /** Ends all subscriptions too. Idempotent. */
  close(): void {
    this.#events.close();
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #delete(operation: string, type: number, body: links.Body): boolean {
    const codes = [ERRNO.ENOENT, ERRNO.ESRCH, ERRNO.ENODEV];
    const done = absent(codes, () => {
      this.#socket.change(operation, type, 0, body);
      return true;
    });
    return done ?? false;
  }
}

/** The result of `call`, undefined where it fails with one of `errnos`: the thing is not there. */
function absent<Result>(errnos: readonly number[], call: () => Result): Result | undefined {
  try {
    return call();
  } catch (error) {
    if (error instanceof SyscallError && errnos.includes(error.errno)) return undefined;
    throw error;
  }
}
