/** The compiled programs that the tests load. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const bpf = fileURLToPath(new URL('../../bpf/', import.meta.url));
let built = false;

/**
 * Compiles what is out of date, once a process; in a machine of test/vm they are as its host has them. Returns the path
 * of an object.
 */
export function programs(name: 'inside' | 'outside' | 'pass'): string {
  if (!built && process.env['PSHIM6_VM'] === undefined) execFileSync('make', ['-s', '-C', bpf]);
  built = true;
  return `${bpf}build/${name}.bpf.o`;
}
