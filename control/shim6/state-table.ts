/**
 * What each message does in each state: the tables of RFC 5533 Appendix B, with §7 and §10 where they say more.
 * Actions move the state themselves when they succeed; a message that fails its checks leaves it as it was.
 */
import type { I1, I2, I2bis, R1, R1bis, R2 } from '../wire/shim6/index.ts';
import { type Context, NO_TAG, type State } from './context.ts';
import type { Core } from './core.ts';
import { acceptR2, sendI2 } from './initiator.ts';
import type { Received } from './received.ts';
import { onItsLocators, repeatI2, sendI2bis, sendR1bis, type TaggedPacket } from './recovery.ts';
import {
  type Addressee,
  answerCrossingI1,
  answerCrossingI2,
  answerI1,
  completeContext,
  createContext,
  refreshContext,
  sendR1,
} from './responder.ts';

type Row<Action> = { readonly [S in State]: Action };
type ByUlids<M extends I1 | I2 | I2bis> = (core: Core, received: Received<M>, to: Addressee) => void;
type ByContext<M extends R1 | R2 | R1bis> = (core: Core, received: Received<M>, context: Context) => void;
/** True when the packet is to be processed further. */
type ByTag = (core: Core, packet: TaggedPacket, context: Context) => boolean;

const unmatchedR1 = (core: Core): void => core.count('unmatched-R1');
const unmatchedR1bis = (core: Core): void => core.count('unmatched-R1bis');
const unmatchedR2 = (core: Core): void => core.count('unmatched-R2');

export const onI1: Row<ByUlids<I1>> = {
  IDLE: sendR1,
  'I1-SENT': answerCrossingI1,
  'I2-SENT': answerCrossingI1,
  'I2BIS-SENT': answerCrossingI1,
  ESTABLISHED: answerI1,
  'E-FAILED': sendR1,
  'NO-SUPPORT': sendR1,
};

/** I2 and I2bis, after the validator held. */
export const onI2: Row<ByUlids<I2 | I2bis>> = {
  IDLE: createContext,
  'I1-SENT': completeContext,
  'I2-SENT': answerCrossingI2,
  'I2BIS-SENT': answerCrossingI2,
  ESTABLISHED: refreshContext,
  'E-FAILED': createContext,
  'NO-SUPPORT': createContext,
};

export const onR1: Row<ByContext<R1>> = {
  IDLE: unmatchedR1,
  'I1-SENT': sendI2,
  'I2-SENT': unmatchedR1,
  'I2BIS-SENT': unmatchedR1,
  ESTABLISHED: unmatchedR1,
  'E-FAILED': unmatchedR1,
  'NO-SUPPORT': unmatchedR1,
};

export const onR2: Row<ByContext<R2>> = {
  IDLE: unmatchedR2,
  'I1-SENT': acceptR2,
  'I2-SENT': acceptR2,
  'I2BIS-SENT': acceptR2,
  ESTABLISHED: unmatchedR2,
  'E-FAILED': unmatchedR2,
  'NO-SUPPORT': unmatchedR2,
};

export const onR1bis: Row<ByContext<R1bis>> = {
  IDLE: unmatchedR1bis,
  'I1-SENT': unmatchedR1bis,
  'I2-SENT': unmatchedR1bis,
  'I2BIS-SENT': unmatchedR1bis,
  ESTABLISHED: sendI2bis,
  'E-FAILED': unmatchedR1bis,
  'NO-SUPPORT': unmatchedR1bis,
};

/** Payload with its extension header, and the control messages after establishment (RFC 5533 §10.4, §12.2). */
export const onTagged: Row<ByTag> = {
  IDLE: unknownTag,
  'I1-SENT': tooEarly,
  'I2-SENT': whileI2Sent,
  'I2BIS-SENT': whileI2Sent,
  ESTABLISHED: fromItsLocators,
  'E-FAILED': unknownTag,
  'NO-SUPPORT': unknownTag,
};

/** No context has the tag: the sender holds one that we do not. */
export function unknownTag(core: Core, packet: TaggedPacket): boolean {
  core.count('unknown-tag');
  sendR1bis(core, packet);
  return false;
}

function tooEarly(core: Core): boolean {
  core.count('too-early');
  return false;
}

/** Between locators that are not those of the context, it belongs to another that we have lost. */
function fromItsLocators(core: Core, packet: TaggedPacket, context: Context): boolean {
  if (onItsLocators(context, packet)) return true;
  core.count('stale-tag');
  sendR1bis(core, packet);
  return false;
}

/** In I2-SENT there may be no CT(peer) and Ls(peer) yet to process it with: the peer's R2 has to come first. */
function whileI2Sent(core: Core, packet: TaggedPacket, context: Context): boolean {
  if (context.peerTagNumber === NO_TAG) {
    if (context.handshake!.hasCandidate(packet.source)) repeatI2(core, packet.now, context.handshake!);
    return tooEarly(core);
  }
  if (!fromItsLocators(core, packet, context)) return false;
  repeatI2(core, packet.now, context.handshake!);
  return true;
}
