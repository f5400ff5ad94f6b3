/** Every order of headers that RFC 8200 §4.1 allows, both ways; what has no place in it; what is for routers. */
import { describe, test } from 'node:test';
import { DataPath } from './data-path.ts';
import * as lab from './fixtures.ts';
import * as packets from './packets.ts';

const { concat } = packets;
const dataPath = DataPath.shared();

type Parts = readonly packets.Part[];
const shim = (tag: packets.Tag) => packets.payloadHeader(tag);
const fromHost = (parts: Parts) =>
  packets.frame({ link: lab.fromHost, source: lab.HOST, destination: lab.PEER, parts });
const toProvider = (parts: Parts) =>
  packets.frame({
    link: lab.toProvider(0),
    source: lab.LOCATORS[0],
    destination: lab.PEER_LOCATORS[0],
    hopLimit: 63,
    parts,
  });
const fromProvider = (parts: Parts) =>
  packets.frame({
    link: lab.fromProvider(0),
    source: lab.PEER_LOCATORS[0],
    destination: lab.LOCATORS[0],
    parts,
  });
const toHost = (parts: Parts) =>
  packets.frame({ link: lab.toHost, source: lab.PEER, destination: lab.HOST, hopLimit: 63, parts });

/** Which headers of RFC 8200 §4.1's list, in its order, stand before the payload header and which behind it. */
const BEFORE: readonly (readonly [string, Parts])[] = [
  ['', []],
  ['Hop-by-Hop', [packets.hopByHop(2)]],
  ['Routing', [packets.routing()]],
  ['Hop-by-Hop, Routing', [packets.hopByHop(), packets.routing()]],
  ['Destination, Routing', [packets.destinationOptions(2), packets.routing()]],
  [
    'Hop-by-Hop, Destination, Routing',
    [packets.hopByHop(3), packets.destinationOptions(), packets.routing()],
  ],
];
const OPTIONAL: readonly (readonly [string, packets.Part])[] = [
  ['Fragment', packets.fragment(0, true)],
  ['AH', packets.authentication()],
  ['Destination', packets.destinationOptions(1, 0x70)],
];
const LAST: readonly (readonly [string, Parts])[] = [
  ['TCP', [packets.tcp()]],
  ['UDP', [packets.udp()]],
  ['ICMPv6', [packets.icmp6()]],
  ['ESP', [packets.esp()]],
  ['an unknown header', [{ type: 253, octets: packets.counting(24), chained: false }]],
  ['no next header', []],
];

function* behind(): Generator<readonly [string, Parts]> {
  for (let chosen = 0; chosen < 2 ** OPTIONAL.length; chosen++) {
    const some = OPTIONAL.filter((_, index) => (chosen >> index) & 1);
    for (const [name, parts] of LAST)
      yield [
        [...some.map(([header]) => header), name].join(', '),
        [...some.map(([, part]) => part), ...parts],
      ] as const;
  }
}

for (const [before, first] of BEFORE) {
  test(`headers before: ${before || 'none'}; all that may follow`, () => {
    lab.standardTables(dataPath);
    for (const [, rest] of behind()) {
      lab.expectOutcome(dataPath, 'inside', fromHost([...first, ...rest]), {
        forwarded: toProvider([...first, shim(lab.PEER_TAG), ...rest]),
      });
      lab.expectOutcome(dataPath, 'outside', fromProvider([...first, shim(lab.LOCAL_TAG), ...rest]), {
        forwarded: toHost([...first, ...rest]),
      });
    }
  });
}

describe('Hop-by-Hop Options that every router is to read', () => {
  const options = (...octets: number[]): packets.Part => ({
    type: packets.NextHeader.hopByHop,
    octets: concat([0, (octets.length + 2) / 8 - 1], octets),
    chained: true,
  });
  const ALERT = [5, 2, 0, 1];
  const alerting: readonly (readonly [string, packets.Part])[] = [
    ['alone', options(...ALERT, 1, 0)],
    ['behind PadN', options(1, 0, ...ALERT)],
    ['behind Pad1', options(0, 0, ...ALERT)],
    ['behind an unknown option', options(0x3e, 4, 1, 2, 3, 4, ...ALERT, 1, 2, 0, 0)],
    ['as the eighth', options(...Array(7).fill(0), ...ALERT, 1, 1, 0)],
  ];
  const silent: readonly (readonly [string, packets.Part])[] = [
    ['an option of another type', options(0x1e, 4, 5, 2, 0, 1)],
    ['the alert’s octets inside another option', options(1, 4, ...ALERT)],
    ['an option that reaches beyond the header', options(1, 200, ...ALERT)],
    ['more options than are read', options(...Array(10).fill(0), ...ALERT)],
  ];
  const rest = [packets.udp()];
  for (const [name, header] of alerting) {
    test(`Router Alert ${name}: the kernel’s, both ways`, () => {
      lab.standardTables(dataPath);
      lab.expectOutcome(dataPath, 'inside', fromHost([header, ...rest]), 'passed');
      const missing = { link: lab.fromHost, source: lab.HOST, destination: 'fc00:db8:2::99' };
      lab.expectOutcome(
        dataPath,
        'inside',
        packets.frame({ ...missing, parts: [header, ...rest] }),
        'passed',
      );
      const arriving = fromProvider([header, shim(lab.LOCAL_TAG), ...rest]);
      lab.expectOutcome(dataPath, 'outside', arriving, 'passed');
    });
  }
  for (const [name, header] of silent) {
    test(`${name}: no Router Alert`, () => {
      lab.standardTables(dataPath);
      lab.expectOutcome(dataPath, 'inside', fromHost([header, ...rest]), {
        forwarded: toProvider([header, shim(lab.PEER_TAG), ...rest]),
      });
    });
  }
});

describe('chains that no standard allows have a fate, and are counted', () => {
  const many = Array.from({ length: 5 }, () => packets.destinationOptions());
  const long = [packets.destinationOptions(32), packets.destinationOptions(32), packets.routing()];
  for (const [name, parts] of [
    ['five headers before the payload', many],
    ['more than 512 octets of them', long],
  ] as const) {
    test(name, () => {
      lab.standardTables(dataPath);
      const dropped = { dropped: 'extension-headers' } as const;
      lab.expectOutcome(dataPath, 'inside', fromHost([...parts, packets.udp()]), dropped);
      const arriving = fromProvider([...parts, shim(lab.LOCAL_TAG), packets.udp()]);
      lab.expectOutcome(dataPath, 'outside', arriving, dropped);
    });
  }
  test('a Hop-by-Hop header that is not the first is no extension header', () => {
    lab.standardTables(dataPath);
    const late = [packets.destinationOptions(), packets.hopByHop(), packets.udp()];
    lab.expectOutcome(dataPath, 'inside', fromHost(late), {
      forwarded: toProvider([shim(lab.PEER_TAG), ...late]),
    });
    lab.expectOutcome(dataPath, 'outside', fromProvider([packets.routing(), packets.hopByHop()]), 'passed');
  });
});
