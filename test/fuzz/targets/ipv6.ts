/** IPv6 packets, ICMPv6 errors about them, and the text forms of addresses and prefixes. */
import assert from 'node:assert/strict';
import { encodeIcmp6Error, type Icmp6Error } from '../../../control/wire/icmp6/errors.ts';
import { AddressError, formatAddress, parseAddress } from '../../../control/wire/ipv6/address.ts';
import {
  decodeIpv6Header,
  encodeIpv6,
  IPV6_HEADER_LENGTH,
  MINIMUM_MTU,
  NextHeader,
  upperLayerChecksum,
} from '../../../control/wire/ipv6/header.ts';
import { combine, containsAddress, formatPrefix, parsePrefix } from '../../../control/wire/ipv6/prefix.ts';
import { hold, type Target } from '../target.ts';
import { text } from '../words.ts';

const router = parseAddress('fc00:db8:1::ffff');
const ends = { source: parseAddress('fc00:db8:1::1'), destination: parseAddress('fc00:db8:2::2') };
const errors: readonly Icmp6Error[] = [
  { kind: 'no-route' },
  { kind: 'address-unreachable' },
  { kind: 'packet-too-big', mtu: 1272 },
  { kind: 'hop-limit-exceeded' },
];
const packet = (nextHeader: number, payload: Uint8Array) =>
  encodeIpv6({ ...ends, nextHeader, hopLimit: 64 }, payload);

export const target: Target = {
  invariant: 'a header or undefined; errors fit 1280 octets, check, and answer no error; text is read back',
  maximumLength: 2048,
  dictionary: [
    Uint8Array.of(NextHeader.icmp6, 64),
    Uint8Array.of(NextHeader.shim6, 64),
    Uint8Array.of(0xff, 0x02),
    Uint8Array.of(0xfe, 0x80),
    ...['::', ':', '/', '/48', '/128', '%eth0', '::ffff:1.2.3.4', '2001:db8::'].map(text),
  ],
  seeds: () => [
    packet(17, new Uint8Array(24)),
    packet(NextHeader.icmp6, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0)),
    packet(NextHeader.icmp6, Uint8Array.of(128, 0, 0, 0, 0, 0, 0, 0)),
    packet(6, new Uint8Array(1400)),
    text('2001:db8:11::/48'),
    text('fc00:db8:1:0:3c4a:5bf6:ffb4:ca6c'),
  ],
  run(input) {
    checkPacket(input);
    checkText(Buffer.from(input).toString('latin1'));
  },
};

function checkPacket(input: Uint8Array): void {
  const header = decodeIpv6Header(input);
  hold((header === undefined) === (input.length < 40 || input[0]! >> 4 !== 6), 'what a header is');
  for (const error of errors) {
    const answer = encodeIcmp6Error(router, input, error);
    if (answer === undefined) continue;
    assert.ok(header !== undefined);
    hold(answer.length <= MINIMUM_MTU, `an error of ${answer.length} octets`);
    const payload = answer.subarray(IPV6_HEADER_LENGTH);
    hold(upperLayerChecksum(router, header.source, NextHeader.icmp6, payload) === 0, 'its checksum');
    for (const again of errors)
      hold(encodeIcmp6Error(router, answer, again) === undefined, 'answers an error');
  }
}

function checkText(input: string): void {
  const address = parsed(() => parseAddress(input));
  if (address !== undefined) assert.deepEqual(parseAddress(formatAddress(address)), address);
  const prefix = parsed(() => parsePrefix(input));
  if (prefix === undefined) return;
  assert.deepEqual(parsePrefix(formatPrefix(prefix)), prefix);
  hold(containsAddress(prefix, combine(prefix, router)), 'a prefix holds no address of its own');
}

function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof AddressError) return undefined;
    throw error;
  }
}
