import assert from 'node:assert/strict';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { watch } from '../../native/linux/index.ts';
import { command, scratch, TIME_LIMIT } from './fixtures.ts';

let fifos = 0;

/** Both ends of a pipe in one descriptor. */
function openPipe(context: TestContext): number {
  const path = scratch(`fifo-${fifos++}`);
  command('mkfifo', path);
  const fd = openSync(path, 'r+');
  context.after(() => closeSync(fd));
  return fd;
}

test('readiness is told until all is read', TIME_LIMIT, async (context) => {
  const fd = openPipe(context);
  const read: number[] = [];
  const done = new Promise<void>((resolve) => {
    const octet = new Uint8Array(1);
    const stop = watch(fd, () => {
      readSync(fd, octet);
      read.push(octet[0]!);
      if (read.length < 3) return;
      stop();
      resolve();
    });
  });
  writeSync(fd, Uint8Array.of(1, 2, 3));
  await done;
  assert.deepEqual(read, [1, 2, 3]);
});

test('nothing is told after stop', TIME_LIMIT, async (context) => {
  const fd = openPipe(context);
  let stopped = false;
  const stop = watch(fd, () => assert.ok(!stopped));
  const other = openPipe(context);
  const told = new Promise<void>((resolve) => {
    const stopOther = watch(other, () => {
      stopOther();
      resolve();
    });
  });
  writeSync(fd, Uint8Array.of(1));
  stop();
  stopped = true;
  stop();
  writeSync(other, Uint8Array.of(1));
  await told;
});

test('promises settle, and exceptions surface, as from any callback', TIME_LIMIT, async (context) => {
  const fd = openPipe(context);
  const failure = new RangeError('of the callback');
  const { promise: settled, resolve } = Promise.withResolvers<void>();
  const { promise: surfaced, resolve: surface } = Promise.withResolvers<unknown>();
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.once('uncaughtException', surface);
  const stop = watch(fd, () => {
    stop();
    Promise.resolve().then(resolve);
    throw failure;
  });
  writeSync(fd, Uint8Array.of(1));
  const caught = await surfaced;
  await settled;
  for (const listener of listeners) process.on('uncaughtException', listener);
  assert.equal(caught, failure);
});

test('a descriptor that cannot be watched is refused', () => {
  const file = openSync(import.meta.filename, 'r');
  assert.throws(() => watch(file, () => {}), { name: 'SyscallError', code: 'EPERM' });
  closeSync(file);
  assert.throws(() => watch(-1, () => {}), { name: 'SyscallError', code: 'EBADF' });
});
