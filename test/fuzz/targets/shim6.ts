/** SHIM6 control messages and payload headers, RFC 5533 §5 and RFC 5534 §5. */
import assert from 'node:assert/strict';
import { DecodeError, EncodeError } from '../../../control/wire/octets.ts';
import {
  decodeMessage,
  decodePayloadHeader,
  encodeMessage,
  encodePayloadHeader,
  isPayload,
  type Message,
} from '../../../control/wire/shim6/index.ts';
import { sealed } from '../../wire/shim6/sealed.ts';
import { realMessages } from '../real-messages.ts';
import { changeOptions, sealable } from '../shim6-structure.ts';
import { hold, type Target } from '../target.ts';
import { shim6Words } from '../words.ts';

/** Larger than any message with Hdr Ext Len 255. */
const LONGEST = 2048;

export const target: Target = {
  invariant: 'a value or a DecodeError; decode(encode(value)) equals value; as they come, and made good',
  maximumLength: LONGEST,
  dictionary: shim6Words,
  seeds: () => [
    ...realMessages(),
    encodePayloadHeader({ nextHeader: 6, receiverTag: { high: 0x1234, low: 0x56789abc } }),
  ],
  restructure: changeOptions,
  run(input) {
    check(input);
    check(sealed(sealable(input)));
    if (isPayload(input)) checkPayload(input);
  },
};

function check(octets: Uint8Array): void {
  const before = octets.slice();
  const message = refused(() => decodeMessage(octets));
  hold(Buffer.compare(before, octets) === 0, 'the decoder changed its input');
  if (message === undefined || message.type === 'Unknown') return;
  const again = encoded(message);
  if (again !== undefined) assert.deepEqual(decodeMessage(again), message);
}

/** Undefined where what was decoded has no encoding of ours: formats that the specification leaves open. */
function encoded(message: Message): Uint8Array | undefined {
  try {
    return encodeMessage(message, LONGEST);
  } catch (error) {
    if (!(error instanceof EncodeError)) throw error;
    const open =
      message.type !== 'Error' &&
      message.options.some((option) => option.type === 'LocatorPreferences' && option.elementLength > 3);
    hold(open, `${message.type} decodes but does not encode: ${error.message}`);
    return undefined;
  }
}

function checkPayload(input: Uint8Array): void {
  const header = refused(() => decodePayloadHeader(input));
  if (header !== undefined) assert.deepEqual(encodePayloadHeader(header), input.slice(0, 8));
}

/** Undefined for a DecodeError; anything else is a finding. */
export function refused<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
