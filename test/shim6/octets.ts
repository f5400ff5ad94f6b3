/** `octets` with the lowest bit of the last one changed. */
export const flipLast = (octets: Uint8Array): Uint8Array =>
  octets.map((octet, index) => (index === octets.length - 1 ? octet ^ 1 : octet));
