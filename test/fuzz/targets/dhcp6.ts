/** DHCPv6 messages and relays around them, RFC 8415 §8, §9 and §21. */
import assert from 'node:assert/strict';
import { decodeDhcp, encodeDhcp, HOP_COUNT_LIMIT, unwrapRelayed } from '../../../control/wire/dhcp6/index.ts';
import { optionRows } from '../../../control/wire/dhcp6/option-rows.ts';
import { dhcpSeeds } from '../dhcp-messages.ts';
import { hold, type Target } from '../target.ts';
import { refused } from './shim6.ts';

const u16 = (number: number): Uint8Array => Uint8Array.of(number >> 8, number);

export const target: Target = {
  invariant: 'a value or a DecodeError; decode(encode(value)) equals value; relays are bounded',
  maximumLength: 2048,
  dictionary: [
    ...Object.values(optionRows).map(({ code }) => u16(code)),
    ...[0, 1, 2, 4, 12, 16, 24, 130, 131, 0xffff].map(u16),
    Uint8Array.of(1, 0, 0, 1),
    Uint8Array.of(12, 0),
    Uint8Array.of(13, 8),
    Uint8Array.of(3, 0x66, 0x6f, 0x6f, 0),
  ],
  seeds: dhcpSeeds,
  run(input) {
    const before = input.slice();
    const message = refused(() => decodeDhcp(input));
    hold(Buffer.compare(before, input) === 0, 'the decoder changed its input');
    if (message !== undefined) assert.deepEqual(decodeDhcp(encodeDhcp(message)), message);
    const unwrapped = refused(() => unwrapRelayed(input));
    if (unwrapped !== undefined) hold(unwrapped.relays.length <= HOP_COUNT_LIMIT + 1, 'relayed too often');
  },
};
