/** Fixtures of the program `outside`: which ICMPv6 errors are about what was shimmed here. */
import { describe } from 'node:test';
import { DataPath } from './data-path.ts';
import * as lab from './fixtures.ts';
import * as packets from './packets.ts';

const dataPath = DataPath.shared();

const ROUTER = '2001:db8:f::1';
const { destinationOptions, fragment, hopByHop, icmp6, icmp6Error, routing, udp } = packets;
const shim = packets.payloadHeader(lab.PEER_TAG);

/** A packet that left here. */
const sent = (parts: readonly packets.Part[], fields: Partial<packets.FrameFields> = {}) =>
  packets.packet({ source: lab.LOCATORS[0], destination: lab.PEER_LOCATORS[0], parts, ...fields });

const fromRouter = (parts: readonly packets.Part[], fields: Partial<packets.FrameFields> = {}) =>
  packets.frame({
    link: lab.fromProvider(0),
    source: ROUTER,
    destination: lab.LOCATORS[0],
    parts,
    ...fields,
  });

const about = (invoking: Uint8Array, type = 1) => fromRouter([icmp6Error(type, invoking)]);
const ours = { punted: 'icmp-error' } as const;

describe('ICMPv6 errors (RFC 5533 §8)', () => {
  lab.testFixtures(dataPath, 'outside', [
    ...[0, 1, 2, 3, 4, 5, 127].map((type) => ({
      name: `type ${type} about payload`,
      input: about(sent([shim, udp()]), type),
      outcome: ours,
    })),
    ...[128, 129, 135, 137].map((type) => ({
      name: `type ${type} is no error`,
      input: about(sent([shim, udp()]), type),
      outcome: 'passed' as const,
    })),
    {
      name: 'from a router on the link that has no global address',
      input: fromRouter([icmp6Error(3, sent([shim, udp()]))], { source: 'fe80::1' }),
      outcome: ours,
    },
    { name: 'about a control message', input: about(sent([packets.controlMessage()])), outcome: ours },
    {
      name: 'about a packet with headers before its payload header',
      input: about(sent([hopByHop(), destinationOptions(2), routing(), shim, udp()])),
      outcome: ours,
    },
    {
      name: 'behind extension headers, tagged',
      input: fromRouter([hopByHop(), destinationOptions(), icmp6Error(3, sent([shim, udp()]))], {
        link: { ...lab.fromProvider(0), vlan: 7 },
      }),
      outcome: { ...ours, networkOffset: 18 },
    },
    { name: 'quoting nothing behind the IPv6 header', input: about(sent([shim])), outcome: ours },
    {
      name: 'quoting only a part of a long packet',
      input: about(sent([shim, udp(1400)]).subarray(0, 1232)),
      outcome: ours,
    },
    {
      name: 'quoting less than the headers before the shim: nobody can tell',
      input: about(sent([hopByHop(9), shim, udp()]).subarray(0, 72)),
      outcome: 'passed',
    },
    {
      name: 'quoting less than an IPv6 header',
      input: about(sent([shim]).subarray(0, 39)),
      outcome: 'passed',
    },
    { name: 'about a packet without SHIM6', input: about(sent([udp()])), outcome: 'passed' },
    {
      name: 'about fragments that hold SHIM6: not sent by a box',
      input: about(sent([fragment(0, true), shim, udp()])),
      outcome: 'passed',
    },
    {
      name: 'about a packet that another sent',
      input: about(sent([shim, udp()], { source: lab.LOCATORS[1] })),
      outcome: 'passed',
    },
    { name: 'not IPv6 in it', input: fromRouter([icmp6(1)]), outcome: 'passed' },
    {
      name: 'a ULID in the quoted packet does not matter: the controller knows what it sent',
      input: about(sent([shim, udp()], { destination: lab.PEER })),
      outcome: ours,
    },
    {
      name: 'longer than an event',
      input: about(sent([shim, udp(3400)])),
      outcome: { dropped: 'punt-too-long' },
    },
  ]);
});

describe('errors that a host sends about what it received go to the peer like all it sends', () => {
  const received = packets.packet({ source: lab.PEER, destination: lab.HOST, parts: [udp()] });
  const parts = [icmp6Error(1, received, 4)];
  lab.testFixtures(dataPath, 'inside', [
    {
      name: 'port unreachable',
      input: packets.frame({ link: lab.fromHost, source: lab.HOST, destination: lab.PEER, parts }),
      outcome: {
        forwarded: packets.frame({
          link: lab.toProvider(0),
          source: lab.LOCATORS[0],
          destination: lab.PEER_LOCATORS[0],
          hopLimit: 63,
          parts: [shim, ...parts],
        }),
      },
    },
  ]);
  lab.testFixtures(dataPath, 'outside', [
    {
      name: 'and arrive there as they were',
      input: packets.frame({
        link: lab.fromProvider(0),
        source: lab.PEER_LOCATORS[0],
        destination: lab.LOCATORS[0],
        parts: [packets.payloadHeader(lab.LOCAL_TAG), ...parts],
      }),
      outcome: {
        forwarded: packets.frame({
          link: lab.toHost,
          source: lab.PEER,
          destination: lab.HOST,
          hopLimit: 63,
          parts,
        }),
      },
    },
  ]);
});
