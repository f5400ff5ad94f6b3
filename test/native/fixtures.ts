/** What the tests of native/ share: compiled sample programs and network namespaces that go away. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { type Netlink, NetworkNamespace } from '../../native/linux/index.ts';

/** For tests that wait for the kernel: they fail rather than wait for ever. */
export const TIME_LIMIT = { timeout: 20_000 };

const directory = mkdtempSync(join(tmpdir(), 'pshim6-native-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** A path in a directory of this test file's own, removed after its tests. */
export const scratch = (name: string): string => join(directory, name);

/** Compiles test/native/programs/NAME.bpf.c and returns the object file's path. */
export function compile(name: 'sample' | 'refused'): string {
  const source = join(import.meta.dirname, 'programs', `${name}.bpf.c`);
  const object = scratch(`${name}.bpf.o`);
  const architecture = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const headers = `/usr/include/${architecture}-linux-gnu`;
  execFileSync('clang', ['-O2', '-g', '-Wall', '-target', 'bpf', '-I', headers, '-c', source, '-o', object]);
  return object;
}

/** Runs a program and returns its output; throws with its messages when it fails. */
export const command = (program: string, ...parameters: string[]): string =>
  execFileSync(program, parameters, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

let namespaces = 0;

/** A fresh network namespace with its loopback up, deleted after the test file's tests. */
export function createNamespace(): { name: string; namespace: NetworkNamespace } {
  const name = `pshim6-native-${process.pid}-${namespaces++}`;
  command('ip', 'netns', 'add', name);
  after(() => command('ip', 'netns', 'delete', name));
  command('ip', '-n', name, 'link', 'set', 'lo', 'up');
  const namespace = NetworkNamespace.open(name);
  after(() => namespace.close());
  return { name, namespace };
}

/** Waits until the links can carry frames: the kernel starts their queues some time after their carrier is there. */
export async function operational(netlink: Netlink, ...names: string[]): Promise<void> {
  const ready = () => names.every((name) => netlink.link(name)?.operationalState === 'up');
  await new Promise<void>((resolve) => {
    const look = () => {
      if (!ready()) return;
      stop();
      resolve();
    };
    const stop = netlink.subscribe(['link'], look);
    look();
  });
}

export const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
export const long = (value: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(value).buffer);

/** A frame of `length` bytes that starts with `first`. */
export function frame(length: number, first = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes[0] = first;
  return bytes;
}
