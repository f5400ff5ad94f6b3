import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Kernel } from './kernels.ts';
import { tool } from './tool.ts';

/** What the guest needs before it can see the host's root; all else it loads from there. */
const BOOT_MODULES = ['virtio_pci', 'virtio_console', '9p', '9pnet_virtio', 'overlay'];

/** A command as the guest runs it. */
export interface GuestCommand {
  words: readonly [string, ...string[]];
  directory: string;
  environment: Readonly<Record<string, string>>;
}

/**
 * Build the initial RAM file system: busybox, the boot modules in the order of their dependencies, the
 * guest's scripts and the command.
 * @param directory scratch space of this run
 * @returns the archive's path
 */
export async function buildInitramfs(
  directory: string,
  kernel: Kernel,
  command: GuestCommand,
): Promise<string> {
  const blame = { code: 'boot-failed', message: 'cannot build the initial RAM file system' } as const;
  const root = path.join(directory, 'initramfs');
  const modules = path.join(root, 'modules');
  await mkdir(path.join(root, 'bin'), { recursive: true });
  await mkdir(modules);
  await copyFile('/bin/busybox', path.join(root, 'bin/busybox'));
  const files = await closure(kernel.modules, BOOT_MODULES);
  for (const file of files) {
    await copyFile(path.join(kernel.modules, file), path.join(modules, path.basename(file)));
  }
  await writeFile(path.join(modules, 'order'), files.map((file) => `${path.basename(file)}\n`).join(''));
  await copyFile(path.join(import.meta.dirname, 'guest/boot.sh'), path.join(root, 'init'));
  await chmod(path.join(root, 'init'), 0o755);
  await copyFile(path.join(import.meta.dirname, 'guest/run.sh'), path.join(root, 'run.sh'));
  await writeFile(path.join(root, 'command.sh'), script(kernel, command));
  const archive = path.join(directory, 'initramfs.cpio');
  const pack = 'find . | cpio --quiet -o -H newc > "$0"';
  await tool(['sh', '-c', pack, archive], blame, root);
  return archive;
}

/** Sourced by guest/run.sh: leaves the command in the positional parameters. */
function script(kernel: Kernel, { words, directory, environment }: GuestCommand): string {
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}=${quote(value)}`);
  return [
    `/run/vm/busybox mount -o bind ${quote(path.dirname(kernel.modules))} /lib/modules`,
    ...exports,
    `cd ${quote(directory)} || exit 126`,
    `set -- ${words.map(quote).join(' ')}`,
    '',
  ].join('\n');
}

/**
 * The files that `names` need, each after what it depends on (modules.dep as depmod writes it:
 * `file: dependency…`). Names not listed are built into the kernel.
 */
async function closure(directory: string, names: readonly string[]): Promise<string[]> {
  const dependencies = new Map<string, string[]>();
  for (const line of (await readFile(path.join(directory, 'modules.dep'), 'utf8')).split('\n')) {
    const [file, rest] = line.split(':');
    if (file !== undefined && rest !== undefined) dependencies.set(file, rest.split(' ').filter(Boolean));
  }
  const ordered = new Set<string>();
  const add = (file: string): void => {
    if (ordered.has(file)) return;
    for (const dependency of dependencies.get(file) ?? []) add(dependency);
    ordered.add(file);
  };
  for (const file of dependencies.keys()) {
    if (names.includes(path.basename(file).replace(/\.ko(\.\w+)?$/, ''))) add(file);
  }
  return [...ordered];
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
