/** One row per option: its code, where it may stand, its least length, how it is read and written. */
import { ADDRESS_LENGTH } from '../ipv6/address.ts';
import { EncodeError, type Reader, type Writer } from '../octets.ts';
import { DUID_LENGTH } from './constants.ts';
import { readWireName } from './names.ts';
import type { Option, OptionName, OptionOf, UnrecognizedOption } from './options.ts';

/** What an option lies in. Bounds recursion: an address of an IA holds options, but no further IA. */
export type Container = 'message' | 'relay' | 'ia' | 'address';

interface OptionRow<N extends OptionName> {
  readonly code: number;
  readonly section: string;
  readonly containers: readonly Container[];
  /** Least octets of contents. */
  readonly minimumLength: number;
  /** The reader holds the contents and nothing else; what it leaves unread is an error of length. */
  readonly decode: (contents: Reader) => OptionOf<N>;
  readonly encode: (writer: Writer, option: OptionOf<N>) => void;
}

const MAXIMUM_CONTENTS = 0xffff;
const OPTION_HEADER_LENGTH = 4;
const text = new TextDecoder('utf-8', { ignoreBOM: true });
const inMessage = ['message'] as const;
const inIa = ['ia'] as const;

export const optionRows: { readonly [N in OptionName]: OptionRow<N> } = {
  ClientIdentifier: {
    code: 1,
    section: 'RFC 8415 §21.2',
    containers: inMessage,
    minimumLength: DUID_LENGTH.minimum,
    decode: (contents) => ({ type: 'ClientIdentifier', duid: readDuid(contents) }),
    encode: (writer, { duid }) => writer.put(checkedDuid(duid)),
  },
  ServerIdentifier: {
    code: 2,
    section: 'RFC 8415 §21.3',
    containers: inMessage,
    minimumLength: DUID_LENGTH.minimum,
    decode: (contents) => ({ type: 'ServerIdentifier', duid: readDuid(contents) }),
    encode: (writer, { duid }) => writer.put(checkedDuid(duid)),
  },
  IaNa: {
    code: 3,
    section: 'RFC 8415 §21.4',
    containers: inMessage,
    minimumLength: 12,
    decode: (contents) => ({ type: 'IaNa', ...readIa(contents) }),
    encode: writeIa,
  },
  IaTa: {
    code: 4,
    section: 'RFC 8415 §21.5',
    containers: inMessage,
    minimumLength: 4,
    decode: (contents) => ({ type: 'IaTa', iaid: contents.u32(), options: decodeOptions(contents, 'ia') }),
    encode(writer, { iaid, options }) {
      writer.u32(iaid);
      encodeOptions(writer, options);
    },
  },
  IaPd: {
    code: 25,
    section: 'RFC 8415 §21.21',
    containers: inMessage,
    minimumLength: 12,
    decode: (contents) => ({ type: 'IaPd', ...readIa(contents) }),
    encode: writeIa,
  },
  IaAddress: {
    code: 5,
    section: 'RFC 8415 §21.6',
    containers: inIa,
    minimumLength: 24,
    decode: (contents) => ({
      type: 'IaAddress',
      address: contents.take(ADDRESS_LENGTH),
      preferredLifetime: contents.u32(),
      validLifetime: contents.u32(),
      options: decodeOptions(contents, 'address'),
    }),
    encode(writer, { address, preferredLifetime, validLifetime, options }) {
      writer.put(address).u32(preferredLifetime).u32(validLifetime);
      encodeOptions(writer, options);
    },
  },
  IaPrefix: {
    code: 26,
    section: 'RFC 8415 §21.22',
    containers: inIa,
    minimumLength: 25,
    decode: (contents) => ({
      type: 'IaPrefix',
      preferredLifetime: contents.u32(),
      validLifetime: contents.u32(),
      length: contents.u8(),
      prefix: contents.take(ADDRESS_LENGTH),
      options: decodeOptions(contents, 'address'),
    }),
    encode(writer, { preferredLifetime, validLifetime, length, prefix, options }) {
      writer.u32(preferredLifetime).u32(validLifetime).u8(length).put(prefix);
      encodeOptions(writer, options);
    },
  },
  OptionRequest: {
    code: 6,
    section: 'RFC 8415 §21.7',
    containers: inMessage,
    minimumLength: 0,
    decode(contents) {
      const codes: number[] = [];
      while (contents.remaining > 0) codes.push(contents.u16());
      return { type: 'OptionRequest', codes };
    },
    encode(writer, { codes }) {
      for (const code of codes) writer.u16(code);
    },
  },
  Preference: {
    code: 7,
    section: 'RFC 8415 §21.8',
    containers: inMessage,
    minimumLength: 1,
    decode: (contents) => ({ type: 'Preference', value: contents.u8() }),
    encode: (writer, { value }) => writer.u8(value),
  },
  ElapsedTime: {
    code: 8,
    section: 'RFC 8415 §21.9',
    containers: inMessage,
    minimumLength: 2,
    decode: (contents) => ({ type: 'ElapsedTime', elapsed: contents.u16() }),
    encode: (writer, { elapsed }) => writer.u16(elapsed),
  },
  RelayMessage: {
    code: 9,
    section: 'RFC 8415 §21.10',
    containers: ['relay'],
    minimumLength: 4,
    decode: (contents) => ({ type: 'RelayMessage', message: contents.take(contents.remaining) }),
    encode: (writer, { message }) => writer.put(message),
  },
  StatusCode: {
    code: 13,
    section: 'RFC 8415 §21.13',
    containers: ['message', 'ia', 'address'],
    minimumLength: 2,
    decode: (contents) => ({
      type: 'StatusCode',
      code: contents.u16(),
      message: text.decode(contents.take(contents.remaining)),
    }),
    encode: (writer, { code, message }) => writer.u16(code).put(new TextEncoder().encode(message)),
  },
  RapidCommit: {
    code: 14,
    section: 'RFC 8415 §21.14',
    containers: inMessage,
    minimumLength: 0,
    decode: () => ({ type: 'RapidCommit' }),
    encode: () => undefined,
  },
  InterfaceId: {
    code: 18,
    section: 'RFC 8415 §21.18',
    containers: ['relay'],
    minimumLength: 0,
    decode: (contents) => ({ type: 'InterfaceId', identifier: contents.take(contents.remaining) }),
    encode: (writer, { identifier }) => writer.put(identifier),
  },
  ReconfigureAccept: {
    code: 20,
    section: 'RFC 8415 §21.20',
    containers: inMessage,
    minimumLength: 0,
    decode: () => ({ type: 'ReconfigureAccept' }),
    encode: () => undefined,
  },
  DnsServers: {
    code: 23,
    section: 'RFC 3646 §3',
    containers: inMessage,
    minimumLength: 0,
    decode(contents) {
      const addresses = [];
      while (contents.remaining > 0) addresses.push(contents.take(ADDRESS_LENGTH));
      return { type: 'DnsServers', addresses };
    },
    encode(writer, { addresses }) {
      for (const address of addresses) writer.put(address);
    },
  },
  DomainSearchList: {
    code: 24,
    section: 'RFC 3646 §4',
    containers: inMessage,
    minimumLength: 0,
    decode(contents) {
      const names = [];
      while (contents.remaining > 0) names.push(readWireName(contents).name);
      return { type: 'DomainSearchList', names };
    },
    encode(writer, { names }) {
      for (const name of names) writer.put(name);
    },
  },
  InformationRefreshTime: {
    code: 32,
    section: 'RFC 8415 §21.23',
    containers: inMessage,
    minimumLength: 4,
    decode: (contents) => ({ type: 'InformationRefreshTime', time: contents.u32() }),
    encode: (writer, { time }) => writer.u32(time),
  },
  RemoteId: {
    code: 37,
    section: 'RFC 4649 §3',
    containers: ['relay'],
    minimumLength: 5,
    decode: (contents) => ({
      type: 'RemoteId',
      enterprise: contents.u32(),
      identifier: contents.take(contents.remaining),
    }),
    encode: (writer, { enterprise, identifier }) => writer.u32(enterprise).put(identifier),
  },
  ClientFqdn: {
    code: 39,
    section: 'RFC 4704 §4',
    containers: inMessage,
    minimumLength: 1,
    decode(contents) {
      const flags = contents.u8();
      return { type: 'ClientFqdn', flags, ...readWireName(contents, true) };
    },
    encode: (writer, { flags, name, qualified }) =>
      writer.u8(flags).put(qualified ? name : name.subarray(0, -1)),
  },
  SolMaxRt: {
    code: 82,
    section: 'RFC 8415 §21.24',
    containers: inMessage,
    minimumLength: 4,
    decode: (contents) => ({ type: 'SolMaxRt', value: contents.u32() }),
    encode: (writer, { value }) => writer.u32(value),
  },
  InfMaxRt: {
    code: 83,
    section: 'RFC 8415 §21.25',
    containers: inMessage,
    minimumLength: 4,
    decode: (contents) => ({ type: 'InfMaxRt', value: contents.u32() }),
    encode: (writer, { value }) => writer.u32(value),
  },
};

/** Code of an option, as an Option Request names it. */
export const optionCode = (name: OptionName): number => optionRows[name].code;

/** The rows, seen without the type of their option. */
type AnyRow = OptionRow<OptionName>;
const rowByCode = new Map(
  Object.values(optionRows).map((row) => [row.code, row as unknown as AnyRow] as const),
);

/** Reads options to the reader's end. Throws DecodeError where a length does not fit. */
export function decodeOptions(reader: Reader, container: Container): Option[] {
  const options: Option[] = [];
  while (reader.remaining > 0) {
    const at = reader.position;
    const code = reader.u16();
    const length = reader.u16();
    const row = rowByCode.get(code);
    if (row === undefined || !row.containers.includes(container)) {
      options.push({ type: 'Unrecognized', code, contents: reader.take(length) });
      continue;
    }
    const contents = reader.within(length, row.section);
    if (length < row.minimumLength) contents.fail('length', `${length} octets`, at);
    options.push(row.decode(contents));
    if (contents.remaining > 0) contents.fail('length', `${contents.remaining} octets too many`);
  }
  return options;
}

/** Throws EncodeError where a value does not fit. */
export function encodeOptions(writer: Writer, options: readonly Option[]): void {
  for (const option of options) encodeOption(writer, option);
}

function encodeOption(writer: Writer, option: Option): void {
  const at = writer.length;
  const row = option.type === 'Unrecognized' ? undefined : (optionRows[option.type] as unknown as AnyRow);
  writer.u16(row?.code ?? (option as UnrecognizedOption).code).u16(0);
  if (option.type === 'Unrecognized') writer.put(option.contents);
  else row!.encode(writer, option);
  const length = writer.length - at - OPTION_HEADER_LENGTH;
  if (length > MAXIMUM_CONTENTS) throw new EncodeError('too-long', 'RFC 8415 §21.1', `${length} octets`);
  writer.setU16(at + 2, length);
}

function readIa(contents: Reader): { iaid: number; t1: number; t2: number; options: Option[] } {
  return {
    iaid: contents.u32(),
    t1: contents.u32(),
    t2: contents.u32(),
    options: decodeOptions(contents, 'ia'),
  };
}

function writeIa(
  writer: Writer,
  { iaid, t1, t2, options }: { iaid: number; t1: number; t2: number; options: readonly Option[] },
): void {
  writer.u32(iaid).u32(t1).u32(t2);
  encodeOptions(writer, options);
}

function readDuid(contents: Reader): Uint8Array {
  if (contents.remaining > DUID_LENGTH.maximum)
    contents.fail('length', `a DUID of ${contents.remaining} octets`);
  return contents.take(contents.remaining);
}

function checkedDuid(duid: Uint8Array): Uint8Array {
  if (duid.length >= DUID_LENGTH.minimum && duid.length <= DUID_LENGTH.maximum) return duid;
  throw new EncodeError('value', 'RFC 8415 §11.1', `a DUID of ${duid.length} octets`);
}
