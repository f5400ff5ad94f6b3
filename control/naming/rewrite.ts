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
import {
  ADDRESS_HINTS,
  type HintKeys,
  IPV6_HINTS,
  serviceTarget,
  stripAddressHints,
} from '../wire/dns/svc-params.ts';
import { MessageWriter, type NewRecord } from '../wire/dns/writer.ts';
import type { Answer } from './answer.ts';
import type { AnswerableQuery, Query } from './classify.ts';
import type { Transport } from './lookup.ts';
import { isAuthentic, smallestTtl, type Ulids } from './ulids.ts';

/** Who is answered. */
export interface Recipient {
  readonly query: AnswerableQuery;
  readonly transport: Transport;
}

/**
 * AAAA with the ULIDs in place of the locators. Where there are no AAAA records, aliases come with the ULIDs. AD is set
 * for a client that asked with DO if both answers were authentic (RFC 6147 §5.5, second case); never without DO.
 */
export function answerUlids(to: Recipient, main: Answer, ulids: Ulids): Uint8Array {
  const aliased = main.records.length > 0 || ulids.answer === undefined ? main : ulids.answer;
  const ttl = Math.min(smallestTtl(main.records), ulids.ttl);
  const authentic = to.query.edns?.dnssecOk === true && isAuthentic(main) && ulids.secure;
  const records = [...aliasRecords(aliased), ...addressRecords(ulids, ttl, aliased)];
  return assemble(to, main, records, authentic ? FLAG.AD : 0);
}

/** ANY: one RRset, as RFC 8482 §4.1 allows. `main` gives the header only. */
export const answerAny = (to: Recipient, main: Pick<Answer, 'header' | 'edns'>, ulids: Ulids): Uint8Array =>
  assemble(to, main, addressRecords(ulids, ulids.ttl, ulids));

/**
 * The name exists but has no such records (RFC 2308 §2.2). An SOA, which lets clients cache that, is there
 * only if the resolver sent one with either answer: we do not make one up.
 */
export function answerNoData(to: Recipient, main: Answer, ulids: Ulids): Uint8Array {
  const source = main.soa !== undefined ? main : ulids.answer;
  const soa = source?.soa === undefined ? [] : [copy(source, source.soa)];
  return assemble(to, main, [...aliasRecords(main), ...soa]);
}

/**
 * Service records without address hints, which are optional (RFC 9460 §7.3): the client asks for AAAA instead. Those
 * for the name itself lose them if it has ULIDs, those for another target name always: that name may have some. So with
 * addresses that resolvers put into the additional section (RFC 9460 §4.2). Undefined if nothing is to be changed.
 */
export function answerService(
  to: Recipient,
  main: Answer,
  { hasUlids, hideIpv4 }: { hasUlids: boolean; hideIpv4: boolean },
): Uint8Array | undefined {
  const owner = nameKey(main.name);
  const hints: HintKeys = hideIpv4 ? ADDRESS_HINTS : IPV6_HINTS;
  const additional = main.additional.some(({ type }) => type === TYPE.A || type === TYPE.AAAA);
  let changed = hasUlids;
  const services = main.records.map((place): NewRecord => {
    const record = copy(main, place);
    const data = record.data[0] as Uint8Array; // not a type with names to compress
    const target = serviceTarget(data);
    const own = target.length === 1 || nameKey(target) === owner;
    if (own && !hasUlids) return record;
    const stripped = stripAddressHints(data, hints);
    changed ||= stripped !== data || additional;
    return { ...record, data: [stripped] };
  });
  return changed ? assemble(to, main, [...aliasRecords(main), ...services]) : undefined;
}

/** The answer about a host of the site, which nobody needs to be asked: its CMULA for AAAA and ANY, else none. */
export function answerOwn({ query }: Recipient, ulids: Ulids): Uint8Array {
  const { header, edns, question } = query;
  const flags = FLAG.QR | FLAG.RA | (header.flags & (FLAG.RD | FLAG.CD));
  const writer = new MessageWriter(header.id, flags).question(question);
  const tells = question.type !== TYPE.A;
  for (const record of tells ? addressRecords(ulids, ulids.ttl, question) : []) writer.record(record);
  return writer.additional(edns && buildOpt(edns.dnssecOk)).finish();
}

/** SERVFAIL of our own. */
export function answerServerFailure(query: Query): Uint8Array {
  const { header, question, edns } = query;
  const flags = FLAG.QR | FLAG.RA | (header.flags & (FLAG.RD | FLAG.CD | 0x7800)) | RCODE.SERVFAIL;
  const writer = new MessageWriter(header.id, flags);
  if (question !== undefined) writer.question(question);
  return writer.additional(edns && buildOpt(edns.dnssecOk)).finish();
}

/** What came whole over a stream but does not fit the client's UDP: it asks again over TCP (RFC 7766 §5). */
export function answerTruncated({ query }: { readonly query: Query }, main: Answer): Uint8Array {
  const opt = query.edns === undefined ? undefined : main.edns?.octets;
  const writer = new MessageWriter(query.header.id, main.header.flags | FLAG.TC);
  if (query.question !== undefined) writer.question(query.question);
  return writer.additional(opt).finish();
}

/** Octets that an answer to this query may have. */
export const sizeLimit = (query: Query, transport: Transport): number =>
  transport === 'tcp' ? MAX_MESSAGE_LENGTH : (query.edns?.udpSize ?? UDP_SIZE_WITHOUT_EDNS);

const addressRecords = (ulids: Ulids, ttl: number, { name }: Pick<Answer, 'name'>): NewRecord[] =>
  ulids.ulids.map((ulid) => ({
    section: 'answer',
    name,
    type: TYPE.AAAA,
    class: CLASS_IN,
    ttl,
    data: [ulid],
  }));

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
 * Header and OPT are the resolver's, as the client's own went to it. But the answer is not authoritative any more, and
 * carries no signatures: they do not cover it. Authority and additional records are left out, they would name the
 * locators again. `authentic`: the AD flag, or 0.
 */
function assemble(
  { query, transport }: Recipient,
  main: Pick<Answer, 'header' | 'edns'>,
  records: readonly NewRecord[],
  authentic = 0,
): Uint8Array {
  const flags = (main.header.flags & ~(FLAG.AD | FLAG.AA | FLAG.TC)) | authentic;
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
