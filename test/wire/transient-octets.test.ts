import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { transientCopy } from '../../control/wire/transient-octets.ts';

const octets = fc.uint8Array({ maxLength: 3_000 });

test('copies are what they were copied from, however many, and none changes with another', () => {
  fc.assert(
    fc.property(fc.array(octets, { maxLength: 40 }), (all) => {
      const copies = all.map((one) => transientCopy(one));
      assert.deepEqual(copies, all);
      for (const copy of copies) copy.fill(0xff);
      assert.ok(copies.every((copy) => copy.every((octet) => octet === 0xff)));
      assert.ok(all.every((one, index) => one.length === copies[index]!.length));
    }),
  );
});

test('a part is copied, and stays when the original changes', () => {
  const original = Uint8Array.of(1, 2, 3, 4, 5);
  const part = transientCopy(original, 1, 4);
  original.fill(0);
  assert.deepEqual(part, Uint8Array.of(2, 3, 4));
});

test('small ones share memory; a large one has its own, and holds nothing else up', () => {
  const [first, second] = [transientCopy(new Uint8Array(40)), transientCopy(new Uint8Array(40))];
  assert.equal(first.buffer, second.buffer);
  assert.equal(transientCopy(new Uint8Array(2_000)).buffer.byteLength, 2_000);
  assert.ok(first.buffer.byteLength <= 8_192);
});
