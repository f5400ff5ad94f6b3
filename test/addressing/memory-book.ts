/** Leases in memory: what the server reads and asks to be recorded, without a store under it. */
import type {
  Candidate,
  ClientKey,
  Lease,
  LeaseBook,
  LeaseChange,
  Reservation,
} from '../../control/addressing/leases.ts';
import { generateCga } from '../../control/identity/cga.ts';
import { type Address, addressKey } from '../../control/wire/ipv6/address.ts';
import type { Prefix } from '../../control/wire/ipv6/prefix.ts';
import { equalOctets } from '../../control/wire/octets.ts';
import { publicKey } from '../identity/keys.ts';
import { SeededRandom } from '../shim6/random.ts';

export class MemoryBook implements LeaseBook {
  readonly rows = new Map<string, Lease>();
  readonly quarantine = new Set<string>();
  readonly reservations: Reservation[] = [];
  /** Modifiers left; endless unless a test says so. */
  pool = Number.POSITIVE_INFINITY;
  readonly #byClient = new Map<string, Lease[]>();
  readonly #random: SeededRandom;

  constructor(seed = 1) {
    this.#random = new SeededRandom(seed);
  }

  get size(): number {
    return this.rows.size;
  }

  leases(): Iterable<Lease> {
    return this.rows.values();
  }

  bindingsOf(duid: Uint8Array, iaid: number): readonly Lease[] {
    return this.#byClient.get(clientKey(duid, iaid)) ?? [];
  }

  bindingOf(address: Address): Lease | undefined {
    return this.rows.get(addressKey(address));
  }

  reservationsFor({ duid, remoteId }: ClientKey): readonly Reservation[] {
    const is = (own: Uint8Array | undefined, asked: Uint8Array | undefined) =>
      own !== undefined && asked !== undefined && equalOctets(own, asked);
    return this.reservations.filter((row) => is(row.duid, duid) || is(row.remoteId, remoteId));
  }

  isTaken(address: Address): boolean {
    const key = addressKey(address);
    const reserved = this.reservations.some(({ ulid }) => addressKey(ulid) === key);
    return reserved || this.rows.has(key) || this.quarantine.has(key);
  }

  isQuarantined(address: Address): boolean {
    return this.quarantine.has(addressKey(address));
  }

  newAddress(subnet: Prefix): Candidate | undefined {
    if (this.pool <= 0) return undefined;
    this.pool--;
    return candidate(subnet, this.#random.octets(16));
  }

  giveBack(): void {
    this.pool++;
  }

  nameHolder(name: string): Uint8Array | undefined {
    for (const lease of this.rows.values())
      if (lease.name === name && lease.state === 'bound') return lease.duid;
    const reservation = this.reservations.find((row) => row.name === name);
    return reservation && (reservation.duid ?? new Uint8Array());
  }

  apply(changes: readonly LeaseChange[]): void {
    for (const change of changes) {
      switch (change.kind) {
        case 'bind':
          this.#put(change.lease);
          break;
        case 'release':
        case 'expire': {
          const lease = this.bindingOf(change.address);
          if (lease) this.#put({ ...lease, state: change.kind === 'release' ? 'released' : 'expired' });
          break;
        }
        case 'decline':
          this.#remove(change.address);
          this.quarantine.add(addressKey(change.address));
          break;
        case 'remove':
          this.#remove(change.address);
      }
    }
  }

  #put(lease: Lease): void {
    const before = this.bindingOf(lease.ulid);
    if (before && !(equalOctets(before.duid, lease.duid) && before.iaid === lease.iaid))
      throw new TypeError('one address for two clients');
    this.#remove(lease.ulid);
    this.rows.set(addressKey(lease.ulid), lease);
    const key = clientKey(lease.duid, lease.iaid);
    this.#byClient.set(key, [...(this.#byClient.get(key) ?? []), lease]);
  }

  #remove(address: Address): void {
    const lease = this.bindingOf(address);
    if (lease === undefined) return;
    this.rows.delete(addressKey(address));
    const key = clientKey(lease.duid, lease.iaid);
    const others = this.#byClient.get(key)!.filter((row) => row !== lease);
    if (others.length > 0) this.#byClient.set(key, others);
    else this.#byClient.delete(key);
  }
}

const clientKey = (duid: Uint8Array, iaid: number): string => `${Buffer.from(duid).toString('hex')} ${iaid}`;

/** An address of Sec 0: nothing is mined. */
export function candidate(subnet: Prefix, modifier: Uint8Array): Candidate {
  const { address } = generateCga({ publicKey, subnetPrefix: subnet.address, sec: 0, modifier });
  return { ulid: address, subnet, modifier, collisionCount: 0, sec: 0 };
}
