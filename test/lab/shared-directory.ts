/**
 * Directories of the machine that several labs use at once, like the one that sshd looks for with every connection: it
 * resets the connection where that is missing. Whoever made one must not take it away from others, so each user leaves a
 * mark in it, and nobody can remove a directory with marks.
 */
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const MARK = '.used-by-';
/** What a mark says: a lab made the directory, or it was there before any lab. */
type Origin = 'made' | 'found';

const errorCode = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/** The directory exists until `user` releases it. Its parent must exist. */
export function claim(directory: string, user: string): void {
  while (!tryToMark(directory, user) && !tryToMake(directory, user));
}

/** Takes the mark away, and with the last one a directory that a lab made. Does nothing where there is no mark. */
export function release(directory: string, user: string): void {
  const origin = originAt(join(directory, MARK + user));
  if (origin === undefined) return;
  rmSync(join(directory, MARK + user), { force: true });
  if (origin === 'found') return;
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY'].includes(errorCode(error))) throw error;
  }
}

/** False if the directory is not there. */
function tryToMark(directory: string, user: string): boolean {
  try {
    const marks = readdirSync(directory).filter((name) => name.startsWith(MARK));
    const made = marks.some((mark) => originAt(join(directory, mark)) === 'made');
    writeFileSync(join(directory, MARK + user), made ? 'made' : 'found');
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** With the mark in it from the first moment. False if somebody else was faster. */
function tryToMake(directory: string, user: string): boolean {
  const fresh = mkdtempSync(join(dirname(directory), MARK));
  // sshd wants it readable, and writable by root alone.
  chmodSync(fresh, 0o755);
  writeFileSync(join(fresh, MARK + user), 'made');
  try {
    renameSync(fresh, directory);
    return true;
  } catch (error) {
    rmSync(fresh, { recursive: true });
    if (['EEXIST', 'ENOTEMPTY'].includes(errorCode(error))) return false;
    throw error;
  }
}

function originAt(mark: string): Origin | undefined {
  try {
    return readFileSync(mark, 'utf8') === 'made' ? 'made' : 'found';
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
