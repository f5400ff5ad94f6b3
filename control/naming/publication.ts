/**
 * What the world's name servers are to know of the site's hosts: locators as AAAA, the CMULA in a ULID record only, and
 * PTR records so that an address leads to a name whose AAAA and ULID can be fetched. Pure: hosts come in, records and
 * updates come out.
 */
import { TYPE } from '../wire/dns/constants.ts';
import { isBelow, isDomainName, type Name, nameKey, parseName } from '../wire/dns/name.ts';
import type { ResourceRecord, UpdateRequest } from '../wire/dns/update.ts';
import { type Address, formatAddress } from '../wire/ipv6/address.ts';
import type { Prefix } from '../wire/ipv6/prefix.ts';
import { isLocator } from './addresses.ts';

export const TYPE_PTR = 12;

export interface PublishedHost {
  /** Fully qualified, without a final dot. */
  readonly name: string;
  readonly ulid: Address;
  readonly locators: readonly Address[];
}

export interface PublicationSettings {
  /** Seconds. */
  readonly ttl: number;
  readonly ulidType: number;
}

/** The records of one owner name in one zone: what is published, replaced and withdrawn as a whole. */
export interface NameRecords {
  readonly zone: Name;
  readonly name: Name;
  /** By type, in the order of their octets. */
  readonly records: readonly ResourceRecord[];
}

/** The ip6.arpa name of an address's first `bits` bits (RFC 3596 §2.5). */
export function reverseName(address: Address, bits = 128): Name {
  const nibbles = [
    ...Buffer.from(address)
      .toString('hex')
      .slice(0, bits / 4),
  ].reverse();
  return parseName([...nibbles, 'ip6', 'arpa'].join('.'));
}

/** The zone of a prefix, whose length must be a multiple of 4. */
export const reverseZone = ({ address, length }: Prefix): Name => reverseName(address, length);

/**
 * The records of all hosts in those of the zones that they belong to: the longest zone that holds a name has it. An
 * address that is not routable is in no AAAA, whoever asks.
 */
export function namesIn(
  zones: readonly Name[],
  hosts: Iterable<PublishedHost>,
  { ulidType }: Pick<PublicationSettings, 'ulidType'>,
): ReadonlyMap<string, NameRecords> {
  const names = new Map<string, { zone: Name; name: Name; records: ResourceRecord[] }>();
  const put = (name: Name, type: number, data: Uint8Array) => {
    const zone = zoneOf(zones, name);
    if (zone === undefined) return;
    const key = nameKey(name);
    const entry = names.get(key) ?? { zone, name, records: [] };
    entry.records.push({ name, type, data });
    names.set(key, entry);
  };
  for (const { name: text, ulid, locators } of hosts) {
    // Hosts may be called what no domain name can be: those are in no zone.
    if (!isDomainName(text)) continue;
    const name = parseName(text);
    const routable = locators.filter(isLocator);
    // A name without a locator could not be reached by what its ULID record promises.
    if (routable.length === 0) continue;
    for (const locator of routable) put(name, TYPE.AAAA, locator);
    put(name, ulidType, ulid);
    for (const address of [ulid, ...routable]) put(reverseName(address), TYPE_PTR, name);
  }
  for (const { records } of names.values()) records.sort(byTypeAndData);
  return names;
}

function zoneOf(zones: readonly Name[], name: Name): Name | undefined {
  const holding = zones.filter((zone) => nameKey(zone) === nameKey(name) || isBelow(name, zone));
  return holding.sort((first, second) => second.length - first.length)[0];
}

const byTypeAndData = (first: ResourceRecord, second: ResourceRecord): number =>
  first.type - second.type || Buffer.compare(first.data, second.data);

/** Text that is equal for equal records: how what a server has is remembered. */
export const printRecords = (records: readonly ResourceRecord[]): readonly string[] =>
  records.map(({ type, data }) => `${type} ${Buffer.from(data).toString('hex')}`);

/** Throws nothing: lines that are no records of ours are left out. */
export function parseRecords(name: Name, lines: readonly string[]): readonly ResourceRecord[] {
  return lines.flatMap((line) => {
    const [, type, digits] = /^(\d{1,5}) ([0-9a-f]*)$/.exec(line) ?? [];
    if (type === undefined) return [];
    return [{ name, type: Number(type), data: Uint8Array.from(Buffer.from(digits!, 'hex')) }];
  });
}

/** How sure we are that a name is ours to change. */
export type Claim =
  /** It has the ULID record that we put there, or nobody's. */
  | 'known'
  /** Nobody has it. */
  | 'unused'
  /** It has the ULID record that we are about to put there: an earlier run did, or the operator. */
  | 'same-ulid';

/**
 * The update that makes a name's sets `wanted`, from `published`, under the prerequisite of the claim: what belongs to
 * somebody else is not touched, though a client may call itself www (RFC 4703 knows the danger).
 */
export function updateOf(
  { zone, name }: Pick<NameRecords, 'zone' | 'name'>,
  published: readonly ResourceRecord[],
  wanted: readonly ResourceRecord[],
  claim: Claim,
  { ttl, ulidType }: PublicationSettings,
): UpdateRequest {
  const types = new Set([...published, ...wanted].map(({ type }) => type));
  return {
    zone,
    prerequisites: prerequisitesOf(name, published, wanted, claim, ulidType),
    steps: [
      ...[...types].map((type) => ({ kind: 'delete-set', name, type }) as const),
      ...wanted.map((record) => ({ kind: 'add', record, ttl }) as const),
    ],
  };
}

function prerequisitesOf(
  name: Name,
  published: readonly ResourceRecord[],
  wanted: readonly ResourceRecord[],
  claim: Claim,
  ulidType: number,
): UpdateRequest['prerequisites'] {
  const ulidIn = (records: readonly ResourceRecord[]) => records.find(({ type }) => type === ulidType);
  // A reverse name is of an address, and the address is ours by its hash.
  if (ulidIn(published) === undefined && ulidIn(wanted) === undefined) return [];
  if (claim === 'unused') return [{ kind: 'name-not-in-use', name }];
  const record = claim === 'known' ? ulidIn(published) : ulidIn(wanted);
  return record === undefined ? [] : [{ kind: 'set-is', record }];
}

/** One record as a zone file line: types that servers may not know in the form of RFC 3597 §5. */
export function formatRecord(
  { name, type, data }: ResourceRecord,
  ttl: number,
  print: (name: Name) => string,
): string {
  const owner = `${print(name)} ${ttl} IN`;
  if (type === TYPE.AAAA) return `${owner} AAAA ${formatAddress(data)}`;
  if (type === TYPE_PTR) return `${owner} PTR ${print(data)}`;
  return `${owner} TYPE${type} \\# ${data.length} ${Buffer.from(data).toString('hex')}`;
}
