/**
 * The state of each provider's uplink, from what the kernel says of its interface and of the
 * provider's router. Pure: facts and time come in, transitions come out.
 */
import type { ProviderConfig } from '../config/schema.ts';
import type { MacAddress } from '../wire/ipv6/header.ts';

/** What is known of an interface; absent interfaces have no facts. */
export interface LinkFacts {
  readonly ifindex: number;
  readonly mac: MacAddress;
  /** Octets. */
  readonly mtu: number;
  /** Administratively up and with carrier. */
  readonly carrier: boolean;
}

export type DownReason = 'no-interface' | 'no-carrier' | 'no-gateway';

export interface UplinkSwitch {
  readonly state: 'up' | 'down';
  readonly reason: DownReason | 'carrier-and-gateway';
  /** Milliseconds since the epoch. */
  readonly at: number;
}

const SWITCHES_KEPT = 32;

export class Uplink {
  /** Its index in the data path's uplink table. */
  readonly index: number;
  readonly provider: ProviderConfig;
  #link: LinkFacts | undefined;
  #gateway: MacAddress | undefined;
  readonly #switches: UplinkSwitch[] = [];

  constructor(index: number, provider: ProviderConfig) {
    this.index = index;
    this.provider = provider;
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

  get up(): boolean {
    return this.#downReason() === undefined;
  }

  /** The newest last. */
  get switches(): readonly UplinkSwitch[] {
    return this.#switches;
  }

  /** Each setter returns the transition it caused, if any. */
  setLink(at: number, link: LinkFacts | undefined): UplinkSwitch | undefined {
    // An interface made anew has forgotten its neighbours.
    if (this.#link !== undefined && link?.ifindex !== this.#link.ifindex) this.#gateway = undefined;
    this.#link = link;
    return this.#note(at);
  }

  setGateway(at: number, mac: MacAddress | undefined): UplinkSwitch | undefined {
    this.#gateway = mac;
    return this.#note(at);
  }

  #downReason(): DownReason | undefined {
    if (this.#link === undefined) return 'no-interface';
    if (!this.#link.carrier) return 'no-carrier';
    return this.#gateway === undefined ? 'no-gateway' : undefined;
  }

  #note(at: number): UplinkSwitch | undefined {
    const reason = this.#downReason();
    const state = reason === undefined ? 'up' : 'down';
    const last = this.#switches.at(-1);
    if (last?.state === state) return undefined;
    const transition: UplinkSwitch = { state, reason: reason ?? 'carrier-and-gateway', at };
    this.#switches.push(transition);
    if (this.#switches.length > SWITCHES_KEPT) this.#switches.shift();
    // An uplink that starts down has changed nothing.
    return last === undefined && state === 'down' ? undefined : transition;
  }
}
