import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { VmError } from './errors.ts';
import { type Blame, tool } from './tool.ts';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** A Debian release's package index, kept apart from the machine's own. */
export interface Repository {
  release: string;
  options: readonly string[];
  lock: string;
}

/**
 * Read the package index of another Debian release with this machine's apt: from the mirrors that the
 * machine is configured for, through its proxies. apt checks the index against Debian's keys and every
 * package against the SHA-256 in the index. Nothing of the machine's own apt state is touched.
 * @param directory where the index lives between runs; created
 * @throws VmError 'index-unreachable'
 */
export async function openRepository(directory: string, release: string): Promise<Repository> {
  const state = path.join(directory, `apt-${release}`);
  const repository = { release, options: aptOptions(state), lock: path.join(state, 'flock') };
  const sources = path.join(state, 'sources.list');
  await mkdir(path.join(state, 'lists/partial'), { recursive: true });
  await writeFile(path.join(state, 'status'), '');
  const { main, security } = await findMirrors(path.join(directory, 'apt-machine'));
  const trust = `[arch=amd64 signed-by=${KEYRING}]`;
  await writeFile(
    sources,
    `deb ${trust} ${main} ${release} main\ndeb ${trust} ${security} ${release}-security main\n`,
  );
  await apt(repository, ['apt-get', 'update', '--error-on=any'], {
    code: 'index-unreachable',
    message: `cannot read the package index of Debian ${release} from ${main} and ${security}`,
  });
  return repository;
}

/** Run an apt program on the repository's index, one at a time. */
export function apt(
  repository: Repository,
  [program, ...parameters]: readonly [string, ...string[]],
  blame: Blame,
  cwd?: string,
): Promise<string> {
  const command = [program, '-q', ...repository.options, ...parameters];
  return tool(['flock', repository.lock, ...command], blame, cwd);
}

function aptOptions(state: string): string[] {
  const settings = {
    'Dir::State': state,
    'Dir::State::lists': path.join(state, 'lists'),
    'Dir::State::status': path.join(state, 'status'),
    'Dir::Cache': state,
    'Dir::Etc::sourcelist': path.join(state, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'APT::Architecture': 'amd64',
    'APT::Architectures': 'amd64',
    'APT::Sandbox::User': '', // the cache may be in a home directory that user _apt cannot enter
    'APT::Update::Post-Invoke-Success': '',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '2',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/**
 * The mirrors in the machine's apt sources that carry Debian and its security updates. A machine whose
 * package lists were cleared (containers) has them fetched into `state`.
 */
async function findMirrors(state: string): Promise<{ main: string; security: string }> {
  const blame: Blame = { code: 'index-unreachable', message: 'cannot read the apt sources of this machine' };
  const format = '$(ORIGIN) $(LABEL) $(REPO_URI)';
  const list = (options: readonly string[]) =>
    tool(['apt-get', ...options, 'indextargets', '--format', format, 'Created-By: Packages'], blame);
  let targets = await list([]);
  if (!targets.includes('Debian')) {
    const lists = ['-o', `Dir::State::lists=${path.join(state, 'lists')}`, '-o', 'APT::Sandbox::User='];
    await mkdir(path.join(state, 'lists/partial'), { recursive: true });
    await tool(['apt-get', ...lists, 'update'], blame);
    targets = await list(lists);
  }
  const mirror = (label: string) => targets.match(new RegExp(`^Debian ${label} (\\S+)$`, 'm'))?.[1];
  const main = mirror('Debian');
  if (main === undefined) {
    throw new VmError('index-unreachable', "this machine's apt sources name no Debian mirror");
  }
  return { main, security: mirror('Debian-Security') ?? main };
}
