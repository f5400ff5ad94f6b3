import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import test from 'node:test';
import { VmError, type VmErrorCode } from './errors.ts';
import { runMachine } from './machine.ts';
import { cannotBoot, collect } from './setting.ts';

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });
const refusal = (code: VmErrorCode, pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof VmError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, pattern);
  return true;
};

test('a command sees this machine, writes to memory only, and gives its status', {
  skip: cannotBoot,
}, async () => {
  const script = [
    'uname -r',
    'pwd',
    'printf "%s\\n" "$1"',
    'echo changed >package.json && cat package.json >/dev/stderr',
    'test -e /sys/fs/bpf && ip -o link show lo up | grep -c LOWER_UP',
    'exit 7',
  ].join('\n');
  const { status, stdout, stderr } = await collect(['sh', '-c', script, 'sh', "it's  quoted"]);
  const [release, directory, word, ...rest] = stdout.split('\n');
  assert.match(release ?? '', /^5\.10\./);
  assert.equal(directory, process.cwd());
  assert.equal(word, "it's  quoted");
  assert.deepEqual(rest, ['1', '']);
  assert.equal(stderr, 'changed\n');
  assert.equal(status, 7);
});

test('a command that is not there gives 127', { skip: cannotBoot }, async () => {
  const { status, stderr } = await collect(['no-such-command']);
  assert.equal(status, 127);
  assert.match(stderr, /no-such-command/);
});

test('a machine that takes too long is ended', { skip: cannotBoot }, async () => {
  const limited = collect(['sleep', '1000'], { timeLimit: 1 });
  await assert.rejects(limited, refusal('time-limit', /no end within 1 seconds/));
});

test('a machine that is interrupted is ended', { skip: cannotBoot }, async () => {
  const signal = AbortSignal.abort();
  await assert.rejects(collect(['true'], { signal }), refusal('interrupted', /before the guest had booted/));
});

test('a boot that fails shows the last words', { skip: cannotBoot }, async () => {
  const machine = { memory: 256, timeLimit: 60, stdout: nowhere(), stderr: nowhere() };
  const hopeless = runMachine({ ...machine, image: import.meta.filename, initramfs: import.meta.filename });
  await assert.rejects(hopeless, refusal('boot-failed', /before the guest had booted\n {2}\| .*kernel/));
});

test('an unknown kernel names those there are', async () => {
  await assert.rejects(collect([], { version: '2.4' }), refusal('unknown-kernel', /2\.4; there are: 5\.10/));
});
