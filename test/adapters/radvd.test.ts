/** radvd under supervision, in a network namespace of its own. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Radvd, RadvdError } from '../../control/adapters/radvd.ts';
import type { Log } from '../../control/observe/log.ts';
import { command, createNamespace, scratch, TIME_LIMIT } from '../native/fixtures.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const silent: Log = { error() {}, warn() {}, info() {}, debug() {} };
const configuration = 'interface lan {\n  AdvSendAdvert on;\n};\n';

const directory = scratch('radvd');

const isRunning = (pid: number | undefined): boolean => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8') === 'radvd\n';
  } catch {
    return false;
  }
};

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(20);
}

test('an absent radvd, and one that refuses its configuration, are told apart', () => {
  const start = (program: string, text: string) => () =>
    new Radvd({ program, configuration: text, directory, log: silent });
  assert.throws(
    start('no-such-radvd', configuration),
    /no-such-radvd is not installed.*apt-get install radvd/,
  );
  assert.throws(start('radvd', 'interface lan { AdvSendAdvert maybe; };'), RadvdError);
});

test('it is started again when it dies, and ends with us', { skip, ...TIME_LIMIT }, async () => {
  const { name } = createNamespace();
  command('ip', '-n', name, 'link', 'add', 'lan', 'type', 'veth', 'peer', 'name', 'far');
  command('ip', '-n', name, 'link', 'set', 'lan', 'up');
  const program = scratch('radvd-in-namespace');
  writeFileSync(program, `#!/bin/sh\nexec nsenter --net=/run/netns/${name} radvd "$@"\n`);
  chmodSync(program, 0o700);
  command('nsenter', `--net=/run/netns/${name}`, 'sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1');
  const radvd = new Radvd({ program, configuration, directory, log: silent });
  await until(() => isRunning(radvd.pid));
  const first = radvd.pid!;
  process.kill(first, 'SIGKILL');
  await until(() => radvd.starts === 2 && isRunning(radvd.pid));
  const second = radvd.pid!;
  assert.notEqual(second, first);
  await radvd.close(true);
  assert.ok(!isRunning(second));
});
