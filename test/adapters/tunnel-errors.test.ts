/** Packet Too Big about tunnels, as the kernel hands it over: real messages on the loopback interface. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { TunnelErrors } from '../../control/adapters/tunnel-errors.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { encodeFrame, encodeIpv6, NextHeader, upperLayerChecksum } from '../../control/wire/ipv6/header.ts';
import { encapsulate } from '../../control/wire/ipv6/tunnel.ts';
import { PacketSocket } from '../../native/linux/index.ts';

const LOOPBACK = parseAddress('::1');
const LOOPBACK_INDEX = 1;
const NO_MAC = new Uint8Array(6);
const ends = { local: parseAddress('fd00::1'), remote: parseAddress('fd00::e1') };

/** RFC 4443 §3.2. */
function tooBig(mtu: number, invoking: Uint8Array): Uint8Array {
  const message = new Uint8Array(8 + invoking.length);
  message[0] = 2;
  new DataView(message.buffer).setUint32(4, mtu);
  message.set(invoking, 8);
  const checksum = upperLayerChecksum(LOOPBACK, LOOPBACK, NextHeader.icmp6, message);
  new DataView(message.buffer).setUint16(2, checksum);
  const header = { source: LOOPBACK, destination: LOOPBACK, nextHeader: NextHeader.icmp6, hopLimit: 64 };
  return encodeFrame({ destination: NO_MAC, source: NO_MAC, vlan: 0 }, encodeIpv6(header, message));
}

test('errors about packets in a tunnel are told with its ends, others are not', {
  skip: process.getuid?.() !== 0 && 'needs root',
}, async () => {
  const heard: string[] = [];
  const errors = new TunnelErrors(({ local, remote }, mtu) =>
    heard.push(`${formatAddress(local)} ${formatAddress(remote)} ${mtu}`),
  );
  const socket = PacketSocket.open(LOOPBACK_INDEX);
  try {
    const payload = new Uint8Array(64);
    payload[0] = 0x60;
    socket.send(tooBig(1400, payload));
    socket.send(tooBig(1300, payload.subarray(0, 4)));
    socket.send(tooBig(1480, encapsulate(ends, payload)));
    const deadline = performance.now() + 5_000;
    while (heard.length === 0 && performance.now() < deadline) await delay(10);
    await delay(50);
    assert.deepEqual(heard, ['fd00::1 fd00::e1 1480']);
  } finally {
    socket.close();
    errors.close();
  }
});
