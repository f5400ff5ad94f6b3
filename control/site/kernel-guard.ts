/**
 * Kernel routing policy that keeps ULIDs off the providers' links, whatever the XDP programs do:
 * packets from or to ULIDs that are not the site's own are unreachable, and so is what is left of
 * the providers' prefixes. What NATv6 translates never comes to the kernel; what it does not (it is off,
 * or the source is no host of the site) is answered with Destination Unreachable. All of it carries our protocol number, so that a restart finds and
 * replaces what an earlier run left.
 */
import type { Netlink, RouteSpecification, RuleSpecification } from '../../native/linux/index.ts';
import type { Config } from '../config/schema.ts';
import type { Prefix } from '../wire/ipv6/prefix.ts';

/** Protocol number of our routes and rules: SHIM6's own. FRR, for one, owns 186 to 198 and clears them at its start. */
export const ROUTE_PROTOCOL = 140;
const FIRST_PRIORITY = 500;
const MAIN_TABLE = 254;

const unreachable = (to: Prefix): RouteSpecification => ({
  to,
  type: 'unreachable',
  protocol: ROUTE_PROTOCOL,
  table: MAIN_TABLE,
});

export class KernelGuard {
  readonly #netlink: Netlink;
  readonly #rules: readonly RuleSpecification[];

  /** Installs the policy. Throws SyscallError. */
  constructor(netlink: Netlink, config: Config, providers: Iterable<Prefix>) {
    this.#netlink = netlink;
    const own = config.site.prefixes.map(
      (to) => ({ to, action: 'table', table: MAIN_TABLE, priority: FIRST_PRIORITY }) as const,
    );
    const foreign = config.ulids.flatMap((ulids) => [
      { from: ulids, action: 'unreachable', priority: FIRST_PRIORITY + 1 } as const,
      { to: ulids, action: 'unreachable', priority: FIRST_PRIORITY + 2 } as const,
    ]);
    this.#rules = [...own, ...foreign].map((rule) => ({ ...rule, protocol: ROUTE_PROTOCOL }));
    this.#clear();
    for (const rule of this.#rules) netlink.addRule(rule);
    for (const prefix of providers) this.addProvider(prefix);
  }

  addProvider(prefix: Prefix): void {
    this.#netlink.addRoute(unreachable(prefix));
  }

  removeProvider(prefix: Prefix): void {
    this.#netlink.deleteRoute(unreachable(prefix));
  }

  #clear(): void {
    for (const rule of this.#netlink.rules())
      if (rule.protocol === ROUTE_PROTOCOL) this.#netlink.deleteRule(rule);
    for (const route of this.#netlink.routes({ table: MAIN_TABLE })) {
      if (route.protocol === ROUTE_PROTOCOL) this.#netlink.deleteRoute(route);
    }
  }

  remove(): void {
    this.#clear();
  }
}
