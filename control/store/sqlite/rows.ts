/**
 * Changes as rows of SQL, and many of them as octets for the thread that writes them: copying the records themselves
 * from thread to thread costs more than writing them.
 */
import type { Reader, Writer } from '../../wire/octets.ts';
import type { Keys, Records, TableName } from '../records.ts';
import type { Change } from '../store.ts';
import { TABLE_NAMES, TABLES, type Value } from './tables.ts';

/** A change: `put` with the values of all columns of the table, or `remove` with those of its key. */
export interface RowChange {
  readonly table: TableName;
  readonly kind: 'put' | 'remove';
  readonly values: readonly Value[];
}

const VALUE = { NULL: 0, NUMBER: 1, TEXT: 2, OCTETS: 3 } as const;
const utf8 = new TextDecoder();

export function rowChange(change: Change): RowChange {
  const { table } = change;
  const { encode, keyOf } = TABLES[table];
  if ('put' in change)
    return { table, kind: 'put', values: (encode as Encode<Records[TableName]>)(change.put) };
  return { table, kind: 'remove', values: (keyOf as Encode<Keys[TableName]>)(change.remove) };
}

type Encode<Kind> = (record: Kind) => readonly Value[];

/** One batch: all of its changes are to be made, or none. */
export function writeBatch(writer: Writer, changes: readonly Change[]): void {
  writer.u32(changes.length);
  for (const change of changes) {
    const { table, kind, values } = rowChange(change);
    writer.u8(TABLE_NAMES.indexOf(table)).u8(kind === 'put' ? 1 : 0);
    for (const value of values) writeValue(writer, value);
  }
}

/** What `writeBatch` wrote. */
export function readBatch(reader: Reader): readonly RowChange[] {
  const changes: RowChange[] = [];
  for (let left = reader.u32(); left > 0; left--) {
    const table = TABLE_NAMES[reader.u8()]!;
    const kind = reader.u8() === 1 ? 'put' : 'remove';
    const values: Value[] = [];
    for (const _ of TABLES[table][kind === 'put' ? 'columns' : 'key']) values.push(readValue(reader));
    changes.push({ table, kind, values });
  }
  return changes;
}

function writeValue(writer: Writer, value: Value): void {
  if (value === null) writer.u8(VALUE.NULL);
  else if (typeof value === 'number') writer.u8(VALUE.NUMBER).put(octetsOf(value));
  else if (typeof value === 'string') writeOctets(writer.u8(VALUE.TEXT), Buffer.from(value));
  else writeOctets(writer.u8(VALUE.OCTETS), value);
}

const writeOctets = (writer: Writer, octets: Uint8Array): Writer => writer.u32(octets.length).put(octets);

function readValue(reader: Reader): Value {
  const kind = reader.u8();
  if (kind === VALUE.NULL) return null;
  if (kind === VALUE.NUMBER) return numberOf(reader.take(8));
  const octets = reader.take(reader.u32());
  return kind === VALUE.TEXT ? utf8.decode(octets) : octets;
}

/** A double: both ends are of one machine. */
const number = new Float64Array(1);
const numberOctets = new Uint8Array(number.buffer);

function octetsOf(value: number): Uint8Array {
  number[0] = value;
  return numberOctets;
}

function numberOf(octets: Uint8Array): number {
  numberOctets.set(octets);
  return number[0]!;
}
