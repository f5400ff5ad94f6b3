/**
 * Tunnels to an exit router whose end is the kernel's own ip6tnl: host, box, exit router and peer's provider on real
 * links. Where the kernel has no ip6tnl (test/vm/ boots one that has) test/lab/tunnel.test.ts alone is to judge.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { dirname } from 'node:path';
import { after, test } from 'node:test';
import { Dataplane } from '../../control/dataplane/dataplane.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import { BpfObject, XdpLink } from '../../native/libbpf/index.ts';
import { NetworkNamespace, PacketSocket } from '../../native/linux/index.ts';
import { programs } from './build.ts';
import * as lab from './fixtures.ts';
import * as packets from './packets.ts';

const BOX = 'fd00:db8:1:b::1';
const EXIT = 'fd00:db8:1:b::e1';
const MAC = {
  host: '02:00:00:00:00:01',
  boxInside: '02:00:00:00:00:02',
  boxOutside: '02:00:00:00:00:03',
  exitInside: '02:00:00:00:00:04',
  exitOutside: '02:00:00:00:00:05',
  peer: '02:00:00:00:00:06',
};
/** Of ip6tnl on 1500 octets: its header and the option that limits encapsulation (RFC 2473 §4.1.1). */
const KERNELS_TUNNEL_MTU = 1500 - 40 - 8;
const IPV6 = [0x86, 0xdd];

const octets = (mac: string) => Uint8Array.from(mac.split(':'), (octet) => Number.parseInt(octet, 16));
const command = (words: string, input = '') =>
  execFileSync(words.split(' ')[0]!, words.split(' ').slice(1), { input, encoding: 'utf8', stdio: 'pipe' });

const names = ['host', 'box', 'exit', 'peer'] as const;
const nameOf = (role: (typeof names)[number]) => `pshim6-exit-${process.pid}-${role}`;
const undo: (() => void)[] = [];
after(() => {
  for (const step of undo.reverse()) step();
});

const hasTunnels = ((): boolean => {
  if (process.getuid?.() !== 0) return false;
  const name = nameOf('peer');
  try {
    command(`ip netns add ${name}`);
    command(`ip -n ${name} link add probe type ip6tnl local ::2 remote ::1`);
    return true;
  } catch {
    return false;
  } finally {
    command(`ip netns delete ${name}`);
  }
})();

/** What arrives at an interface, frame by frame. */
class Arrivals {
  readonly #frames: Uint8Array[] = [];
  #wake = () => {};

  add(frame: Uint8Array): void {
    this.#frames.push(frame.slice());
    this.#wake();
  }

  /** The next frame that `wanted` takes; others are passed over. */
  async next(wanted: (packet: Uint8Array) => boolean): Promise<Uint8Array> {
    for (;;) {
      for (let frame = this.#frames.shift(); frame !== undefined; frame = this.#frames.shift())
        if (wanted(frame.subarray(14))) return frame;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }
}

function build() {
  for (const role of names) {
    command(`ip netns add ${nameOf(role)}`);
    undo.push(() => command(`ip netns delete ${nameOf(role)}`));
  }
  const cable = (one: (typeof names)[number], mac: string, other: (typeof names)[number], farMac: string) =>
    `link add name ${other} netns ${nameOf(one)} address ${mac} type veth peer name ${one} netns ${nameOf(other)} address ${farMac}`;
  command(
    'ip -batch -',
    [
      cable('host', MAC.host, 'box', MAC.boxInside),
      cable('box', MAC.boxOutside, 'exit', MAC.exitInside),
      cable('exit', MAC.exitOutside, 'peer', MAC.peer),
      '',
    ].join('\n'),
  );
  for (const role of names) {
    const interfaces = JSON.parse(command(`ip -n ${nameOf(role)} -json link`)) as { ifname: string }[];
    const lines = interfaces.map(({ ifname }) => `link set dev ${ifname} up`);
    command(`ip -n ${nameOf(role)} -batch -`, `${lines.join('\n')}\n`);
  }
  command(`ip netns exec ${nameOf('exit')} sysctl -qw net.ipv6.conf.all.forwarding=1`);
  command(
    `ip -6 -n ${nameOf('exit')} -batch -`,
    [
      `addr add ${EXIT}/64 dev box nodad`,
      `neigh replace ${BOX} lladdr ${MAC.boxOutside} dev box nud permanent`,
      `link add name tunnel type ip6tnl mode ip6ip6 local ${EXIT} remote ${BOX}`,
      'link set dev tunnel up',
      'route add 2001:db8:11::/48 dev tunnel',
      'addr add 2001:db8:11:ffff::2/64 dev peer nodad',
      `neigh replace 2001:db8:11:ffff::1 lladdr ${MAC.peer} dev peer nud permanent`,
      'route add default via 2001:db8:11:ffff::1 dev peer',
      '',
    ].join('\n'),
  );
  const namespaces = Object.fromEntries(names.map((role) => [role, NetworkNamespace.open(nameOf(role))]));
  undo.push(() => {
    for (const namespace of Object.values(namespaces)) namespace.close();
  });
  return namespaces as Record<(typeof names)[number], NetworkNamespace>;
}

function numberOf(role: (typeof names)[number], device: string): number {
  const [link] = JSON.parse(command(`ip -n ${nameOf(role)} -json link show dev ${device}`)) as {
    ifindex: number;
  }[];
  return link!.ifindex;
}

/** The box: its data path, with one context and one uplink, a tunnel. */
function attachBox(namespaces: ReturnType<typeof build>): void {
  const box = new Dataplane({
    objects: dirname(programs('inside')),
    capacity: 16,
    mode: 'native',
    strictSource: true,
    clampMss: false,
    sitePrefixes: [parsePrefix(lab.SITE)],
    ulidPrefixes: [parsePrefix(lab.ULIDS)],
    punts: { total: 1000, perSource: 1000 },
    random: (length) => new Uint8Array(length).fill(7),
  });
  undo.push(() => box.close(false));
  const [inside, outside] = [numberOf('box', 'host'), numberOf('box', 'exit')];
  namespaces.box.run(() => {
    box.setPort(0, { ifindex: outside, vlan: 0, mtu: 1500, mac: octets(MAC.boxOutside) });
    box.setPort(1, { ifindex: inside, vlan: 0, mtu: 1500, mac: octets(MAC.boxInside) });
    box.attach('inside', inside);
    box.attach('outside', outside);
  });
  const tunnel = { local: parseAddress(BOX), remote: parseAddress(EXIT) };
  box.links.setUplink(0, { port: 0, mtu: 1460, gateway: octets(MAC.exitInside), tunnel });
  box.links.setUplinkState(0, true);
  const [host, peer] = [parseAddress(lab.HOST), parseAddress(lab.PEER)];
  const [source, destination] = [parseAddress(lab.LOCATORS[0]), parseAddress(lab.PEER_LOCATORS[0])];
  box.egress.setLive(box.egress.add(host, peer, lab.PEER_TAG, [{ source, destination, uplink: 0 }]));
  box.ingress.add(lab.LOCAL_TAG, host, peer, [destination], { port: 1, mac: octets(MAC.host) });

  // A veth end takes redirected frames only while an XDP program runs on it.
  const pass = BpfObject.open(programs('pass')).load();
  undo.push(() => pass.close());
  for (const [role, device] of [
    ['host', 'box'],
    ['exit', 'box'],
  ] as const) {
    const ifindex = numberOf(role, device);
    const link = namespaces[role].run(() => XdpLink.attach(pass.program('pass'), ifindex, 'native'));
    undo.push(() => link.close());
  }
}

test("an exit router with the kernel's tunnel", {
  skip: !hasTunnels && 'the kernel has no ip6tnl',
}, async (t) => {
  const namespaces = build();
  attachBox(namespaces);
  const open = (role: 'host' | 'peer', device: string) => {
    const arrivals = new Arrivals();
    const ifindex = numberOf(role, device);
    const socket = namespaces[role].run(() =>
      PacketSocket.open(ifindex, { receive: (frame) => arrivals.add(frame) }),
    );
    undo.push(() => socket.close());
    return { socket, arrivals };
  };
  const [host, peer] = [open('host', 'box'), open('peer', 'exit')];
  const toExit = { source: MAC.peer, destination: MAC.exitOutside };
  const udp = packets.udp(200);
  const shimmed = (tag: packets.Tag, length = 200) => [packets.payloadHeader(tag), packets.udp(length)];
  const locators = { source: lab.LOCATORS[0], destination: lab.PEER_LOCATORS[0] };
  const back = { source: lab.PEER_LOCATORS[0], destination: lab.LOCATORS[0] };

  await t.test('opens what the box sends', async () => {
    const link = { source: MAC.host, destination: MAC.boxInside };
    host.socket.send(packets.frame({ link, source: lab.HOST, destination: lab.PEER, parts: [udp] }));
    const arrived = await peer.arrivals.next((packet) => packet[6] === 140);
    const expected = packets.packet({ ...locators, hopLimit: 62, parts: shimmed(lab.PEER_TAG) });
    lab.assertOctets(arrived.subarray(14), expected);
  });

  await t.test('sends what the box opens', async () => {
    peer.socket.send(packets.frame({ link: toExit, ...back, parts: shimmed(lab.LOCAL_TAG) }));
    const arrived = await host.arrivals.next((packet) => packet[6] === 17);
    const link = { source: MAC.boxInside, destination: MAC.host };
    const expected = { link, source: lab.PEER, destination: lab.HOST, hopLimit: 62, parts: [udp] };
    lab.assertOctets(arrived, packets.frame(expected));
  });

  await t.test('tells peers of its tunnel’s MTU', async () => {
    peer.socket.send(packets.frame({ link: toExit, ...back, parts: shimmed(lab.LOCAL_TAG, 1452) }));
    const error = await peer.arrivals.next((packet) => packet[6] === 58 && packet[40] === 2);
    assert.deepEqual([...error.subarray(12, 14)], IPV6);
    const view = new DataView(error.buffer, error.byteOffset + 14);
    assert.equal(view.getUint32(44), KERNELS_TUNNEL_MTU);
  });
});
