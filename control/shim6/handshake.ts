/** The initiator's side of an establishment or a recovery. Dropped once ESTABLISHED. */
import { type Address, equalAddress } from '../wire/ipv6/address.ts';
import type { Context } from './context.ts';
import type { Core } from './core.ts';
import type { Timed } from './deadlines.ts';
import type { FailureReason } from './effects.ts';
import type { Announcement } from './local-host.ts';
import type { LocatorPair } from './locator-pairs.ts';

export class Handshake implements Timed {
  readonly kind = 'handshake';
  readonly context: Context;
  /** Peer locators to send I1 to; of an establishment they are learned elsewhere and not proved. */
  readonly candidates: readonly Address[];
  /** Retransmissions so far. Those of I1 are not forgotten when I2 falls back to I1, so that an end comes. */
  i1Retries = 0;
  i2Retries = 0;
  /**
   * I2 or I2bis as sent, for its retransmissions: the responder's validator binds it to the pair of its R1 or R1bis.
   * `at` is when it was last sent.
   */
  i2: (LocatorPair & { readonly message: Uint8Array; at: number }) | undefined = undefined;
  /** What an I2bis has told, for when its R2 comes. */
  told: Announcement | undefined = undefined;
  /** What the last I2, I2bis or R2 told; R2 does not say which of several the peer has taken. */
  toldLast: Announcement | undefined = undefined;
  toldSeveral = false;
  /** Why it ended in E-FAILED or NO-SUPPORT. */
  failure: FailureReason | undefined = undefined;
  deadline = 0;
  heapIndex = -1;

  /** The Initiator Nonce that each destination was sent, and no other. */
  readonly #sought: { readonly locator: Address; readonly nonce: number }[] = [];

  constructor(context: Context, candidates: readonly Address[]) {
    this.context = context;
    this.candidates = candidates;
  }

  get nonces(): readonly number[] {
    return this.#sought.map(({ nonce }) => nonce);
  }

  nonceOf(locator: Address): number | undefined {
    return this.#sought.find((one) => equalAddress(one.locator, locator))?.nonce;
  }

  setNonce(locator: Address, nonce: number): void {
    this.#sought.push({ locator, nonce });
  }

  /** A message that leaves tells the peer this. */
  tells(announcement: Announcement): void {
    this.toldSeveral ||= this.toldLast !== undefined && this.toldLast !== announcement;
    this.toldLast = announcement;
  }

  hasCandidate(address: Address): boolean {
    return this.candidates.some((candidate) => equalAddress(candidate, address));
  }
}

/** Gives the context a handshake. */
export function beginHandshake(context: Context, candidates: readonly Address[]): Handshake {
  const handshake = new Handshake(context, candidates);
  context.handshake = handshake;
  context.host.unfinished++;
  return handshake;
}

/**
 * The Initiator Nonce for messages to `destination`, which no other exchange under way has. Each destination gets its
 * own: whoever returns it from there is there, or has heard of it from who is (RFC 5533 §7.2). With one for all, a peer
 * that was reached at one locator could answer in the name of another, a victim's.
 */
export function initiatorNonce(core: Core, handshake: Handshake, destination: Address): number {
  const known = handshake.nonceOf(destination);
  if (known !== undefined) return known;
  const { handshakes } = core.table;
  let nonce = core.randomU32();
  while (handshakes.has(nonce)) nonce = core.randomU32();
  handshake.setNonce(destination, nonce);
  handshakes.set(nonce, handshake);
  return nonce;
}
