/** The client queries under way, and the limits on them. */
import { TransientMap } from '../limits/transient-map.ts';
import { latin1 } from '../wire/dns/name.ts';
import { type Address, addressKey } from '../wire/ipv6/address.ts';
import type { Query } from './classify.ts';
import type { DnsCounters } from './counters.ts';
import type { Endpoint } from './lookup.ts';
import type { DnsAlgSettings } from './settings.ts';
import type { Transaction } from './transaction.ts';

export class InFlight {
  readonly #copies = new TransientMap<string, true>();
  /** The last that went upstream, by what it asks. */
  readonly #leaders = new TransientMap<string, Transaction>();
  readonly #perClient = new TransientMap<string, number>();
  readonly #settings: DnsAlgSettings;
  readonly #counters: DnsCounters;
  #size = 0;
  #octets = 0;

  constructor(settings: DnsAlgSettings, counters: DnsCounters) {
    this.#settings = settings;
    this.#counters = counters;
  }

  get size(): number {
    return this.#size;
  }

  /** True, and counted, if a query with this key is under way. */
  isCopy(key: string | undefined): boolean {
    if (key === undefined || !this.#copies.has(key)) return false;
    this.#counters.duplicates++;
    return true;
  }

  /** True if there is room for a query of `octets`; refusals are counted. */
  admits(client: Address, octets: number): boolean {
    const { maxInFlight, maxInFlightOctets, maxInFlightPerClient } = this.#settings;
    if (this.#size >= maxInFlight || this.#octets + octets > maxInFlightOctets) {
      this.#counters.refusedInFlight++;
      return false;
    }
    if ((this.#perClient.get(addressKey(client)) ?? 0) >= maxInFlightPerClient) {
      this.#counters.refusedPerClient++;
      return false;
    }
    return true;
  }

  /** The transaction whose answer is this one's, too: one that asks the same and is not long under way. */
  add(now: number, transaction: Transaction): Transaction | undefined {
    this.#size++;
    if (transaction.copyKey !== undefined) this.#copies.set(transaction.copyKey, true);
    const client = addressKey(transaction.client.address);
    this.#perClient.set(client, (this.#perClient.get(client) ?? 0) + 1);
    const { plain } = transaction;
    if (plain === undefined) return undefined;
    const leader = this.#leaders.get(plain.key);
    if (leader !== undefined && now - leader.startedAt < this.#settings.retransmitAfter) return leader;
    this.#leaders.set(plain.key, transaction);
    return undefined;
  }

  /** Counts octets held for the transaction until it ends. */
  hold(transaction: Transaction, octets: number): void {
    transaction.octets += octets;
    this.#octets += octets;
  }

  /** Once for each that was added. */
  remove(transaction: Transaction): void {
    this.#size--;
    if (transaction.copyKey !== undefined) this.#copies.delete(transaction.copyKey);
    this.#octets -= transaction.octets;
    const { plain } = transaction;
    if (plain !== undefined && this.#leaders.get(plain.key) === transaction) this.#leaders.delete(plain.key);
    const client = addressKey(transaction.client.address);
    const left = this.#perClient.get(client)! - 1;
    if (left === 0) this.#perClient.delete(client);
    else this.#perClient.set(client, left);
  }
}

/** Client, ID and question; the first octets of a message whose question cannot be read. */
export function keyOfCopies(client: Endpoint, message: Uint8Array, { question }: Query): string {
  const end = Math.min(question?.end ?? 64, message.length);
  return `${addressKey(client.address)}${client.port}:${latin1(message, 0, end)}`;
}
