/** Records as rows of the tables in migrations.ts, and rows as records. */
import { formatPrefix, type Prefix, parsePrefix } from '../../wire/ipv6/prefix.ts';
import type { AddressParts, HbaParts, Keys, Records, TableName } from '../records.ts';

export type Value = string | number | Uint8Array | null;
export type Row = Readonly<Record<string, Value>>;

interface Table<Name extends TableName> {
  readonly key: readonly string[];
  readonly columns: readonly string[];
  /** The key's columns, in their order. */
  readonly keyOf: (key: Keys[Name]) => readonly Value[];
  /** All columns, in their order. */
  readonly encode: (record: Records[Name]) => readonly Value[];
  readonly decode: (row: Row) => Records[Name];
}

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
const octets = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, 'hex'));

function encodeHba(hba: HbaParts | undefined): string | null {
  if (hba === undefined) return null;
  const { prefixes, extendedModifier } = hba;
  return JSON.stringify({
    prefixes: prefixes.map(formatPrefix),
    ...(extendedModifier && { extendedModifier: hex(extendedModifier) }),
  });
}

function decodeHba(text: string): HbaParts {
  const { prefixes, extendedModifier }: { prefixes: string[]; extendedModifier?: string } = JSON.parse(text);
  return {
    prefixes: prefixes.map(parsePrefix),
    ...(extendedModifier !== undefined && { extendedModifier: octets(extendedModifier) }),
  };
}

const PARTS = ['subnet', 'modifier', 'collision_count', 'sec', 'hba'] as const;

/** Hosts share few subnets. */
const subnets = new WeakMap<Prefix, string>();

function subnetText(subnet: Prefix): string {
  let text = subnets.get(subnet);
  if (text === undefined) {
    text = formatPrefix(subnet);
    subnets.set(subnet, text);
  }
  return text;
}

/** In the order of PARTS. */
const encodeParts = ({ subnet, modifier, collisionCount, sec, hba }: AddressParts) =>
  [subnetText(subnet), modifier, collisionCount, sec, encodeHba(hba)] as const;

const decodeParts = (row: Row): AddressParts => ({
  subnet: parsePrefix(row['subnet'] as string),
  modifier: row['modifier'] as Uint8Array,
  collisionCount: row['collision_count'] as number,
  sec: row['sec'] as AddressParts['sec'],
  ...(row['hba'] !== null && { hba: decodeHba(row['hba'] as string) }),
});

/** A member for a column that may be NULL: absent then. */
const optional = (name: string, value: Value | undefined) => (value === null ? {} : { [name]: value });

const plainly = <Name extends TableName>(
  key: readonly string[],
  columns: readonly string[],
): Table<Name> => ({
  key,
  columns,
  keyOf: (record) => key.map((column) => (record as unknown as Row)[column]!),
  encode: (record) => columns.map((column) => (record as unknown as Row)[column]!),
  decode: (row) => ({ ...row }) as unknown as Records[Name],
});

export const TABLES: { readonly [Name in TableName]: Table<Name> } = {
  bindings: {
    key: ['ulid'],
    columns: [
      'ulid',
      'duid',
      'iaid',
      ...PARTS,
      'name',
      'state',
      'bound_at',
      'preferred_until',
      'valid_until',
    ],
    keyOf: ({ ulid }) => [ulid],
    encode: (record) => [
      record.ulid,
      record.duid,
      record.iaid,
      ...encodeParts(record),
      record.name ?? null,
      record.state,
      record.boundAt,
      record.preferredUntil,
      record.validUntil,
    ],
    decode: (row) => ({
      ...decodeParts(row),
      ulid: row['ulid'] as Uint8Array,
      duid: row['duid'] as Uint8Array,
      iaid: row['iaid'] as number,
      ...optional('name', row['name']),
      state: row['state'] as Records['bindings']['state'],
      boundAt: row['bound_at'] as number,
      preferredUntil: row['preferred_until'] as number,
      validUntil: row['valid_until'] as number,
    }),
  },
  quarantine: plainly<'quarantine'>(['address'], ['address', 'duid', 'until']),
  reservations: {
    key: ['name'],
    columns: ['name', 'ulid', 'duid', 'remote_id', ...PARTS],
    keyOf: ({ name }) => [name],
    encode: ({ name, ulid, duid, remoteId, ...parts }) => [
      name,
      ulid,
      duid ?? null,
      remoteId ?? null,
      ...encodeParts(parts),
    ],
    decode: (row) => ({
      ...decodeParts(row),
      name: row['name'] as string,
      ulid: row['ulid'] as Uint8Array,
      ...optional('duid', row['duid']),
      ...optional('remoteId', row['remote_id']),
    }),
  },
  modifiers: plainly<'modifiers'>(['modifier'], ['modifier', 'sec', 'set']),
  providers: {
    key: ['name'],
    columns: ['name', 'state', 'until', 'configuration'],
    keyOf: ({ name }) => [name],
    encode: ({ name, state, until, configuration }) => [name, state, until ?? null, configuration],
    decode: (row) => ({
      name: row['name'] as string,
      state: row['state'] as Records['providers']['state'],
      ...optional('until', row['until']),
      configuration: row['configuration'] as string,
    }),
  },
  locators: plainly<'locators'>(['ulid', 'provider'], ['ulid', 'provider', 'address']),
  publications: plainly<'publications'>(['name'], ['name', 'state']),
  settings: plainly<'settings'>(['key'], ['key', 'value']),
};

export const TABLE_NAMES = Object.keys(TABLES) as readonly TableName[];
