import { access, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { VmError } from './errors.ts';
import { apt, openRepository, type Repository } from './repository.ts';
import { tool } from './tool.ts';

/** The kernels on offer: version -> the Debian release that carries it. */
export const RELEASES: Readonly<Record<string, string>> = {
  '5.10': 'bullseye',
  '6.1': 'bookworm',
  '6.12': 'trixie',
};

const INDEX_LIFETIME = 24 * 3600 * 1000; // milliseconds

/** An unpacked kernel package. */
export interface Kernel {
  /** as `uname -r` prints it */
  release: string;
  image: string;
  /** its directory under lib/modules, with depmod's files */
  modules: string;
}

/** Where packages and indexes stay between runs. */
export function cacheDirectory(): string {
  const base = process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache');
  return path.join(base, 'pshim6', 'vm');
}

/** The newest package of a kernel version that the mirrors have, such as 'linux-image-5.10.0-46-amd64'. */
export async function newestPackage(repository: Repository, version: string): Promise<string> {
  const names = await apt(repository, ['apt-cache', 'pkgnames', `linux-image-${version}`], {
    code: 'package-missing',
    message: `cannot search the package index of Debian ${repository.release}`,
  });
  const pattern = /^linux-image-(\d+\.\d+)[\d.+deb-]*-amd64$/;
  const found = names.split('\n').filter((name) => pattern.exec(name)?.[1] === version);
  const newest = found.sort(new Intl.Collator('en', { numeric: true }).compare).at(-1);
  if (newest !== undefined) return newest;
  throw new VmError(
    'package-missing',
    `Debian ${repository.release} carries no linux-image-${version} any more`,
  );
}

/**
 * Fetch and unpack the newest package of a kernel version. The mirror is asked once a day; a kernel
 * unpacked before serves when it cannot be reached, which `notice` is told.
 * @param version a key of RELEASES
 * @throws VmError
 */
export async function obtainKernel(version: string, notice: (line: string) => void): Promise<Kernel> {
  const release = RELEASES[version];
  if (release === undefined) {
    const known = Object.keys(RELEASES).join(', ');
    throw new VmError('unknown-kernel', `no kernel ${version}; there are: ${known}`);
  }
  const directory = path.join(cacheDirectory(), version);
  await mkdir(directory, { recursive: true });
  const checked = path.join(directory, 'checked');
  const age = await stat(checked).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => Infinity,
  );
  const present = await newestUnpacked(directory);
  if (present !== undefined && age < INDEX_LIFETIME) return present;
  try {
    const repository = await openRepository(cacheDirectory(), release);
    const name = await newestPackage(repository, version);
    if (!(await exists(path.join(directory, name)))) {
      notice(`fetching ${name} of Debian ${release}`);
      await unpack(repository, name, directory);
    }
    await writeFile(checked, '');
  } catch (error) {
    if (present === undefined || !(error instanceof VmError)) throw error;
    notice(`${error.message}\nusing ${present.release}, fetched earlier`);
    return present;
  }
  const kernel = await newestUnpacked(directory);
  if (kernel !== undefined) return kernel;
  throw new VmError('unpack-failed', `the package of kernel ${version} holds no kernel`);
}

async function newestUnpacked(directory: string): Promise<Kernel | undefined> {
  const names = (await readdir(directory)).filter((name) => name.startsWith('linux-image-'));
  const name = names.sort(new Intl.Collator('en', { numeric: true }).compare).at(-1);
  if (name === undefined) return undefined;
  const root = path.join(directory, name);
  const release = name.slice('linux-image-'.length);
  return {
    release,
    image: path.join(root, 'boot', `vmlinuz-${release}`),
    modules: path.join(root, 'lib/modules', release),
  };
}

/** Unpack beside the final place and rename, so that an interrupted run leaves nothing half done. */
async function unpack(repository: Repository, name: string, directory: string): Promise<void> {
  const work = await mkdtemp(path.join(directory, 'unpacking-'));
  try {
    await apt(
      repository,
      ['apt-get', 'download', name],
      { code: 'package-missing', message: `cannot fetch ${name}` },
      work,
    );
    const archive = (await readdir(work)).find((file) => file.endsWith('.deb'));
    const root = path.join(work, 'root');
    const release = name.slice('linux-image-'.length);
    const broken = { code: 'unpack-failed', message: `cannot unpack ${name}` } as const;
    await tool(['dpkg-deb', '-x', path.join(work, archive ?? name), root], broken);
    // Debian 12 and later ship the modules under /usr/lib.
    if (!(await exists(path.join(root, 'lib'))))
      await rename(path.join(root, 'usr/lib'), path.join(root, 'lib'));
    await tool(['busybox', 'depmod', '-b', root, release], broken);
    await rename(root, path.join(directory, name)).catch(async (error: unknown) => {
      // Another run was faster.
      if (!(await exists(path.join(directory, name)))) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
