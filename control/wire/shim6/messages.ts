/** SHIM6 control messages as values: RFC 5533 §5.4 to §5.14, RFC 5534 §5.1 and §5.2. Nonces are 32 bits, unsigned. */
import type { Address } from '../ipv6/address.ts';
import type { ContextTag } from './context-tag.ts';
import type { Option } from './options.ts';

interface WithOptions {
  readonly options: readonly Option[];
}

export interface I1 extends WithOptions {
  readonly type: 'I1';
  readonly initiatorTag: ContextTag;
  readonly initiatorNonce: number;
}

export interface R1 extends WithOptions {
  readonly type: 'R1';
  readonly initiatorNonce: number;
  readonly responderNonce: number;
}

export interface I2 extends WithOptions {
  readonly type: 'I2';
  readonly initiatorTag: ContextTag;
  readonly initiatorNonce: number;
  readonly responderNonce: number;
}

export interface R2 extends WithOptions {
  readonly type: 'R2';
  readonly responderTag: ContextTag;
  readonly initiatorNonce: number;
}

export interface R1bis extends WithOptions {
  readonly type: 'R1bis';
  readonly packetTag: ContextTag;
  readonly responderNonce: number;
}

export interface I2bis extends WithOptions {
  readonly type: 'I2bis';
  readonly initiatorTag: ContextTag;
  readonly initiatorNonce: number;
  readonly responderNonce: number;
  readonly packetTag: ContextTag;
}

export interface UpdateRequest extends WithOptions {
  readonly type: 'UpdateRequest';
  readonly receiverTag: ContextTag;
  readonly requestNonce: number;
}

export interface UpdateAcknowledgement extends WithOptions {
  readonly type: 'UpdateAcknowledgement';
  readonly receiverTag: ContextTag;
  readonly requestNonce: number;
}

export interface Keepalive extends WithOptions {
  readonly type: 'Keepalive';
  readonly receiverTag: ContextTag;
}

/** RFC 5534 §5.2. */
export const ReachabilityState = { Operational: 0, Exploring: 1, InboundOk: 2 } as const;

export interface ProbeReport {
  readonly source: Address;
  readonly destination: Address;
  readonly nonce: number;
  readonly data: number;
}

export interface Probe extends WithOptions {
  readonly type: 'Probe';
  readonly receiverTag: ContextTag;
  /** A ReachabilityState, or 3, which is not legal. */
  readonly state: number;
  /** 1 to 15; the first describes this message. */
  readonly sent: readonly ProbeReport[];
  /** At most 15. */
  readonly received: readonly ProbeReport[];
}

/** RFC 5533 §5.14, Table 2. */
export const ErrorCode = {
  UnknownMessageType: 0,
  CriticalOption: 1,
  LocatorVerification: 2,
  GenerationOutOfSync: 3,
  NumberOfLocators: 4,
} as const;

export interface ErrorMessage {
  readonly type: 'Error';
  readonly code: number;
  /** Octets from the start of `packet`. */
  readonly pointer: number;
  /** The invoking packet from its IPv6 header on, as much of it as fits. */
  readonly packet: Uint8Array;
}

export type Message =
  | I1
  | R1
  | I2
  | R2
  | R1bis
  | I2bis
  | UpdateRequest
  | UpdateAcknowledgement
  | Keepalive
  | Probe
  | ErrorMessage;
export type MessageName = Message['type'];

/** A well-formed control header of a type this specification does not define. */
export interface UnknownMessage {
  readonly type: 'Unknown';
  readonly code: number;
}

export type OptionOf<Type extends Option['type']> = Extract<Option, { type: Type }>;

/** The first option of a type. */
export function findOption<Type extends Option['type']>(
  message: WithOptions,
  type: Type,
): OptionOf<Type> | undefined {
  for (const option of message.options) if (option.type === type) return option as OptionOf<Type>;
  return undefined;
}
