/** SHIM6 options by themselves, RFC 5533 §5.15 and RFC 5534 §5.3. */
import assert from 'node:assert/strict';
import { EncodeError, Reader, Writer } from '../../../control/wire/octets.ts';
import {
  decodeOptions,
  encodeOption,
  type Option,
  type OptionName,
  optionRows,
} from '../../../control/wire/shim6/index.ts';
import { optionsOf, realMessages } from '../real-messages.ts';
import type { Target } from '../target.ts';
import { shim6Words } from '../words.ts';
import { refused } from './shim6.ts';

const everyOption = Object.keys(optionRows) as OptionName[];

export const target: Target = {
  invariant: 'options or a DecodeError; decode(encode(options)) equals options, whoever defines them',
  maximumLength: 1024,
  dictionary: shim6Words,
  seeds: () => realMessages().map((octets) => encode(optionsOf(octets))),
  run(input) {
    for (const defined of [everyOption, everyOption.slice(0, 3), []]) {
      const options = refused(() => decodeOptions(new Reader(input, 'fuzz'), defined));
      if (options === undefined || options.some(hasOpenFormat)) continue;
      assert.deepEqual(decodeOptions(new Reader(encode(options), 'fuzz'), defined), options);
    }
  },
};

/** RFC 5533 §5.15.3 leaves elements of more than three octets to later specifications. */
const hasOpenFormat = (option: Option): boolean =>
  option.type === 'LocatorPreferences' && option.elementLength > 3;

function encode(options: readonly Option[]): Uint8Array {
  const writer = new Writer();
  for (const option of options) {
    try {
      encodeOption(writer, option);
    } catch (error) {
      if (!(error instanceof EncodeError)) throw error;
      assert.fail(`${option.type} decodes but does not encode: ${error.message}`);
    }
  }
  return writer.finish();
}
