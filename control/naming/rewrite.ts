/** Answers that differ from the resolver's, after the model of RFC 6147 §5.4. */
import {
  CLASS_IN,
  FLAG,
  MAX_MESSAGE_LENGTH,
  RCODE,
  TYPE,
  UDP_SIZE_WITHOUT_EDNS,
} from '../wire/dns/constants.ts';
import { buildOpt } from '../wire/dns/edns.ts';
import { nameKey } from '../wire/dns/name.ts';
import { ownerOf, portableData, type RecordPlace } from '../wire/dns/record.ts';
import { serviceTarget, stripAddressHints } from '../wire/dns/svc-params.ts';
import { MessageWriter, type NewRecord } from '../wire/dns/writer.ts';
import type { Address } from '../wire/ipv6/address.ts';
import type { Answer } from './answer.ts';
import type { Query } from './classify.ts';
import type { Transport } from './transaction.ts';

/** A client's query whose question could be read. */
export type AnswerableQuery = Query & { readonly question: NonNullable<Query['question']> };

/** The ULIDs at a name, as the resolver answered. */
export interface Ulids {
  readonly answer: Answer;
  readonly ulids: readonly Address[];
}

/** Seconds: the smallest TTL of all that went into an answer. */
export const smallestTtl = (...groups: readonly (readonly RecordPlace[])[]): number =>
  Math.min(...groups.flat().map((record) => record.ttl));

/** AAAA with the ULIDs in place of the locators. Where there are no AAAA records, aliases come with the ULIDs. */
export function answerUlids(
  query: AnswerableQuery,
  transport: Transport,
  main: Answer,
  ulids: Ulids,
): Uint8Array {
  const from = main.records.length > 0 ? main : ulids.answer;
  const ttl = smallestTtl(main.records, ulids.answer.records);
  const addresses = ulids.ulids.map(
    (ulid): NewRecord => ({
      section: 'answer',
      name: from.name,
      type: TYPE.AAAA,
      class: CLASS_IN,
      ttl,
      data: [ulid],
    }),
  );
  return assemble(query, transport, main, [...aliasRecords(from), ...addresses]);
}

/**
 * The name exists but has no such records (RFC 2308 §2.2). An SOA, which lets clients cache that, is there
 * only if the resolver sent one with either answer: we do not make one up.
 */
export function answerNoData(
  query: AnswerableQuery,
  transport: Transport,
  main: Answer,
  ulids: Ulids,
): Uint8Array {
  const source = main.soa !== undefined ? main : ulids.answer;
  const soa = source.soa === undefined ? [] : [copy(source, source.soa)];
  return assemble(query, transport, main, [...aliasRecords(main), ...soa]);
}

/**
 * Service records of the ULID's own name without address hints, which are optional (RFC 9460 §7.3): the
 * client asks for AAAA instead. Hints for another target name stay, that name was not asked about.
 */
export function answerService(query: AnswerableQuery, transport: Transport, main: Answer): Uint8Array {
  const owner = nameKey(main.name);
  const services = main.records.map((place): NewRecord => {
    const record = copy(main, place);
    const data = record.data[0] as Uint8Array; // not a type with names to compress
    const target = serviceTarget(data);
    return target.length === 1 || nameKey(target) === owner
      ? { ...record, data: [stripAddressHints(data)] }
      : record;
  });
  return assemble(query, transport, main, [...aliasRecords(main), ...services]);
}

/** SERVFAIL of our own. */
export function answerServerFailure(query: Query): Uint8Array {
  const { header, question, edns } = query;
  const flags = FLAG.QR | FLAG.RA | (header.flags & (FLAG.RD | FLAG.CD | 0x7800)) | RCODE.SERVFAIL;
  const writer = new MessageWriter(header.id, flags);
  if (question !== undefined) writer.question(question);
  return writer.additional(edns && buildOpt(edns.dnssecOk)).finish();
}

/** Octets that an answer to this query may have. */
export const sizeLimit = (query: Query, transport: Transport): number =>
  transport === 'tcp' ? MAX_MESSAGE_LENGTH : (query.edns?.udpSize ?? UDP_SIZE_WITHOUT_EDNS);

const copy = (answer: Answer, place: RecordPlace): NewRecord => ({
  section: place.section,
  name: ownerOf(answer.message, place),
  type: place.type,
  class: place.class,
  ttl: place.ttl,
  data: portableData(answer.message, place),
});

const aliasRecords = (answer: Answer): NewRecord[] => answer.aliases.map((place) => copy(answer, place));

/**
 * Header and OPT are the resolver's, as the client's own went to it. But the answer is neither authentic
 * (AD, RFC 6147 §5.5) nor authoritative any more, and carries no signatures: they do not cover it.
 * Authority and additional records are left out, they would name the locators again.
 */
function assemble(
  query: AnswerableQuery,
  transport: Transport,
  main: Answer,
  records: readonly NewRecord[],
): Uint8Array {
  const flags = main.header.flags & ~(FLAG.AD | FLAG.AA | FLAG.TC);
  const opt = query.edns === undefined ? undefined : main.edns?.octets;
  const writer = new MessageWriter(query.header.id, flags).question(query.question);
  for (const record of records) writer.record(record);
  const message = writer.additional(opt).finish();
  if (message.length <= sizeLimit(query, transport)) return message;
  return new MessageWriter(query.header.id, flags | FLAG.TC)
    .question(query.question)
    .additional(opt)
    .finish();
}
