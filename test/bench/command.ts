/** System commands, run to their end. */
import { spawnSync } from 'node:child_process';
import { CommandError } from './errors.ts';

/** Runs `words` split at blanks, `input` on its standard input; returns its output. Throws CommandError. */
export function command(words: string, input = ''): string {
  const [program, ...options] = words.split(' ');
  const result = spawnSync(program!, options, { input, encoding: 'utf8' });
  if (result.error !== undefined) throw new CommandError(words, result.error.message);
  if (result.status !== 0)
    throw new CommandError(words, result.stderr.trim() || `exit status ${result.status}`);
  return result.stdout;
}
