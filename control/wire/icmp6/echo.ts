/** ICMPv6 Echo Request and Reply, RFC 4443 §4. */
import type { Address } from '../ipv6/address.ts';
import { NextHeader, upperLayerChecksum } from '../ipv6/header.ts';

const TYPE_REQUEST = 128;
export const TYPE_ECHO_REPLY = 129;
const HEADER_LENGTH = 8;

export interface Echo {
  readonly identifier: number;
  readonly sequence: number;
  readonly data: Uint8Array;
}

/** The message, its checksum for these addresses. */
export function encodeEchoRequest(source: Address, destination: Address, echo: Echo): Uint8Array {
  const message = new Uint8Array(HEADER_LENGTH + echo.data.length);
  const view = new DataView(message.buffer);
  view.setUint8(0, TYPE_REQUEST);
  view.setUint16(4, echo.identifier);
  view.setUint16(6, echo.sequence);
  message.set(echo.data, HEADER_LENGTH);
  view.setUint16(2, upperLayerChecksum(source, destination, NextHeader.icmp6, message));
  return message;
}

/** Undefined for any other message. The checksum is the receiving stack's business. */
export function decodeEchoReply(message: Uint8Array): Echo | undefined {
  if (message.length < HEADER_LENGTH || message[0] !== TYPE_ECHO_REPLY || message[1] !== 0) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  return { identifier: view.getUint16(4), sequence: view.getUint16(6), data: message.slice(HEADER_LENGTH) };
}
