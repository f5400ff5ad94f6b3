import path from 'node:path';
import { tool } from './tool.ts';

/**
 * Compiles guest/load.c into a directory, here, where a compiler runs at full speed; returns the program's path.
 * @throws VmError 'tool-missing'
 */
export async function compileLoader(directory: string): Promise<string> {
  const loader = path.join(directory, 'load');
  const source = path.join(import.meta.dirname, 'guest/load.c');
  const compile = ['clang', '-O1', '-Wall', '-Werror', '-o', loader, source, '-lbpf'] as const;
  await tool(compile, { code: 'tool-missing', message: 'cannot compile guest/load.c' });
  return loader;
}
