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
  readonly initiatorNonce: number;
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

  constructor(context: Context, candidates: readonly Address[], initiatorNonce: number) {
    this.context = context;
    this.candidates = candidates;
    this.initiatorNonce = initiatorNonce;
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

/** Gives the context a handshake with a nonce that no other under way has. */
export function beginHandshake(core: Core, context: Context, candidates: readonly Address[]): Handshake {
  const { handshakes } = core.table;
  let nonce = core.randomU32();
  while (handshakes.has(nonce)) nonce = core.randomU32();
  const handshake = new Handshake(context, candidates, nonce);
  context.handshake = handshake;
  context.host.unfinished++;
  handshakes.set(nonce, handshake);
  return handshake;
}
