/** Transaction signatures, RFC 8945: messages signed and verified with a key that both ends share. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { DnsDecodeError } from './decode-error.ts';
import { readHeader } from './header.ts';
import { type Name, nameKey, parseName, readName } from './name.ts';
import { need, read16, read32, write16 } from './octets.ts';
import { ownerOf, readRecords } from './record.ts';

/** RFC 8945 §6, those that are recommended or mandatory to use. */
export const TSIG_ALGORITHMS = ['hmac-sha256', 'hmac-sha384', 'hmac-sha512'] as const;
export type TsigAlgorithm = (typeof TSIG_ALGORITHMS)[number];

export interface TsigKey {
  readonly name: Name;
  readonly algorithm: TsigAlgorithm;
  readonly secret: Uint8Array;
}

const TYPE_TSIG = 250;
const CLASS_ANY = 255;
/** Seconds that the clocks of both ends may differ, RFC 8945 §10. */
export const FUDGE = 300;
const ARCOUNT_OFFSET = 10;

export interface SignedMessage {
  readonly message: Uint8Array;
  /** What the answer's signature covers first. */
  readonly mac: Uint8Array;
}

/** `message` with a TSIG record at its end. `now`: seconds since the epoch. */
export function signMessage(message: Uint8Array, key: TsigKey, now: number): SignedMessage {
  const variables = { time: now, fudge: FUDGE, error: 0, other: new Uint8Array(0) };
  const mac = digest(key, [message, variableOctets(key, variables)]);
  const id = message.subarray(0, 2);
  const data = concat([
    parseName(key.algorithm),
    u48(now),
    u16(FUDGE),
    u16(mac.length),
    mac,
    id,
    u16(0),
    u16(0),
  ]);
  const record = concat([key.name, u16(TYPE_TSIG), u16(CLASS_ANY), u32(0), u16(data.length), data]);
  const signed = concat([message, record]);
  write16(signed, ARCOUNT_OFFSET, read16(message, ARCOUNT_OFFSET) + 1);
  return { message: signed, mac };
}

/** RFC 8945 §5.2 and §5.3: why an answer is not believed. `error` is the TSIG error that the server told. */
export type TsigFailure = 'unsigned' | 'other-key' | 'forged' | 'time' | { readonly error: number };

/**
 * Undefined when `answer` is signed with `key` as the answer to a request with `requestMac`, at about `now` (seconds since
 * the epoch). Throws DnsDecodeError.
 */
export function verifyAnswer(
  answer: Uint8Array,
  key: TsigKey,
  requestMac: Uint8Array,
  now: number,
): TsigFailure | undefined {
  const header = readHeader(answer);
  let offset = 12;
  for (let question = 0; question < header.questions; question++) offset = readName(answer, offset).end + 4;
  const { records } = readRecords(answer, header, offset);
  const record = records.at(-1);
  if (record === undefined || record.type !== TYPE_TSIG || record.section !== 'additional') return 'unsigned';
  const algorithm = readName(answer, record.dataOffset);
  let at = algorithm.end;
  const time = read16(answer, at) * 2 ** 32 + read32(answer, at + 2);
  const fudge = read16(answer, at + 6);
  const macLength = read16(answer, at + 8);
  at += 10;
  need(answer, at, macLength + 6);
  const mac = answer.subarray(at, at + macLength);
  at += macLength;
  const originalId = answer.subarray(at, at + 2);
  const error = read16(answer, at + 2);
  const otherLength = read16(answer, at + 4);
  need(answer, at + 6, otherLength);
  const other = answer.subarray(at + 6, at + 6 + otherLength);
  if (at + 6 + otherLength !== record.dataOffset + record.dataLength) throw new DnsDecodeError('rdata', at);
  const isOurs =
    nameKey(ownerOf(answer, record)) === nameKey(key.name) &&
    nameKey(algorithm.name) === nameKey(parseName(key.algorithm));
  if (!isOurs) return 'other-key';
  // RFC 8945 §5.3.2: with these two the answer has no signature.
  if (macLength === 0 && error !== 0) return { error };
  const unsigned = Uint8Array.from(answer.subarray(0, record.offset));
  unsigned.set(originalId, 0);
  write16(unsigned, ARCOUNT_OFFSET, header.additionals - 1);
  const variables = variableOctets(key, { time, fudge, error, other });
  const expected = digest(key, [u16(requestMac.length), requestMac, unsigned, variables]);
  if (expected.length !== mac.length || !timingSafeEqual(expected, mac)) return 'forged';
  if (error !== 0) return { error };
  return Math.abs(now - time) > fudge ? 'time' : undefined;
}

/** RFC 8945 §4.3.3: what is signed besides the message, names in canonical form. */
function variableOctets(
  { name, algorithm }: TsigKey,
  { time, fudge, error, other }: { time: number; fudge: number; error: number; other: Uint8Array },
): Uint8Array {
  const canonical = Uint8Array.from(nameKey(name), (character) => character.charCodeAt(0));
  const names = [canonical, u16(CLASS_ANY), u32(0), parseName(algorithm)];
  return concat([...names, u48(time), u16(fudge), u16(error), u16(other.length), other]);
}

function digest({ algorithm, secret }: TsigKey, parts: readonly Uint8Array[]): Uint8Array {
  const hmac = createHmac(algorithm.slice('hmac-'.length), secret);
  for (const part of parts) hmac.update(part);
  return new Uint8Array(hmac.digest());
}

const u16 = (value: number) => Uint8Array.of(value >> 8, value & 0xff);
const u32 = (value: number) => concat([u16(value >>> 16), u16(value & 0xffff)]);
const u48 = (value: number) => concat([u16(Math.floor(value / 2 ** 32)), u32(value % 2 ** 32)]);

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
}
