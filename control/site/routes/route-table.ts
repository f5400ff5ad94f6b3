/** Routes of one kernel table, for the question whether an address is reached by it. Sized for full tables. Pure. */
import type { RouteInfo } from '../../../native/linux/index.ts';
import type { Address } from '../../wire/ipv6/address.ts';
import type { Prefix } from '../../wire/ipv6/prefix.ts';

/** What matters of a route. */
export interface Route {
  readonly to: Prefix;
  /** Metric: the lowest of a prefix counts. */
  readonly priority: number;
  /** Packets go on; false: unreachable, blackhole and the like. */
  readonly forwards: boolean;
  /** Names of its next hops: a multipath route loses one after the other. */
  readonly nextHops: readonly string[];
}

/** As the kernel tells it. */
export const routeOf = ({ to, type, priority, nextHops }: RouteInfo): Route => ({
  to,
  priority,
  forwards: type === 'unicast',
  nextHops: nextHops.map(({ ifindex, gateway }) => `${ifindex} ${gateway ?? ''}`),
});

type Routes = readonly Pick<Route, 'priority' | 'forwards' | 'nextHops'>[];

const ADDRESS_BITS = 128;

export class RouteTable {
  /** By length of the prefix, then by its bits; routes of a prefix in order of their metrics. */
  readonly #prefixes: (Map<number | string, Routes> | undefined)[] = [];
  /** Lengths that occur, the longest first. */
  #lengths: readonly number[] = [];
  #forwarding = 0;

  /** Prefixes whose best route forwards. */
  get forwarding(): number {
    return this.#forwarding;
  }

  /** Enters a route, in place of the one of that prefix and metric. */
  add(route: Route): void {
    const others = this.#others(route);
    this.#set(
      route.to,
      [...others, route].sort((first, second) => first.priority - second.priority),
    );
  }

  /** Takes away next hops of a route, and the route with the last of them. */
  remove(route: Route): void {
    const known = this.#find(route)?.find(({ priority }) => priority === route.priority);
    if (known === undefined) return;
    const left = known.nextHops.filter((hop) => !route.nextHops.includes(hop));
    if (left.length > 0 && left.length < known.nextHops.length)
      this.add({ ...route, forwards: known.forwards, nextHops: left });
    else this.#set(route.to, this.#others(route));
  }

  /** Whether packets to the address go on, by the most specific prefix; false also where no prefix covers it. */
  reaches(address: Address): boolean {
    for (const length of this.#lengths) {
      const routes = this.#prefixes[length]!.get(bits(address, length));
      if (routes !== undefined) return routes[0]!.forwards;
    }
    return false;
  }

  #find({ to }: Route): Routes | undefined {
    return this.#prefixes[to.length]?.get(bits(to.address, to.length));
  }

  #others(route: Route): Routes {
    return (this.#find(route) ?? []).filter(({ priority }) => priority !== route.priority);
  }

  #set(to: Prefix, routes: Routes): void {
    let prefixes = this.#prefixes[to.length];
    const key = bits(to.address, to.length);
    this.#forwarding += Number(routes[0]?.forwards ?? false);
    this.#forwarding -= Number(prefixes?.get(key)?.[0]?.forwards ?? false);
    if (routes.length > 0) {
      if (prefixes === undefined) {
        prefixes = new Map();
        this.#prefixes[to.length] = prefixes;
        this.#sortLengths();
      }
      prefixes.set(key, routes);
    } else if (prefixes?.delete(key) && prefixes.size === 0) {
      this.#prefixes[to.length] = undefined;
      this.#sortLengths();
    }
  }

  #sortLengths(): void {
    const lengths: number[] = [];
    for (let length = ADDRESS_BITS; length >= 0; length--)
      if (this.#prefixes[length] !== undefined) lengths.push(length);
    this.#lengths = lengths;
  }
}

/** Bits that fit a number exactly; routes of the Internet have no more. */
const NUMBER_BITS = 48;

/** The first `length` bits as a key: a number where they fit one, which is several times as fast. */
function bits(address: Address, length: number): number | string {
  const high = ((address[0]! << 24) | (address[1]! << 16) | (address[2]! << 8) | address[3]!) >>> 0;
  const low = (address[4]! << 8) | address[5]!;
  if (length <= 32) return length === 0 ? 0 : high >>> (32 - length);
  if (length <= NUMBER_BITS) return high * 0x1_0000 + (low >>> (NUMBER_BITS - length));
  const whole = length >> 3;
  const rest = length & 7;
  let key = '';
  for (let index = 0; index < whole; index++) key += String.fromCharCode(address[index]!);
  return rest === 0 ? key : key + String.fromCharCode(address[whole]! & (0xff << (8 - rest)));
}
