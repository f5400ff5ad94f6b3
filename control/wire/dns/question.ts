/** The question section (RFC 1035 §4.1.2). */
import { DnsDecodeError } from './decode-error.ts';
import { HEADER_LENGTH, type Header } from './header.ts';
import { equalName, type Name, readName } from './name.ts';
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
