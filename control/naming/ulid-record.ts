/**
 * The ULID resource record: a private-use type whose RDATA is one ULID, 16 octets. Name servers that do not
 * know it serve it in the generic form of RFC 3597 §5: `h2.foo.com. 3600 IN TYPE65280 \# 16 fc000db8…`.
 */
import { ADDRESS_LENGTH, type Address } from '../wire/ipv6/address.ts';

/** First type of the private-use range (RFC 6895 §3.1). */
export const DEFAULT_ULID_TYPE = 65280;

export class UlidRecordError extends Error {
  readonly text: string;
  constructor(text: string, expected: string) {
    super(`${JSON.stringify(text)} is not ${expected}`);
    this.name = 'UlidRecordError';
    this.text = text;
  }
}

export const formatUlidType = (type: number = DEFAULT_ULID_TYPE): string => `TYPE${type}`;

/** RDATA in generic form: `\# 16` and 32 hexadecimal digits. */
export const formatUlidData = (ulid: Address): string =>
  `\\# ${ADDRESS_LENGTH} ${Buffer.from(ulid).toString('hex')}`;

/** A zone file line. `name` in presentation form, `ttl` in seconds. */
export function formatUlidRecord(
  name: string,
  ttl: number,
  ulid: Address,
  type: number = DEFAULT_ULID_TYPE,
): string {
  return `${name} ${ttl} IN ${formatUlidType(type)} ${formatUlidData(ulid)}`;
}

/**
 * The ULID in RDATA of generic form; digits may be broken into several words (RFC 3597 §5).
 * Throws UlidRecordError.
 */
export function parseUlidData(text: string): Address {
  const [mark, length, ...words] = text.trim().split(/\s+/);
  const digits = words.join('');
  if (mark !== '\\#' || length !== '16' || !/^[0-9a-fA-F]{32}$/.test(digits)) {
    throw new UlidRecordError(
      text,
      'ULID data in generic form, like \\# 16 fc000db8000100000000000000000001',
    );
  }
  return Uint8Array.from(Buffer.from(digits, 'hex'));
}

/** A line as `formatUlidRecord` or `dig +noall +answer` prints it. Throws UlidRecordError. */
export function parseUlidRecord(
  line: string,
  type: number = DEFAULT_ULID_TYPE,
): { name: string; ttl: number; ulid: Address } {
  const fields = /^(\S+)\s+(\d{1,10})\s+IN\s+(\S+)\s+(.*)$/is.exec(line.trim());
  if (fields === null || fields[3]!.toUpperCase() !== formatUlidType(type)) {
    throw new UlidRecordError(
      line,
      `a ${formatUlidType(type)} record: NAME TTL IN ${formatUlidType(type)} \\# 16 …`,
    );
  }
  return { name: fields[1]!, ttl: Number(fields[2]), ulid: parseUlidData(fields[4]!) };
}
