/** A run of a DHCP server's life as the store sees it: leases made, renewed, released, declined, taken again. */
import type { Binding } from '../../control/store/records.ts';
import type { Change } from '../../control/store/store.ts';
import { combine, parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import { SeededRandom } from '../shim6/random.ts';

export const SUBNET = parsePrefix('fc00:db8:1::/64');

export function lease(number: number, fields: Partial<Binding> = {}): Binding {
  const modifier = new Uint8Array(16);
  new DataView(modifier.buffer).setUint32(12, number);
  return {
    ulid: combine(SUBNET, modifier),
    duid: Uint8Array.of(0, 4, ...modifier),
    iaid: number,
    subnet: SUBNET,
    modifier,
    collisionCount: 0,
    sec: 1,
    state: 'bound',
    boundAt: 1_700_000_000_000,
    preferredUntil: 1_700_000_300_000,
    validUntil: 1_700_000_600_000,
    ...fields,
  };
}

/** What an acknowledged change says of an address, for comparing with what a store says later. */
export type Claim = { readonly address: string; readonly owner: string | null; readonly validUntil: number };

export interface Step {
  readonly changes: readonly Change[];
  readonly claims: readonly Claim[];
}

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

export const claimOf = ({ ulid, duid, iaid, validUntil }: Binding): Claim => ({
  address: hex(ulid),
  owner: `${hex(duid)} ${iaid}`,
  validUntil,
});

/** Endless; the same for the same seed. A name of some length makes the log grow quickly. */
export function* life(seed: number): Generator<Step> {
  const random = new SeededRandom(seed);
  const below = (limit: number) => Math.floor(random.number() * limit);
  const bound: Binding[] = [];
  for (let number = 1; ; number++) {
    const deed = below(10);
    const chosen = bound.length === 0 ? undefined : below(bound.length);
    if (deed < 6 || chosen === undefined) {
      const made = lease(number, { name: `host-${number}.${'x'.repeat(below(200))}.example.net` });
      bound.push(made);
      yield { changes: [{ table: 'bindings', put: made }], claims: [claimOf(made)] };
      continue;
    }
    const before = bound[chosen]!;
    if (deed < 8) {
      const renewed = { ...before, validUntil: before.validUntil + number };
      bound[chosen] = renewed;
      yield { changes: [{ table: 'bindings', put: renewed }], claims: [claimOf(renewed)] };
      continue;
    }
    bound.splice(chosen, 1);
    const gone: Claim = { address: hex(before.ulid), owner: null, validUntil: 0 };
    const removal: Change = { table: 'bindings', remove: before };
    const { ulid: address, duid } = before;
    const quarantined: Change = { table: 'quarantine', put: { address, duid, until: number } };
    yield { changes: deed === 8 ? [removal] : [removal, quarantined], claims: [gone] };
  }
}
