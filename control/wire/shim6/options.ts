/**
 * SHIM6 options, RFC 5533 §5.15 and RFC 5534 §5.3: one table row each. An option that a message does not define
 * is kept as bytes with its C bit; whoever handles the message decides (RFC 5533 §5.15).
 */
import { ADDRESS_LENGTH, type Address } from '../ipv6/address.ts';
import { EncodeError, type Reader, type Writer } from '../octets.ts';

/**
 * Verification methods of RFC 5533 §5.15.2. The registry of §17 lists the two the other way round; the format
 * section governs, and deployed dissectors agree with it.
 */
export const VerificationMethod = { HBA: 1, CGA: 2 } as const;

/** Flags of a Locator Preferences element, RFC 5533 §5.15.3. */
export const PreferenceFlag = { BROKEN: 0x01, TRANSIENT: 0x02 } as const;

export interface ResponderValidator {
  readonly type: 'ResponderValidator';
  readonly validator: Uint8Array;
}

export interface ListedLocator {
  readonly address: Address;
  /** A VerificationMethod, or a value this specification does not define. */
  readonly method: number;
}

export interface LocatorList {
  readonly type: 'LocatorList';
  readonly generation: number;
  /** At most 255. */
  readonly locators: readonly ListedLocator[];
}

export interface LocatorPreference {
  readonly flags: number;
  /** As in DNS SRV: lower is better. Zero when the element is too short to tell. */
  readonly priority: number;
  readonly weight: number;
}

export interface LocatorPreferences {
  readonly type: 'LocatorPreferences';
  readonly generation: number;
  /** Octets per element: 1 flags, 2 with priority, 3 with weight. What follows the third octet is not kept. */
  readonly elementLength: number;
  /** The ith is about the ith locator of the list of that generation. */
  readonly elements: readonly LocatorPreference[];
}

export interface CgaParameterDataStructure {
  readonly type: 'CgaParameterDataStructure';
  /** Encoded CGA Parameters. */
  readonly parameters: Uint8Array;
}

export interface CgaSignature {
  readonly type: 'CgaSignature';
  readonly signature: Uint8Array;
}

export interface UlidPair {
  readonly type: 'UlidPair';
  readonly sender: Address;
  readonly receiver: Address;
}

export interface ForkedInstanceIdentifier {
  readonly type: 'ForkedInstanceIdentifier';
  readonly identifier: number;
}

export interface KeepaliveTimeout {
  readonly type: 'KeepaliveTimeout';
  /** Seconds. */
  readonly timeout: number;
}

/** Not known, or not defined for the message that carries it. */
export interface UnrecognizedOption {
  readonly type: 'Unrecognized';
  readonly code: number;
  /** The C bit: the rest of the message must not be processed. */
  readonly critical: boolean;
  readonly contents: Uint8Array;
}

type RecognizedOption =
  | ResponderValidator
  | LocatorList
  | LocatorPreferences
  | CgaParameterDataStructure
  | CgaSignature
  | UlidPair
  | ForkedInstanceIdentifier
  | KeepaliveTimeout;
export type Option = RecognizedOption | UnrecognizedOption;
export type OptionName = RecognizedOption['type'];

interface OptionRow<O extends RecognizedOption> {
  readonly type: number;
  readonly section: string;
  /** Least octets of contents. */
  readonly minimumLength: number;
  /** The reader holds the contents and nothing else. */
  readonly decode: (contents: Reader) => O;
  readonly encode: (writer: Writer, option: O) => void;
}

export const OPTION_HEADER_LENGTH = 4;
const FLAGS_AND_PREFERENCES = 3;

export const optionRows: { readonly [N in OptionName]: OptionRow<Extract<RecognizedOption, { type: N }>> } = {
  ResponderValidator: {
    type: 1,
    section: 'RFC 5533 §5.15.1',
    minimumLength: 0,
    decode: (contents) => ({ type: 'ResponderValidator', validator: contents.take(contents.remaining) }),
    encode: (writer, option) => writer.put(option.validator),
  },
  LocatorList: {
    type: 2,
    section: 'RFC 5533 §5.15.2',
    minimumLength: 5,
    decode: decodeLocatorList,
    encode(writer, { generation, locators }) {
      const section = optionRows.LocatorList.section;
      if (locators.length > 255) throw new EncodeError('too-long', section, 'more than 255 locators');
      writer.u32(generation).u8(locators.length);
      for (const { method } of locators) writer.u8(method);
      writer.align(8);
      for (const { address } of locators) writer.put(address);
    },
  },
  LocatorPreferences: {
    type: 3,
    section: 'RFC 5533 §5.15.3',
    minimumLength: 5,
    decode: decodeLocatorPreferences,
    encode(writer, { generation, elementLength, elements }) {
      if (elementLength < 1 || elementLength > FLAGS_AND_PREFERENCES) {
        throw new EncodeError('value', optionRows.LocatorPreferences.section, 'Element Len is not 1, 2 or 3');
      }
      writer.u32(generation).u8(elementLength);
      for (const { flags, priority, weight } of elements) {
        writer.u8(flags);
        if (elementLength > 1) writer.u8(priority);
        if (elementLength > 2) writer.u8(weight);
      }
    },
  },
  CgaParameterDataStructure: {
    type: 4,
    section: 'RFC 5533 §5.15.4',
    minimumLength: 1,
    decode: (contents) => ({
      type: 'CgaParameterDataStructure',
      parameters: contents.take(contents.remaining),
    }),
    encode: (writer, option) => writer.put(option.parameters),
  },
  CgaSignature: {
    type: 5,
    section: 'RFC 5533 §5.15.5',
    minimumLength: 1,
    decode: (contents) => ({ type: 'CgaSignature', signature: contents.take(contents.remaining) }),
    encode: (writer, option) => writer.put(option.signature),
  },
  UlidPair: {
    type: 6,
    section: 'RFC 5533 §5.15.6',
    minimumLength: 36,
    decode(contents) {
      contents.skip(4);
      const sender = contents.take(ADDRESS_LENGTH);
      return { type: 'UlidPair', sender, receiver: end(contents, contents.take(ADDRESS_LENGTH)) };
    },
    encode: (writer, option) => writer.zeros(4).put(option.sender).put(option.receiver),
  },
  ForkedInstanceIdentifier: {
    type: 7,
    section: 'RFC 5533 §5.15.7',
    minimumLength: 4,
    decode: (contents) => ({ type: 'ForkedInstanceIdentifier', identifier: end(contents, contents.u32()) }),
    encode: (writer, option) => writer.u32(option.identifier),
  },
  KeepaliveTimeout: {
    type: 10,
    section: 'RFC 5534 §5.3',
    minimumLength: 4,
    decode(contents) {
      contents.skip(2);
      return { type: 'KeepaliveTimeout', timeout: end(contents, contents.u16()) };
    },
    encode: (writer, option) => writer.u16(0).u16(option.timeout),
  },
};

const nameByType = new Map(
  (Object.keys(optionRows) as OptionName[]).map((name) => [optionRows[name].type, name] as const),
);

/** Returns `value` when the contents end here. */
function end<T>(contents: Reader, value: T): T {
  if (contents.remaining > 0) contents.fail('length', 'contents are longer than the option defines');
  return value;
}

function decodeLocatorList(contents: Reader): LocatorList {
  const start = contents.position - OPTION_HEADER_LENGTH;
  const generation = contents.u32();
  const count = contents.u8();
  const methods = contents.skip(count);
  const padding = (8 - ((contents.position - start) % 8)) % 8;
  if (contents.remaining !== padding + count * ADDRESS_LENGTH) {
    contents.fail('length', `Length does not fit ${count} locators`);
  }
  contents.skip(padding);
  const locators: ListedLocator[] = [];
  for (let index = 0; index < count; index++) {
    locators.push({ address: contents.take(ADDRESS_LENGTH), method: contents.bytes[methods + index]! });
  }
  return { type: 'LocatorList', generation, locators };
}

function decodeLocatorPreferences(contents: Reader): LocatorPreferences {
  const generation = contents.u32();
  const elementLength = contents.u8();
  if (elementLength === 0) contents.fail('value', 'Element Len is zero', contents.position - 1);
  if (contents.remaining % elementLength !== 0)
    contents.fail('length', 'Length is not a whole number of elements');
  const elements: LocatorPreference[] = [];
  while (contents.remaining > 0) {
    const element = contents.within(elementLength);
    const flags = element.u8();
    const priority = element.remaining > 0 ? element.u8() : 0;
    elements.push({ flags, priority, weight: element.remaining > 0 ? element.u8() : 0 });
  }
  return { type: 'LocatorPreferences', generation, elementLength, elements };
}

/** Octets an option takes with header and padding: 11 + Length - (Length + 3) mod 8 (RFC 5533 §5.15). */
const totalLength = (length: number): number => 11 + length - ((length + 3) % 8);

/** Reads options to the reader's end; `defined` are the options of the message that carries them. */
export function decodeOptions(reader: Reader, defined: readonly OptionName[]): Option[] {
  const options: Option[] = [];
  while (reader.remaining > 0) {
    const header = reader.u16();
    const length = reader.u16();
    const whole = reader.within(totalLength(length) - OPTION_HEADER_LENGTH);
    const code = header >>> 1;
    const name = nameByType.get(code);
    if (name === undefined || !defined.includes(name)) {
      options.push({
        type: 'Unrecognized',
        code,
        critical: (header & 1) === 1,
        contents: whole.take(length),
      });
      continue;
    }
    const row = optionRows[name];
    const contents = whole.within(length, row.section);
    if (length < row.minimumLength) contents.fail('length', `contents are below ${row.minimumLength} octets`);
    options.push(row.decode(contents));
  }
  return options;
}

export function encodeOption(writer: Writer, option: Option): void {
  const start = writer.length;
  if (option.type === 'Unrecognized') {
    writer
      .u16((option.code << 1) | (option.critical ? 1 : 0))
      .u16(0)
      .put(option.contents);
  } else {
    writer.u16(optionRows[option.type].type << 1).u16(0);
    // The row of an option's type takes that option; TypeScript does not see through the index.
    (optionRows[option.type] as OptionRow<RecognizedOption>).encode(writer, option);
  }
  writer.setU16(start + 2, writer.length - start - OPTION_HEADER_LENGTH);
  writer.align(8, start);
}

/**
 * Where the option at `index` starts, in octets from the start of the message: the Pointer of an Error message.
 * `bytes` decoded without error; `headerLength` is that of the message without options.
 */
export function optionOffset(bytes: Uint8Array, headerLength: number, index: number): number {
  let offset = headerLength;
  for (let skipped = 0; skipped < index; skipped++) {
    offset += totalLength((bytes[offset + 2]! << 8) | bytes[offset + 3]!);
  }
  return offset;
}
