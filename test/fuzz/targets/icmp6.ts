/** Packets that the box answers, splits, or tells its hosts of: ICMPv6 errors, echo replies, tunnels, fragments, resets. */
import assert from 'node:assert/strict';
import { IcmpErrors } from '../../../control/adapters/icmp-errors.ts';
import type { ContextView } from '../../../control/shim6/context.ts';
import { decodeEchoReply } from '../../../control/wire/icmp6/echo.ts';
import { parseAddress } from '../../../control/wire/ipv6/address.ts';
import { fragment } from '../../../control/wire/ipv6/fragment.ts';
import {
  decodeIpv6Header,
  encodeIpv6,
  IPV6_HEADER_LENGTH,
  MINIMUM_MTU,
  NextHeader,
  upperLayerChecksum,
} from '../../../control/wire/ipv6/header.ts';
import { encapsulate, NEXT_HEADER_IPV6, tunnelOf } from '../../../control/wire/ipv6/tunnel.ts';
import { encodePayloadHeader, readQuotedPacket } from '../../../control/wire/shim6/index.ts';
import { encodeTcpReset } from '../../../control/wire/tcp/reset.ts';
import { join } from '../mutate.ts';
import { realMessages } from '../real-messages.ts';
import { hold, type Target } from '../target.ts';

const LONGEST = 2048;
const CHECKSUM = 2;
const host = parseAddress('fc00:db8:1::1');
const context = { local: host, peer: parseAddress('fc00:db8:2::2') } as ContextView;
const tunnel = { local: parseAddress('fd00::1'), remote: parseAddress('fd00::e1') };
const locators = { source: parseAddress('2001:db8:11::1'), destination: parseAddress('2001:db8:21::2') };
const router = { source: parseAddress('2001:db8:f::1'), destination: locators.source };
const payload = encodePayloadHeader({ nextHeader: 17, receiverTag: { high: 1, low: 2 } });

const shimmed = (...parts: readonly Uint8Array[]) =>
  encodeIpv6({ ...locators, nextHeader: 140, hopLimit: 9 }, join(...parts));
const error = (type: number, code: number, word: number, invoking: Uint8Array) =>
  encodeIpv6(
    { ...router, nextHeader: NextHeader.icmp6, hopLimit: 64 },
    join(Uint8Array.of(type, code, 0, 0, 0, 0, word >> 8, word), invoking),
  );

export const target: Target = {
  invariant:
    'nothing thrown; what is made of a packet is whole, checks, and fits; ends and octets are those given',
  maximumLength: LONGEST,
  dictionary: [0, 6, 41, 43, 44, 58, 60, 140].map((header) => Uint8Array.of(header, 0)),
  seeds: () => [
    error(2, 0, 1400, shimmed(payload, new Uint8Array(1400))),
    error(1, 3, 0, shimmed(payload, new Uint8Array(8))),
    error(4, 1, 6, shimmed(realMessages()[0]!)),
    error(2, 0, 1480, encapsulate(tunnel, shimmed(payload))),
    error(129, 0, 1, new Uint8Array(20)),
    encodeIpv6(
      { ...locators, nextHeader: 6, hopLimit: 9 },
      Uint8Array.of(...Array(12).fill(1), 0x50, 16, ...Array(6).fill(0)),
    ),
    encodeIpv6(
      { ...locators, nextHeader: 44, hopLimit: 9 },
      Uint8Array.of(17, 0, 0, 1, 0, 0, 0, 7, ...Array(1300).fill(5)),
    ),
  ],
  run(input) {
    for (const packet of [input, checksummed(input)]) checkError(packet);
    decodeEchoReply(input);
    readQuotedPacket(input);
    checkTunnel(input);
    checkFragments(input);
    checkReset(input);
  },
};

/** The packet with the checksum that an ICMPv6 message right behind its header needs. */
function checksummed(input: Uint8Array): Uint8Array {
  const header = decodeIpv6Header(input);
  const packet = input.slice();
  const end = IPV6_HEADER_LENGTH + (header?.payloadLength ?? 0);
  if (header?.nextHeader !== NextHeader.icmp6 || end > input.length || end < IPV6_HEADER_LENGTH + 8)
    return packet;
  const message = packet.subarray(IPV6_HEADER_LENGTH, end);
  const view = new DataView(message.buffer, message.byteOffset);
  view.setUint16(CHECKSUM, 0);
  view.setUint16(CHECKSUM, upperLayerChecksum(header.source, header.destination, NextHeader.icmp6, message));
  return packet;
}

function checkError(packet: Uint8Array): void {
  let told = 0;
  const errors = new IcmpErrors(
    {
      contextSending: () => context,
      handleUnrecognizedNextHeader: () => {},
      learnPathMtu: (_, __, mtu) => hold(mtu >= MINIMUM_MTU, `an MTU of ${mtu}`),
      testPath: () => false,
      insideAddress: () => host,
      deliver: (to, octets) => {
        told++;
        const header = decodeIpv6Header(octets)!;
        assert.deepEqual([to, header.destination], [host, host]);
        hold(octets.length <= packet.length, 'longer than what came');
        hold(octets.length === IPV6_HEADER_LENGTH + header.payloadLength, 'its length');
        const message = octets.subarray(IPV6_HEADER_LENGTH);
        hold(upperLayerChecksum(header.source, host, NextHeader.icmp6, message) === 0, 'its checksum');
        return true;
      },
    },
    true,
  );
  errors.handle(packet);
  const counted = Object.values(errors.counters).reduce((sum, count) => sum + count, 0);
  hold(told === errors.counters.icmpErrorsDelivered && counted <= 1, 'counted once');
}

function checkTunnel(input: Uint8Array): void {
  hold(tunnelOf(input) === undefined || input[6] === NEXT_HEADER_IPV6, 'ends without a tunnel');
  if (decodeIpv6Header(input) === undefined) return;
  const sent = encapsulate(tunnel, input);
  assert.deepEqual(tunnelOf(sent), tunnel);
  assert.deepEqual(sent.subarray(IPV6_HEADER_LENGTH), input);
}

function checkFragments(input: Uint8Array): void {
  if (decodeIpv6Header(input) === undefined) return;
  for (const part of fragment(input, MINIMUM_MTU, 7) ?? []) {
    const header = decodeIpv6Header(part)!;
    hold(part.length <= MINIMUM_MTU, `a fragment of ${part.length} octets`);
    hold(part.length === IPV6_HEADER_LENGTH + header.payloadLength, 'its length');
  }
}

function checkReset(input: Uint8Array): void {
  const reset = encodeTcpReset(input);
  if (reset === undefined) return;
  const { source, destination } = decodeIpv6Header(reset)!;
  const segment = reset.subarray(IPV6_HEADER_LENGTH);
  hold(upperLayerChecksum(source, destination, NextHeader.tcp, segment) === 0, 'the checksum of a reset');
}
