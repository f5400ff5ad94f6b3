/** The ULIDs of a name: the question for them that goes upstream beside the client's own, and its answer. */
import { CLASS_IN, FLAG, RCODE, TYPE } from '../wire/dns/constants.ts';
import { buildOpt } from '../wire/dns/edns.ts';
import { HEADER_LENGTH, rcodeOf } from '../wire/dns/header.ts';
import type { Name } from '../wire/dns/name.ts';
import { read32, write16 } from '../wire/dns/octets.ts';
import type { RecordPlace } from '../wire/dns/record.ts';
import { MessageWriter } from '../wire/dns/writer.ts';
import { type Address, equalAddress } from '../wire/ipv6/address.ts';
import { containsAddress } from '../wire/ipv6/prefix.ts';
import { addressesIn, isLocator } from './addresses.ts';
import { type Answer, readAnswer, succeeded } from './answer.ts';
import type { AnswerableQuery } from './classify.ts';
import type { DnsAlgSettings } from './settings.ts';

const NEVER = Number.POSITIVE_INFINITY;

export interface Ulids {
  readonly ulids: readonly Address[];
  /** Where they stand: the end of the chain of aliases. */
  readonly name: Name;
  /** Seconds: the smallest TTL of the records, and of the aliases before them. */
  readonly ttl: number;
  readonly aliasTtl: number;
  /** The resolver vouches for them: AD (RFC 4035 §3.2.3). */
  readonly secure: boolean;
  /** What the resolver said; undefined for a host of the site, whose CMULA the box itself knows. */
  readonly answer: Answer | undefined;
}

/** Seconds: the smallest TTL of all; Infinity of none. */
export const smallestTtl = (...groups: readonly (readonly RecordPlace[])[]): number =>
  Math.min(...groups.flat().map((record) => record.ttl));

/**
 * A question of our own. AD asks to be told whether the answer is authentic (RFC 6840 §5.7), the OPT offers more
 * room than 512 octets. ID 0.
 */
export const buildQuestion = (name: Name, type: number, flags: number = FLAG.RD): Uint8Array =>
  new MessageWriter(0, flags | FLAG.AD).question({ name, type, class: CLASS_IN }).additional(OPT).finish();

const OPT = buildOpt(false);

/** The question for the ULIDs at the name that `message` asks for, asked as the client asked (RD, CD). */
export function buildUlidQuestion(
  message: Uint8Array,
  { header, question }: AnswerableQuery,
  ulidType: number,
): Uint8Array {
  const flags = header.flags & (FLAG.RD | FLAG.CD);
  const typeAt = question.end - 4;
  // The question's name stands in the message as it has to be written, unless somebody compressed the only name.
  if (typeAt - HEADER_LENGTH !== question.name.length) return buildQuestion(question.name, ulidType, flags);
  const octets = new Uint8Array(question.end + OPT.length);
  octets.set(message.subarray(HEADER_LENGTH, question.end), HEADER_LENGTH);
  octets.set(OPT, question.end);
  write16(octets, 2, flags | FLAG.AD);
  octets[5] = 1;
  octets[11] = 1;
  write16(octets, typeAt, ulidType);
  return octets;
}

export const isAuthentic = ({ header }: Answer): boolean => (header.flags & FLAG.AD) !== 0;

/** 'none' for errors and where no ULID is usable. Throws DnsDecodeError. */
export function readUlids(message: Uint8Array, settings: DnsAlgSettings): ReadUlids {
  const answer = readAnswer(message);
  if (!succeeded(answer)) return { ulids: 'none', ttl: heldFor(answer) };
  const ulids = addressesIn(
    message,
    answer.records,
    settings.maxAddressesPerName,
    (ulid) => isUnroutable(ulid, settings) || isLocator(ulid),
  );
  if (ulids.length === 0) return { ulids: 'none', ttl: heldFor(answer) };
  return {
    ulids: {
      ulids,
      name: answer.name,
      ttl: smallestTtl(answer.records),
      aliasTtl: smallestTtl(answer.aliases),
      secure: isAuthentic(answer),
      answer,
    },
    ttl: heldFor(answer),
  };
}

interface ReadUlids {
  readonly ulids: Ulids | 'none';
  /** Seconds for which that may be remembered. */
  readonly ttl: number;
}

/** Seconds for which an answer may be remembered: there are such records, or there are none; 0 of failures. */
export function heldFor(answer: Answer): number {
  const { records, aliases } = answer;
  const rcode = rcodeOf(answer.header);
  if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) return 0;
  return Math.min(smallestTtl(records, aliases), records.length > 0 ? NEVER : negativeTtl(answer));
}

/** Seconds for which a negative answer holds (RFC 2308 §5): 0 where it says nothing of that. */
export function negativeTtl({ message, soa, records, header }: Answer): number {
  const rcode = header.flags & 0x0f;
  if (soa === undefined || records.length > 0 || (rcode !== 0 && rcode !== 3)) return 0;
  if (soa.type !== TYPE.SOA || soa.dataLength < 22) return 0;
  return Math.min(soa.ttl, read32(message, soa.dataOffset + soa.dataLength - 4));
}

/**
 * Of the ULIDs those that may be told: CMULAs, and of a host that speaks SHIM6 itself the routable
 * address that is its ULID, if that is one of the locators in `main` (none where those were not asked
 * for). 'none' where no ULID is left.
 */
export function tellable(
  ulids: Ulids,
  locators: readonly Address[],
  settings: DnsAlgSettings,
): Ulids | 'none' {
  const left = ulids.ulids.filter(
    (ulid) => isUnroutable(ulid, settings) || locators.some((locator) => equalAddress(locator, ulid)),
  );
  return left.length > 0 ? { ...ulids, ulids: left } : 'none';
}

export const isUnroutable = (ulid: Address, { ulidPrefixes }: DnsAlgSettings): boolean =>
  ulidPrefixes.some((prefix) => containsAddress(prefix, ulid));
