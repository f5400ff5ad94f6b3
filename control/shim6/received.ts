/** A control message as it arrived. */
import type { Address } from '../wire/ipv6/address.ts';
import type { Message } from '../wire/shim6/index.ts';

export interface Received<M extends Message = Message> {
  /** Milliseconds. */
  readonly now: number;
  readonly source: Address;
  readonly destination: Address;
  /** The SHIM6 header, from its Next Header octet. */
  readonly bytes: Uint8Array;
  readonly message: M;
}
