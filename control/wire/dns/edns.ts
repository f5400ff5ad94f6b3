/** The OPT pseudo-record (RFC 6891 §6.1). */
import { TYPE, UDP_SIZE_OFFERED, UDP_SIZE_WITHOUT_EDNS } from './constants.ts';
import { read16, write16 } from './octets.ts';
import type { RecordPlace } from './record.ts';

export interface Edns {
  /** Octets the sender takes over UDP, at least 512. */
  readonly udpSize: number;
  readonly dnssecOk: boolean;
  /** The whole record, owner (root) to end of options, to be copied. */
  readonly octets: Uint8Array;
}

const FIXED_LENGTH = 11;
const DNSSEC_OK = 0x80;

/** The OPT record of a message, if it has one with the root as owner. */
export function findEdns(message: Uint8Array, records: readonly RecordPlace[]): Edns | undefined {
  const place = records.find((record) => record.section === 'additional' && record.type === TYPE.OPT);
  if (place === undefined || message[place.offset] !== 0) return undefined;
  return {
    udpSize: Math.max(UDP_SIZE_WITHOUT_EDNS, place.class),
    dnssecOk: (message[place.offset + 7]! & DNSSEC_OK) !== 0,
    octets: message.slice(place.offset, place.dataOffset + place.dataLength),
  };
}

/** An OPT record of our own, without options. */
export function buildOpt(dnssecOk: boolean): Uint8Array {
  const octets = new Uint8Array(FIXED_LENGTH);
  write16(octets, 1, TYPE.OPT);
  write16(octets, 3, UDP_SIZE_OFFERED);
  if (dnssecOk) octets[7] = DNSSEC_OK;
  return octets;
}

/** Upper eight bits of a 12-bit RCODE (RFC 6891 §6.1.3). */
export const extendedRcode = (edns: Edns): number => read16(edns.octets, 5) >> 8;
