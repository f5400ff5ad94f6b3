import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { BpfMap, BpfObject, ClosedHandleError, XdpLink } from '../../native/libbpf/index.ts';
import { Netlink, PacketSocket } from '../../native/linux/index.ts';
import {
  command,
  compile,
  createNamespace,
  frame,
  long,
  operational,
  scratch,
  TIME_LIMIT,
  words,
} from './fixtures.ts';

const sample = compile('sample');

async function setUp(context: TestContext) {
  const { name, namespace } = createNamespace();
  const netlink = namespace.run(() => Netlink.open());
  context.after(() => netlink.close());
  netlink.createVeth('near', 'far');
  for (const end of ['near', 'far']) netlink.setLink(end, { up: true });
  await operational(netlink, 'near', 'far');
  const object = BpfObject.open(sample).load();
  context.after(() => object.close());
  const index = netlink.link('near')!.index;
  const attach = (program: string, mode: 'native' | 'generic') =>
    namespace.run(() => XdpLink.attach(object.program(program), index, mode));
  /** What iproute2 sees on the interface. */
  const shown = () => command('ip', '-n', name, 'link', 'show', 'near');
  return { name, namespace, netlink, object, index, attach, shown };
}

/** A BPF file system of this test file's own. */
function bpfFileSystem(): string {
  const path = scratch('bpf');
  mkdirSync(path);
  command('mount', '-t', 'bpf', 'none', path);
  after(() => command('umount', path));
  return path;
}

for (const [mode, flag] of [
  ['native', /prog\/xdp /],
  ['generic', /xdpgeneric/],
] as const)
  test(`a program is attached, replaced and detached in ${mode} mode`, TIME_LIMIT, async (context) => {
    const { attach, object, shown, index, namespace } = await setUp(context);
    const link = attach('count', mode);
    assert.match(shown(), flag);
    assert.ok(link.id > 0);
    const { programId } = link;
    assert.match(shown(), new RegExp(`id ${programId} `));
    assert.throws(() => namespace.run(() => XdpLink.attach(object.program('count'), index, mode)), {
      name: 'BpfError',
      code: 'EBUSY',
    });
    link.replace(object.program('count_and_drop'));
    assert.notEqual(link.programId, programId);
    assert.match(shown(), new RegExp(`id ${link.programId} `));
    link.detach();
    assert.doesNotMatch(shown(), /xdp/);
    link.close();
    assert.throws(() => link.replace(object.program('count')), ClosedHandleError);
  });

test('a link that is closed without a pin takes the program off', TIME_LIMIT, async (context) => {
  const { attach, shown } = await setUp(context);
  attach('count', 'native').close();
  assert.doesNotMatch(shown(), /xdp/);
});

test('what cannot be attached to is named', TIME_LIMIT, async (context) => {
  const { object } = await setUp(context);
  assert.throws(() => XdpLink.attach(object.program('count'), 99_999, 'native'), {
    code: 'EINVAL',
    operation: 'bpf_link_create(count, interface 99999, native)',
  });
});

test('an attached program sees the frames that arrive', TIME_LIMIT, async (context) => {
  const { attach, object, netlink, namespace } = await setUp(context);
  using link = attach('count_and_drop', 'native');
  const socket = namespace.run(() => PacketSocket.open(netlink.link('far')!.index));
  context.after(() => socket.close());
  const count = () =>
    object
      .map('counters')
      .getPerCpu(words(0))!
      .reduce((sum, value) => sum + new Uint32Array(value.slice().buffer)[0]!, 0);
  const before = count();
  for (let sent = 0; sent < 10; sent++) socket.send(frame(64, 0x02));
  assert.ok(count() >= before + 10, `${count()} frames after ${before}`);
  assert.ok(link.id > 0);
});

test('a pinned link lives on, and is taken over', TIME_LIMIT, async (context) => {
  const { attach, object, shown } = await setUp(context);
  const directory = bpfFileSystem();
  const path = join(directory, 'link');
  const link = attach('count', 'native');
  link.pin(path);
  assert.throws(() => link.pin(path), { name: 'BpfError', code: 'EEXIST' });
  link.close();
  assert.match(shown(), /xdp/);
  const taken = XdpLink.openPinned(path);
  assert.equal(taken.id, link.id);
  taken.replace(object.program('count_and_drop'));
  taken.close();
  assert.match(shown(), /xdp/);
  rmSync(path);
  assert.doesNotMatch(shown(), /xdp/);
  assert.throws(() => XdpLink.openPinned(path), { code: 'ENOENT' });

  const pinned = join(directory, 'table');
  object.map('table').set(words(1), long(77n));
  object.map('table').pin(pinned);
  const table = BpfMap.openPinned(pinned);
  assert.deepEqual({ ...table }, { name: 'table', type: 'hash', keySize: 4, valueSize: 8, maxEntries: 8 });
  using other = BpfObject.open(sample, { maps: { table: { reuse: table } } }).load();
  table.close();
  assert.throws(() => table.get(words(1)), ClosedHandleError);
  assert.deepEqual(other.map('table').get(words(1)), long(77n));
});

test('live frames leave through a device map and arrive', TIME_LIMIT, async (context) => {
  const { object, namespace, netlink } = await setUp(context);
  using receiving = BpfObject.open(sample).load();
  const far = netlink.link('far')!.index;
  using link = namespace.run(() => XdpLink.attach(receiving.program('count_and_drop'), far, 'native'));
  assert.ok(link.id > 0);
  const near = netlink.link('near')!.index;
  namespace.run(() => object.map('port').set(words(0), words(near)));
  const context64 = words(0, 64, 0, near, 0, 0);
  const count = () =>
    receiving
      .map('counters')
      .getPerCpu(words(0))!
      .reduce((sum, value) => sum + new Uint32Array(value.slice().buffer)[0]!, 0);
  const before = count();
  const { data } = namespace.run(() =>
    object.program('redirect').testRun({
      data: frame(64, 0x02),
      context: context64,
      repeat: 200,
      liveFrames: true,
      batchSize: 200,
    }),
  );
  assert.equal(data.length, 0);
  assert.ok(count() >= before + 200, `${count()} frames after ${before}`);
  assert.throws(
    () => object.program('redirect').testRun({ data: frame(64), liveFrames: true, batchSize: 257 }),
    { name: 'BpfError', code: 'E2BIG' },
  );
});
