/** Before anything is timed: every row must turn the right packets into the right packets. */
import { RowError } from './errors.ts';
import type { Harness, Sending } from './harness.ts';
import { context, tagged } from './packets.ts';
import type { Row } from './row.ts';

const FIRST_FRAMES = 16;

/** Compares the frames of the first of these contexts, octet by octet. Throws RowError. */
export function verifyFirstFrames(harness: Harness, row: Row, numbers: Uint32Array): void {
  const { name, expected, vlan } = row;
  const frames = Math.min(FIRST_FRAMES, numbers.length);
  harness.choices.set(numbers.subarray(0, frames));
  const captured = harness.capture(row, frames);
  if (captured.length !== frames) throw new RowError(name, `${captured.length} of ${frames} frames came out`);
  for (const [index, frame] of captured.entries()) {
    const { lengths } = harness;
    const wanted = tagged(expected(context(numbers[index]!), lengths[index % lengths.length]!), vlan);
    if (Buffer.compare(frame, wanted) === 0) continue;
    throw new RowError(
      name,
      `frame ${index} came out as\n  ${hex(frame)}\nwhere\n  ${hex(wanted)}\nwas expected`,
    );
  }
}

/** Has each context open its connection, where the row's packets are to find one. Throws RowError. */
export function open(harness: Harness, row: Row, numbers: Uint32Array): void {
  if (row.opening !== undefined) verifyEveryContext(harness, { ...row, traffic: row.opening }, numbers);
}

/** Sends one packet of each context, which must all arrive: no row may look fast by losing them. Throws RowError. */
export function verifyEveryContext(
  harness: Harness,
  row: Sending & Pick<Row, 'name'>,
  numbers: Uint32Array,
): void {
  harness.choices.set(numbers);
  const { sent, delivered } = harness.send(row, numbers.length);
  if (delivered !== sent) throw new RowError(row.name, `delivers ${delivered} of ${sent} packets`);
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
