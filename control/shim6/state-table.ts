/**
 * What each message does in each state: the tables of RFC 5533 Appendix B, with §7 and §10 where they say more.
 * Actions move the state themselves when they succeed; a message that fails its checks leaves it as it was.
 */
import type { I1, I2, R1, R2, UpdateAcknowledgement, UpdateRequest } from '../wire/shim6/index.ts';
import type { Context, State } from './context.ts';
import type { Core } from './core.ts';
import { acceptR2, sendI2 } from './handshake.ts';
import type { Received } from './received.ts';
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
import { acceptAcknowledgement, acceptUpdate } from './update.ts';

type Row<Action> = { readonly [S in State]: Action };
type ByUlids<M extends I1 | I2> = (core: Core, received: Received<M>, to: Addressee) => void;
type ByContext<M extends R1 | R2 | UpdateRequest | UpdateAcknowledgement> = (
  core: Core,
  received: Received<M>,
  context: Context,
) => void;

const unmatchedR1 = (core: Core): void => core.count('unmatched-R1');
const unmatchedR2 = (core: Core): void => core.count('unmatched-R2');
const unknownTag = (core: Core): void => core.count('unknown-tag');

export const onI1: Row<ByUlids<I1>> = {
  IDLE: sendR1,
  'I1-SENT': answerCrossingI1,
  'I2-SENT': answerCrossingI1,
  'I2BIS-SENT': answerCrossingI1,
  ESTABLISHED: answerI1,
  'E-FAILED': sendR1,
  'NO-SUPPORT': sendR1,
};

/** After the validator held. */
export const onI2: Row<ByUlids<I2>> = {
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

export const onUpdateRequest: Row<ByContext<UpdateRequest>> = {
  IDLE: unknownTag,
  'I1-SENT': unknownTag,
  'I2-SENT': unknownTag,
  'I2BIS-SENT': acceptUpdate,
  ESTABLISHED: acceptUpdate,
  'E-FAILED': unknownTag,
  'NO-SUPPORT': unknownTag,
};

export const onUpdateAcknowledgement: Row<ByContext<UpdateAcknowledgement>> = {
  IDLE: unknownTag,
  'I1-SENT': unknownTag,
  'I2-SENT': unknownTag,
  'I2BIS-SENT': acceptAcknowledgement,
  ESTABLISHED: acceptAcknowledgement,
  'E-FAILED': unknownTag,
  'NO-SUPPORT': unknownTag,
};
