/** DHCPv6 and router advertisements of a box, as it is configured. */
import { performance } from 'node:perf_hooks';
import { leaseClock } from '../addressing/lease-clock.ts';
import type { LeaseBook } from '../addressing/leases.ts';
import { radvdConfiguration } from '../addressing/radvd-configuration.ts';
import { DhcpServer } from '../addressing/server.ts';
import type { DhcpSettings } from '../addressing/settings.ts';
import type { Config } from '../config/schema.ts';
import type { Log } from '../observe/log.ts';
import type { HostRegistry } from '../site/host-registry.ts';
import type { Site } from '../site/site.ts';
import { DhcpService } from './dhcp6-server.ts';
import { Radvd } from './radvd.ts';

export interface RunningDhcp {
  readonly counters: Readonly<Record<string, number>>;
  /** An inside interface was made anew. */
  reopen(): void;
  /** `keepRouter`: hosts are not told that the box is their router no more. */
  close(keepRouter: boolean): Promise<void>;
}

type DhcpConfig = NonNullable<Config['dhcp']>;

/** How often declined addresses are looked at, in milliseconds. */
const QUARANTINE_INTERVAL = 60_000;

/** Throws DhcpListenError or RadvdError, with nothing left behind. */
export function startDhcp(config: DhcpConfig, site: Site, log: Log): RunningDhcp {
  const { hosts } = site;
  const clock = leaseClock(Date.now, () => performance.now());
  const names = new Set(config.subnets.flatMap((subnet) => subnet.interface ?? []));
  const links = site.config.inside.filter((inside) => names.size === 0 || names.has(inside.interface));
  const service = new DhcpService({
    server: new DhcpServer(site.serverDuid, dhcpSettings(config, site.config), leaseBook(hosts)),
    links,
    record: (changes) => hosts.apply(changes),
    clock,
    log,
  });
  for (const { prefix } of config.subnets) hosts.prepare(prefix);
  service.start();
  const failed = (error: Error) => log.error('lease-not-recorded', { reason: error.message });
  const timer = setInterval(() => void hosts.endQuarantine(clock()).catch(failed), QUARANTINE_INTERVAL);
  const stop = () => {
    clearInterval(timer);
    service.close();
  };
  try {
    const radvd = startRadvd(config, site.config, log);
    log.info('dhcp-listening', { interfaces: links.map((link) => link.interface) });
    return {
      get counters() {
        return service.counters;
      },
      reopen: () => service.reopen(),
      close: async (keepRouter) => {
        stop();
        await radvd?.close(!keepRouter);
      },
    };
  } catch (error) {
    stop();
    throw error;
  }
}

/** The site's hosts as the server wants to see them. */
export function leaseBook(hosts: HostRegistry): LeaseBook {
  const { leases } = hosts;
  return {
    bindingsOf: (duid, iaid) => leases.bindingsOf(duid, iaid),
    bindingOf: (address) => leases.bindingOf(address),
    reservationsFor: (client) => leases.reservationsFor(client),
    isTaken: (address) => hosts.isTaken(address),
    isQuarantined: (address) => leases.isQuarantined(address),
    newAddress: (subnet) => hosts.newAddress(subnet),
    giveBack: (candidate) => hosts.giveBack(candidate),
    nameHolder: (name) => leases.nameHolder(name),
    leases: () => leases.bindings(),
    get size() {
      return leases.size;
    },
  };
}

export function dhcpSettings(config: DhcpConfig, { inside, dns }: Config): DhcpSettings {
  const routers = inside.map(({ address }) => ({ address, length: 128 }));
  return {
    subnets: config.subnets.map(({ prefix, interface: name, relays, exclude }) => ({
      prefix,
      ...(name === undefined ? {} : { interface: name }),
      relays,
      exclude: [...exclude, ...routers],
    })),
    lifetimes: config.lifetimes,
    t1: config.t1,
    t2: config.t2,
    rapidCommit: config['rapid-commit'],
    preference: config.preference,
    dnsServers: config['dns-servers'] ?? dns?.listen ?? [],
    domainSearch: config['domain-search'],
    solMaxRt: config['sol-max-rt'],
    infMaxRt: config['inf-max-rt'],
    informationRefreshTime: config['information-refresh-time'],
    domain: config.domain,
    quarantine: config.quarantine,
    rates: { perClient: config.rates['per-client'], perRelay: config.rates['per-relay'] },
    maximumLeases: config.leases,
    maximumOffers: config.offers,
    offerPatience: config['offer-patience'],
  };
}

function startRadvd(config: DhcpConfig, { inside, dns, control }: Config, log: Log): Radvd | undefined {
  const advertisements = config['router-advertisements'];
  if (advertisements === undefined) return undefined;
  const interfaces = inside.flatMap(({ interface: name }) => {
    const prefixes = config.subnets
      .filter((subnet) => subnet.interface === name)
      .map((subnet) => ({ prefix: subnet.prefix, onLink: subnet['on-link'] }));
    return prefixes.length === 0 ? [] : { name, prefixes };
  });
  const configuration = radvdConfiguration({
    interfaces,
    interval: advertisements.interval,
    routerLifetime: advertisements.lifetime ?? 3 * advertisements.interval,
    dnsServers: config['dns-servers'] ?? dns?.listen ?? [],
    domainSearch: config['domain-search'],
  });
  const directory = `${control.socket}.radvd`;
  return new Radvd({ program: advertisements.radvd, configuration, directory, log });
}
