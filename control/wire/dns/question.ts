/** The question section (RFC 1035 §4.1.2). */
import { DnsDecodeError } from './decode-error.ts';
import { HEADER_LENGTH, type Header } from './header.ts';
import { endOfPlainName, equalName, type Name, readName } from './name.ts';
import { read16 } from './octets.ts';

export interface Question {
  /** As sent, case kept. */
  readonly name: Name;
  readonly type: number;
  readonly class: number;
  /** Offset of the octet after the question. */
  readonly end: number;
}

/** The only question. Throws DnsDecodeError, `question-count` if there are none or several. */
export function readQuestion(message: Uint8Array, header: Header): Question {
  if (header.questions !== 1) throw new DnsDecodeError('question-count', 4);
  const { name, end } = readName(message, HEADER_LENGTH);
  return { name, type: read16(message, end), class: read16(message, end + 2), end: end + 4 };
}

export function equalQuestion(first: Question, second: Question): boolean {
  return first.type === second.type && first.class === second.class && equalName(first.name, second.name);
}

/**
 * Whether a message has the question of another octet for octet, as nearly every answer has that of its query. Both have
 * one; false also where names are compressed or malformed.
 */
export function repeatsQuestion(message: Uint8Array, other: Uint8Array): boolean {
  const name = endOfPlainName(other, HEADER_LENGTH);
  if (name === undefined) return false;
  const end = name + 4;
  if (message.length < end || other.length < end) return false;
  for (let at = HEADER_LENGTH; at < end; at++) if (message[at] !== other[at]) return false;
  return true;
}
