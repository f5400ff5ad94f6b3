/** Steering rules: which packets of which pairs take which context, and which providers that context prefers. Pure. */
import type { Address } from '../wire/ipv6/address.ts';
import { containsAddress, type Prefix } from '../wire/ipv6/prefix.ts';

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export interface SteeringRule {
  /** Of the host, and of its peer: ULIDs. */
  readonly source: Prefix;
  readonly destination: Prefix;
  /** Number of the header behind all options; undefined: any. */
  readonly protocol: number | undefined;
  readonly sourcePorts: PortRange | undefined;
  readonly destinationPorts: PortRange | undefined;
  /** Bits of the traffic class: those of `mask` must be those of `value`. */
  readonly trafficClass: { readonly value: number; readonly mask: number };
  /** Forked Instance Identifier of the context; 0 is the default context of the pair. */
  readonly fork: number;
  /** Names of the providers that the fork's packets leave by if they can, the best first. */
  readonly prefer: readonly string[];
}

export class SteeringRules {
  /** The first that matches counts. */
  readonly rules: readonly SteeringRule[];
  readonly #preferences = new Map<number, readonly string[]>();

  constructor(rules: readonly SteeringRule[]) {
    this.rules = rules;
    for (const { fork, prefer } of rules) if (fork !== 0) this.#preferences.set(fork, prefer);
  }

  /** Whether some packets of the pair may take a fork. */
  concerns(source: Address, destination: Address): boolean {
    return this.rules.some(
      (rule) =>
        rule.fork !== 0 &&
        containsAddress(rule.source, source) &&
        containsAddress(rule.destination, destination),
    );
  }

  /** Whether hosts' packets may take that context. */
  sends(fork: number): boolean {
    return fork === 0 || this.#preferences.has(fork);
  }

  /** The place of a provider for a context: lower is better, in steps above any priority of a locator. */
  rank(fork: number, provider: string | undefined): number {
    const prefer = this.#preferences.get(fork) ?? [];
    const place = provider === undefined ? -1 : prefer.indexOf(provider);
    return (place < 0 ? prefer.length : place) * PRIORITIES;
  }
}

/** Priorities of locators are 0 to 255 (RFC 5533 §5.15.3). */
const PRIORITIES = 256;
