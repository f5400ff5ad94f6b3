/** The part of an answer that answers: the chain of aliases from the question, and what is at its end. */
import { CLASS_IN, RCODE, TYPE } from '../wire/dns/constants.ts';
import { DnsDecodeError } from '../wire/dns/decode-error.ts';
import { type Edns, extendedRcode, findEdns } from '../wire/dns/edns.ts';
import { type Header, rcodeOf, readHeader } from '../wire/dns/header.ts';
import { isBelow, type Name, nameKey } from '../wire/dns/name.ts';
import { type Question, readQuestion } from '../wire/dns/question.ts';
import { ownerOf, type RecordPlace, readRecords, targetOf } from '../wire/dns/record.ts';

export interface Answer {
  readonly message: Uint8Array;
  readonly header: Header;
  readonly edns: Edns | undefined;
  /** CNAMEs in the order of the chain, each behind the DNAME it follows from (RFC 6672 §3.1). */
  readonly aliases: readonly RecordPlace[];
  /** The name at the end of the chain: the question's own name if there are no aliases. */
  readonly name: Name;
  /**
   * Records at that name of the type asked for, class IN. Nothing else in the message is ever remembered: not
   * other owners, not other sections, whatever the resolver was made to add.
   */
  readonly records: readonly RecordPlace[];
  /** For negative caching (RFC 2308 §3): an SOA of the authority section whose zone holds the name. */
  readonly soa: RecordPlace | undefined;
  /** Records of the additional section, class IN: nobody asked for them. */
  readonly additional: readonly RecordPlace[];
}

const MAX_CHAIN = 32;

/** Throws DnsDecodeError: malformed, or a chain that loops. */
export function readAnswer(message: Uint8Array): Answer {
  const header = readHeader(message);
  const question = readQuestion(message, header);
  const { records: all } = readRecords(message, header, question.end);
  const answers = all.filter((record) => record.section === 'answer' && record.class === CLASS_IN);
  const { aliases, name } = followAliases(message, question, answers);
  const key = nameKey(name);
  return {
    message,
    header,
    edns: findEdns(message, all),
    aliases,
    name,
    records: answers.filter(
      (record) => record.type === question.type && nameKey(ownerOf(message, record)) === key,
    ),
    soa: all.find(
      (record) =>
        record.section === 'authority' &&
        record.type === TYPE.SOA &&
        record.class === CLASS_IN &&
        holds(ownerOf(message, record), name),
    ),
    additional: all.filter(({ section, class: kind }) => section === 'additional' && kind === CLASS_IN),
  };
}

/** All 12 bits of the RCODE are zero (RFC 6891 §6.1.3). */
export const succeeded = ({ header, edns }: Answer): boolean =>
  rcodeOf(header) === RCODE.NOERROR && (edns === undefined || extendedRcode(edns) === 0);

const holds = (zone: Name, name: Name): boolean => nameKey(zone) === nameKey(name) || isBelow(name, zone);

function followAliases(
  message: Uint8Array,
  question: Question,
  answers: readonly RecordPlace[],
): { aliases: RecordPlace[]; name: Name } {
  const aliasOf = new Map<string, RecordPlace>();
  for (const record of answers) {
    if (record.type === TYPE.CNAME) aliasOf.set(nameKey(ownerOf(message, record)), record);
  }
  const redirections = answers.filter((record) => record.type === TYPE.DNAME);
  const aliases: RecordPlace[] = [];
  let name = question.name;
  for (let steps = 0; ; steps++) {
    const alias = aliasOf.get(nameKey(name));
    if (alias === undefined) return { aliases, name };
    if (steps === MAX_CHAIN) throw new DnsDecodeError('chain', alias.offset);
    const owner = name;
    const redirection = redirections.find((record) => isBelow(owner, ownerOf(message, record)));
    if (redirection !== undefined && !aliases.includes(redirection)) aliases.push(redirection);
    aliases.push(alias);
    name = targetOf(message, alias);
  }
}
