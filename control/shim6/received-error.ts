/** What errors about our own messages do: SHIM6's (RFC 5533 §5.14) and ICMPv6's Unrecognized Next Header (§7.8). */
import { type Address, equalAddress } from '../wire/ipv6/address.ts';
import {
  ErrorCode,
  type ErrorMessage,
  type QuotedMessage,
  type QuotedPacket,
  readQuotedMessage,
  readQuotedPacket,
  tagNumber,
} from '../wire/shim6/index.ts';
import type { Core } from './core.ts';
import { becomeFailed } from './establish.ts';
import type { Handshake } from './handshake.ts';
import { fallBackToI1 } from './initiator.ts';
import type { Received } from './received.ts';
import { repeatWhole } from './update.ts';

/**
 * An Error is believed when it comes from where the message that it quotes was sent to, and quotes the nonce of an
 * exchange under way.
 */
export function acceptError(core: Core, received: Received<ErrorMessage>): void {
  const { message, source, destination, now } = received;
  const quoted = readQuotedPacket(message.packet);
  const answersOurs =
    quoted !== undefined &&
    equalAddress(quoted.source, destination) &&
    equalAddress(quoted.destination, source);
  if (!answersOurs) return core.count('unmatched-Error');
  if (quoted.type === 'UpdateRequest') return aboutUpdate(core, now, message, quoted);
  const handshake = handshakeOf(core, quoted);
  if (handshake === undefined) return core.count('unmatched-Error');
  if (message.code > ErrorCode.LocatorVerification) return core.count('ignored-Error');
  core.count('refused-by-peer');
  // Sending the same again would end the same. A context being recovered may still do with a full establishment.
  if (handshake.context.state === 'I2BIS-SENT') return fallBackToI1(core, now, handshake);
  becomeFailed(core, handshake.context, now + core.settings.NO_R1_HOLDDOWN_TIME, 'refused');
}

/** The exchange that sent an I1, I2 or I2bis; both its tag and its nonce are random. */
function handshakeOf(core: Core, { tag, nonce }: QuotedMessage): Handshake | undefined {
  const handshake = core.table.handshakes.get(nonce);
  return handshake?.context.localTagNumber === tagNumber(tag) ? handshake : undefined;
}

/** Preferences that do not go with the list the peer has: it gets the list as well. Any other update is repeated. */
function aboutUpdate(core: Core, now: number, { code }: ErrorMessage, quoted: QuotedPacket): void {
  const context = core.table.sendingWith(tagNumber(quoted.tag), quoted.source, quoted.destination);
  const update = context?.update;
  if (update === undefined || update.requestNonce !== quoted.nonce) return core.count('unmatched-Error');
  const outOfSync = code === ErrorCode.GenerationOutOfSync || code === ErrorCode.NumberOfLocators;
  if (outOfSync && !update.whole) return repeatWhole(core, now, update);
  core.count(code <= ErrorCode.NumberOfLocators ? 'refused-by-peer' : 'ignored-Error');
}

/** An ICMPv6 Parameter Problem with code 1, Unrecognized Next Header, about a SHIM6 message of ours. */
export interface UnrecognizedNextHeader {
  /** Who sent the ICMPv6 message. */
  readonly source: Address;
  /** Addresses of the packet that it quotes. */
  readonly local: Address;
  readonly peer: Address;
  /** What is quoted of that packet from its SHIM6 header on. */
  readonly message: Uint8Array;
}

/**
 * In I1-SENT: the peer ULID does not implement SHIM6 for ICMP_HOLDDOWN_TIME. Only the destination itself can tell, and
 * only who saw the I1 can quote its nonce.
 */
export function acceptUnrecognizedNextHeader(core: Core, now: number, error: UnrecognizedNextHeader): void {
  const quoted = readQuotedMessage(error.message);
  const handshake = quoted?.type === 'I1' ? handshakeOf(core, quoted) : undefined;
  const believed =
    handshake?.context.state === 'I1-SENT' &&
    equalAddress(error.source, error.peer) &&
    handshake.hasCandidate(error.peer) &&
    handshake.context.host.hasLocator(error.local);
  if (!believed) return core.count('unmatched-ICMP');
  becomeFailed(core, handshake.context, now + core.settings.ICMP_HOLDDOWN_TIME, 'no-support');
}
