/** For whom the box begins a handshake, and which contexts it discards again. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Handshakes } from '../../control/adapters/handshakes.ts';
import type { SiteHost } from '../../control/site/hosts.ts';
import { type Address, addressKey, formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { parsePrefix } from '../../control/wire/ipv6/prefix.ts';

const [HOST, NEIGHBOUR] = ['fc00:db8:1::1', 'fc00:db8:1::2'].map(parseAddress) as [Address, Address];
const PEER = parseAddress('fc00:db8:2::1');
/** A single host: its ULID is one of its locators. */
const SINGLE = parseAddress('2001:db8:31::1');
const LOCATORS = ['2001:db8:21::1', '2001:db8:22::1'].map(parseAddress);

interface Standing {
  readonly state: 'ESTABLISHED' | 'I1-SENT';
  /** Packets that the data path has carried, out and in. */
  readonly packets?: readonly [out: number, back: number];
}

/** A box with two hosts, and a default context between HOST and PEER as `standing` has it; what it does, in words. */
function box(standing?: Standing, { mayHold = true, forks = [] as readonly number[] } = {}) {
  const done: string[] = [];
  const note = (what: string, ...addresses: Address[]) =>
    done.push([what, ...addresses.map(formatAddress)].join(' '));
  const context = standing && {
    state: standing.state,
    peerLocators: LOCATORS.map((address) => ({ address })),
  };
  const handshakes = new Handshakes({
    core: {
      context: ((_local: Address, _peer: Address, fork = 0) =>
        fork === 0 || forks.includes(fork) ? context : undefined) as never,
    },
    driver: {
      run: ((act: (core: object, now: number) => void) =>
        act(
          {
            establish: (
              _now: number,
              local: Address,
              peer: Address,
              locators: Address[],
              options?: { fork: number },
            ) =>
              note(
                options === undefined ? 'handshake' : `handshake of fork ${options.fork}`,
                local,
                peer,
                ...locators,
              ),
            discard: () => {
              note('discard');
              return true;
            },
          },
          0,
        )) as never,
    },
    onHost: () => {},
    contexts: {
      reserve: (local, peer) => {
        note('hold packets', local, peer);
        return true as never;
      },
      view: (() => {
        if (standing?.packets === undefined) return undefined;
        const [out, back] = standing.packets;
        return { egress: { packets: out }, ingress: { packets: back } };
      }) as never,
    },
    carrier: { mayHold: () => mayHold, refuse: (local, peer) => note('refuse', local, peer) },
    hosts: () => new Map([HOST, NEIGHBOUR].map((ulid) => [addressKey(ulid), {} as SiteHost])),
    ulids: [parsePrefix('fc00::/8')],
  });
  return { handshakes, done };
}

const locators = LOCATORS.map(formatAddress).join(' ');

describe('a handshake begins', () => {
  test('for a host of the site, with the locators that are known', () => {
    const { handshakes, done } = box();
    handshakes.begin(HOST, PEER, LOCATORS);
    assert.deepEqual(done, [`handshake fc00:db8:1::1 fc00:db8:2::1 ${locators}`]);
  });

  test('neither for strangers nor between hosts of the site', () => {
    const { handshakes, done } = box();
    handshakes.begin(PEER, SINGLE, LOCATORS);
    handshakes.begin(HOST, NEIGHBOUR, LOCATORS);
    assert.deepEqual(done, []);
  });

  test('and packets to a routable ULID wait, unless they go without a context', () => {
    for (const mayHold of [true, false]) {
      const { handshakes, done } = box(undefined, { mayHold });
      handshakes.begin(HOST, SINGLE, [SINGLE]);
      const handshake = 'handshake fc00:db8:1::1 2001:db8:31::1 2001:db8:31::1';
      assert.deepEqual(
        done,
        mayHold ? ['hold packets fc00:db8:1::1 2001:db8:31::1', handshake] : [handshake],
      );
    }
  });
});

describe('a fork’s handshake begins', () => {
  test('beside an established context, with its peer’s locators', () => {
    const { handshakes, done } = box({ state: 'ESTABLISHED' });
    handshakes.beginFork(HOST, PEER, 3);
    assert.deepEqual(done, [`handshake of fork 3 fc00:db8:1::1 fc00:db8:2::1 ${locators}`]);
  });

  test('neither before that stands, nor where it is under way', () => {
    for (const { handshakes, done } of [
      box(),
      box({ state: 'I1-SENT' }),
      box({ state: 'ESTABLISHED' }, { forks: [3] }),
    ]) {
      handshakes.beginFork(HOST, PEER, 3);
      assert.deepEqual(done, []);
    }
  });
});

describe('afterwards', () => {
  test('it is under way until it is established', () => {
    const underWay = (standing?: Standing) => box(standing).handshakes.isUnderWay(HOST, PEER);
    assert.deepEqual(
      [underWay(), underWay({ state: 'I1-SENT' }), underWay({ state: 'ESTABLISHED' })],
      [false, true, false],
    );
  });

  test('a context is discarded when it never carried a packet, either way', () => {
    for (const [packets, discarded] of [
      [[0, 0], true],
      [[1, 0], false],
      [[0, 1], false],
    ] as const) {
      const { handshakes, done } = box({ state: 'ESTABLISHED', packets });
      assert.equal(handshakes.discardUnused(HOST, PEER), discarded);
      assert.deepEqual(done, discarded ? ['discard'] : []);
    }
    assert.equal(box().handshakes.discardUnused(HOST, PEER), false, 'there is none');
  });

  test('packets to a peer of which nothing was found are refused, unless a context has come to be', () => {
    const nothing = box();
    nothing.handshakes.giveUp(HOST, PEER);
    assert.deepEqual(nothing.done, ['refuse fc00:db8:1::1 fc00:db8:2::1']);
    const meanwhile = box({ state: 'I1-SENT' });
    meanwhile.handshakes.giveUp(HOST, PEER);
    assert.deepEqual(meanwhile.done, []);
  });
});
