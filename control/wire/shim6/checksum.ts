/**
 * RFC 5533 §5.3: the one's complement of the one's complement sum of the SHIM6 header, from the Next Header field
 * to the end that Hdr Ext Len tells. There is no pseudo-header, so that locators may change underway.
 */
export function checksum(header: Uint8Array): number {
  return ~onesComplementSum(header) & 0xffff;
}

/** True when the Checksum field in `header` is right. */
export function checksumHolds(header: Uint8Array): boolean {
  return onesComplementSum(header) === 0xffff;
}

/** `octets` holds an even number of octets, at most 2048: the sum fits 32 bits. */
function onesComplementSum(octets: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < octets.length; index += 2) sum += (octets[index]! << 8) | octets[index + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}
