/** A provider's uplink: what packets by it need, and the last switches. Pure: facts and time come in. */
import type { ProviderConfig } from '../config/schema.ts';
import { type MacAddress, MINIMUM_MTU } from '../wire/ipv6/header.ts';
import { TUNNEL_HEADER_LENGTH } from '../wire/ipv6/tunnel.ts';
import type { SourceReport } from './liveness/source.ts';
import type { UplinkHealth } from './liveness/uplink-health.ts';
import type { UplinkStates, UplinkTransition } from './liveness/uplink-states.ts';

/** What is known of an interface; absent interfaces have no facts. */
export interface LinkFacts {
  readonly ifindex: number;
  readonly mac: MacAddress;
  /** Octets. */
  readonly mtu: number;
  /** Administratively up and with carrier. */
  readonly carrier: boolean;
}

const SWITCHES_KEPT = 32;
/** Milliseconds. */
const TUNNEL_MTU_LIFETIME = 600_000;

export class Uplink {
  /** Its index in the data path's uplink table. */
  readonly index: number;
  readonly provider: ProviderConfig;
  readonly #states: UplinkStates;
  #link: LinkFacts | undefined;
  #gateway: MacAddress | undefined;
  #gatewayIsFixed = false;
  #tunnelMtu: { readonly mtu: number; readonly until: number } | undefined;
  readonly #switches: UplinkTransition[] = [];

  constructor(index: number, provider: ProviderConfig, states: UplinkStates) {
    this.index = index;
    this.provider = provider;
    this.#states = states;
  }

  get link(): LinkFacts | undefined {
    return this.#link;
  }

  /** The provider's router, once resolved; kept while the link is down. */
  get gateway(): MacAddress | undefined {
    return this.#gateway;
  }

  /** Octets that an IPv6 packet may have on this uplink, before a tunnel's header comes around it. */
  get mtu(): number {
    const around = this.provider.tunnel === undefined ? 0 : TUNNEL_HEADER_LENGTH;
    const carried = this.#link === undefined ? MINIMUM_MTU : this.#link.mtu - around;
    return Math.min(this.provider.mtu ?? 65535, carried, this.#tunnelMtu?.mtu ?? 65535);
  }

  /**
   * A router on the way to the exit router takes `mtu` octets, the tunnel's header included (RFC 2473 §7.1). Believed
   * for some minutes (RFC 8201 §4). False when that is no news.
   */
  learnTunnelMtu(mtu: number, at: number): boolean {
    const before = this.mtu;
    const within = Math.max(MINIMUM_MTU, mtu - TUNNEL_HEADER_LENGTH);
    if (within > before) return false;
    this.#tunnelMtu = { mtu: within, until: at + TUNNEL_MTU_LIFETIME };
    return this.mtu < before;
  }

  /** Whether what was learnt of the tunnel's path has just become too old to be believed. */
  forgetTunnelMtu(at: number): boolean {
    if (this.#tunnelMtu === undefined || at < this.#tunnelMtu.until) return false;
    this.#tunnelMtu = undefined;
    return true;
  }

  /** Whether packets are to leave by it. */
  get up(): boolean {
    return this.#states.isUp(this.index);
  }

  get health(): UplinkHealth {
    return this.#states.health(this.index);
  }

  phase(at: number): ReturnType<UplinkStates['phase']> {
    return this.#states.phase(this.index, at);
  }

  /** The newest last. */
  get switches(): readonly UplinkTransition[] {
    return this.#switches;
  }

  note(transition: UplinkTransition): void {
    this.#switches.push(transition);
    if (this.#switches.length > SWITCHES_KEPT) this.#switches.shift();
  }

  /** What the interface's state says of the uplink. `complaint`: why it is of no use though it be there. */
  setLink(link: LinkFacts | undefined, complaint?: string): SourceReport {
    // An interface made anew has forgotten its neighbours.
    if (this.#link !== undefined && link?.ifindex !== this.#link.ifindex) this.#gateway = undefined;
    this.#link = link;
    if (link === undefined) return { source: 'carrier', state: 'down', detail: 'no interface' };
    if (complaint !== undefined) return { source: 'carrier', state: 'down', detail: complaint };
    return link.carrier
      ? { source: 'carrier', state: 'up', detail: 'carrier' }
      : { source: 'carrier', state: 'down', detail: 'no carrier' };
  }

  /** `fixed`: an administrator said so, the kernel does not find out. */
  setGateway(mac: MacAddress | undefined, fixed = false): void {
    this.#gateway = mac;
    this.#gatewayIsFixed = fixed;
  }

  get gatewayIsFixed(): boolean {
    return this.#gatewayIsFixed;
  }

  /** What the provider's router being found or not says of the uplink. */
  get gatewayReport(): SourceReport {
    if (this.#gateway !== undefined) return { source: 'neighbour', state: 'up', detail: 'router resolved' };
    return { source: 'neighbour', state: 'down', detail: 'router does not answer' };
  }
}
