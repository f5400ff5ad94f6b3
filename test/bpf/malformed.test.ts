/** Frames that lie or stop short: a counted verdict for every octet string, and never a wrong one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataPath, type Direction } from './data-path.ts';
import * as lab from './fixtures.ts';
import * as packets from './packets.ts';

const { HOST, PEER, LOCATORS, PEER_LOCATORS } = lab;
const { udp, hopByHop, destinationOptions, routing, fragment, controlMessage } = packets;
const dataPath = DataPath.shared();

const IPV6_LENGTH = 40;
const shim = packets.payloadHeader(lab.LOCAL_TAG);

interface Subject {
  readonly name: string;
  readonly direction: Direction;
  readonly vlan?: number;
  /** The headers that must be there whole, then what may be cut. */
  readonly headers: readonly packets.Part[];
  readonly rest: readonly packets.Part[];
}

const subjects: readonly Subject[] = [
  { name: 'plain', direction: 'inside', headers: [], rest: [udp()] },
  { name: 'tagged', direction: 'inside', vlan: 5, headers: [], rest: [udp()] },
  {
    name: 'extension headers',
    direction: 'inside',
    headers: [hopByHop(2), destinationOptions(), routing()],
    rest: [udp()],
  },
  { name: 'fragment', direction: 'inside', headers: [hopByHop()], rest: [fragment(0, true), udp()] },
  { name: 'plain', direction: 'outside', headers: [shim], rest: [udp()] },
  { name: 'tagged', direction: 'outside', vlan: 5, headers: [shim], rest: [udp()] },
  {
    name: 'extension headers',
    direction: 'outside',
    headers: [hopByHop(2), destinationOptions(), routing(), shim],
    rest: [udp()],
  },
  { name: 'control', direction: 'outside', headers: [controlMessage(4)], rest: [] },
];

function frameOf({ direction, vlan, headers, rest }: Subject): Uint8Array {
  const inside = direction === 'inside';
  return packets.frame({
    link: { ...(inside ? lab.fromHost : lab.fromProvider(0)), vlan },
    source: inside ? HOST : PEER_LOCATORS[0],
    destination: inside ? PEER : LOCATORS[0],
    parts: [...headers, ...rest],
  });
}

for (const subject of subjects) {
  const { name, direction, vlan } = subject;
  const whole = frameOf(subject);
  const network = vlan === undefined ? 14 : 18;

  test(`${direction}, ${name}: cut at every octet`, () => {
    lab.standardTables(dataPath);
    for (let length = 14; length < whole.length; length++) {
      // Without its EtherType a frame is nobody's.
      const outcome: lab.Outcome = length < network ? 'passed' : { dropped: 'malformed' };
      lab.expectOutcome(dataPath, direction, whole.subarray(0, length), outcome);
    }
  });

  test(`${direction}, ${name}: cut at every octet, with a payload length that agrees`, () => {
    lab.standardTables(dataPath);
    const required = subject.headers.reduce((sum, { octets }) => sum + octets.length, 0);
    const { counts } = dataPath.run(direction, whole);
    const intact = Object.keys(counts).find((count) => /forwarded|punted/.test(count));
    assert.ok(intact, 'the whole frame is treated');
    for (let payload = 0; network + IPV6_LENGTH + payload < whole.length; payload++) {
      const cut = whole.slice(0, network + IPV6_LENGTH + payload);
      new DataView(cut.buffer).setUint16(network + 4, payload);
      if (payload < required) {
        lab.expectOutcome(dataPath, direction, cut, { dropped: 'malformed' });
      } else {
        const { counts } = dataPath.run(direction, cut);
        assert.deepEqual(counts, { [intact]: 1 }, `payload of ${payload}`);
      }
    }
  });

  test(`${direction}, ${name}: a payload length one too long`, () => {
    lab.standardTables(dataPath);
    const lying = Uint8Array.from(whole);
    new DataView(lying.buffer).setUint16(network + 4, whole.length - network - IPV6_LENGTH + 1);
    lab.expectOutcome(dataPath, direction, lying, { dropped: 'malformed' });
  });
}

const altered = (input: Uint8Array, at: number, value: number) => {
  const copy = Uint8Array.from(input);
  copy[at] = value;
  return copy;
};
const host = frameOf(subjects[0]!);
const provider = frameOf(subjects[4]!);
const optionsLength = 14 + IPV6_LENGTH + 1;

lab.testFixtures(dataPath, 'inside', [
  { name: 'IP version 4', input: altered(host, 14, 0x4b), outcome: { dropped: 'malformed' } },
  {
    name: 'an extension header longer than the packet',
    input: altered(frameOf(subjects[2]!), optionsLength, 40),
    outcome: { dropped: 'malformed' },
  },
  {
    name: 'a jumbogram (RFC 2675): payload length zero, but an extension header',
    input: altered(frameOf(subjects[3]!), 19, 0),
    outcome: { dropped: 'malformed' },
  },
]);
lab.testFixtures(dataPath, 'outside', [
  { name: 'IP version 0', input: altered(provider, 14, 0), outcome: { dropped: 'malformed' } },
  {
    name: 'a payload header with a length',
    input: altered(provider, optionsLength, 1),
    outcome: { dropped: 'malformed' },
  },
  {
    name: 'a control message longer than the packet',
    input: altered(frameOf(subjects[7]!), optionsLength, 4),
    outcome: { dropped: 'malformed' },
  },
]);

test('altered at random, every frame still gets exactly one verdict', () => {
  lab.standardTables(dataPath);
  let state = 1;
  const random = (below: number) => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
  for (let round = 0; round < 4000; round++) {
    const subject = subjects[random(subjects.length)]!;
    const input = frameOf(subject).slice();
    for (let changes = 1 + random(4); changes > 0; changes--)
      input[12 + random(input.length - 12)] = random(256);
    const length = random(3) === 0 ? 14 + random(input.length - 13) : input.length;
    const { verdict, counts, data } = dataPath.run(subject.direction, input.slice(0, length));
    const verdicts = Object.entries(counts).filter(([name]) => name.startsWith(subject.direction));
    const reasons = Object.entries(counts).filter(([name]) => /^(drop|punt) /.test(name));
    assert.deepEqual(
      verdicts.map(([, times]) => times),
      [1],
      JSON.stringify(counts),
    );
    assert.equal(reasons.length, verdict === 1 ? 1 : 0, JSON.stringify(counts));
    const [[became]] = verdicts as [[string, number]];
    if (/passed|punted|dropped/.test(became)) assert.deepEqual(data, input.slice(0, length));
  }
});
