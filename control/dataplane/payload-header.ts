/** The Payload Extension header (RFC 5533 §5.2) of a context, as both tables hold it. */
import type { ContextTag } from '../wire/shim6/context-tag.ts';

/** Two 32-bit words in host order of what is on the wire, its Next Header 0. */
export interface PayloadHeader {
  readonly first: number;
  readonly second: number;
}

const FLAG_P = 0x8000;

export function payloadHeader({ high, low }: ContextTag): PayloadHeader {
  const octets = new DataView(new ArrayBuffer(8));
  octets.setUint16(2, FLAG_P | high);
  octets.setUint32(4, low);
  return { first: octets.getUint32(0, true), second: octets.getUint32(4, true) };
}

/** The tag in a header, whatever its Next Header says. */
export function contextTag({ first, second }: PayloadHeader): ContextTag {
  const octets = new DataView(new ArrayBuffer(8));
  octets.setUint32(0, first, true);
  octets.setUint32(4, second, true);
  return { high: octets.getUint16(2) & ~FLAG_P, low: octets.getUint32(4) };
}
