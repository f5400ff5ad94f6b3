/** What to do with a client's query, decided from the query alone. */
import { CLASS_IN, FLAG, TYPE } from '../wire/dns/constants.ts';
import { DnsDecodeError } from '../wire/dns/decode-error.ts';
import { type Edns, findEdns } from '../wire/dns/edns.ts';
import { type Header, opcodeOf, readHeader } from '../wire/dns/header.ts';
import { type Question, readQuestion } from '../wire/dns/question.ts';
import { readRecords } from '../wire/dns/record.ts';

/** What of the answer changes if the name has a ULID. */
export type Treatment =
  | 'pass' // nothing
  | 'locators' // AAAA: locators become ULIDs
  | 'ipv4' // A: no addresses, or hosts would prefer IPv4
  | 'service' // HTTPS, SVCB: no address hints
  | 'any'; // ANY: the ULIDs alone

export interface Query {
  readonly header: Header;
  readonly treatment: Treatment;
  /** Absent if there is not exactly one well-formed question; then always `pass`. */
  readonly question: Question | undefined;
  readonly edns: Edns | undefined;
}

const TREATMENTS = new Map<number, Treatment>([
  [TYPE.AAAA, 'locators'],
  [TYPE.A, 'ipv4'],
  [TYPE.SVCB, 'service'],
  [TYPE.HTTPS, 'service'],
  [TYPE.ANY, 'any'],
]);
const OPCODE_QUERY = 0;

/** Throws DnsDecodeError only if `message` has no header. */
export function classifyQuery(message: Uint8Array): Query {
  const header = readHeader(message);
  let question: Question | undefined;
  let edns: Edns | undefined;
  let treatment: Treatment = 'pass';
  try {
    question = readQuestion(message, header);
    const { records, end } = readRecords(message, header, question.end);
    edns = findEdns(message, records);
    // A record other than OPT is a signature over the message (TSIG, SIG(0)) or nothing that a query holds:
    // only the resolver may answer it. Octets behind the last record: likewise.
    const plain = records.length === (edns === undefined ? 0 : 1) && end === message.length;
    if (
      plain &&
      opcodeOf(header) === OPCODE_QUERY &&
      question.class === CLASS_IN &&
      !validates(header, edns)
    ) {
      treatment = TREATMENTS.get(question.type) ?? 'pass';
    }
  } catch (error) {
    if (!(error instanceof DnsDecodeError)) throw error;
  }
  return { header, treatment, question, edns };
}

/** A query whose question could be read. */
export type AnswerableQuery = Query & { readonly question: Question };

/**
 * DO=1 and CD=1: the client validates for itself, a changed answer would be bogus to it (RFC 6147 §5.5,
 * third case). DO=1 alone takes the word of the resolver; CD=1 alone cannot validate anything.
 */
const validates = (header: Header, edns: Edns | undefined): boolean =>
  edns?.dnssecOk === true && (header.flags & FLAG.CD) !== 0;
