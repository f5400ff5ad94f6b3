/**
 * ICMPv6 errors about what the box sent (RFC 5533 §8): found by locators and the peer's tag, acted on where SHIM6 can
 * act, and told to the host whose packet it was.
 */
import type { ContextView } from '../shim6/context.ts';
import type { UnrecognizedNextHeader } from '../shim6/received-error.ts';
import { errorForHost } from '../wire/icmp6/host-error.ts';
import {
  decodeIcmp6Error,
  Icmp6Type,
  type ReceivedIcmp6Error,
  UNRECOGNIZED_NEXT_HEADER,
} from '../wire/icmp6/received-error.ts';
import type { Address } from '../wire/ipv6/address.ts';
import { afterOptions, type ChainPosition } from '../wire/ipv6/extension-headers.ts';
import { decodeIpv6Header, IPV6_HEADER_LENGTH, MINIMUM_MTU } from '../wire/ipv6/header.ts';
import { DecodeError } from '../wire/octets.ts';
import type { ContextTag } from '../wire/shim6/context-tag.ts';
import { decodePayloadHeader, isPayload, PAYLOAD_HEADER_LENGTH } from '../wire/shim6/payload-header.ts';

const SHIM6 = 140;

/** What the errors may cause; the box supplies it. */
export interface IcmpErrorActions {
  contextSending(peerTag: ContextTag, local: Address, peer: Address): ContextView | undefined;
  handleUnrecognizedNextHeader(error: UnrecognizedNextHeader): void;
  /** The path between the locators takes packets of `mtu` octets at most. */
  learnPathMtu(local: Address, peer: Address, mtu: number): void;
  /**
   * A router says that the peer cannot be reached between these locators. True when SHIM6 sees to it: another path is
   * being looked for.
   */
  testPath(context: ContextView, local: Address, peer: Address): boolean;
  /** The box's address on the host's link. */
  insideAddress(host: Address): Address;
  /** False when the host's place on the inside is not known. */
  deliver(host: Address, packet: Uint8Array): boolean;
}

export interface IcmpErrorCounters {
  icmpErrorsMalformed: number;
  /** About no context and no message of ours: late, or forged. */
  icmpErrorsUnmatched: number;
  icmpErrorsDelivered: number;
  icmpErrorsUndelivered: number;
}

/** Codes of Destination Unreachable that another path may cure (RFC 5533 §8). */
const CURABLE: ReadonlySet<number> = new Set([0, 1, 2, 3, 5, 6]);

export class IcmpErrors {
  readonly #actions: IcmpErrorActions;
  readonly #deliverAll: boolean;
  readonly counters: IcmpErrorCounters = {
    icmpErrorsMalformed: 0,
    icmpErrorsUnmatched: 0,
    icmpErrorsDelivered: 0,
    icmpErrorsUndelivered: 0,
  };

  /** `deliverAll`: hosts are told of errors, too, that SHIM6 sees to. */
  constructor(actions: IcmpErrorActions, deliverAll: boolean) {
    this.#actions = actions;
    this.#deliverAll = deliverAll;
  }

  /** `packet`: a whole IPv6 packet. Never throws for what it holds. */
  handle(packet: Uint8Array): void {
    try {
      this.#dispatch(decodeIcmp6Error(packet));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.counters.icmpErrorsMalformed++;
    }
  }

  #dispatch(error: ReceivedIcmp6Error): void {
    const { invoking } = error;
    const { source: local, destination: peer } = decodeIpv6Header(invoking)!;
    const shim = afterOptions(invoking);
    if (shim?.nextHeader !== SHIM6) {
      this.counters.icmpErrorsUnmatched++;
      return;
    }
    const message = invoking.slice(shim.offset);
    if (message.length < PAYLOAD_HEADER_LENGTH || !isPayload(message)) {
      return this.#aboutControl(error, shim, { source: error.source, local, peer, message });
    }
    const { receiverTag } = decodePayloadHeader(message);
    const context = this.#actions.contextSending(receiverTag, local, peer);
    if (context === undefined) this.counters.icmpErrorsUnmatched++;
    else this.#aboutPayload(error, shim, context, local, peer);
  }

  /** No host sent it: of interest is only whether the peer knows SHIM6 (RFC 5533 §7.8). */
  #aboutControl(error: ReceivedIcmp6Error, shim: ChainPosition, about: UnrecognizedNextHeader): void {
    const unrecognized =
      error.type === Icmp6Type.parameterProblem &&
      error.code === UNRECOGNIZED_NEXT_HEADER &&
      error.word === shim.pointer;
    if (unrecognized) this.#actions.handleUnrecognizedNextHeader(about);
    else this.counters.icmpErrorsUnmatched++;
  }

  #aboutPayload(
    error: ReceivedIcmp6Error,
    shim: ChainPosition,
    context: ContextView,
    local: Address,
    peer: Address,
  ): void {
    const { type, code, word, invoking } = error;
    const length = IPV6_HEADER_LENGTH + decodeIpv6Header(invoking)!.payloadLength;
    if (type === Icmp6Type.packetTooBig) {
      // RFC 8201 §4 for the one, common sense for the other.
      if (word < MINIMUM_MTU || word >= length)
        throw new DecodeError('value', 4, 'RFC 8201 §4', `MTU ${word}`);
      this.#actions.learnPathMtu(local, peer, word);
    }
    const curable = type === Icmp6Type.destinationUnreachable && CURABLE.has(code);
    const cared = curable && this.#actions.testPath(context, local, peer);
    if (cared && !this.#deliverAll) return;
    const ends = {
      local: context.local,
      peer: context.peer,
      box: this.#actions.insideAddress(context.local),
    };
    const told = errorForHost(error, shim, ends);
    if (told !== undefined && this.#actions.deliver(context.local, told)) this.counters.icmpErrorsDelivered++;
    else this.counters.icmpErrorsUndelivered++;
  }
}
