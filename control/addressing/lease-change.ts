/** A lease made of an address, or made to last longer. */
import type { Candidate, Lease, LeaseChange } from './leases.ts';

interface Holder {
  readonly duid: Uint8Array;
  readonly iaid: number;
  readonly name: string | undefined;
}

/** `before`: what the holder has the address as already. `now` in milliseconds, lifetimes in seconds. */
export function bindChange(
  { duid, iaid, name }: Holder,
  { ulid, subnet, modifier, collisionCount, sec, hba }: Candidate,
  before: Lease | undefined,
  lifetimes: { readonly preferred: number; readonly valid: number },
  now: number,
): LeaseChange {
  const lease: Lease = {
    ulid,
    subnet,
    modifier,
    collisionCount,
    sec,
    ...(hba && { hba }),
    duid,
    iaid,
    ...(name === undefined ? {} : { name }),
    state: 'bound',
    boundAt: before?.state === 'bound' ? before.boundAt : now,
    preferredUntil: now + lifetimes.preferred * 1000,
    validUntil: now + lifetimes.valid * 1000,
  };
  return { kind: 'bind', lease };
}
