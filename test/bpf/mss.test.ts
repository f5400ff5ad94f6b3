/** Fixtures of the program `inside`: the Maximum Segment Size that hosts announce, where it is clamped. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { upperLayerChecksum } from '../../control/wire/ipv6/header.ts';
import { DataPath } from './data-path.ts';
import * as lab from './fixtures.ts';
import * as packets from './packets.ts';

const dataPath = DataPath.shared();

const TCP = 6;
const SYN = 0x02;
const ACK = 0x10;
const [host, peer] = [parseAddress(lab.HOST), parseAddress(lab.PEER)];
const NO_OPERATION = [1];
const WINDOW_SCALE = [3, 3, 7];
const SACK_PERMITTED = [4, 2];
const TIMESTAMPS = [8, 10, 1, 2, 3, 4, 0, 0, 0, 0];
const mss = (value: number) => [2, 4, value >> 8, value & 0xff];

/** A segment with a right checksum over the ULIDs. */
function segment(options: readonly number[], { flags = SYN, data = 0, offset = 0 } = {}): packets.Part {
  const padded = [...options, ...Array((4 - (options.length % 4)) % 4).fill(0)];
  const words = offset === 0 ? 5 + padded.length / 4 : offset;
  const fixed = [0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, words << 4, flags, 0x20, 0, 0, 0, 0, 0];
  const octets = packets.concat(fixed, padded, packets.counting(data));
  new DataView(octets.buffer).setUint16(16, upperLayerChecksum(host, peer, TCP, octets));
  return { type: TCP, octets, chained: false };
}

/** A fragment, or an authentication header, and a SYN's octets behind it, as one part. */
const behind = (header: packets.Part, options: readonly number[]): packets.Part => ({
  type: header.type,
  octets: packets.concat([TCP], header.octets.subarray(1), segment(options).octets),
  chained: false,
});
const later = (options: readonly number[]) => behind(packets.fragment(64, false), options);
const authenticated = (options: readonly number[]) => behind(packets.authentication(), options);

const sent = (...parts: packets.Part[]) =>
  packets.frame({ link: lab.fromHost, source: lab.HOST, destination: lab.PEER, parts });

const leaves = (...parts: packets.Part[]) => ({
  forwarded: packets.frame({
    link: lab.toProvider(0),
    source: lab.LOCATORS[0],
    destination: lab.PEER_LOCATORS[0],
    hopLimit: 63,
    parts,
  }),
});
const shim = packets.payloadHeader(lab.PEER_TAG);
type Tables = DataPath['tables'];
const clamped = (tables: Tables) => tables.settings({ site: [lab.SITE], ulids: [lab.ULIDS], clampMss: true });

/** 1500 octets less 8, 40 and 20. */
const MOST = 1432;

describe('the MSS of a SYN', () => {
  const changes = (
    name: string,
    options: (value: number) => readonly number[],
    fields = {},
  ): lab.Fixture => ({
    name,
    tables: clamped,
    input: sent(segment(options(1440), fields)),
    outcome: leaves(shim, segment(options(MOST), fields)),
  });
  const stays = (
    name: string,
    part: packets.Part,
    tables: (tables: Tables) => void = clamped,
  ): lab.Fixture => ({
    name,
    tables,
    input: sent(part),
    outcome: leaves(shim, part),
  });
  lab.testFixtures(dataPath, 'inside', [
    changes('alone', mss),
    changes('first of many', (value) => [
      ...mss(value),
      ...SACK_PERMITTED,
      ...TIMESTAMPS,
      ...NO_OPERATION,
      ...WINDOW_SCALE,
    ]),
    changes('last', (value) => [...SACK_PERMITTED, ...TIMESTAMPS, ...mss(value)]),
    changes('at an odd place', (value) => [...NO_OPERATION, ...mss(value)]),
    changes('behind an option of odd length', (value) => [...WINDOW_SCALE, ...mss(value)]),
    changes('behind as many options as there can be', (value) => [
      ...Array(36).fill(NO_OPERATION[0]),
      ...mss(value),
    ]),
    changes('behind what only looks like one', (value) => [254, 6, ...mss(1440), ...mss(value)]),
    changes('behind one of a wrong length', (value) => [2, 6, 5, 160, 0, 0, ...mss(value)]),
    changes('given twice', (value) => [...mss(value), ...mss(value)]),
    changes('given again behind one that fits', (value) => [...mss(536), ...WINDOW_SCALE, ...mss(value)]),
    changes('of a SYN with data (RFC 7413)', mss, { data: 333 }),
    changes('of a SYN and ACK', mss, { flags: SYN | ACK }),
    stays('that fits is left', segment(mss(MOST))),
    stays('that is much smaller is left', segment(mss(536))),
    stays('of a segment that is no SYN', segment(mss(1440), { flags: ACK })),
    stays('where it is not clamped', segment(mss(1440)), () => {}),
    stays('behind the end of the options', segment([0, ...mss(1440)])),
    stays('cut off by the header', segment([...NO_OPERATION, 2, 4, 5], { offset: 6 })),
    stays('of a wrong length', segment([2, 3, 5, 160])),
    stays('behind an option without length', segment([5, 0, ...mss(1440)])),
    stays('in a header longer than its packet', segment(mss(1440), { offset: 15 })),
    {
      name: 'behind Hop-by-Hop Options',
      tables: clamped,
      input: sent(packets.hopByHop(), segment(mss(1440))),
      outcome: leaves(packets.hopByHop(), shim, segment(mss(MOST))),
    },
    {
      name: 'behind Destination Options',
      tables: clamped,
      input: sent(packets.destinationOptions(), segment(mss(1440))),
      outcome: leaves(shim, packets.destinationOptions(), segment(mss(MOST))),
    },
    {
      name: 'in a first fragment',
      tables: clamped,
      input: sent(packets.fragment(0, true), segment(mss(1440), { data: 4 })),
      outcome: leaves(shim, packets.fragment(0, true), segment(mss(MOST), { data: 4 })),
    },
    stays('that only seems to be in a later fragment', later(mss(1440))),
    stays('behind an authentication header, which protects it', authenticated(mss(1440))),
    {
      name: "by the uplink's MTU",
      tables: (tables) => {
        clamped(tables);
        lab.setUplink(tables, 0, { mtu: 1400 });
      },
      input: sent(segment(mss(1440))),
      outcome: leaves(shim, segment(mss(1332))),
    },
    {
      name: 'by what was learned of the path',
      tables: (tables) => {
        clamped(tables);
        tables.pathMtu({ uplink: 0, destination: lab.PEER_LOCATORS[0], mtu: 1280 });
      },
      input: sent(segment(mss(1440))),
      outcome: leaves(shim, segment(mss(1212))),
    },
  ]);

  test('of whatever value: the checksum over the ULIDs stays right', () => {
    lab.standardTables(dataPath);
    clamped(dataPath.tables);
    for (const value of [1433, 1440, 8960, 0x59f8, 0xff98, 65535])
      for (const before of [[], NO_OPERATION, WINDOW_SCALE]) {
        const { data } = dataPath.run('inside', sent(segment([...before, ...mss(value)])));
        assert.equal(upperLayerChecksum(host, peer, TCP, data.subarray(14 + 40 + 8)), 0, `${value}`);
      }
  });
});
