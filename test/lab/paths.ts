/** Where the lab finds the product and keeps its own files. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LAB_NAME } from './name.ts';

/** The package's root, whether this runs from the sources or from dist/. */
function packageRoot(): string {
  let directory = import.meta.dirname;
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory);
  return directory;
}

const ROOT = packageRoot();
const EXTENSION = import.meta.filename.endsWith('.ts') ? '.ts' : '.js';

/** The command line program, run with the Node that runs the lab. */
export const CLI = join(import.meta.dirname, '..', '..', 'control', 'cli', `main${EXTENSION}`);
/** The program that measures a gap from inside two hosts. */
export const PROBE = join(import.meta.dirname, `probe${EXTENSION}`);
export const PASS_PROGRAM = join(ROOT, 'bpf', 'build', 'pass.bpf.o');

/** Everything that the lab writes, but for /etc/netns: owner-only, removed with the lab. */
export const STATE_DIRECTORY = LAB_NAME === '' ? '/run/pshim6-lab' : `/run/pshim6-lab-${LAB_NAME}`;
export const STATE_FILE = join(STATE_DIRECTORY, 'state.json');
export const inState = (...names: string[]): string => join(STATE_DIRECTORY, ...names);
