/** Attacks by name: what an attacker off path, or one who kept old packets, sends to two established peers. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Shim6 } from '../../control/shim6/index.ts';
import { type Address, parseAddress } from '../../control/wire/ipv6/address.ts';
import {
  type ContextTag,
  decodeMessage,
  encodeMessage,
  type Message,
  type Option,
  tagNumber,
  VerificationMethod,
} from '../../control/wire/shim6/index.ts';
import { trusting } from '../shim6/many.ts';
import { type Packet, Pair, type Sent } from '../shim6/pair.ts';
import { SeededRandom } from '../shim6/random.ts';
import { addresses, hostB, locator } from '../shim6/sites.ts';
import { sealed } from '../wire/shim6/sealed.ts';

const attacker = parseAddress('2001:db8:666::6');

function established(): Pair {
  const pair = new Pair();
  pair.establish();
  pair.runUntil(1_000);
  return pair;
}

/** Everything at both ends that an attack could change. */
function standing({ a, b }: Pair): unknown {
  return structuredClone(
    [a, b].map(({ core, outcomes }) => [
      outcomes,
      core.nextTimeout(),
      [...core.contexts()].map((context) => ({
        state: context.state,
        tags: [context.localTag, context.peerTag],
        local: context.localLocators,
        peer: context.peerLocators,
        pair: [context.localLocator, context.peerLocator],
      })),
    ]),
  );
}

/** Hands every packet to its destination and asserts that nothing is different afterwards. */
function assertUnmoved(pair: Pair, packets: Iterable<Packet>): void {
  const before = standing(pair);
  for (const packet of packets) pair.inject(packet);
  pair.runUntil(pair.now + 1_000);
  assert.deepEqual(standing(pair), before);
}

const sentOf = (pair: Pair, type: string): Sent => pair.sent.find((one) => one.type === type)!;
const toB = (pair: Pair, message: Message, source = addresses(pair.a.host)[0]!): Packet => ({
  source,
  destination: addresses(pair.b.host)[0]!,
  message: encodeMessage(message, 2_048),
});
const toA = (pair: Pair, message: Message): Packet => ({
  source: addresses(pair.b.host)[0]!,
  destination: addresses(pair.a.host)[0]!,
  message: encodeMessage(message),
});
const neighbours = ({ high, low }: ContextTag): ContextTag[] => [
  { high, low: (low ^ 1) >>> 0 },
  { high: high ^ 0x4000, low },
  { high: 0, low },
  { high: 0, low: 0 },
  { high: 0x7fff, low: 0xffffffff },
];

const listing = (locators: readonly Address[]): readonly Option[] => [
  {
    type: 'LocatorList',
    generation: 77,
    locators: locators.map((address) => ({ address, method: VerificationMethod.CGA })),
  },
];

describe('replayed I2', () => {
  test('draws R2 and moves nothing, however often', () => {
    const pair = established();
    assertUnmoved(pair, Array<Packet>(50).fill(sentOf(pair, 'I2')));
    assert.equal(pair.a.core.size + pair.b.core.size, 2);
  });

  test('sent from elsewhere is refused: its validator is for the pair it came on', () => {
    const pair = established();
    assertUnmoved(pair, [{ ...sentOf(pair, 'I2'), source: attacker }]);
    assert.equal(pair.b.core.counters['bad-validator'], 1);
  });

  test('after the responder has discarded the context brings no second tag for a peer that has its own', () => {
    const pair = established();
    pair.b.core.remove(pair.b.host.ulid, pair.a.host.ulid);
    pair.inject(sentOf(pair, 'I2'));
    pair.runUntil(2_000);
    const atA = pair.a.core.context(pair.a.host.ulid, pair.b.host.ulid)!;
    assert.equal(atA.state, 'ESTABLISHED');
    const atB = pair.b.core.context(pair.b.host.ulid, pair.a.host.ulid);
    if (atB !== undefined) assert.deepEqual(atB.peerTag, atA.localTag);
  });
});

test('validators issued before a restart are refused after it: the I2 that carries one makes no context', () => {
  const pair = established();
  const i2 = sentOf(pair, 'I2');
  const { host } = pair.b;
  const restarted = new Shim6({ random: new SeededRandom(99).octets, identity: trusting });
  restarted.setHost(pair.now, host);
  restarted.handleMessage(pair.now, i2);
  assert.equal(restarted.size, 0);
  assert.equal(restarted.counters['bad-validator'], 1);
  assert.equal(restarted.pollEffect(), undefined);
});

describe('forged messages move nothing', () => {
  const options: readonly Option[] = [
    { type: 'ResponderValidator', validator: new Uint8Array(20) },
    ...listing([attacker]),
  ];

  test('R1 and R2, while nothing is sought and while something is', () => {
    const answers = (pair: Pair, nonce: number): Packet[] => [
      toA(pair, {
        type: 'R1',
        initiatorNonce: nonce,
        responderNonce: 1,
        options: options.slice(0, 1),
      }),
      toA(pair, {
        type: 'R2',
        responderTag: { high: 1, low: 1 },
        initiatorNonce: nonce,
        options: options.slice(1),
      }),
    ];
    const settled = established();
    const { message } = sentOf(settled, 'I1');
    const used = decodeMessage(message);
    assert.ok(used.type === 'I1');
    assertUnmoved(settled, answers(settled, used.initiatorNonce));
    const seeking = new Pair({ loss: 1 });
    seeking.establish();
    const asked = decodeMessage(seeking.sent[0]!.message);
    assert.ok(asked.type === 'I1');
    for (const nonce of [0, 1, 0xffffffff, (asked.initiatorNonce ^ 1) >>> 0])
      for (const packet of answers(seeking, nonce)) seeking.a.core.handleMessage(0, packet);
    assert.equal(seeking.a.core.context(seeking.a.host.ulid, seeking.b.host.ulid)?.state, 'I1-SENT');
    assert.equal(seeking.a.core.pollEffect(), undefined);
  });

  test('I1 in the name of the sought peer: locators that it was not told are still told it afterwards', () => {
    const pair = new Pair();
    const { a, b } = pair;
    pair.establish();
    pair.runUntil(20);
    assert.equal(a.core.context(a.host.ulid, b.host.ulid)?.state, 'I2-SENT');
    const moved = { ...a.host, locators: [...a.host.locators, locator('2001:db8:13::1', { priority: 30 })] };
    a.core.setHost(pair.now, moved);
    pair.own(a, addresses(moved)[2]!);
    pair.inject({
      source: addresses(b.host)[0]!,
      destination: addresses(moved)[2]!,
      message: encodeMessage({
        type: 'I1',
        initiatorTag: { high: 6, low: 6 },
        initiatorNonce: 6,
        options: [{ type: 'UlidPair', sender: b.host.ulid, receiver: a.host.ulid }],
      }),
    });
    pair.runUntil(10_000);
    const known = b.core.context(b.host.ulid, a.host.ulid)!.peerLocators.map(({ address }) => address);
    const counted = a.core
      .context(a.host.ulid, b.host.ulid)!
      .localLocators.filter(({ acknowledged }) => acknowledged)
      .map(({ address }) => address);
    assert.deepEqual(known, counted, 'what we count as acknowledged is what the peer knows');
    assert.deepEqual(known, addresses(moved));
  });

  test('R1bis with a guessed tag', () => {
    const pair = established();
    const { peerTag } = pair.a.core.context(pair.a.host.ulid, pair.b.host.ulid)!;
    assertUnmoved(
      pair,
      neighbours(peerTag).map((packetTag) =>
        toA(pair, { type: 'R1bis', packetTag, responderNonce: 1, options: options.slice(0, 1) }),
      ),
    );
    assert.ok(!pair.types.includes('I2bis'));
  });

  test('Update Request and Acknowledgement with a guessed tag', () => {
    const pair = established();
    const { localTag } = pair.b.core.context(pair.b.host.ulid, pair.a.host.ulid)!;
    assertUnmoved(
      pair,
      neighbours(localTag).flatMap((receiverTag) => [
        toB(pair, { type: 'UpdateRequest', receiverTag, requestNonce: 1, options: options.slice(1) }),
        toB(pair, { type: 'UpdateAcknowledgement', receiverTag, requestNonce: 1, options: [] }),
      ]),
    );
    assert.ok(!pair.types.includes('UpdateAcknowledgement'));
  });

  test('an Update Request with the right tag and no proof', () => {
    const pair = established();
    const { localTag } = pair.b.core.context(pair.b.host.ulid, pair.a.host.ulid)!;
    const update = { type: 'UpdateRequest', receiverTag: localTag, requestNonce: 1 } as const;
    const signature: Option = { type: 'CgaSignature', signature: new Uint8Array(128) };
    assertUnmoved(pair, [
      toB(pair, { ...update, options: options.slice(1) }),
      toB(pair, { ...update, options: [...options.slice(1), signature] }),
    ]);
  });

  test('Error about messages that were never sent', () => {
    const pair = established();
    const errors = [0, 1, 2, 3, 4, 127].flatMap((code) =>
      ['I1', 'I2'].map((type) => {
        const { source, destination, message } = sentOf(pair, type);
        const header = [0x60, 0, 0, 0, 0, message.length, 140, 64];
        const packet = Uint8Array.from([...header, ...source, ...destination, ...message]);
        return toA(pair, {
          type: 'Error',
          code,
          pointer: 42,
          packet: packet.subarray(0, packet.length & ~7),
        });
      }),
    );
    assertUnmoved(pair, errors);
  });
});

test('guessed tags on payload find no context and leave none', () => {
  const { a, b } = established();
  const { localTag } = b.core.context(b.host.ulid, a.host.ulid)!;
  const random = new SeededRandom(5);
  const guesses = Array.from({ length: 1_000 }, () => ({
    high: Math.floor(random.number() * 2 ** 15),
    low: Math.floor(random.number() * 2 ** 32),
  }));
  for (const tag of [...neighbours(localTag), ...guesses]) {
    assert.notEqual(tagNumber(tag), tagNumber(localTag));
    assert.equal(b.core.contextWithTag(tag), undefined);
    b.core.handleUnknownTag(1_000, {
      source: attacker,
      destination: addresses(b.host)[0]!,
      tag,
    });
  }
  assert.equal(b.core.size, 1);
  assert.equal(b.core.nextTimeout(), undefined, 'no state is kept for R1bis');
});

describe('oversized locator lists', () => {
  const many = (count: number): Address[] =>
    Array.from({ length: count }, (_, index) => parseAddress(`2001:db8:77::${(index + 1).toString(16)}`));

  test('of more locators than are accepted are refused', () => {
    const pair = established();
    const { localTag } = pair.b.core.context(pair.b.host.ulid, pair.a.host.ulid)!;
    for (const count of [17, 70, 110])
      assertUnmoved(pair, [
        toB(pair, {
          type: 'UpdateRequest',
          receiverTag: localTag,
          requestNonce: 1,
          options: listing(many(count)),
        }),
      ]);
    assert.equal(pair.b.core.counters['too-many-locators'], 3);
  });

  test('that count more than they hold, or 255 of none, are malformed', () => {
    const pair = established();
    const update: Message = {
      type: 'UpdateRequest',
      receiverTag: { high: 0, low: 0 },
      requestNonce: 1,
      options: listing(many(2)),
    };
    const packet = toB(pair, update);
    const before = pair.b.core.counters.malformed;
    for (const count of [3, 255]) {
      const message = packet.message.slice();
      message[16 + 4 + 4] = count;
      pair.inject({ ...packet, message: sealed(message) });
    }
    assert.equal(pair.b.core.counters.malformed, before + 2);
  });
});

test('a box that restarts is not taken over: the replay of its own establishment makes no context', () => {
  const pair = established();
  const core = new Shim6({ random: new SeededRandom(7).octets, identity: trusting });
  core.setHost(0, hostB);
  for (const packet of pair.sent) core.handleMessage(2_000, packet);
  assert.equal(core.size, 0);
});
