import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { ClosedHandleError, Netlink, NetworkNamespace } from '../../native/linux/index.ts';
import { command, createNamespace } from './fixtures.ts';

const current = () => readlinkSync('/proc/thread-self/ns/net');
const linkNames = () => {
  using netlink = Netlink.open();
  return netlink.links().map(({ name }) => name);
};

test('work runs inside, and this thread comes back', () => {
  const { name, namespace } = createNamespace();
  command('ip', '-n', name, 'link', 'add', 'inner', 'type', 'veth', 'peer', 'name', 'inner-peer');
  const outside = current();
  const inside = namespace.run(() => {
    assert.deepEqual(linkNames(), ['lo', 'inner-peer', 'inner']);
    return current();
  });
  assert.notEqual(inside, outside);
  assert.equal(current(), outside);
  assert.ok(!linkNames().includes('inner'));
});

test('namespaces nest', () => {
  const first = createNamespace().namespace;
  const second = createNamespace().namespace;
  const outside = current();
  const [before, nested, after] = first.run(() => [current(), second.run(current), current()]);
  assert.equal(before, after);
  assert.notEqual(nested, before);
  assert.equal(current(), outside);
});

test('this thread comes back when the work throws or is asynchronous', () => {
  const { namespace } = createNamespace();
  const outside = current();
  const failure = new RangeError('of the work');
  assert.throws(
    () =>
      namespace.run(() => {
        throw failure;
      }),
    failure,
  );
  assert.equal(current(), outside);
  assert.throws(() => namespace.run(() => Promise.resolve()), { code: 'EINVAL', message: /synchronous/ });
  assert.equal(current(), outside);
});

test('a socket stays in the namespace where it was opened', () => {
  const { namespace } = createNamespace();
  using netlink = namespace.run(() => Netlink.open());
  netlink.createVeth('mine', 'mine-peer');
  assert.ok(!linkNames().includes('mine'));
  assert.ok(namespace.run(linkNames).includes('mine'));
});

test('what is no namespace, or closed, is refused', () => {
  assert.throws(() => NetworkNamespace.open('pshim6-absent'), {
    name: 'SyscallError',
    code: 'ENOENT',
    operation: 'open(/run/netns/pshim6-absent)',
  });
  using file = NetworkNamespace.open('/etc/hostname');
  const outside = current();
  assert.throws(() => file.run(current), { code: 'EINVAL' });
  assert.equal(current(), outside);
  const own = NetworkNamespace.open('/proc/self/ns/net');
  assert.equal(own.run(current), outside);
  own.close();
  assert.throws(() => own.run(current), ClosedHandleError);
});
