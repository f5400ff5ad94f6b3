/** One shared array, written by octet offset in the machine's own byte order. */
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import type { SharedArray } from '../../native/libbpf/index.ts';

export const LITTLE_ENDIAN: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export class Table {
  readonly array: SharedArray;
  readonly #view: DataView;

  constructor(array: SharedArray) {
    this.array = array;
    this.#view = new DataView(array.bytes.buffer, array.bytes.byteOffset, array.bytes.byteLength);
  }

  u16(at: number, value: number): void {
    this.#view.setUint16(at, value, LITTLE_ENDIAN);
  }

  u32(at: number, value: number): void {
    this.#view.setUint32(at, value, LITTLE_ENDIAN);
  }

  u64(at: number, value: number): void {
    this.#view.setBigUint64(at, BigInt(value), LITTLE_ENDIAN);
  }

  readU64(at: number): number {
    return Number(this.#view.getBigUint64(at, LITTLE_ENDIAN));
  }

  readU32(at: number): number {
    return this.#view.getUint32(at, LITTLE_ENDIAN);
  }

  octets(at: number, value: Uint8Array | readonly number[]): void {
    this.array.bytes.set(value, at);
  }

  address(at: number, text: string): void {
    this.octets(at, parseAddress(text));
  }

  mac(at: number, text: string): void {
    this.octets(
      at,
      text.split(':').map((octet) => Number.parseInt(octet, 16)),
    );
  }

  clear(): void {
    this.array.bytes.fill(0);
  }
}
