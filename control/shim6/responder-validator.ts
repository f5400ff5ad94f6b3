/**
 * Stateless responder validators, RFC 5533 §7.10.1: a keyed hash over everything an I2 must repeat from its I1.
 * The secret is renewed every VALIDATOR_MIN_LIFETIME and the one before is still accepted, so that a validator
 * lives at least once and at most twice that long.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Address } from '../wire/ipv6/address.ts';
import { Writer } from '../wire/octets.ts';
import { type ContextTag, writeTag } from '../wire/shim6/index.ts';

/** What R1 is bound to. */
export interface ValidatedFields {
  readonly initiatorTag: ContextTag;
  readonly initiatorNonce: number;
  readonly initiatorUlid: Address;
  readonly responderUlid: Address;
  readonly initiatorLocator: Address;
  readonly responderLocator: Address;
  readonly forkedInstance: number;
}

/** Fills the option with its header to whole 8 octets. */
const VALIDATOR_LENGTH = 20;
const SECRET_LENGTH = 32;

export class ResponderValidators {
  readonly #random: (length: number) => Uint8Array;
  readonly #lifetime: number;
  #current: Uint8Array;
  #previous: Uint8Array | undefined;
  #renewAt: number | undefined;
  #nonce: number;

  constructor(random: (length: number) => Uint8Array, lifetime: number) {
    this.#random = random;
    this.#lifetime = lifetime;
    this.#current = random(SECRET_LENGTH);
    this.#nonce = new DataView(random(4).slice().buffer).getUint32(0);
  }

  /** The Responder Nonce is a running counter: of two I2s it tells which answers the later R1. */
  issue(
    now: number,
    fields: ValidatedFields,
  ): { readonly responderNonce: number; readonly validator: Uint8Array } {
    this.#renew(now);
    this.#nonce = (this.#nonce + 1) >>> 0;
    return { responderNonce: this.#nonce, validator: compute(this.#current, this.#nonce, fields) };
  }

  holds(now: number, fields: ValidatedFields, responderNonce: number, validator: Uint8Array): boolean {
    this.#renew(now);
    if (validator.length !== VALIDATOR_LENGTH) return false;
    const under = (secret: Uint8Array) => timingSafeEqual(compute(secret, responderNonce, fields), validator);
    return under(this.#current) || (this.#previous !== undefined && under(this.#previous));
  }

  /** The last nonce issued: later I2s carry a later one. */
  get lastNonce(): number {
    return this.#nonce;
  }

  #renew(now: number): void {
    if (this.#renewAt !== undefined && now < this.#renewAt) return;
    const expired = this.#renewAt === undefined || now >= this.#renewAt + this.#lifetime;
    this.#previous = expired ? undefined : this.#current;
    this.#current = this.#random(SECRET_LENGTH);
    this.#renewAt = now + this.#lifetime;
  }
}

/** True when `nonce` was issued after `reference`, by the serial numbers of a 32-bit counter that wraps. */
export const issuedAfter = (nonce: number, reference: number): boolean => ((nonce - reference) | 0) > 0;

function compute(secret: Uint8Array, responderNonce: number, fields: ValidatedFields): Uint8Array {
  const writer = new Writer(82);
  writer.u32(responderNonce).u32(fields.initiatorNonce);
  writeTag(writer, fields.initiatorTag);
  writer.put(fields.initiatorUlid).put(fields.responderUlid);
  writer.put(fields.initiatorLocator).put(fields.responderLocator).u32(fields.forkedInstance);
  const digest = createHmac('sha256', secret).update(writer.finish()).digest();
  return Uint8Array.from(digest.subarray(0, VALIDATOR_LENGTH));
}
