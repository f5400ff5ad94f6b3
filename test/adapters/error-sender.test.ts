/** From which address, and by which way, ICMPv6 errors of the box leave toward providers and hosts. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { ErrorSender } from '../../control/adapters/error-sender.ts';
import { SlotState } from '../../control/dataplane/layout.generated.ts';
import { RouterAddresses } from '../../control/site/router-addresses.ts';
import type { Uplink } from '../../control/site/uplinks.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import type { AddressInfo } from '../../native/linux/index.ts';
import { isSummed } from '../bpf/checksummed.ts';
import { DataPath } from '../bpf/data-path.ts';
import * as lab from '../bpf/fixtures.ts';
import * as packets from '../bpf/packets.ts';
import { LOOPBACK } from '../bpf/tables.ts';

const [LOCATOR] = lab.LOCATORS;
const [PEER] = lab.PEER_LOCATORS;
const BACKBONE = 3;
/** Test runs come in there. */
const INJECTOR = LOOPBACK;
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
    (ifindex) => ifindex === INJECTOR,
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

test('about payload that was held and given back: by the provider’s router, not to where it was given back', () => {
  const { errors, sent } = box([row(BACKBONE, '2001:db8:11:ffff::2')], undefined);
  errors.toPeer({ ...invoking, ifindex: INJECTOR }, tooBig);
  assert.deepEqual(
    sent.map(({ how, source }) => ({ how, source })),
    [{ how: 'uplink', source: '2001:db8:11:ffff::2' }],
  );
  assert.equal(formatAddress(sent[0]!.packet!.slice(24, 40)), PEER);
});

describe('to a host, about what waited for its context and was given back to the data path', () => {
  const dataPath = new DataPath();
  after(() => dataPath.close());
  const LAN = 9;
  const BOX = parseAddress('fc00:db8:1::1');

  /** As the program inside hands it up when it comes from the injector. */
  function punted(parts: readonly packets.Part[], hopLimit = 64) {
    lab.standardTables(dataPath);
    lab.placeEgress(dataPath.tables, { state: SlotState.SLOT_DRAINING });
    dataPath.tables.settings({ site: [lab.SITE], ulids: [lab.ULIDS], injection: INJECTOR });
    const link = { ...lab.fromHost, destination: '02:00:00:00:99:99' };
    const frame = packets.frame({ link, source: lab.HOST, destination: lab.PEER, parts, hopLimit });
    const [event] = dataPath.run('inside', frame).events;
    return event ?? assert.fail('nothing was handed up');
  }

  /** What the host gets, and by which link. */
  function host() {
    const sent: { how: 'error' | 'reset'; ifindex: number; ethernet: number[]; source?: string }[] = [];
    const note = (how: 'error' | 'reset', source?: string) => (frame: Uint8Array, ifindex: number) =>
      sent.push({ how, ifindex, ethernet: [...frame.slice(0, 12)], ...(source && { source }) });
    const never = () => assert.fail('nothing goes to providers');
    const errors = new ErrorSender(
      {
        uplinkFor: never,
        insideAddress: (ifindex) => (ifindex === LAN ? BOX : undefined),
        hostLinks: {} as never,
      },
      new RouterAddresses({ addresses: () => [] }),
      {
        sendError: ({ frame, ifindex }, source) => note('error', formatAddress(source))(frame, ifindex),
        sendReset: ({ frame, ifindex }) => note('reset')(frame, ifindex),
        sendByUplink: never,
        sendToHost: never,
      },
      () => 0,
      (ifindex) => ifindex === INJECTOR,
    );
    return { errors, sent };
  }
  /** The host's first frame, by its link. */
  const first = packets.frame({
    link: lab.fromHost,
    source: lab.HOST,
    destination: lab.PEER,
    parts: [packets.udp(1460)],
  });
  const waiting = { frame: first, networkOffset: 14, ifindex: LAN };
  /** Of the frame that is answered: from the host, to the box. */
  const ethernet = [...first.slice(0, 12)];

  test('Packet Too Big: by the host’s link, from the box’s address there', () => {
    const event = punted([packets.udp(1460)]);
    assert.deepEqual([event.kind, event.ifindex, event.mtu], ['too-big', INJECTOR, 1492]);
    const { errors, sent } = host();
    errors.noteGivenBack(waiting);
    errors.toHost(event, { kind: 'packet-too-big', mtu: event.mtu });
    assert.deepEqual(sent, [{ how: 'error', ifindex: LAN, ethernet, source: formatAddress(BOX) }]);
  });

  test('Time Exceeded and the end of a TCP connection likewise', () => {
    const event = punted([packets.tcp()], 1);
    assert.equal(event.kind, 'hop-limit');
    const { errors, sent } = host();
    errors.noteGivenBack(waiting);
    errors.toHost(event, { kind: 'hop-limit-exceeded' });
    errors.tellLoss(event, 'rst');
    assert.deepEqual(
      sent.map(({ how, ifindex, ethernet }) => ({ how, ifindex, ethernet })),
      [
        { how: 'error', ifindex: LAN, ethernet },
        { how: 'reset', ifindex: LAN, ethernet },
      ],
    );
  });

  test('where it came from is known still when it was given back twice', () => {
    const event = punted([packets.udp(1460)]);
    const { errors, sent } = host();
    errors.noteGivenBack(waiting);
    errors.noteGivenBack(event);
    errors.toHost(event, tooBig);
    assert.deepEqual(sent, [{ how: 'error', ifindex: LAN, ethernet, source: formatAddress(BOX) }]);
  });

  test('of the last 4096 hosts; one before them gets nothing, and that is counted', () => {
    const event = punted([packets.udp(1460)]);
    const { errors, sent } = host();
    errors.noteGivenBack(waiting);
    for (let other = 0; other < 4096; other++) {
      const frame = first.slice();
      new DataView(frame.buffer).setUint16(14 + 8 + 12, 0x8000 | other);
      errors.noteGivenBack({ ...waiting, frame });
    }
    errors.toHost(event, tooBig);
    assert.deepEqual([sent, errors.undelivered], [[], 1]);
  });
});
