/** A provider's uplink: what packets by it need, and the last switches. Pure: facts and time come in. */
import type { ProviderConfig } from '../config/schema.ts';
import type { MacAddress } from '../wire/ipv6/header.ts';
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

export class Uplink {
  /** Its index in the data path's uplink table. */
  readonly index: number;
  readonly provider: ProviderConfig;
  readonly #states: UplinkStates;
  #link: LinkFacts | undefined;
  #gateway: MacAddress | undefined;
  #gatewayIsFixed = false;
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

  /** Octets that an IPv6 packet may have on this uplink. */
  get mtu(): number {
    return Math.min(this.provider.mtu ?? 65535, this.#link?.mtu ?? 1280);
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

  /** What the interface's state says of the uplink. */
  setLink(link: LinkFacts | undefined): SourceReport {
    // An interface made anew has forgotten its neighbours.
    if (this.#link !== undefined && link?.ifindex !== this.#link.ifindex) this.#gateway = undefined;
    this.#link = link;
    if (link === undefined) return { source: 'carrier', state: 'down', detail: 'no interface' };
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
