/** Fixtures of tunnels to exit routers (RFC 2473): both programs, shimmed packets and NATv6's. */
import { beforeEach, describe, test } from 'node:test';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { encapsulate } from '../../control/wire/ipv6/tunnel.ts';
import { DataPath } from './data-path.ts';
import * as lab from './fixtures.ts';
import * as packets from './packets.ts';

const { HOST, PEER, fromHost, toHost, toProvider, fromProvider } = lab;
const dataPath = DataPath.shared();

const LOCAL = 'fd00:db8:1::1';
const REMOTE = 'fd00:db8:1::e1';
const TUNNEL = { local: LOCAL, remote: REMOTE };
const NEXT_HEADER_IPV6 = 41;
const OUTER = 40;

const ETHERNET = 14;
const inner = (fields: Omit<packets.FrameFields, 'link'>) => packets.packet(fields);

/** A packet that came, or leaves, through the tunnel: written out here, not by what the controller uses. */
function tunnelled(
  link: packets.Link,
  packet: Uint8Array,
  {
    from = LOCAL,
    to = REMOTE,
    hopLimit = 64,
    ecn = packet[1]! >> 4,
    options = [] as readonly packets.Part[],
  } = {},
): Uint8Array {
  const parts = [...options, { type: NEXT_HEADER_IPV6, octets: packet, chained: false }];
  const frame = packets.frame({ link, source: from, destination: to, hopLimit, parts });
  const at = link.vlan === undefined ? ETHERNET : ETHERNET + 4;
  frame[at + 1] = (frame[at + 1]! & 0xcf) | (ecn << 4);
  return frame;
}

const marked = (packet: Uint8Array, ecn: number): Uint8Array => {
  const copy = packet.slice();
  copy[1] = (copy[1]! & 0xcf) | (ecn << 4);
  return copy;
};

const shim = packets.payloadHeader(lab.PEER_TAG);
const sent = (parts: readonly packets.Part[]) =>
  packets.frame({ link: fromHost, source: HOST, destination: PEER, parts });
const shimmed = (parts: readonly packets.Part[]) =>
  inner({ source: lab.LOCATORS[0], destination: lab.PEER_LOCATORS[0], hopLimit: 63, parts });

function tunnelTables(): void {
  lab.standardTables(dataPath);
  lab.setUplink(dataPath.tables, 0, { tunnel: TUNNEL, mtu: 1500 - OUTER });
}

describe('out', () => {
  beforeEach(tunnelTables);
  const { udp, hopByHop, routing } = packets;
  for (const [name, before, behind] of [
    ['UDP', [], [udp()]],
    ['behind extension headers', [hopByHop(), routing()], [udp()]],
    ['the largest that fits', [], [udp(1412)]],
  ] as const) {
    test(name, () => {
      const forwarded = tunnelled(toProvider(0), shimmed([...before, shim, ...behind]));
      lab.expectOutcome(dataPath, 'inside', sent([...before, ...behind]), { forwarded });
    });
  }

  test('by a tagged link', () => {
    lab.setPort(dataPath.tables, 0, { vlan: 20 });
    const forwarded = tunnelled({ ...toProvider(0), vlan: 20 }, shimmed([shim, udp()]));
    lab.expectOutcome(dataPath, 'inside', sent([udp()]), { forwarded });
  });

  test('one octet too many', () => {
    const input = sent([udp(1413)]);
    const mtu = 1500 - OUTER - 8;
    lab.expectOutcome(dataPath, 'inside', input, { punted: 'too-big', mtu });
  });

  test('the other uplink is a direct one', () => {
    lab.setUplink(dataPath.tables, 0, { tunnel: TUNNEL, up: false });
    const forwarded = packets.frame({
      link: toProvider(1),
      source: lab.LOCATORS[1],
      destination: lab.PEER_LOCATORS[1],
      hopLimit: 63,
      parts: [shim, udp()],
    });
    lab.expectOutcome(dataPath, 'inside', sent([udp()]), { forwarded });
  });

  test('a direct uplink under the same index, later', () => {
    lab.setUplink(dataPath.tables, 0, {});
    const forwarded = packets.frame({
      link: toProvider(0),
      source: lab.LOCATORS[0],
      destination: lab.PEER_LOCATORS[0],
      hopLimit: 63,
      parts: [shim, udp()],
    });
    lab.expectOutcome(dataPath, 'inside', sent([udp()]), { forwarded });
  });

  test('what the controller sends has the same header', () => {
    const packet = shimmed([shim, udp()]);
    const ends = { local: parseAddress(LOCAL), remote: parseAddress(REMOTE) };
    const expected = tunnelled(toProvider(0), packet).subarray(ETHERNET);
    lab.assertOctets(encapsulate(ends, packet), expected);
  });
});

describe('in', () => {
  beforeEach(tunnelTables);
  const payload = packets.payloadHeader(lab.LOCAL_TAG);
  const { udp, destinationOptions, hopByHop } = packets;
  const arriving = (fields: Partial<packets.FrameFields> = {}) =>
    inner({
      source: lab.PEER_LOCATORS[0],
      destination: lab.LOCATORS[0],
      parts: [payload, udp()],
      ...fields,
    });
  const delivered = (ecn?: number) => {
    const frame = packets.frame({
      link: toHost,
      source: PEER,
      destination: HOST,
      hopLimit: 63,
      parts: [udp()],
    });
    if (ecn !== undefined) frame[ETHERNET + 1] = (frame[ETHERNET + 1]! & 0xcf) | (ecn << 4);
    return frame;
  };
  const home = { from: REMOTE, to: LOCAL };
  const link = fromProvider(0);

  test('payload of a context', () => {
    const input = tunnelled(link, arriving(), home);
    lab.expectOutcome(dataPath, 'outside', input, { forwarded: delivered() });
  });

  test('by a tagged link', () => {
    const input = tunnelled({ ...link, vlan: 20 }, arriving(), home);
    lab.expectOutcome(dataPath, 'outside', input, { forwarded: delivered() });
  });

  test('behind a Tunnel Encapsulation Limit (RFC 2473 §4.1.1), as Linux sends it', () => {
    const input = tunnelled(link, arriving(), { ...home, options: [destinationOptions()] });
    lab.expectOutcome(dataPath, 'outside', input, { forwarded: delivered() });
  });

  test('a control message is handed up without the tunnel', () => {
    const message = arriving({ parts: [packets.controlMessage()] });
    const opened = packets.concat(packets.linkHeader(link), [0x86, 0xdd], message);
    lab.expectPunt(dataPath, tunnelled(link, message, home), opened, 'control');
  });

  test('what is no SHIM6 message is the kernel’s, without the tunnel', () => {
    const echo = arriving({ parts: [packets.icmp6()] });
    const opened = packets.concat(packets.linkHeader(link), [0x86, 0xdd], echo);
    lab.expectRewrittenPass(dataPath, tunnelled(link, echo, home), opened);
  });

  for (const [name, ends] of [
    ['from another than the exit router', { from: 'fd00:db8:1::e2', to: LOCAL }],
    ['to another than this box', { from: REMOTE, to: 'fd00:db8:1::2' }],
    ['the wrong way round', { from: LOCAL, to: REMOTE }],
  ] as const) {
    test(`${name}: the kernel’s`, () =>
      lab.expectOutcome(dataPath, 'outside', tunnelled(link, arriving(), ends), 'passed'));
  }

  test('from :: to ::, while a direct uplink comes before the tunnelled one: the kernel’s', () => {
    lab.setUplink(dataPath.tables, 0, {});
    lab.setUplink(dataPath.tables, 1, { tunnel: TUNNEL, mtu: 1500 - OUTER });
    const nobody = tunnelled(link, arriving(), { from: '::', to: '::' });
    lab.expectOutcome(dataPath, 'outside', nobody, 'passed');
    const input = tunnelled(fromProvider(1), arriving(), home);
    lab.expectOutcome(dataPath, 'outside', input, { forwarded: delivered() });
  });

  test('not IPv6 in it: the kernel’s', () => {
    const parts = [udp()];
    const input = packets.frame({ link, source: REMOTE, destination: LOCAL, parts });
    lab.expectOutcome(dataPath, 'outside', input, 'passed');
  });

  test('a ULID outside, hidden in the tunnel', () => {
    const input = tunnelled(link, arriving({ source: PEER }), home);
    lab.expectDrop(dataPath, input, 'ulid-outside');
  });

  for (const [name, packet] of [
    ['of 39 octets', arriving().subarray(0, 39)],
    ['of another version', packets.concat([0x45], arriving().subarray(1))],
    ['longer than its tunnel', arriving({ payloadLength: 200 })],
  ] as const)
    test(`a packet ${name}`, () => lab.expectDrop(dataPath, tunnelled(link, packet, home), 'malformed'));

  test('options that go beyond the packet', () => {
    const input = tunnelled(link, arriving(), { ...home, options: [destinationOptions()] });
    input[ETHERNET + OUTER + 1] = 200;
    lab.expectDrop(dataPath, input, 'malformed');
  });

  test('a Hop-by-Hop header in front: the kernel’s', () => {
    const input = tunnelled(link, arriving(), { ...home, options: [hopByHop()] });
    lab.expectOutcome(dataPath, 'outside', input, 'passed');
  });

  /** RFC 6040 §4.2, figure 4: rows by what the packet says, columns by what the tunnel does: 0, ECT(1), ECT(0), CE. */
  const FIGURE_4 = [
    [0, 0, 0, 'dropped'],
    [1, 1, 1, 3],
    [2, 1, 2, 3],
    [3, 3, 3, 3],
  ] as const;
  for (const [within, row] of FIGURE_4.entries()) {
    for (const [ecn, result] of row.entries()) {
      test(`ECN ${within} in a tunnel's ${ecn}`, () => {
        const input = tunnelled(link, marked(arriving(), within), { ...home, ecn });
        if (result === 'dropped') lab.expectDrop(dataPath, input, 'tunnel-congestion');
        else lab.expectOutcome(dataPath, 'outside', input, { forwarded: delivered(result) });
      });
    }
  }
});
