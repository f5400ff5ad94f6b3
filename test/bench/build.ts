/** The compiled programs that the benchmark loads. */
import { fileURLToPath } from 'node:url';
import { command } from './command.ts';

const directory = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Compiles what is missing or out of date. Throws CommandError with the compiler's words. */
export function build(): void {
  command(`make --silent -C ${directory('../../bpf')}`);
  command(`make --silent -C ${directory('.')}`);
}

/** A program of the benchmark itself. */
export const objectPath = (name: string): string => directory(`build/${name}.bpf.o`);
