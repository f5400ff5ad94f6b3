/** Whether an answer may be kept, how long, and what in it changes meanwhile. */
import { CLASS_IN, FLAG, RCODE, TYPE } from '../wire/dns/constants.ts';
import { findEdns } from '../wire/dns/edns.ts';
import { type Header, rcodeOf, readHeader } from '../wire/dns/header.ts';
import { nameKey } from '../wire/dns/name.ts';
import { readQuestion } from '../wire/dns/question.ts';
import { type RecordPlace, readRecords, targetOf } from '../wire/dns/record.ts';
import { readAnswer } from './answer.ts';
import type { PlainQuery } from './plain-query.ts';
import { negativeTtl, smallestTtl } from './ulids.ts';

export interface Lifetime {
  /** Seconds, at least 1. */
  readonly ttl: number;
  /** Offsets of all TTLs. */
  readonly ttlOffsets: readonly number[];
  /** `nameKey`s of the name asked for and of those that its aliases lead to. */
  readonly names: readonly string[];
}

export interface LifetimeLimits {
  /** Seconds, of what there is and of what there is not. */
  readonly ttlMax: number;
  readonly negativeTtlMax: number;
}

const MAX_ALIASES = 16;
const TYPE_SIG = 24;
const META_FIRST = 128;
const META_LAST = 255;
const OPT_LENGTH = 11;
/** From the end of the fixed part of a record back to its TTL. */
const TTL_BEFORE_DATA = 6;

/**
 * Undefined for what must not be kept: truncated, an error other than NXDOMAIN (failures are the resolver's to remember,
 * RFC 9520 §3.2), a TTL of 0 (RFC 1035 §3.2.1), a negative answer without SOA (RFC 2308 §5), and whatever is in any way
 * peculiar: options, other classes, signatures over the message, octets behind the last record. Throws DnsDecodeError.
 */
export function lifetimeOf(
  message: Uint8Array,
  { type, questionEnd }: Pick<PlainQuery, 'type' | 'questionEnd'>,
  { ttlMax, negativeTtlMax }: LifetimeLimits,
): Lifetime | undefined {
  const header = readHeader(message);
  if ((header.flags & FLAG.TC) !== 0 || !says(header)) return undefined;
  const question = readQuestion(message, header);
  const { records: all, end } = readRecords(message, header, question.end);
  if (question.end !== questionEnd || end !== message.length) return undefined;
  const edns = findEdns(message, all);
  const records = all.filter(({ type }) => type !== TYPE.OPT);
  if (all.length - records.length !== (edns === undefined ? 0 : 1) || !records.every(isData))
    return undefined;
  // Neither options nor the upper bits of an RCODE (RFC 6891 §6.1.3).
  if (edns !== undefined && (edns.octets.length !== OPT_LENGTH || edns.octets[5] !== 0)) return undefined;
  const answers = records.filter(({ section }) => section === 'answer');
  const aliases = answers.filter(({ type }) => type === TYPE.CNAME);
  if (aliases.length > MAX_ALIASES) return undefined;
  const positive = rcodeOf(header) === RCODE.NOERROR && answers.some((record) => record.type === type);
  const most = positive ? ttlMax : Math.min(negativeTtlMax, negativeTtl(readAnswer(message)));
  const ttl = Math.min(smallestTtl(records), most);
  if (ttl === 0) return undefined;
  return {
    ttl,
    ttlOffsets: records.map(({ dataOffset }) => dataOffset - TTL_BEFORE_DATA),
    names: [question.name, ...aliases.map((alias) => targetOf(message, alias))].map(nameKey),
  };
}

const says = (header: Header): boolean =>
  rcodeOf(header) === RCODE.NOERROR || rcodeOf(header) === RCODE.NXDOMAIN;

const isData = ({ type, class: kind }: RecordPlace): boolean =>
  kind === CLASS_IN && type !== TYPE_SIG && !(type >= META_FIRST && type <= META_LAST);
