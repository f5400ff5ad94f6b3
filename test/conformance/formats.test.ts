/** RFC 5533 §5 for every message type: reserved fields, padding, lengths. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Shim6 } from '../../control/shim6/index.ts';
import { decodeMessage, encodeMessage, type Message, optionRows } from '../../control/wire/shim6/index.ts';
import { messageRows } from '../../control/wire/shim6/message-rows.ts';
import { realMessages } from '../fuzz/real-messages.ts';
import { trusting } from '../shim6/many.ts';
import { Pair } from '../shim6/pair.ts';
import { SeededRandom } from '../shim6/random.ts';
import { addresses, hostA, hostB } from '../shim6/sites.ts';
import { sealed } from '../wire/shim6/sealed.ts';

/** Where a message has reserved bits: octet and mask. Those of options come with the option. */
const TYPE_SPECIFIC = [3, 0xfe] as const;
const BEFORE_TAG = [6, 0x80] as const;
const octets = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => [from + index, 0xff] as const);

const reserved: { readonly [N in Message['type']]: readonly (readonly [offset: number, mask: number])[] } = {
  I1: [TYPE_SPECIFIC, BEFORE_TAG],
  R1: [TYPE_SPECIFIC, ...octets(6, 8)],
  I2: [TYPE_SPECIFIC, BEFORE_TAG, ...octets(20, 24)],
  R2: [TYPE_SPECIFIC, BEFORE_TAG],
  R1bis: [TYPE_SPECIFIC, BEFORE_TAG],
  I2bis: [TYPE_SPECIFIC, BEFORE_TAG, ...octets(20, 26), [26, 0x80]],
  UpdateRequest: [TYPE_SPECIFIC, BEFORE_TAG],
  UpdateAcknowledgement: [TYPE_SPECIFIC, BEFORE_TAG],
  Keepalive: [TYPE_SPECIFIC, BEFORE_TAG, ...octets(12, 16)],
  Probe: [TYPE_SPECIFIC, BEFORE_TAG, [13, 0x3f], ...octets(14, 16)],
  Error: [],
};

const typed = realMessages().map((bytes) => {
  const { type } = decodeMessage(bytes);
  assert.ok(type !== 'Unknown');
  return { type, bytes };
});

test('every message type is looked at here', () => {
  assert.deepEqual(new Set(typed.map(({ type }) => type)), new Set(Object.keys(messageRows)));
});

describe('reserved fields', () => {
  for (const [index, { type, bytes }] of typed.entries()) {
    test(`of message ${index}, ${type}, are zero when sent and ignored when received`, () => {
      for (const [offset, mask] of reserved[type]) {
        assert.equal(bytes[offset]! & mask, 0, `octet ${offset} as sent`);
        const noisy = bytes.slice();
        noisy[offset]! |= mask;
        assert.deepEqual(decodeMessage(sealed(noisy)), decodeMessage(bytes), `octet ${offset} as received`);
      }
    });
  }

  test('of the ULID Pair option are zero when sent and ignored when received', () => {
    const [i1] = typed;
    assert.equal(i1!.type, 'I1');
    const at = messageRows.I1.minimumLength + 4;
    assert.deepEqual([...i1!.bytes.subarray(at, at + 4)], [0, 0, 0, 0]);
    const noisy = i1!.bytes.slice().fill(0xff, at, at + 4);
    assert.deepEqual(decodeMessage(sealed(noisy)), decodeMessage(i1!.bytes));
  });
});

test('padding fills an option to 8 octets, is zero, is not counted in Length, and is not looked at', () => {
  for (let length = 0; length < 24; length++) {
    const contents = new Uint8Array(length).fill(0xaa);
    const bytes = encodeMessage({
      type: 'I1',
      initiatorTag: { high: 1, low: 2 },
      initiatorNonce: 3,
      options: [{ type: 'Unrecognized', code: 99, critical: false, contents }],
    });
    assert.equal((bytes.length - 16) % 8, 0);
    assert.ok(bytes.length - 16 - 4 - length < 8, 'no more padding than needed');
    assert.equal((bytes[18]! << 8) | bytes[19]!, length);
    assert.ok(bytes.subarray(20 + length).every((octet) => octet === 0));
    const noisy = bytes.slice().fill(0xff, 20 + length);
    assert.deepEqual(decodeMessage(sealed(noisy)), decodeMessage(bytes));
  }
});

test('elements of Locator Preferences longer than three octets are read by their first three', () => {
  const elements = [
    [1, 10, 2, 0xee, 0xee],
    [2, 20, 3, 0xee, 0xee],
  ];
  const contents = Uint8Array.from([0, 0, 0, 9, 5, ...elements.flat()]);
  const header = encodeMessage({
    type: 'UpdateRequest',
    receiverTag: { high: 1, low: 2 },
    requestNonce: 3,
    options: [],
  });
  const option = [
    0,
    optionRows.LocatorPreferences.type << 1,
    0,
    contents.length,
    ...contents,
    ...new Uint8Array(5),
  ];
  const message = decodeMessage(sealed(Uint8Array.from([...header, ...option])));
  assert.ok(message.type === 'UpdateRequest');
  assert.deepEqual(message.options, [
    {
      type: 'LocatorPreferences',
      generation: 9,
      elementLength: 5,
      elements: elements.map(([flags, priority, weight]) => ({ flags, priority, weight })),
    },
  ]);
});

describe('a message shorter than its type has to be is discarded without an answer', () => {
  for (const { type, bytes } of typed.filter((one) => one.type !== 'Error')) {
    const { minimumLength, code } = messageRows[type];
    test(`${type} (type ${code}) below ${minimumLength} octets, of ${bytes.length}`, () => {
      const core = new Shim6({ random: new SeededRandom(1).octets, identity: trusting });
      core.setHost(0, hostB);
      const [source, destination] = [addresses(hostA)[0]!, addresses(hostB)[0]!];
      const message = sealed(bytes.subarray(0, minimumLength - 8));
      core.handleMessage(0, { source, destination, message });
      assert.equal(core.counters.malformed, 1);
      assert.equal(core.pollEffect(), undefined);
      assert.equal(core.size, 0);
    });
  }
});

describe('an option that is unknown and critical (C=1)', () => {
  /** A change of preferences, which the peer takes when nothing critical comes with it. */
  function update(critical: boolean) {
    const pair = new Pair();
    pair.establish();
    pair.runUntil(1_000);
    const context = pair.b.core.context(pair.b.host.ulid, pair.a.host.ulid)!;
    const before = structuredClone(context.peerLocators);
    const [source, destination] = [addresses(pair.a.host)[0]!, addresses(pair.b.host)[0]!];
    const i2 = decodeMessage(pair.sent.find(({ type }) => type === 'I2')!.message);
    assert.ok(i2.type === 'I2');
    const list = i2.options.find((option) => option.type === 'LocatorList')!;
    const message = encodeMessage({
      type: 'UpdateRequest',
      receiverTag: context.localTag,
      requestNonce: 1,
      options: [
        {
          type: 'LocatorPreferences',
          generation: list.generation,
          elementLength: 1,
          elements: list.locators.map(() => ({ flags: 1, priority: 0, weight: 0 })),
        },
        { type: 'Unrecognized', code: 99, critical, contents: new Uint8Array(3) },
      ],
    });
    pair.inject({ source, destination, message });
    return { before, after: context.peerLocators, answer: pair.sent.at(-1)!.message };
  }

  test('stops the whole message: nothing before it counts either, and Error 1 points at it', () => {
    const { before, after, answer } = update(true);
    assert.deepEqual(after, before);
    const error = decodeMessage(answer);
    assert.ok(error.type === 'Error');
    // IPv6 header, message header, Locator Preferences of 4 + 7 octets and their padding.
    assert.deepEqual([error.code, error.pointer], [1, 40 + 16 + 16]);
  });

  test('and not critical (C=0): it is passed over, the rest counts', () => {
    const { before, after, answer } = update(false);
    assert.notDeepEqual(after, before);
    assert.equal(decodeMessage(answer).type, 'UpdateAcknowledgement');
  });
});
