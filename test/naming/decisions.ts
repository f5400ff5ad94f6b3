/**
 * Every kind of query and what the ALG does with it: the table of docs/dns.md, as rows that are run. A row's `outcome`
 * is what `describeOutcome` says of the answer that the ALG really gave.
 */
import { withId } from '../../control/wire/dns/header.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import {
  ANSWERED,
  AUTHENTIC,
  aaaa,
  cname,
  DISABLED,
  decode,
  encode,
  type Fields,
  type Message,
  only,
  opt,
  question,
  RECURSION,
  response,
  Scene,
  soa,
  ULID_TYPE,
  ulid,
} from './harness.ts';

export interface Decision {
  readonly query: string;
  /** What is true of the name. */
  readonly name: string;
  readonly outcome: string;
  readonly why: string;
  readonly message: Buffer;
  /** The resolver's answer to the client's own question, and to that for the ULID; none comes where undefined. */
  readonly main?: Message;
  readonly ulid?: Message;
  readonly hideIpv4?: false;
}

const NAME = 'h2.foo.com';
const CMULA = 'fc00:db8:2::1';
const OWN = 'h1.bar.com';
const OWN_CMULA = 'fc00:db8:1::1';
const LOCATOR = '2001:db8:21::1';
const HTTPS = 'UNKNOWN_65';
const SVCB = 'UNKNOWN_64';

const secure = ANSWERED | AUTHENTIC;
const A: Fields = { type: 'A', name: NAME, ttl: 60, data: '192.0.2.1' };
const MX: Fields = {
  type: 'MX',
  name: NAME,
  ttl: 60,
  data: { preference: 1, exchange: 'mail.foo.com' },
};
const has = (address = CMULA): Message => ({ answers: [ulid(NAME, address)] });
const hasSecure: Message = { ...has(), flags: secure };
const none: Message = { authorities: [soa('foo.com')] };
const nameError: Message = { flags: ANSWERED | 3, authorities: [soa('foo.com')] };
const failure: Message = { flags: ANSWERED | 2 };
const locators: Message = { answers: [aaaa(NAME, LOCATOR)] };
const DNSSEC_OK = { additionals: [opt(true)] };
const CHECKING_DISABLED = { flags: RECURSION | DISABLED };

const renamed: readonly Fields[] = [
  { type: 'DNAME', name: 'old.com', ttl: 60, data: 'foo.com' },
  cname('h2.old.com', NAME),
];

const hint = (target = '\0', name = NAME): Fields => ({
  type: HTTPS,
  name,
  ttl: 60,
  data: Buffer.concat([
    Buffer.of(0, 1),
    Buffer.from(target, 'latin1'),
    Buffer.of(0, 4, 0, 4, 192, 0, 2, 1, 0, 6, 0, 16),
    parseAddress(LOCATOR),
  ]),
});
const plainService = (target: string): Fields => ({
  type: HTTPS,
  name: NAME,
  ttl: 60,
  data: Buffer.from(`\x00\x01${target}`, 'latin1'),
});
const elsewhere = '\x03svc\x07example\x00';

export const DECISIONS: readonly Decision[] = [
  {
    query: 'AAAA',
    name: 'ULID and locators',
    outcome: 'AAAA: the ULIDs',
    why: 'locators are remembered, the handshake starts; TTL is the smallest used',
    message: question('AAAA', NAME),
    main: locators,
    ulid: has(),
  },
  {
    query: 'AAAA',
    name: 'alias of one with ULID and locators',
    outcome: 'CNAME, AAAA: the ULIDs',
    why: 'chains are kept (RFC 6147 §5.1.5); ULID and locators must stand at the same end',
    message: question('AAAA', 'www.foo.com'),
    main: { answers: [cname('www.foo.com', NAME), aaaa(NAME, LOCATOR)] },
    ulid: { answers: [cname('www.foo.com', NAME), ulid(NAME, CMULA)] },
  },
  {
    query: 'AAAA',
    name: 'below a DNAME, with ULID and locators at its target',
    outcome: 'DNAME, CNAME, AAAA: the ULIDs',
    why: 'the same, the DNAME before the CNAME that follows from it (RFC 6672 §3.1)',
    message: question('AAAA', 'h2.old.com'),
    main: { answers: [...renamed, aaaa(NAME, LOCATOR)] },
    ulid: { answers: [...renamed, ulid(NAME, CMULA)] },
  },
  {
    query: 'AAAA',
    name: 'ULID and locators at ends of different chains',
    outcome: 'unchanged',
    why: 'they may be different hosts',
    message: question('AAAA', 'www.foo.com'),
    main: { answers: [cname('www.foo.com', 'a.foo.com'), aaaa('a.foo.com', LOCATOR)] },
    ulid: { answers: [cname('www.foo.com', 'b.foo.com'), ulid('b.foo.com', CMULA)] },
  },
  {
    query: 'AAAA',
    name: 'ULID, no locators',
    outcome: 'AAAA: the ULIDs',
    why: 'the host has its one address for it; locators may come by the reverse path',
    message: question('AAAA', NAME),
    main: none,
    ulid: has(),
  },
  {
    query: 'AAAA',
    name: 'locators, no ULID',
    outcome: 'unchanged',
    why: 'no SHIM6 there: reached by NATv6',
    message: question('AAAA', NAME),
    main: locators,
    ulid: none,
  },
  {
    query: 'AAAA',
    name: 'ULID is a routable address that is one of its locators',
    outcome: 'AAAA: 2001:db8:21::1',
    why: 'a host that speaks SHIM6 itself',
    message: question('AAAA', NAME),
    main: locators,
    ulid: has(LOCATOR),
  },
  {
    query: 'AAAA',
    name: 'ULID is loopback, link-local, fd00::/8 or anything else outside `ulids`',
    outcome: 'unchanged',
    why: 'no context will ever be made for it',
    message: question('AAAA', NAME),
    main: locators,
    ulid: has('fd00::1'),
  },
  {
    query: 'AAAA',
    name: 'does not exist',
    outcome: 'unchanged, NXDOMAIN',
    why: 'negative answers and their SOA are the resolver’s (RFC 6147 §5.1.2)',
    message: question('AAAA', NAME),
    main: nameError,
  },
  {
    query: 'AAAA',
    name: 'neither locators nor ULID',
    outcome: 'unchanged',
    why: 'NODATA and its SOA are the resolver’s',
    message: question('AAAA', NAME),
    main: none,
    ulid: none,
  },
  {
    query: 'AAAA',
    name: 'the resolver answers SERVFAIL (bogus, for one)',
    outcome: 'unchanged, SERVFAIL',
    why: 'what does not validate is not used (RFC 6147 §5.5)',
    message: question('AAAA', NAME),
    main: failure,
    ulid: has(),
  },
  {
    query: 'AAAA',
    name: 'the ULID question fails, or gets no answer for 1.2 s',
    outcome: 'unchanged',
    why: 'a name must not break because some server cannot bear an unknown type',
    message: question('AAAA', NAME),
    main: locators,
    ulid: failure,
  },
  {
    query: 'AAAA',
    name: 'no resolver answers',
    outcome: 'SERVFAIL',
    why: 'after 4.5 s, before stub resolvers give up',
    message: question('AAAA', NAME),
  },
  {
    query: 'AAAA, DO',
    name: 'both answers authentic',
    outcome: 'AAAA: the ULIDs; AD; no signatures',
    why: 'RFC 6147 §5.5, second case: the resolver vouches for both',
    message: question('AAAA', NAME, DNSSEC_OK),
    main: { ...locators, flags: secure, ...DNSSEC_OK },
    ulid: hasSecure,
  },
  {
    query: 'AAAA, DO',
    name: 'neither answer authentic',
    outcome: 'AAAA: the ULIDs; no signatures',
    why: 'never AD for what was not validated',
    message: question('AAAA', NAME, DNSSEC_OK),
    main: { ...locators, ...DNSSEC_OK },
    ulid: has(),
  },
  {
    query: 'AAAA, DO',
    name: 'locators authentic, ULID not',
    outcome: 'unchanged; AD',
    why: 'a signed name has signed ULIDs: these were slipped in',
    message: question('AAAA', NAME, DNSSEC_OK),
    main: { ...locators, flags: secure, ...DNSSEC_OK },
    ulid: has(),
  },
  {
    query: 'AAAA',
    name: 'both answers authentic',
    outcome: 'AAAA: the ULIDs',
    why: 'RFC 6147 §5.5, first case: no AD for who did not ask with DO',
    message: question('AAAA', NAME),
    main: { ...locators, flags: secure },
    ulid: hasSecure,
  },
  {
    query: 'AAAA, AD',
    name: 'both answers authentic',
    outcome: 'AAAA: the ULIDs',
    why: 'who asks with AD (RFC 6840 §5.7), but without DO, is the first case, too: no AD',
    message: question('AAAA', NAME, { flags: RECURSION | AUTHENTIC }),
    main: { ...locators, flags: secure },
    ulid: hasSecure,
  },
  {
    query: 'AAAA, CD',
    name: 'ULID and locators',
    outcome: 'AAAA: the ULIDs',
    why: 'without DO the client cannot validate; the ULID is asked with CD, too, and not remembered for others',
    message: question('AAAA', NAME, CHECKING_DISABLED),
    main: locators,
    ulid: has(),
  },
  {
    query: 'AAAA, without RD',
    name: 'ULID and locators',
    outcome: 'AAAA: the ULIDs',
    why: 'both questions go without RD, the resolver answers what it has',
    message: question('AAAA', NAME, { flags: 0 }),
    main: locators,
    ulid: has(),
  },
  {
    query: 'any type, DO and CD',
    name: 'any',
    outcome: 'unchanged; AD',
    why: 'RFC 6147 §5.5, third case: the client validates for itself, a changed answer would be bogus',
    message: question('AAAA', NAME, { ...CHECKING_DISABLED, ...DNSSEC_OK }),
    main: { ...locators, flags: secure, ...DNSSEC_OK },
  },
  {
    query: 'A',
    name: 'ULID',
    outcome: 'NODATA, SOA',
    why: 'or hosts would prefer IPv4, which has no failover (`dns.ipv4: hide`)',
    message: question('A', NAME),
    main: { answers: [A] },
    ulid: { ...has(), authorities: [soa('foo.com')] },
  },
  {
    query: 'A, DO',
    name: 'ULID, everything authentic',
    outcome: 'NODATA, SOA; no signatures',
    why: 'no AD: that there is none is the box’s policy, nobody signed it',
    message: question('A', NAME, DNSSEC_OK),
    main: { answers: [A], flags: secure, ...DNSSEC_OK },
    ulid: { ...hasSecure, authorities: [soa('foo.com')] },
  },
  {
    query: 'A, CD',
    name: 'ULID',
    outcome: 'NODATA, SOA',
    why: 'as AAAA with CD',
    message: question('A', NAME, CHECKING_DISABLED),
    main: { answers: [A] },
    ulid: { ...has(), authorities: [soa('foo.com')] },
  },
  {
    query: 'A',
    name: 'ULID; `dns.ipv4: keep`',
    outcome: 'unchanged',
    why: 'hosts choose; common ones then prefer IPv4 to a ULA (RFC 6724 §2.1)',
    message: question('A', NAME),
    main: { answers: [A] },
    hideIpv4: false,
  },
  {
    query: 'A',
    name: 'no ULID',
    outcome: 'unchanged',
    why: 'nothing to hide',
    message: question('A', NAME),
    main: { answers: [A] },
    ulid: none,
  },
  {
    query: 'HTTPS, SVCB',
    name: 'ULID',
    outcome: 'HTTPS without address hints',
    why: 'hints are optional (RFC 9460 §7.3), they would leak locators; the client asks for AAAA',
    message: question(HTTPS, NAME),
    main: { answers: [hint()] },
    ulid: has(),
  },
  {
    query: 'HTTPS, SVCB, DO',
    name: 'ULID, everything authentic',
    outcome: 'HTTPS without address hints; no signatures',
    why: 'no AD: the records are not those that were signed',
    message: question(HTTPS, NAME, DNSSEC_OK),
    main: { answers: [hint()], flags: secure, ...DNSSEC_OK },
    ulid: hasSecure,
  },
  {
    query: 'HTTPS, SVCB, CD',
    name: 'ULID',
    outcome: 'HTTPS without address hints',
    why: 'as AAAA with CD',
    message: question(HTTPS, NAME, CHECKING_DISABLED),
    main: { answers: [hint()] },
    ulid: has(),
  },
  {
    query: 'HTTPS, SVCB',
    name: 'ULID; `dns.ipv4: keep`',
    outcome: 'HTTPS without ipv6hint',
    why: 'IPv4 is not hidden then',
    message: question(HTTPS, NAME),
    main: { answers: [hint()] },
    ulid: has(),
    hideIpv4: false,
  },
  {
    query: 'HTTPS, SVCB',
    name: 'no ULID, hints for itself',
    outcome: 'unchanged',
    why: 'nothing to hide',
    message: question(HTTPS, NAME),
    main: { answers: [hint()] },
    ulid: none,
  },
  {
    query: 'HTTPS, SVCB',
    name: 'no ULID, hints for another target name',
    outcome: 'HTTPS without address hints',
    why: 'the target may have a ULID; the client asks for its AAAA anyway',
    message: question(HTTPS, NAME),
    main: { answers: [hint(elsewhere)] },
    ulid: none,
  },
  {
    query: 'HTTPS, SVCB',
    name: 'no ULID, another target name whose addresses come along in the additional section',
    outcome: 'HTTPS without address hints',
    why: 'they would be as good as hints (RFC 9460 §4.2): they are left out',
    message: question(HTTPS, NAME),
    main: { answers: [plainService(elsewhere)], additionals: [aaaa('svc.example', LOCATOR)] },
    ulid: none,
  },
  {
    query: 'HTTPS, SVCB',
    name: 'ULID, no service records',
    outcome: 'unchanged',
    why: 'NODATA and its SOA are the resolver’s',
    message: question(SVCB, NAME),
    main: none,
    ulid: has(),
  },
  {
    query: 'ANY',
    name: 'ULID',
    outcome: 'AAAA: the ULIDs',
    why: 'one RRset will do (RFC 8482 §4.1), and no locators leak',
    message: question('ANY', NAME),
    main: { answers: [aaaa(NAME, LOCATOR), A, ulid(NAME, CMULA)] },
    ulid: has(),
  },
  {
    query: 'ANY',
    name: 'no ULID, or an alias',
    outcome: 'unchanged',
    why: 'nothing to hide',
    message: question('ANY', NAME),
    main: { answers: [A] },
    ulid: none,
  },
  {
    query: 'ANY, DO',
    name: 'ULID, everything authentic',
    outcome: 'AAAA: the ULIDs; no signatures',
    why: 'no AD: it says nothing of the other RRsets',
    message: question('ANY', NAME, DNSSEC_OK),
    main: { answers: [aaaa(NAME, LOCATOR), A], flags: secure, ...DNSSEC_OK },
    ulid: hasSecure,
  },
  {
    query: 'ANY, CD',
    name: 'ULID',
    outcome: 'AAAA: the ULIDs',
    why: 'as AAAA with CD',
    message: question('ANY', NAME, CHECKING_DISABLED),
    main: { answers: [aaaa(NAME, LOCATOR), A] },
    ulid: has(),
  },
  {
    query: 'AAAA, an EDNS version that the resolver does not know',
    name: 'any',
    outcome: 'unchanged',
    why: 'BADVERS (RFC 6891 §6.1.3) is an error as good as another',
    message: question('AAAA', NAME, { additionals: [{ ...opt(), ednsVersion: 1 }] }),
    main: { additionals: [{ ...opt(), extendedRcode: 1 }] },
    ulid: has(),
  },
  {
    query: 'AAAA, ANY',
    name: 'a host of the site',
    outcome: 'AAAA: its CMULA',
    why: 'known to the box: no resolver is asked, and none is needed',
    message: question('AAAA', OWN),
  },
  {
    query: 'A',
    name: 'a host of the site',
    outcome: 'NODATA',
    why: 'as above',
    message: question('A', OWN),
  },
  {
    query: 'AAAA',
    name: 'an alias of a host of the site, published or not',
    outcome: 'CNAME, AAAA: its CMULA',
    why: 'internal names always are CMULAs',
    message: question('AAAA', 'www.bar.com'),
    main: { answers: [cname('www.bar.com', OWN), aaaa(OWN, LOCATOR)] },
    ulid: none,
  },
  {
    query: 'AAAA, DO and CD',
    name: 'a host of the site',
    outcome: 'unchanged',
    why: 'the client validates for itself: what is published',
    message: question('AAAA', OWN, { ...CHECKING_DISABLED, ...DNSSEC_OK }),
    main: { answers: [aaaa(OWN, LOCATOR)], ...DNSSEC_OK },
  },
  {
    query: 'PTR of a CMULA',
    name: 'any',
    outcome: 'unchanged',
    why: 'the reverse tree answers through',
    message: question('PTR', '1.0.0.0.0.0.0.0.c.f.ip6.arpa'),
    main: { answers: [{ type: 'PTR', name: '1.0.0.0.0.0.0.0.c.f.ip6.arpa', ttl: 60, data: NAME }] },
  },
  {
    query: 'the ULID type',
    name: 'any',
    outcome: 'unchanged',
    why: 'SHIM6 hosts behind the box may want it',
    message: question(ULID_TYPE, NAME),
    main: has(),
  },
  {
    query: 'MX, SRV, NS, TXT… all other types',
    name: 'any',
    outcome: 'unchanged',
    why: 'additional records, too (RFC 6147 §5.3.2); who wants addresses asks for AAAA',
    message: question('MX', NAME),
    main: { answers: [MX], additionals: [aaaa('mail.foo.com', LOCATOR)] },
  },
  {
    query: 'other classes, opcodes, signed queries (TSIG, SIG(0)), several questions or none, malformed',
    name: 'any',
    outcome: 'unchanged',
    why: 'only the resolver may answer; it judges what is wrong with them',
    message: encode({ questions: [{ type: 'AAAA', name: NAME, class: 'CH' }] }),
    main: {},
  },
  {
    query: 'AXFR, IXFR over TCP',
    name: 'any',
    outcome: 'unchanged',
    why: 'every message of the transfer is relayed',
    message: question('AXFR', NAME),
    main: { answers: [soa('foo.com')] },
  },
];

/** Asks, lets the resolver answer, and says what the client got, and whether the next one gets it from memory. */
export function outcomeOf({ message, main, ulid: ulidAnswer, hideIpv4 }: Decision): {
  outcome: string;
  kept: 'yes' | 'no';
} {
  const scene = new Scene(hideIpv4 === undefined ? {} : { hideIpv4 }, undefined, { [OWN]: OWN_CMULA });
  const transport = decodeType(message) === 'AXFR' ? 'tcp' : 'udp';
  scene.alg.handleQuery(scene.now, { client: CLIENT, transport, token: 1, message });
  const effects = scene.effects();
  const [first, second] = only(effects, 'query-upstream');
  const answers = only(effects, 'answer').map((answer) => answer.message);
  const take = (more: ReturnType<Scene['effects']>): void => {
    answers.push(...only(more, 'answer').map((answer) => answer.message));
  };
  let original: Buffer | undefined;
  if (first !== undefined && main !== undefined) {
    original = response(first, main);
    take(scene.reply(first, original));
  }
  if (second !== undefined && ulidAnswer !== undefined && answers.length === 0) {
    take(scene.reply(second, response(second, ulidAnswer)));
  }
  for (let wait = 0; answers.length === 0 && wait < 10; wait++) take(scene.advance(500));
  const kept = scene.alg.kept > 0 ? 'yes' : 'no';
  if (answers.length !== 1) return { outcome: `${answers.length} answers`, kept };
  return { outcome: describeOutcome(answers[0]!, message, original), kept };
}

const CLIENT = { address: parseAddress('fc00:db8:1::9'), port: 5353 };
const decodeType = (message: Buffer): string | undefined => decode(message).questions?.[0]?.type;

function describeOutcome(answer: Uint8Array, query: Buffer, original: Buffer | undefined): string {
  const message = decode(answer);
  const rcode = message.rcode === 'NOERROR' ? '' : message.rcode;
  const authentic = message.flag_ad ? '; AD' : '';
  if (original !== undefined && Buffer.from(answer).equals(withId(original, query.readUInt16BE()))) {
    return `unchanged${rcode === '' ? '' : `, ${rcode}`}${authentic}`;
  }
  if (rcode !== '') return rcode;
  const wantsSignatures = decode(query).additionals?.some((record) => 'flag_do' in record && record.flag_do);
  const answers = message.answers as unknown as Fields[];
  const signatures = wantsSignatures === true ? '; no signatures' : '';
  if (answers.length === 0) {
    return (message.authorities?.length === 1 ? 'NODATA, SOA' : 'NODATA') + authentic + signatures;
  }
  const rest = message.additionals?.filter(({ type }) => type !== 'OPT') ?? [];
  const more = rest.length === 0 ? '' : `; ${rest.length} additional records`;
  return answers.map(describeRecord).join(', ') + more + authentic + signatures;
}

function describeRecord({ type, data }: Fields): string {
  if (type === 'AAAA') {
    if (data === CMULA) return 'AAAA: the ULIDs';
    return data === OWN_CMULA ? 'AAAA: its CMULA' : `AAAA: ${data}`;
  }
  if (type !== HTTPS) return type;
  const keys = (data as Buffer).subarray((data as Buffer).indexOf(0, 2) + 1);
  if (keys.length === 0) return 'HTTPS without address hints';
  return keys[1] === 4 && keys.length === 8 ? 'HTTPS without ipv6hint' : 'HTTPS with hints';
}

/** The table as docs/dns.md has it. */
export const decisionTable = (): string =>
  [
    '| query | name | answer | kept | why |',
    '|---|---|---|---|---|',
    ...DECISIONS.map((decision) => {
      const { query, name, outcome, why } = decision;
      return `| ${query} | ${name} | ${outcome} | ${outcomeOf(decision).kept} | ${why} |`;
    }),
  ].join('\n');
