/**
 * Stateless responder validators, RFC 5533 §7.10.1: a keyed hash over everything an I2 must repeat from its I1.
 * The secret is renewed every VALIDATOR_MIN_LIFETIME and the one before is still accepted, so that a validator
 * lives at least once and at most twice that long.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Address } from '../wire/ipv6/address.ts';
import { Writer } from '../wire/octets.ts';
import { type ContextTag, writeTag } from '../wire/shim6/index.ts';

/** What R1 is bound to, RFC 5533 §7.10.1. */
export interface ValidatedFields {
  readonly initiatorTag: ContextTag;
  readonly initiatorNonce: number;
  readonly initiatorUlid: Address;
  readonly responderUlid: Address;
  readonly initiatorLocator: Address;
  readonly responderLocator: Address;
  readonly forkedInstance: number;
}

/** What R1bis is bound to, RFC 5533 §7.17.1. */
export interface RecoveryFields {
  readonly packetTag: ContextTag;
  readonly initiatorLocator: Address;
  readonly responderLocator: Address;
}

type Fields = ValidatedFields | RecoveryFields;

/** Fills the option with its header to whole 8 octets. */
const VALIDATOR_LENGTH = 20;
const SECRET_LENGTH = 32;
/** Responder Nonces whose use is remembered: so many of the last that were issued. */
const REMEMBERED_NONCES = 2 ** 18;

export class ResponderValidators {
  readonly #random: (length: number) => Uint8Array;
  readonly #lifetime: number;
  #current: KeyObject;
  #previous: KeyObject | undefined;
  #renewAt: number | undefined;
  #nonce: number;
  /** One bit per remembered nonce: an I2 or I2bis has used it. */
  readonly #used = new Uint8Array(REMEMBERED_NONCES / 8);

  constructor(random: (length: number) => Uint8Array, lifetime: number) {
    this.#random = random;
    this.#lifetime = lifetime;
    this.#current = createSecretKey(random(SECRET_LENGTH));
    this.#nonce = new DataView(random(4).slice().buffer).getUint32(0);
  }

  /** The Responder Nonce is a running counter: of two I2s it tells which answers the later R1. */
  issue(now: number, fields: Fields): { readonly responderNonce: number; readonly validator: Uint8Array } {
    this.#renew(now);
    this.#nonce = (this.#nonce + 1) >>> 0;
    const { index, bit } = place(this.#nonce);
    this.#used[index]! &= ~bit;
    return { responderNonce: this.#nonce, validator: compute(this.#current, this.#nonce, fields) };
  }

  holds(now: number, fields: Fields, responderNonce: number, validator: Uint8Array): boolean {
    this.#renew(now);
    if (validator.length !== VALIDATOR_LENGTH) return false;
    const under = (secret: KeyObject) => timingSafeEqual(compute(secret, responderNonce, fields), validator);
    return under(this.#current) || (this.#previous !== undefined && under(this.#previous));
  }

  /**
   * Whether an I2 or I2bis has used the nonce before (RFC 5533 §5.15.1 item 3). False beyond those remembered, which
   * are more than a handshake outlasts.
   */
  isUsed(nonce: number): boolean {
    const { index, bit } = place(nonce);
    return this.#remembers(nonce) && (this.#used[index]! & bit) !== 0;
  }

  use(nonce: number): void {
    const { index, bit } = place(nonce);
    if (this.#remembers(nonce)) this.#used[index]! |= bit;
  }

  #remembers(nonce: number): boolean {
    return (this.#nonce - nonce) >>> 0 < REMEMBERED_NONCES;
  }

  /** The last nonce issued: later I2s carry a later one. */
  get lastNonce(): number {
    return this.#nonce;
  }

  #renew(now: number): void {
    if (this.#renewAt !== undefined && now < this.#renewAt) return;
    const expired = this.#renewAt === undefined || now >= this.#renewAt + this.#lifetime;
    this.#previous = expired ? undefined : this.#current;
    this.#current = createSecretKey(this.#random(SECRET_LENGTH));
    this.#renewAt = now + this.#lifetime;
  }
}

/** True when `nonce` was issued after `reference`, by the serial numbers of a 32-bit counter that wraps. */
export const issuedAfter = (nonce: number, reference: number): boolean => ((nonce - reference) | 0) > 0;

/** Where the bit of a nonce is. */
const place = (nonce: number) => {
  const bit = nonce % REMEMBERED_NONCES;
  return { index: bit >>> 3, bit: 1 << (bit & 7) };
};

/**
 * The two kinds of fields differ in length: no validator of one kind holds for the other. The secret as a KeyObject
 * takes a fifth of the time that its octets would (2 of 12 µs).
 */
function compute(secret: KeyObject, responderNonce: number, fields: Fields): Uint8Array {
  const writer = new Writer(82);
  writer.u32(responderNonce).put(fields.initiatorLocator).put(fields.responderLocator);
  if ('packetTag' in fields) {
    writeTag(writer, fields.packetTag);
  } else {
    writeTag(writer, fields.initiatorTag);
    writer.u32(fields.initiatorNonce).put(fields.initiatorUlid).put(fields.responderUlid);
    writer.u32(fields.forkedInstance);
  }
  const digest = createHmac('sha256', secret).update(writer.finish()).digest();
  return Uint8Array.from(digest.subarray(0, VALIDATOR_LENGTH));
}
