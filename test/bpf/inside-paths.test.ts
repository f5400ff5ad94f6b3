import { describe } from 'node:test';
import { DataPath } from './data-path.ts';
import * as lab from './fixtures.ts';
import { leaves, sent, shim } from './inside-fixtures.ts';
import * as packets from './packets.ts';

const dataPath = DataPath.shared();
const { udp } = packets;

describe('paths', () => {
  const second = { forwarded: leaves([shim, udp()], {}, 1) };
  const down =
    (...uplinks: (0 | 1)[]) =>
    (tables: DataPath['tables']) => {
      for (const index of uplinks) lab.setUplink(tables, index, { up: false });
    };
  const fixtures: readonly lab.Fixture[] = [
    {
      name: 'the active path may be the second',
      tables: (tables) => lab.placeEgress(tables, { active: 1 }),
      input: sent([udp()]),
      outcome: second,
    },
    {
      name: 'the other path while the uplink is down',
      tables: down(0),
      input: sent([udp()]),
      outcome: second,
    },
    {
      name: 'the first path while the second, active, is down',
      tables: (tables) => {
        lab.placeEgress(tables, { active: 1 });
        down(1)(tables);
      },
      input: sent([udp()]),
      outcome: { forwarded: leaves([shim, udp()]) },
    },
    {
      name: 'the other path where the active one is none',
      tables: (tables) => lab.placeEgress(tables, { paths: [lab.PATHS[1]!], active: 1 }),
      input: sent([udp()]),
      outcome: second,
    },
    {
      name: 'the other path while the active one has no port',
      tables: (tables) => lab.setUplink(tables, 0, { port: 9 }),
      input: sent([udp()]),
      outcome: second,
    },
    {
      name: 'all uplinks down',
      tables: down(0, 1),
      input: sent([udp()]),
      outcome: { punted: 'no-uplink' },
    },
    {
      name: 'the only uplink down',
      tables: (tables) => {
        lab.placeEgress(tables, { paths: [lab.PATHS[0]!] });
        down(0)(tables);
      },
      input: sent([udp()]),
      outcome: { punted: 'no-uplink' },
    },
    {
      name: 'the interface has gone',
      tables: (tables) => lab.setPort(tables, 0, { redirect: false }),
      input: sent([udp()]),
      outcome: { dropped: 'no-port' },
    },
  ];
  lab.testFixtures(dataPath, 'inside', fixtures);
});

const size = (length: number) => [udp(length - 40)];

describe('hop limit and size', () => {
  lab.testFixtures(dataPath, 'inside', [
    {
      name: 'hop limit 2',
      input: sent([udp()], { hopLimit: 2 }),
      outcome: { forwarded: leaves([shim, udp()], { hopLimit: 1 }) },
    },
    { name: 'hop limit 1', input: sent([udp()], { hopLimit: 1 }), outcome: { punted: 'hop-limit' } },
    { name: 'hop limit 0', input: sent([udp()], { hopLimit: 0 }), outcome: { punted: 'hop-limit' } },
    {
      name: 'just fits',
      input: sent(size(1492)),
      outcome: { forwarded: leaves([shim, ...size(1492)]) },
    },
    { name: 'one octet too big', input: sent(size(1493)), outcome: { punted: 'too-big', mtu: 1492 } },
    {
      name: 'padding is not size',
      input: sent(size(1492), { padding: 4 }),
      outcome: { forwarded: leaves([shim, ...size(1492)], { padding: 4 }) },
    },
    {
      name: 'too big, tagged',
      input: sent(size(1493), { link: { ...lab.fromHost, vlan: 3 } }),
      outcome: { punted: 'too-big', mtu: 1492, networkOffset: 18 },
    },
    {
      // No host need send less than 1280: the controller will see to it.
      name: 'too big only with its payload header',
      tables: (tables) => lab.setUplink(tables, 0, { mtu: 1280 }),
      input: sent(size(1273)),
      outcome: { punted: 'fragment', mtu: 1272 },
    },
    {
      name: 'the largest that fits 1280',
      tables: (tables) => lab.setUplink(tables, 0, { mtu: 1280 }),
      input: sent(size(1272)),
      outcome: { forwarded: leaves([shim, ...size(1272)]) },
    },
    {
      name: 'the size of the path in use counts',
      tables: (tables) => {
        lab.setUplink(tables, 0, { up: false });
        lab.setUplink(tables, 1, { mtu: 1400 });
      },
      input: sent(size(1393)),
      outcome: { punted: 'too-big', mtu: 1392, uplink: 1 },
    },
    {
      name: 'a jumbo frame too big is punted in part',
      input: sent(size(3500)),
      outcome: { punted: 'too-big', mtu: 1492, length: 3504 },
    },
  ]);
});

describe('path MTUs learned (RFC 8201)', () => {
  const narrow = { uplink: 0, destination: lab.PEER_LOCATORS[0], mtu: 1400 };
  lab.testFixtures(dataPath, 'inside', [
    {
      name: 'more than the path takes',
      tables: (tables) => tables.pathMtu(narrow),
      input: sent(size(1393)),
      outcome: { punted: 'too-big', mtu: 1392 },
    },
    {
      name: 'as much as the path takes',
      tables: (tables) => tables.pathMtu(narrow),
      input: sent(size(1392)),
      outcome: { forwarded: leaves([shim, ...size(1392)]) },
    },
    {
      name: 'by the other uplink there is another path',
      tables: (tables) => {
        tables.pathMtu({ ...narrow, uplink: 1 });
        tables.pathMtu({ ...narrow, destination: lab.PEER_LOCATORS[1] });
      },
      input: sent(size(1393)),
      outcome: { forwarded: leaves([shim, ...size(1393)]) },
    },
    {
      name: 'the uplink itself takes less',
      tables: (tables) => {
        tables.pathMtu(narrow);
        lab.setUplink(tables, 0, { mtu: 1350 });
      },
      input: sent(size(1393)),
      outcome: { punted: 'too-big', mtu: 1342 },
    },
    {
      name: 'what every path must take does',
      tables: (tables) => tables.pathMtu({ ...narrow, mtu: 1280 }),
      input: sent(size(1272)),
      outcome: { forwarded: leaves([shim, ...size(1272)]) },
    },
  ]);
});
