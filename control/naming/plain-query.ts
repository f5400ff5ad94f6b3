/** Queries whose answers may be kept, and what distinguishes their answers. */
import { CLASS_IN, TYPE } from '../wire/dns/constants.ts';
import { HEADER_LENGTH } from '../wire/dns/header.ts';
import { MAXIMUM_NAME_LENGTH } from '../wire/dns/name.ts';
import type { Transport } from './lookup.ts';

export interface PlainQuery {
  /** Equal for queries that the resolver must answer alike. A `Map` key, not text. */
  readonly key: string;
  readonly type: number;
  /** Offset of the octet after the question. */
  readonly questionEnd: number;
}

const MAX_LABEL_LENGTH = 63;
const OPT_LENGTH = 11;
/** Of octets 2 and 3: RD and nothing else; AD and CD as the client likes. */
const RECURSION_DESIRED = 0x01;
const AD_AND_CD = 0x30;
/** Types of questions and of the message itself (RFC 6895 §3.1). */
const META_FIRST = 128;
const META_LAST = 255;
/** The reverse tree of IPv6 says where hosts are at this moment, and boxes write there. */
const REVERSE = '\x03ip6\x04arpa\0';

/** Transport, AD and CD, type, OPT and its DO, UDP size; then the name without case. */
const FIXED = 7;
const scratch = Buffer.alloc(FIXED + MAXIMUM_NAME_LENGTH);

/**
 * Undefined for what is always asked anew: anything but one question of class IN for a data type with recursion
 * desired, with or without an OPT that has no options (a cookie, a client subnet: such answers are for one client), and
 * any name of the IPv6 reverse tree.
 */
export function plainQuery(transport: Transport, message: Uint8Array): PlainQuery | undefined {
  if (message[2] !== RECURSION_DESIRED || (message[3]! & ~AD_AND_CD) !== 0) return undefined;
  for (let offset = 4; offset < HEADER_LENGTH - 1; offset++) {
    if (message[offset] !== (offset === 5 ? 1 : 0)) return undefined;
  }
  const end = foldName(message);
  const questionEnd = end + 4;
  if (end === 0 || questionEnd > message.length) return undefined;
  const type = (message[end]! << 8) | message[end + 1]!;
  const meta = (type >= META_FIRST && type <= META_LAST) || type === TYPE.OPT;
  if (meta || message[end + 2] !== 0 || message[end + 3] !== CLASS_IN) return undefined;
  if (!describeOpt(message, questionEnd)) return undefined;
  scratch[0] = transport === 'tcp' ? 1 : 0;
  scratch[1] = message[3]!;
  scratch[2] = type >> 8;
  scratch[3] = type & 0xff;
  const key = scratch.toString('latin1', 0, FIXED + end - HEADER_LENGTH);
  return key.endsWith(REVERSE) ? undefined : { key, type, questionEnd };
}

/** Writes the question's name, letters folded (RFC 4343), into `scratch`. The offset after it; 0 if it is no plain one. */
function foldName(message: Uint8Array): number {
  const limit = Math.min(message.length, HEADER_LENGTH + MAXIMUM_NAME_LENGTH);
  for (let offset = HEADER_LENGTH; offset < limit; ) {
    const length = message[offset]!;
    if (length > MAX_LABEL_LENGTH) return 0;
    const end = offset + 1 + length;
    if (end > limit) return 0;
    for (let at = offset; at < end; at++) {
      const octet = message[at]!;
      scratch[at - HEADER_LENGTH + FIXED] = octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet;
    }
    if (length === 0) return end;
    offset = end;
  }
  return 0;
}

/** Writes presence, DO and UDP size into `scratch`. False if there is anything else behind the question. */
function describeOpt(message: Uint8Array, offset: number): boolean {
  if (message[11] === 0) {
    scratch.fill(0, 4, FIXED);
    return offset === message.length;
  }
  if (message[11] !== 1 || message.length !== offset + OPT_LENGTH) return false;
  const flags = message[offset + 7]!;
  const rest = message[offset]! | message[offset + 1]! | message[offset + 5]! | message[offset + 6]!;
  const more = (flags & 0x7f) | message[offset + 8]! | message[offset + 9]! | message[offset + 10]!;
  if (rest !== 0 || more !== 0 || message[offset + 2] !== TYPE.OPT) return false;
  scratch[4] = 1 | flags;
  scratch[5] = message[offset + 3]!;
  scratch[6] = message[offset + 4]!;
  return true;
}
