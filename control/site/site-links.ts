/** The box's interfaces: which provider and which host is where, kept in step with kernel and data path. */
import { BpfError } from '../../native/libbpf/index.ts';
import type { Netlink } from '../../native/linux/index.ts';
import type { Config, ProviderConfig } from '../config/schema.ts';
import { tunnelMistakes } from '../config/tunnel.ts';
import type { SiteFacts } from '../dataplane/contexts.ts';
import type { Dataplane, ProgramName } from '../dataplane/dataplane.ts';
import type { HostLink } from '../dataplane/ingress-table.ts';
import { SettingsLimits } from '../dataplane/layout.generated.ts';
import type { LinkAddress } from '../dataplane/router-address-map.ts';
import type { Log } from '../observe/log.ts';
import type { LocalHost } from '../shim6/local-host.ts';
import { type Address, equalAddress, formatAddress } from '../wire/ipv6/address.ts';
import { formatMac, type MacAddress } from '../wire/ipv6/header.ts';
import { containsAddress } from '../wire/ipv6/prefix.ts';
import type { TunnelEnds } from '../wire/ipv6/tunnel.ts';
import { Attachments, SiteLinkError } from './attachments.ts';
import { GatewayCheck } from './gateway-check.ts';
import { HostLinks, insidePort } from './host-links.ts';
import type { SiteHost } from './hosts.ts';
import { type InterfaceFacts, type KernelWatch, watchKernel } from './kernel-watcher.ts';
import type { Reachability } from './liveness/reachability.ts';
import { hysteresisOf } from './liveness/settings.ts';
import type { SourceReport } from './liveness/source.ts';
import { UplinkStates, type UplinkTransition } from './liveness/uplink-states.ts';
import type { SiteProvider } from './provider-list.ts';
import { Uplink } from './uplinks.ts';

export interface SiteLinksOptions {
  readonly config: Config;
  readonly netlink: Netlink;
  readonly dataplane: Dataplane;
  readonly hosts: ReadonlyMap<string, SiteHost>;
  readonly providers: Iterable<SiteProvider>;
  readonly log: Log;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
  readonly reachability: Reachability;
  /** An uplink is about to be up in the data path. */
  readonly beforeUp: () => void;
  /** A provider was added or removed: these are all. */
  readonly onUplinks: (uplinks: readonly Uplink[]) => void;
  /** An uplink is up or down: the data path has switched already. */
  readonly onUplink: (uplink: Uplink, transition: UplinkTransition) => void;
  /** A host was found on the inside, or moved there. */
  readonly onHostMoved: (host: SiteHost) => void;
}

/** Ticks between attempts to resolve a provider's router or a host that is not known. */
const RESOLVE_TICKS = 10;
/** RFC 5533 §5.15.3: the largest preference there is. */
const LAST_PRIORITY = 255;

export class SiteLinks implements SiteFacts {
  /** By index in the data path. */
  readonly #uplinks = new Map<number, Uplink>();
  /** Names of providers that nothing new is to use. */
  readonly #draining = new Set<string>();
  /** Names of providers that are not in the configuration. */
  readonly #added = new Set<string>();
  readonly #attachments: Attachments;
  #watch: KernelWatch | undefined;
  readonly #options: SiteLinksOptions;
  readonly #interfaces = new Map<string, InterfaceFacts>();
  readonly hostLinks: HostLinks;
  readonly #states: UplinkStates;
  readonly #gatewayCheck: GatewayCheck;
  #ticks = 0;
  /** Names of interfaces that had a program and are no more. */
  readonly #gone = new Set<string>();
  /** Interfaces that were gone and have their program again. */
  reattached = 0;
  /** One of them is an inside one: whoever listens there has to do so anew. Set when somebody does. */
  onInsideAgain: () => void = () => undefined;

  constructor(options: SiteLinksOptions) {
    this.#options = options;
    const { netlink, dataplane, log } = options;
    this.#attachments = new Attachments({ mode: options.config.datapath.mode, netlink, dataplane, log });
    this.#states = new UplinkStates([]);
    this.#gatewayCheck = new GatewayCheck(options.netlink, options.log);
    this.hostLinks = new HostLinks({
      inside: options.config.inside,
      hosts: options.hosts,
      facts: (name) => this.#interfaces.get(name),
      ask: (ifindex, address) => this.#ask(ifindex, address),
      onHostMoved: options.onHostMoved,
    });
    for (const provider of options.providers) this.#addUplink(provider);
  }

  /** Of the providers in use. */
  get uplinks(): readonly Uplink[] {
    return [...this.#uplinks.values()];
  }

  /** By its index in the data path, which another provider may have after this one's. */
  uplink(index: number): Uplink | undefined {
    return this.#uplinks.get(index);
  }

  #addUplink({ config, draining, origin }: SiteProvider): Uplink {
    let index = 0;
    while (this.#uplinks.has(index)) index++;
    if (index >= SettingsLimits.MAX_UPLINKS)
      throw new SiteLinkError(
        `${config.name} is one provider too many: ${SettingsLimits.MAX_UPLINKS} are possible`,
      );
    this.#states.add(index, hysteresisOf(config));
    const uplink = new Uplink(index, config, this.#states);
    this.#uplinks.set(index, uplink);
    if (draining) this.#draining.add(config.name);
    if (origin === 'added') this.#added.add(config.name);
    return uplink;
  }

  /** Throws SiteLinkError when it cannot be: there is no such interface, or it is an inside one. */
  checkProvider(config: ProviderConfig): void {
    const facts = this.#options.netlink.links().find(({ name }) => name === config.interface);
    if (facts === undefined) throw new SiteLinkError(`there is no interface ${config.interface}`);
    if (this.#options.config.inside.some((inside) => inside.interface === config.interface))
      throw new SiteLinkError(
        `${config.interface} is an inside interface; an interface is inside or outside`,
      );
    for (const mistake of tunnelMistakes(config.tunnel, this.#options.config.ulids))
      throw new SiteLinkError(mistake);
  }

  /** Begins to use a provider that came while running. Throws SiteLinkError and BpfError. */
  addProvider(provider: SiteProvider): void {
    this.#addUplink(provider);
    const name = provider.config.interface;
    // Another provider may be on the interface: then its facts are no news but to this one.
    this.#interfaces.delete(name);
    this.#watch!.add(name);
    try {
      this.#attachments.attach('outside', name, this.#interfaces.get(name));
    } catch (error) {
      this.removeProvider(provider.config.name);
      throw error;
    }
    this.#options.onUplinks(this.uplinks);
    this.#resolve();
  }

  /** Whether the provider of an uplink is being replaced. */
  isDraining(uplink: number): boolean {
    const name = this.#uplinks.get(uplink)?.provider.name;
    return name !== undefined && this.#draining.has(name);
  }

  setDraining(name: string, draining: boolean): void {
    if (draining) this.#draining.add(name);
    else this.#draining.delete(name);
  }

  /** Stops using a provider: no context may have a path by it any more. */
  removeProvider(name: string): void {
    const uplink = this.uplinks.find(({ provider }) => provider.name === name);
    if (uplink === undefined) return;
    this.#options.dataplane.links.removeUplink(uplink.index);
    this.#options.dataplane.pathMtus.forgetUplink(uplink.index);
    this.#uplinks.delete(uplink.index);
    this.#states.remove(uplink.index);
    this.#draining.delete(name);
    this.#added.delete(name);
    this.#apply(this.#states.advance(this.#options.clock()));
    this.#options.onUplinks(this.uplinks);
    const attached = this.#interfaces.get(uplink.provider.interface)?.attachIfindex;
    const isUsed = this.uplinks.some(
      ({ provider }) => this.#interfaces.get(provider.interface)?.attachIfindex === attached,
    );
    if (attached !== undefined && !isUsed) this.#attachments.detach(attached);
    if (this.#programOf(uplink.provider.interface) === undefined)
      this.#gone.delete(uplink.provider.interface);
  }

  /** Reads the kernel's state, attaches the programs and follows changes. Throws SiteLinkError and BpfError. */
  start(): void {
    const { config, netlink } = this.#options;
    const providers = this.uplinks.map(({ provider }) => provider);
    const names = new Set([...config.inside, ...providers].map((entry) => entry.interface));
    this.#watch = watchKernel(netlink, names, {
      onInterface: (name, facts) => this.#onInterface(name, facts),
      onNeighbour: (ifindex, address, mac, fixed) => this.#onNeighbour(ifindex, address, mac, fixed),
      onOverrun: () => this.#options.log.warn('netlink-overrun'),
    });
    for (const { interface: name } of config.inside)
      this.#attachments.attach('inside', name, this.#interfaces.get(name));
    for (const provider of providers) {
      const name = provider.interface;
      // One that the CLI added must not keep the box from starting, or the CLI could not remove it.
      if (!this.#added.has(provider.name))
        this.#attachments.attach('outside', name, this.#interfaces.get(name));
    }
    this.#attachMissing();
    this.#resolve();
  }

  /** Programs on interfaces that should have one and do not: they came later, or another program was in the way. */
  #attachMissing(): void {
    for (const [name, facts] of this.#interfaces) {
      const program = this.#programOf(name);
      if (program === undefined || this.#attachments.runs(program, facts)) continue;
      this.#attachAgain(program, name, facts);
      this.#tellUplinks(name, facts);
    }
  }

  #attachAgain(program: ProgramName, name: string, facts: InterfaceFacts): void {
    if (!this.#attachments.tryAttach(program, name, facts) || !this.#gone.delete(name)) return;
    this.reattached++;
    if (program === 'inside') this.onInsideAgain();
  }

  #programOf(name: string): ProgramName | undefined {
    const { inside } = this.#options.config;
    if (inside.some((entry) => entry.interface === name)) return 'inside';
    return this.uplinks.some(({ provider }) => provider.interface === name) ? 'outside' : undefined;
  }

  tick(): void {
    for (const uplink of this.uplinks)
      if (uplink.forgetTunnelMtu(this.#options.clock())) this.#writeUplink(uplink);
    this.#apply(this.#states.advance(this.#options.clock()));
    this.#gatewayCheck.step(this.#options.clock(), this.uplinks);
    if (++this.#ticks % RESOLVE_TICKS === 0) {
      this.#attachMissing();
      this.#resolve();
    }
    this.hostLinks.step();
  }

  /** A router says that the packet of a tunnel between these ends was too big for what comes after it. */
  onTunnelTooBig(ends: TunnelEnds, mtu: number): void {
    for (const uplink of this.uplinks) {
      const { name, tunnel } = uplink.provider;
      if (tunnel === undefined || !equalAddress(tunnel.local, ends.local)) continue;
      if (!equalAddress(tunnel.remote, ends.remote)) continue;
      if (!uplink.learnTunnelMtu(mtu, this.#options.clock())) continue;
      this.#writeUplink(uplink);
      this.#options.log.info('tunnel-mtu', { provider: name, mtu: uplink.mtu });
    }
  }

  /** Takes what a source of liveness says of an uplink. The data path is switched before anybody is told. */
  report(uplink: number, report: SourceReport): void {
    if (!this.#uplinks.has(uplink)) return;
    this.#apply(this.#states.report(this.#options.clock(), uplink, report));
  }

  uplinkOf(locator: Address): number | undefined {
    return this.uplinkFor(locator)?.index;
  }

  /** Whether the provider has a way to a peer's locator, as far as is known. Does not regard the uplink's state. */
  reaches(uplink: number, peerLocator: Address): boolean {
    return this.#options.reachability.reaches(uplink, peerLocator);
  }

  uplinkFor(locator: Address): Uplink | undefined {
    return this.uplinks.find((uplink) => containsAddress(uplink.provider.prefix, locator));
  }

  providerOf(locator: Address): string | undefined {
    return this.uplinkFor(locator)?.provider.name;
  }

  hostLink(ulid: Address): HostLink | undefined {
    return this.hostLinks.of(ulid);
  }

  /** The box's own address on the inside interface where a frame came in. */
  insideAddress(ifindex: number): Address | undefined {
    const { inside } = this.#options.config;
    const here = inside.find((entry) => {
      const facts = this.#interfaces.get(entry.interface);
      return facts?.ifindex === ifindex || facts?.attachIfindex === ifindex;
    });
    return (here ?? inside[0])?.address;
  }

  /** The box's own address on the host's link. */
  insideAddressTo(host: Address): Address {
    const { inside } = this.#options.config;
    const link = this.hostLinks.of(host);
    return inside[link === undefined ? 0 : link.port - insidePort(0)]!.address;
  }

  /**
   * The box's address on each link whose packets the data path may answer: not on one with tunnels, as the answer to
   * what came out of a tunnel would have to go into it. `outside` says it of a provider's interface.
   */
  linkAddresses(outside: (ifindex: number) => Address | undefined): LinkAddress[] {
    const on = (name: string, addressOf: (facts: InterfaceFacts) => Address | undefined) => {
      const facts = this.#interfaces.get(name);
      const address = facts && addressOf(facts);
      if (address === undefined) return [];
      return [{ ifindex: facts!.attachIfindex, vlan: facts!.vlan, address }];
    };
    const providers = this.uplinks.map(({ provider }) => provider);
    const tunnels = new Set(
      providers.filter(({ tunnel }) => tunnel !== undefined).map((entry) => entry.interface),
    );
    return [
      ...this.#options.config.inside.flatMap((entry) => on(entry.interface, () => entry.address)),
      ...providers
        .filter((entry) => !tunnels.has(entry.interface))
        .flatMap((entry) => on(entry.interface, ({ ifindex }) => outside(ifindex))),
    ];
  }

  /** A host as the SHIM6 core sees it: its locators, and which of them work now. */
  localHost(host: SiteHost): LocalHost {
    const { uplinks } = this;
    const locators = host.locators.flatMap(({ provider: name, address }) => {
      const uplink = uplinks.find(({ provider }) => provider.name === name);
      if (uplink === undefined) return [];
      const { priority, weight } = uplink.provider;
      // What carries already by a provider that drains may go on; everything else goes elsewhere.
      const rank = this.#draining.has(name) ? LAST_PRIORITY : priority;
      return [{ address, usable: uplink.up, priority: rank, weight }];
    });
    return { ulid: host.ulid, locators };
  }

  /** Port numbers of an interface: an uplink's is the uplink's own, inside interfaces have those above. */
  #port(name: string): readonly number[] {
    const outside = this.uplinks
      .filter(({ provider }) => provider.interface === name)
      .map(({ index }) => index);
    const { inside } = this.#options.config;
    return [
      ...outside,
      ...inside.flatMap((entry, index) => (entry.interface === name ? [insidePort(index)] : [])),
    ];
  }

  #onInterface(name: string, facts: InterfaceFacts | undefined): void {
    const before = this.#interfaces.get(name);
    if (facts === undefined) this.#interfaces.delete(name);
    else this.#interfaces.set(name, facts);
    if (before !== undefined && before.attachIfindex !== facts?.attachIfindex) this.#onGone(before);
    if (facts !== undefined && !samePort(before, facts)) this.#setPorts(name, facts);
    if (before !== undefined && facts !== undefined && before.mtu !== facts.mtu) {
      this.#options.log.info('mtu-changed', { interface: name, from: before.mtu, to: facts.mtu });
      this.#attachments.checkMtu(facts);
    }
    const program = this.#programOf(name);
    // At the start the programs come when all is known.
    if (facts !== undefined && program !== undefined && this.#watch !== undefined) {
      const isNew = !this.#attachments.runs(program, facts);
      if (isNew) this.#attachAgain(program, name, facts);
    }
    this.#tellUplinks(name, facts);
    if (facts?.carrier && !before?.carrier) this.#resolve();
  }

  /** Throws BpfError while the box starts. Later, one that the kernel does not know is gone again, and that will be told. */
  #setPorts(name: string, { attachIfindex: ifindex, vlan, mtu, mac }: InterfaceFacts): void {
    const { dataplane, log } = this.#options;
    try {
      for (const index of this.#port(name)) dataplane.setPort(index, { ifindex, vlan, mtu, mac });
    } catch (error) {
      if (!(error instanceof BpfError) || this.#watch === undefined) throw error;
      log.debug('kernel-refused', { interface: name, reason: error.message });
    }
  }

  /** An interface is no more, or what it runs on is another one: what comes under its name is attached anew. */
  #onGone({ name, attachIfindex }: InterfaceFacts): void {
    const isUsed = [...this.#interfaces.values()].some((facts) => facts.attachIfindex === attachIfindex);
    if (isUsed || !this.#attachments.detach(attachIfindex)) return;
    this.#gone.add(name);
    this.#options.log.warn('interface-gone', { interface: name });
  }

  /** An interface is as good as gone while our program does not run on it. */
  #tellUplinks(name: string, facts: InterfaceFacts | undefined): void {
    const isUnattached =
      this.#watch !== undefined && facts !== undefined && !this.#attachments.runs('outside', facts);
    for (const uplink of this.uplinks) {
      if (uplink.provider.interface !== name) continue;
      const report = uplink.setLink(facts, isUnattached ? 'no XDP program' : undefined);
      this.#writeUplink(uplink);
      this.report(uplink.index, report);
      this.report(uplink.index, uplink.gatewayReport);
    }
  }

  #onNeighbour(ifindex: number, address: Address, mac: MacAddress | undefined, fixed: boolean): void {
    for (const uplink of this.uplinks) {
      if (uplink.link?.ifindex !== ifindex || !equalAddress(uplink.provider.gateway, address)) continue;
      uplink.setGateway(mac, fixed);
      this.#writeUplink(uplink);
      this.report(uplink.index, uplink.gatewayReport);
    }
    this.hostLinks.onNeighbour(ifindex, address, mac);
  }

  /** Everything that the data path knows of an uplink but its state. */
  #writeUplink({ index, mtu, gateway, provider: { tunnel } }: Uplink): void {
    if (gateway === undefined) return;
    this.#options.dataplane.links.setUplink(index, { port: index, mtu, gateway, tunnel });
  }

  /** The data path is switched before anybody is told. */
  #apply(transitions: readonly UplinkTransition[]): void {
    const { dataplane, log, beforeUp, onUplink } = this.#options;
    if (transitions.some(({ state }) => state === 'up')) beforeUp();
    for (const { uplink, state } of transitions)
      dataplane.links.setUplinkState(uplink, state === 'up' && this.uplink(uplink)!.gateway !== undefined);
    for (const transition of transitions) {
      const uplink = this.uplink(transition.uplink)!;
      // An uplink that starts down has changed nothing.
      const isFirst = uplink.switches.length === 0;
      uplink.note(transition);
      if (isFirst && transition.state === 'down') continue;
      const { name, interface: link } = uplink.provider;
      const facts = { provider: name, interface: link, because: transition.reason };
      if (transition.state === 'up') log.info('uplink-up', facts);
      else log.warn('uplink-down', facts);
      onUplink(uplink, transition);
    }
  }

  /** Has the kernel resolve the providers' routers. */
  #resolve(): void {
    for (const uplink of this.uplinks) {
      if (uplink.link?.carrier && uplink.gateway === undefined)
        this.#ask(uplink.link.ifindex, uplink.provider.gateway);
    }
  }

  #ask(ifindex: number, address: Address): void {
    try {
      this.#options.netlink.probeNeighbour(ifindex, address);
    } catch (error) {
      this.#options.log.debug('kernel-refused', {
        address: formatAddress(address),
        reason: (error as Error).message,
      });
    }
  }
}

function samePort(first: InterfaceFacts | undefined, second: InterfaceFacts): boolean {
  return (
    first !== undefined &&
    first.attachIfindex === second.attachIfindex &&
    first.vlan === second.vlan &&
    first.mtu === second.mtu &&
    formatMac(first.mac) === formatMac(second.mac)
  );
}
