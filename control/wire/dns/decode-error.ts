/** What can be wrong with a DNS message. Thrown by everything in this directory, caught once per message. */
import { DecodeError, type DecodeErrorCode } from '../octets.ts';

export type DnsFault =
  | 'short' // the message ends inside a field
  | 'label-type' // a label that is neither text nor pointer
  | 'pointer' // a compression pointer that does not point backwards: a loop
  | 'name-length' // a name of more than 255 octets
  | 'question-count'
  | 'rdata' // RDATA that does not fit its type
  | 'chain' // CNAMEs that form a loop or never end
  | 'text'; // presentation form (zone file text) that does not parse

const CODES: Readonly<Record<DnsFault, DecodeErrorCode>> = {
  short: 'truncated',
  'label-type': 'value',
  pointer: 'value',
  'name-length': 'length',
  'question-count': 'value',
  rdata: 'length',
  chain: 'value',
  text: 'value',
};

const SECTIONS: Readonly<Record<DnsFault, string>> = {
  short: 'RFC 1035 §4.1',
  'label-type': 'RFC 1035 §4.1.4',
  pointer: 'RFC 1035 §4.1.4',
  'name-length': 'RFC 1035 §3.1',
  'question-count': 'RFC 9619 §4',
  rdata: 'RFC 1035 §4.1.3',
  chain: 'RFC 1034 §3.6.2',
  text: 'RFC 1035 §5.1',
};

export class DnsDecodeError extends DecodeError {
  readonly fault: DnsFault;
  /** `offset`: octets from the start of the message, or characters from the start of a text. */
  constructor(fault: DnsFault, offset: number) {
    super(CODES[fault], offset, SECTIONS[fault], fault);
    this.name = 'DnsDecodeError';
    this.fault = fault;
  }
}
