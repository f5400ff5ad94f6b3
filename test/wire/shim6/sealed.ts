import { checksum } from '../../../control/wire/shim6/checksum.ts';

/** Sets Hdr Ext Len and checksum to what the octets are. */
export function sealed(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[1] = copy.length / 8 - 1;
  copy.fill(0, 4, 6);
  const sum = checksum(copy);
  copy[4] = sum >>> 8;
  copy[5] = sum;
  return copy;
}
