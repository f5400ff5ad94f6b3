import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BpfObject } from '../../native/libbpf/index.ts';
import { compile, frame, words } from './fixtures.ts';

const XDP_TX = 3;
const sample = compile('sample');

test('a run returns verdict and frame', () => {
  using object = BpfObject.open(sample).load();
  const input = frame(64, 21);
  const { verdict, data, duration } = object.program('prepend').testRun({ data: input });
  assert.equal(verdict, XDP_TX);
  assert.deepEqual(data, Uint8Array.of(0xaa, 0, 0, 0, 42, ...input.subarray(1)));
  assert.equal(input[0], 21);
  assert.ok(duration >= 0);
});

test('the result may be limited or left out', () => {
  using object = BpfObject.open(sample).load();
  const program = object.program('prepend');
  assert.equal(program.testRun({ data: frame(64), dataOut: 0 }).data.length, 0);
  assert.throws(() => program.testRun({ data: frame(64), dataOut: 10 }), {
    name: 'BpfError',
    code: 'ENOSPC',
  });
});

test('the context names the ingress device', () => {
  using object = BpfObject.open(sample).load();
  const context = words(0, 64, 0, 1, 0, 0);
  assert.equal(object.program('ingress').testRun({ data: frame(64), context }).verdict, 1);
  assert.throws(
    () => object.program('ingress').testRun({ data: frame(64), context: words(0, 65, 0, 1, 0, 0) }),
    {
      code: 'EINVAL',
    },
  );
});

test('runs repeat, and a frame too short is refused', () => {
  using object = BpfObject.open(sample).load();
  object.program('increment').testRun({ data: frame(64), repeat: 7 });
  const [, , runs] = new Uint32Array(object.map('cells').get(words(1))!.buffer);
  assert.ok(runs! >= 7, `${runs} runs`);
  assert.throws(() => object.program('count').testRun({ data: frame(13) }), { code: 'EINVAL' });
  assert.throws(() => object.program('count').testRun({ data: frame(64), cpu: 5000 }), RangeError);
});
