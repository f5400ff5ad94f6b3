/**
 * A P-SHIM6 box: the data path, the kernel's view of the links, and the SHIM6 core, wired together.
 * Inputs come from three sides (punted frames, the kernel, DNS); the core's effects go to the tables
 * and to the wire.
 */

import { Netlink } from '../native/linux/index.ts';
import { ContextCarrier } from './adapters/context-carrier.ts';
import { type Clock, CoreDriver } from './adapters/core-driver.ts';
import { ErrorSender } from './adapters/error-sender.ts';
import { FrameSender } from './adapters/frame-sender.ts';
import { Handshakes } from './adapters/handshakes.ts';
import { IcmpErrors } from './adapters/icmp-errors.ts';
import { Injector } from './adapters/injector.ts';
import { Liveness } from './adapters/liveness.ts';
import { PuntHandler } from './adapters/punt-handler.ts';
import { ReapDriver } from './adapters/reap-driver.ts';
import { Reverting } from './adapters/reverting.ts';
import { serveHosts } from './adapters/served-hosts.ts';
import { TunnelErrors } from './adapters/tunnel-errors.ts';
import { reapSettings } from './config/reap.ts';
import { shim6Settings } from './config/shim6.ts';
import { InstalledContexts } from './dataplane/contexts.ts';
import { Dataplane, TICK_MILLISECONDS } from './dataplane/dataplane.ts';
import { FirstPackets, type WaitingFrame } from './dataplane/first-packets.ts';
import { IdleScan } from './dataplane/idle-scan.ts';
import { EventLimits } from './dataplane/layout.generated.ts';
import { PathReview } from './dataplane/path-review.ts';
import { SiteIdentity } from './identity/site-identity.ts';
import { Account } from './observe/account/account.ts';
import type { OutageReport } from './observe/account/outage-book.ts';
import { dateOf } from './observe/date.ts';
import type { Log } from './observe/log.ts';
import type { ContextView } from './shim6/context.ts';
import type { Effect } from './shim6/effects.ts';
import { Shim6 } from './shim6/shim6.ts';
import { ErrorSources } from './site/error-sources.ts';
import type { SiteHost } from './site/hosts.ts';
import { KernelGuard } from './site/kernel-guard.ts';
import { SiteNat } from './site/nat.ts';
import { RouterAddresses } from './site/router-addresses.ts';
import type { Site } from './site/site.ts';
import { SiteLinks } from './site/site-links.ts';
import { SteeringRules } from './steering/rules.ts';
import { type Address, addressKey } from './wire/ipv6/address.ts';
import type { ContextTag } from './wire/shim6/context-tag.ts';

export interface BoxOptions {
  readonly site: Site;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: (length: number) => Uint8Array;
  /** Where outages go when they end, and the number of the next one. */
  readonly outages?: { readonly next: number; add(outage: OutageReport): void };
}

/** Where the Makefile in bpf/ puts the programs: beside this tree, built or not. */
const OBJECTS = new URL(
  import.meta.url.endsWith('.ts') ? '../bpf/build/' : '../../bpf/build/',
  import.meta.url,
).pathname;
export class Box {
  readonly site: Site;
  readonly dataplane: Dataplane;
  readonly links: SiteLinks;
  readonly core: Shim6;
  readonly contexts: InstalledContexts;
  readonly firstPackets: FirstPackets;
  readonly heldPayload: FirstPackets;
  readonly carrier: ContextCarrier;
  readonly handshakes: Handshakes;
  readonly account: Account;
  /** What the DNS knows of a peer; set when the ALG starts. */
  peerLocators: (peer: Address) => readonly Address[] | undefined = () => undefined;
  /** Has the DNS look for them; false where that is of no use. */
  searchPeer: (host: Address, peer: Address) => boolean = () => false;
  /** Whoever waits for one learns here that it has failed, or that packets find its context; set when the ALG starts. */
  onHandshakeEnd: (local: Address, peer: Address) => void = () => undefined;
  readonly #options: BoxOptions;
  readonly #netlink: Netlink;
  readonly #driver: CoreDriver;
  readonly #sender = new FrameSender();
  readonly #errors: ErrorSender;
  readonly #errorSources: ErrorSources;
  readonly #icmpErrors: IcmpErrors;
  readonly #insideInjector: Injector;
  readonly #outsideInjector: Injector;
  readonly #guard: KernelGuard;
  readonly #punts: PuntHandler;
  readonly #idleScan: IdleScan;
  readonly reachability: ReapDriver;
  readonly #liveness: Liveness;
  readonly #reverting: Reverting;
  readonly #nat: SiteNat;
  /** Contexts discarded because they were idle. */
  #discarded = 0;
  readonly #undo: ((keepDatapath: boolean) => void)[] = [];

  /** Throws SyscallError, BpfError or SiteLinkError, with nothing left behind. */
  constructor(options: BoxOptions) {
    const { site, clock, random } = options;
    const { config, key } = site;
    this.#options = options;
    this.site = site;
    const limits = {
      perPair: config['first-packets']['per-pair'],
      total: config['first-packets'].total,
      patience: config['first-packets'].patience * 1000,
    };
    this.firstPackets = new FirstPackets(limits);
    this.heldPayload = new FirstPackets(limits);
    const identity = new SiteIdentity({ privateKey: key.privateKey, keyTypes: config.site['peer-keys'] });
    this.core = new Shim6({
      random,
      identity,
      settings: shim6Settings(config),
      idleness: (context) => this.dataplane.now - this.contexts.lastSent(context),
      doubts: (pair) => this.reachability.doubts(pair),
    });
    this.#driver = new CoreDriver(this.core, clock, (effect) => this.#carryOut(effect));
    this.#icmpErrors = this.#openIcmpErrors();
    this.#punts = this.#puntHandler();
    this.#liveness = this.#openLiveness();

    try {
      this.#netlink = Netlink.open();
      this.#undo.push(() => this.#netlink.close());
      this.#undo.push(() => this.#sender.close());
      this.#guard = new KernelGuard(
        this.#netlink,
        config,
        [...site.providers.values()].map((provider) => provider.config.prefix),
      );
      this.#undo.push((keepDatapath) => keepDatapath || this.#guard.remove());
      this.#insideInjector = new Injector(this.#netlink, 'inside');
      this.#undo.push(() => this.#insideInjector.close());
      this.#outsideInjector = new Injector(this.#netlink, 'outside');
      this.#undo.push(() => this.#outsideInjector.close());
      this.dataplane = this.#openDataplane();
      this.#undo.push((keepDatapath) => this.dataplane.close(keepDatapath));
      this.dataplane.attachInjection('inside', this.#insideInjector.ifindex);
      this.dataplane.attachInjection('outside', this.#outsideInjector.ifindex);
      for (const injector of [this.#insideInjector, this.#outsideInjector])
        injector.allow(EventLimits.EVENT_FRAME_MAX);
      this.#reverting = new Reverting({
        dataplane: this.dataplane,
        links: () => this.links,
        contexts: () => this.contexts,
        all: () => this.core.contexts(),
        clock,
      });
      this.links = this.#openLinks();
      const addresses = new RouterAddresses(this.#netlink);
      const injected = [this.#insideInjector.ifindex, this.#outsideInjector.ifindex];
      this.#errors = new ErrorSender(this.links, addresses, this.#sender, clock, (ifindex) =>
        injected.includes(ifindex),
      );
      this.#errorSources = new ErrorSources({
        links: this.links,
        addresses,
        table: this.dataplane.routerAddresses,
        clock,
        log: options.log,
      });
      const steering = new SteeringRules(config.steering.rules);
      this.dataplane.setSteering(steering.rules);
      this.contexts = new InstalledContexts(this.dataplane, this.links, steering, {
        any: () => this.reachability.knowsDeadPairs(),
        includes: (pair) => this.reachability.doubts(pair) > 0,
      });
      this.account = this.#openAccount();
      this.carrier = this.#openCarrier();
      this.#undo.push(() => this.carrier.close());
      this.handshakes = new Handshakes({
        core: this.core,
        driver: this.#driver,
        contexts: this.contexts,
        carrier: this.carrier,
        hosts: () => this.hosts,
        onHost: (ulid) => this.links.hostLinks.expect(ulid),
        ulids: config.ulids,
      });
      this.#idleScan = this.#openIdleScan();
      this.reachability = this.#openReap();
      serveHosts({ site, identity, driver: this.#driver, links: this.links, guard: this.#guard });
      this.links.start();
      this.#nat = new SiteNat(site, this.dataplane.nat, this.links);
      this.dataplane.start((event) => this.#punts.handle(event));
      this.#liveness.follow(this.links.uplinks);
      this.#undo.push(() => this.#liveness.close());
      const tunnelErrors = new TunnelErrors((ends, mtu) => this.links.onTunnelTooBig(ends, mtu));
      this.#undo.push(() => tunnelErrors.close());
      const ticker = setInterval(() => this.#tick(), TICK_MILLISECONDS);
      this.#undo.push(() => clearInterval(ticker));
    } catch (error) {
      this.close(false);
      throw error;
    }
  }

  #openDataplane(): Dataplane {
    const { random } = this.#options;
    const { config } = this.site;
    return new Dataplane({
      objects: OBJECTS,
      capacity: config.contexts.capacity,
      mode: config.datapath.mode,
      strictSource: config.datapath['strict-source'],
      clampMss: config.datapath['clamp-mss'],
      sitePrefixes: config.site.prefixes,
      ulidPrefixes: config.ulids,
      punts: { total: config.datapath.punts.total, perSource: config.datapath.punts['per-source'] },
      random,
    });
  }

  #openLinks(): SiteLinks {
    const { log, clock } = this.#options;
    return new SiteLinks({
      config: this.site.config,
      providers: this.site.providers.values(),
      netlink: this.#netlink,
      dataplane: this.dataplane,
      hosts: this.hosts,
      log,
      clock,
      reachability: this.#liveness,
      onUplinks: (uplinks) => this.#liveness.follow(uplinks),
      beforeUp: () => this.#reverting.beforeUp(),
      onUplink: (uplink, transition) => {
        this.account.uplinkChanged(uplink, transition);
        this.#reverting.uplinkChanged(transition.state);
        this.#setHosts();
      },
      onHostMoved: (host) => this.#hostMoved(host),
    });
  }

  #openAccount(): Account {
    const { clock, outages } = this.#options;
    const account = new Account({
      clock,
      dateOf: (moment) => dateOf(moment)!,
      egress: this.dataplane.egress,
      uplinks: () => this.links.uplinks,
      kept: this.site.config.outages.kept,
      firstOutage: outages?.next ?? 1,
      onOutageEnd: (outage) => outages?.add(outage),
    });
    this.contexts.onMoved = (context, from, to, because) => account.moved(context, from, to, because);
    return account;
  }

  #openLiveness(): Liveness {
    const { clock, log } = this.#options;
    const review = new PathReview({
      contexts: () => this.core.contexts(),
      review: (context) => this.contexts.update(context, { because: 'routes changed' }),
      clock,
      defer: (next) => void setImmediate(next),
    });
    return new Liveness({
      clock,
      log,
      report: (uplink, report) => this.links.report(uplink, report),
      onReachChange: ({ prefixes }) => {
        review.start(prefixes);
        this.#reverting.preferencesChanged();
      },
      send: (uplink, packet) => this.#sender.sendByUplink(uplink, packet),
    });
  }

  #openIdleScan(): IdleScan {
    const { egress, ingress } = this.dataplane;
    return new IdleScan({
      egress,
      ingress,
      patience: (this.site.config.contexts.idle * 1000) / TICK_MILLISECONDS,
      contextWithTag: (tag) => this.core.contextWithTag(tag),
      discard: (context) =>
        this.#driver.run((core) => {
          if (core.discard(context)) this.#discarded++;
        }),
    });
  }

  #openReap(): ReapDriver {
    const { clock, log, random } = this.#options;
    return new ReapDriver({
      dataplane: this.dataplane,
      contexts: this.contexts,
      clock,
      log,
      random,
      settings: reapSettings(this.site.config.reap),
      contextWithTag: (tag) => this.core.contextWithTag(tag),
      confirmPresence: (context, locator) =>
        this.#driver.run((core) => core.confirmPresence(context, locator)),
      isUsable: ({ source, destination }) => {
        const uplink = this.links.uplinkOf(source);
        return uplink !== undefined && this.links.reaches(uplink, destination);
      },
      send: (source, destination, message) => this.#sendControl(source, destination, message),
      onExploring: (context, because) => this.#exploring(context, because),
      onOperational: (context) => this.account.operational(context),
      onPreferencesChanged: () => this.#reverting.preferencesChanged(),
    });
  }

  #openCarrier(): ContextCarrier {
    const { clock, log } = this.#options;
    return new ContextCarrier({
      contexts: this.contexts,
      firstPackets: this.firstPackets,
      heldPayload: this.heldPayload,
      clock,
      log,
      injectInside: (waiting) => this.#giveBack(waiting),
      injectOutside: (frame) => this.#outsideInjector.inject(frame),
      drainEvents: () => this.dataplane.drainEvents(),
      onLive: ({ local, peer }) => this.onHandshakeEnd(local, peer),
      sendError: (invoking, error) => this.#errors.toHost(invoking, error),
      isTranslated: (peer) => this.site.config.nat.enabled && this.handshakes.isRoutable(peer),
    });
  }

  /** A host's frame, to the program that it came from. */
  #giveBack(waiting: WaitingFrame): void {
    this.#errors.noteGivenBack(waiting);
    this.#insideInjector.inject(waiting.frame);
  }

  get counters(): Readonly<Record<string, number>> {
    return {
      ...this.#punts.counters,
      ...this.core.counters,
      ...this.dataplane.statistics().nat,
      ...this.reachability.counters,
      firstPacketsRefused: this.firstPackets.refused,
      firstPacketsExpired: this.firstPackets.expired,
      heldPayloadRefused: this.heldPayload.refused,
      heldPayloadExpired: this.heldPayload.expired,
      contextsRefused: this.contexts.refused,
      contextsReplacedByNat: this.carrier.fallbacks,
      contextsDiscarded: this.#discarded,
      contextsReverted: this.#reverting.reverted,
      messagesWithoutUplink: this.#sender.withoutUplink,
      framesNotSent: this.#sender.failed + this.#insideInjector.failed + this.#outsideInjector.failed,
      errorsLimited: this.#errors.limited,
      errorsUndelivered: this.#errors.undelivered,
      ...this.#icmpErrors.counters,
      interfacesReattached: this.links.reattached,
      natLocatorsRefused: this.dataplane.nat.refused,
      pathMtus: this.dataplane.pathMtus.size,
    };
  }

  /** By `addressKey` of the CMULA. */
  get hosts(): ReadonlyMap<string, SiteHost> {
    return this.site.hosts.live;
  }

  /** Stops everything, in the opposite order of its start. `keepDatapath` leaves programs and policy in place. */
  close(keepDatapath: boolean): void {
    this.#driver.stop();
    for (const step of this.#undo.reverse()) step(keepDatapath);
    this.#undo.length = 0;
  }

  #puntHandler(): PuntHandler {
    const isHost = (ulid: Address) => this.hosts.has(addressKey(ulid));
    return new PuntHandler(
      {
        isHost,
        isLocator: (address) => this.links.uplinkOf(address) !== undefined,
        contextState: (local, peer) => this.contexts.state(local, peer),
        peerLocators: (peer) => this.peerLocators(peer),
        searchPeer: (host, peer) => this.searchPeer(host, peer),
        establish: (local, peer, locators) => this.handshakes.begin(local, peer, locators),
        establishFork: (local, peer, fork) => this.handshakes.beginFork(local, peer, fork),
        handleMessage: (source, destination, message) => {
          this.account.received(message);
          this.#driver.run((core, now) => core.handleMessage(now, { source, destination, message }));
        },
        handleUnknownTag: (source, destination, tag) => this.#handleUnknownTag(source, destination, tag),
        injectInside: (waiting) => this.#giveBack(waiting),
        injectOutside: (frame) => this.#outsideInjector.inject(frame),
        isReceiver: (tag, source) => this.contexts.delivers(tag, source),
        sendError: (invoking, error) => this.#errors.toHost(invoking, error),
        sendErrorOutside: (invoking, error) => this.#errors.toPeer(invoking, error),
        handleIcmpError: (packet) => this.#icmpErrors.handle(packet),
        identification: () => Buffer.from(this.#options.random(4)).readUInt32BE(),
        tellLoss: (segment) => this.#errors.tellLoss(segment, this.site.config.nat['on-provider-loss']),
      },
      this.firstPackets,
      this.heldPayload,
      this.#options.clock,
    );
  }

  #openIcmpErrors(): IcmpErrors {
    const { clock } = this.#options;
    const { config } = this.site;
    return new IcmpErrors(
      {
        contextSending: (tag, local, peer) => this.core.contextSending(tag, local, peer),
        handleUnrecognizedNextHeader: (error) =>
          this.#driver.run((core, now) => core.handleUnrecognizedNextHeader(now, error)),
        learnPathMtu: (local, peer, mtu) => {
          const uplink = this.links.uplinkOf(local);
          if (uplink !== undefined) this.dataplane.pathMtus.learn(clock(), uplink, peer, mtu);
        },
        testPath: (context, source, destination) =>
          this.reachability.suspect(context, { source, destination }),
        insideAddress: (host) => this.links.insideAddressTo(host),
        deliver: (host, packet) => this.#errors.deliver(host, packet),
      },
      config.icmp['deliver-all'],
    );
  }

  #handleUnknownTag(source: Address, destination: Address, tag: ContextTag): boolean {
    let hold = false;
    this.#driver.run((core, now) => {
      hold = core.handleUnknownTag(now, { source, destination, tag });
    });
    return hold;
  }

  /** Tells the core every host's locators and which of them work now. */
  #setHosts(): void {
    this.#driver.run((core, now) => {
      for (const host of this.hosts.values()) core.setHost(now, this.links.localHost(host));
    });
  }

  #hostMoved(host: SiteHost): void {
    const link = this.links.hostLink(host.ulid);
    this.#nat?.setHost(host);
    for (const context of this.core.contexts()) {
      if (addressKey(context.local) === addressKey(host.ulid)) this.contexts.setHost(context, link);
    }
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        this.account.sent(effect.message);
        this.#sendControl(effect.source, effect.destination, effect.message);
        break;
      case 'heard':
      case 'reachability':
        break;
      case 'removed':
        this.reachability.forget(effect.context);
        this.account.effect(effect);
        return this.carrier.carry(effect);
      default:
        this.account.effect(effect);
        if (effect.kind === 'changed') this.#reverting.preferencesChanged();
        this.carrier.carry(effect);
    }
    this.reachability.follow(effect);
    if (effect.kind === 'failed') this.onHandshakeEnd(effect.local, effect.peer);
  }

  #exploring(context: ContextView, because: string): void {
    const { egress, ingress, links } = this.dataplane;
    const slots = this.contexts.slots(context);
    if (slots === undefined) return;
    const path = egress.pathInUse(slots.egress, (uplink) => links.isUp(uplink));
    const silent = (this.dataplane.now - ingress.lastReceived(slots.ingress)) * TICK_MILLISECONDS;
    const silentSince = this.#options.clock() - Math.max(0, silent);
    this.account.exploring({ context, path, silentSince, because });
  }

  #sendControl(source: Address, destination: Address, message: Uint8Array): void {
    const uplink = this.links.uplinkFor(source);
    this.#sender.sendControl(uplink, source, destination, message);
  }

  #tick(): void {
    this.dataplane.tick();
    this.links.tick();
    this.#errorSources.tick();
    this.account.tick();
    this.#idleScan.step(this.dataplane.now);
    this.reachability.tick(this.dataplane.now);
    this.#reverting.step();
    this.carrier.expire(this.#options.clock());
    this.dataplane.pathMtus.expire(this.#options.clock());
  }
}
