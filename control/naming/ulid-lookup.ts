/** The question for ULIDs that goes upstream beside the client's own, and its answer. */
import { CLASS_IN, FLAG } from '../wire/dns/constants.ts';
import { buildOpt } from '../wire/dns/edns.ts';
import { MessageWriter } from '../wire/dns/writer.ts';
import { type Address, equalAddress } from '../wire/ipv6/address.ts';
import { containsAddress } from '../wire/ipv6/prefix.ts';
import { addressesIn, isLocator } from './addresses.ts';
import { readAnswer, succeeded } from './answer.ts';
import type { AnswerableQuery, Ulids } from './rewrite.ts';
import type { DnsAlgSettings } from './settings.ts';

/** Asked as the client asked (RD, CD), with an OPT of our own: this answer is for us. ID 0. */
export function buildUlidQuery({ header, question }: AnswerableQuery, ulidType: number): Uint8Array {
  return new MessageWriter(0, header.flags & (FLAG.RD | FLAG.CD))
    .question({ name: question.name, type: ulidType, class: CLASS_IN })
    .additional(buildOpt(false))
    .finish();
}

/** 'none' for errors and where no ULID is usable. Throws DnsDecodeError. */
export function readUlids(message: Uint8Array, settings: DnsAlgSettings): Ulids | 'none' {
  const answer = readAnswer(message);
  if (!succeeded(answer)) return 'none';
  const ulids = addressesIn(
    message,
    answer.records,
    settings.maxAddressesPerName,
    (ulid) => isUnroutable(ulid, settings) || isLocator(ulid),
  );
  return ulids.length > 0 ? { answer, ulids } : 'none';
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
  return left.length > 0 ? { answer: ulids.answer, ulids: left } : 'none';
}

const isUnroutable = (ulid: Address, { ulidPrefixes }: DnsAlgSettings): boolean =>
  ulidPrefixes.some((prefix) => containsAddress(prefix, ulid));
