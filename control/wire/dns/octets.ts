/** Reading and writing of 16- and 32-bit fields, network order, lengths checked. */
import { DnsDecodeError } from './decode-error.ts';

export function need(message: Uint8Array, offset: number, length: number): void {
  if (offset + length > message.length) throw new DnsDecodeError('short', Math.min(offset, message.length));
}

export function read16(message: Uint8Array, offset: number): number {
  need(message, offset, 2);
  return (message[offset]! << 8) | message[offset + 1]!;
}

export function read32(message: Uint8Array, offset: number): number {
  return read16(message, offset) * 0x10000 + read16(message, offset + 2);
}

/** The caller has made sure that both octets exist. */
export function write16(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value >> 8;
  target[offset + 1] = value & 0xff;
}
