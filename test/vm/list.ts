import { VmError } from './errors.ts';
import { cacheDirectory, newestPackage, RELEASES } from './kernels.ts';
import { openRepository } from './repository.ts';

/** Print each kernel version with the newest package that the mirrors have, or why there is none. */
export async function printKernels(): Promise<void> {
  for (const [version, release] of Object.entries(RELEASES)) {
    process.stdout.write(
      `${version.padEnd(6)} ${release.padEnd(10)} ${await availability(version, release)}\n`,
    );
  }
}

async function availability(version: string, release: string): Promise<string> {
  try {
    return await newestPackage(await openRepository(cacheDirectory(), release), version);
  } catch (error) {
    if (error instanceof VmError) return `not available: ${error.message.split('\n')[0]}`;
    throw error;
  }
}
