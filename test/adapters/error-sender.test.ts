/** From which address, and by which way, ICMPv6 errors of the box leave toward providers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorSender } from '../../control/adapters/error-sender.ts';
import { RouterAddresses } from '../../control/site/router-addresses.ts';
import type { Uplink } from '../../control/site/uplinks.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import type { AddressInfo } from '../../native/linux/index.ts';
import { isSummed } from '../bpf/checksummed.ts';
import * as lab from '../bpf/fixtures.ts';
import * as packets from '../bpf/packets.ts';

const [LOCATOR] = lab.LOCATORS;
const [PEER] = lab.PEER_LOCATORS;
const BACKBONE = 3;
const TUNNEL = { local: parseAddress('fd00:db8:1:b::1'), remote: parseAddress('fd00:db8:1:b::e1') };

const row = (ifindex: number, address: string, fields: Partial<AddressInfo> = {}) =>
  ({
    ifindex,
    address: parseAddress(address),
    scope: 'global',
    tentative: false,
    duplicate: false,
    ...fields,
  }) as AddressInfo;

function box(rows: readonly AddressInfo[], tunnel: typeof TUNNEL | undefined) {
  const sent: { how: 'link' | 'uplink'; source: string; packet?: Uint8Array }[] = [];
  const uplink = {
    link: { ifindex: BACKBONE },
    provider: { prefix: parsePrefix('2001:db8:11::/48'), tunnel },
  } as unknown as Uplink;
  const never = () => assert.fail('nothing goes to hosts');
  const errors = new ErrorSender(
    { uplinkFor: () => uplink, insideAddress: never, hostLinks: {} as never },
    new RouterAddresses({ addresses: () => [...rows] }),
    {
      sendError: (_, source) => sent.push({ how: 'link', source: formatAddress(source) }),
      sendByUplink: (by, packet) => {
        assert.equal(by, uplink);
        sent.push({ how: 'uplink', source: formatAddress(packet.slice(8, 24)), packet });
      },
      sendReset: never,
      sendToHost: never,
    },
    () => 0,
  );
  return { errors, sent };
}

const payload = packets.frame({
  link: lab.fromProvider(0),
  source: PEER,
  destination: LOCATOR,
  parts: [packets.payloadHeader(lab.LOCAL_TAG), packets.udp(1460)],
});
const invoking = { frame: payload, networkOffset: 14, ifindex: BACKBONE };
const tooBig = { kind: 'packet-too-big', mtu: 1408 } as const;

test('on a provider’s link: from the address there', () => {
  const rows = [row(7, '2001:db8:11:fffe::1'), row(BACKBONE, '2001:db8:11:ffff::2')];
  const { errors, sent } = box(rows, undefined);
  errors.toPeer(invoking, tooBig);
  assert.deepEqual(sent, [{ how: 'link', source: '2001:db8:11:ffff::2' }]);
});

test('behind an exit router: through the tunnel, from an address out of the provider’s prefix, about the locators', () => {
  const rows = [row(BACKBONE, 'fd00:db8:1:b::1'), row(1, '2001:db8:12::1'), row(1, '2001:db8:11:fffe::1')];
  const { errors, sent } = box(rows, TUNNEL);
  errors.toPeer(invoking, tooBig);
  assert.equal(sent.length, 1);
  const { how, source, packet } = sent[0]!;
  assert.deepEqual({ how, source }, { how: 'uplink', source: '2001:db8:11:fffe::1' });
  assert.equal(formatAddress(packet!.slice(24, 40)), PEER);
  assert.deepEqual([...packet!.slice(40, 42), ...packet!.slice(44, 48)], [2, 0, 0, 0, 0x05, 0x80]);
  assert.deepEqual(packet!.slice(48), payload.slice(14, 14 + 1232));
  assert.ok(isSummed(packet!, packets.NextHeader.icmp6));
});

test('behind an exit router without such an address: silence, as nothing would pass', () => {
  const tentative = row(1, '2001:db8:11:fffe::1', { tentative: true });
  const { errors, sent } = box([row(BACKBONE, 'fd00:db8:1:b::1'), tentative], TUNNEL);
  errors.toPeer(invoking, tooBig);
  assert.deepEqual(sent, []);
});

test('through the tunnel, too, no more to a destination than there may be', () => {
  const { errors, sent } = box([row(1, '2001:db8:11:fffe::1')], TUNNEL);
  for (let count = 0; count < 15; count++) errors.toPeer(invoking, tooBig);
  assert.equal(sent.length, 10);
  assert.equal(errors.limited, 5);
});
