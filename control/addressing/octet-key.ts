/** Octets as a `Map` key: equal exactly for equal octets. Not for people. */
export const octetKey = (octets: Uint8Array): string =>
  String.fromCharCode.apply(null, octets as unknown as number[]);
