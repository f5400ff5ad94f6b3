/** ULIDs that a host is told: where a context to each may start is remembered, and the box hears of it. */
import type { Address } from '../wire/ipv6/address.ts';
import { locatorsFor } from './addresses.ts';
import type { Services } from './services.ts';

export interface Told {
  readonly ulid: Address;
  readonly locators: readonly Address[];
  /** Presentation form, without the final dot. */
  readonly name: string;
}

/** Nobody where there are no locators: the reverse tree may have them, should a packet come. */
export const toldOf = (
  name: string,
  ulids: readonly Address[],
  locators: readonly Address[],
): readonly Told[] =>
  locators.length === 0
    ? []
    : ulids.map((ulid) => ({ ulid, locators: locatorsFor(ulid, ulids, locators), name }));

/** `host` is told something new. `ttl` in seconds. */
export function learn(
  { locators: cache, settings, emit }: Services,
  now: number,
  host: Address,
  told: readonly Told[],
  seconds: number,
): void {
  const ttl = Math.min(settings.locatorTtlMax, Math.max(settings.locatorTtlMin, seconds));
  for (const { ulid, locators, name } of told) {
    cache.learn(now, ulid, locators, name, ttl);
    emit({ kind: 'learned', host, ulid, locators, ttl, name });
  }
}

/** `host` is told what another was told before; what has been learned since stands. */
export function tellAgain(
  services: Services,
  now: number,
  host: Address,
  told: readonly Told[],
  seconds: number,
): void {
  for (const one of told) {
    const { ulid, locators, name } = one;
    if (!services.locators.has(now, ulid)) learn(services, now, host, [one], seconds);
    else services.emit({ kind: 'learned', host, ulid, locators, ttl: seconds, name });
  }
}
