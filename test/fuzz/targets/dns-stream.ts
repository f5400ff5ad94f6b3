/** DNS messages in a TCP stream that comes in pieces: the first octets choose where it is cut. */
import assert from 'node:assert/strict';
import { frameMessage, MessageStream } from '../../../control/adapters/dns-stream.ts';
import { join } from '../mutate.ts';
import { hold, type Target } from '../target.ts';

const CUTS = 3;

export const target: Target = {
  invariant: 'the same messages however the stream is cut, and with what is left they are the stream',
  maximumLength: 1024,
  dictionary: [0, 1, 2, 12, 255].map((length) => Uint8Array.of(0, length)),
  seeds: () => [
    join(Uint8Array.of(1, 2, 3), frameMessage(new Uint8Array(12)), frameMessage(Uint8Array.of(1, 2, 3))),
    join(
      Uint8Array.of(0, 0, 1),
      frameMessage(new Uint8Array(0)),
      frameMessage(new Uint8Array(300)),
      Uint8Array.of(1),
    ),
  ],
  run(input) {
    const stream = input.subarray(CUTS);
    const whole = messages([stream]);
    const pieces: Uint8Array[] = [];
    let start = 0;
    for (const length of input.subarray(0, CUTS)) {
      pieces.push(stream.subarray(start, start + length));
      start += length;
    }
    assert.deepEqual(messages([...pieces, stream.subarray(start)]), whole);
    const read = join(...whole.map(frameMessage));
    hold(Buffer.compare(read, stream.subarray(0, read.length)) === 0, 'messages that are not in the stream');
    const [high, low] = stream.subarray(read.length);
    const isWhole = low !== undefined && stream.length - read.length >= 2 + high! * 256 + low;
    hold(!isWhole, 'a message that is there was not read');
  },
};

function messages(pieces: readonly Uint8Array[]): Uint8Array[] {
  const stream = new MessageStream();
  const found: Uint8Array[] = [];
  for (const piece of pieces) {
    stream.push(piece);
    for (let message = stream.next(); message !== undefined; message = stream.next()) found.push(message);
  }
  return found;
}
