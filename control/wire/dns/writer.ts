/** Builds a DNS message. Owner names and names in RDATA are compressed, their case is kept. */

import { transientCopy } from '../transient-octets.ts';
import { HEADER_LENGTH } from './header.ts';
import { latin1, type Name } from './name.ts';
import { write16 } from './octets.ts';
import type { Question } from './question.ts';
import type { RecordData, Section } from './record.ts';

export interface NewRecord {
  readonly section: Section;
  readonly name: Name;
  readonly type: number;
  readonly class: number;
  /** Seconds. */
  readonly ttl: number;
  readonly data: RecordData;
}

const ORDER: readonly Section[] = ['answer', 'authority', 'additional'];
const POINTER = 0xc000;

/** Of a writer that has finished, for the next. */
let spare: Uint8Array<ArrayBuffer> | undefined;

export class MessageWriter {
  #octets: Uint8Array<ArrayBuffer>;
  #length = HEADER_LENGTH;
  /** Where a suffix of a name, case kept, stands in the message. */
  readonly #suffixes = new Map<string, number>();
  #section = 0;

  /** `flags`: the 16 bits after the ID. */
  constructor(id: number, flags: number) {
    this.#octets = spare?.fill(0, 0, HEADER_LENGTH) ?? new Uint8Array(512);
    spare = undefined;
    write16(this.#octets, 0, id);
    write16(this.#octets, 2, flags);
  }

  /** Before any record. */
  question(question: Pick<Question, 'name' | 'type' | 'class'>): this {
    this.#name(question.name);
    this.#number(question.type);
    this.#number(question.class);
    this.#count(4);
    return this;
  }

  /** Sections in their order: answer, authority, additional. */
  record(record: NewRecord): this {
    this.#name(record.name);
    this.#number(record.type);
    this.#number(record.class);
    this.#number(record.ttl >>> 16);
    this.#number(record.ttl & 0xffff);
    const lengthAt = this.#length;
    this.#number(0);
    for (const part of record.data) {
      if (part instanceof Uint8Array) this.#append(part);
      else this.#name(part.name);
    }
    write16(this.#octets, lengthAt, this.#length - lengthAt - 2);
    this.#countRecord(record.section);
    return this;
  }

  /** A whole record of the additional section in wire form, without compressed names: OPT. */
  additional(octets: Uint8Array | undefined): this {
    if (octets === undefined) return this;
    this.#append(octets);
    this.#countRecord('additional');
    return this;
  }

  /** Once, and last. */
  finish(): Uint8Array {
    const message = transientCopy(this.#octets, 0, this.#length);
    spare = this.#octets;
    this.#octets = new Uint8Array();
    return message;
  }

  #countRecord(section: Section): void {
    const index = ORDER.indexOf(section);
    if (index < this.#section)
      throw new RangeError(`${section} record after those of ${ORDER[this.#section]}`);
    this.#section = index;
    this.#count(6 + 2 * index);
  }

  #count(offset: number): void {
    write16(this.#octets, offset, ((this.#octets[offset]! << 8) | this.#octets[offset + 1]!) + 1);
  }

  #name(name: Name): void {
    for (let offset = 0; name[offset] !== 0; offset += 1 + name[offset]!) {
      const suffix = latin1(name, offset);
      const known = this.#suffixes.get(suffix);
      if (known !== undefined) {
        this.#number(POINTER | known);
        return;
      }
      if (this.#length < 0x4000) this.#suffixes.set(suffix, this.#length);
      this.#append(name, offset, offset + 1 + name[offset]!);
    }
    this.#reserve(1);
    this.#octets[this.#length++] = 0;
  }

  #number(value: number): void {
    this.#reserve(2);
    this.#octets[this.#length++] = value >> 8;
    this.#octets[this.#length++] = value & 0xff;
  }

  #append(octets: Uint8Array, start = 0, end = octets.length): void {
    this.#reserve(end - start);
    for (let at = start; at < end; at++) this.#octets[this.#length++] = octets[at]!;
  }

  #reserve(length: number): void {
    if (this.#length + length <= this.#octets.length) return;
    const larger = new Uint8Array(2 * (this.#length + length));
    larger.set(this.#octets.subarray(0, this.#length));
    this.#octets = larger;
  }
}
