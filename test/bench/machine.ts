/** Where the figures come from. */
import { cpus, release, totalmem, version } from 'node:os';

export interface Machine {
  readonly kernel: string;
  readonly kernelBuild: string;
  readonly cpu: string;
  readonly cores: number;
  /** Octets. */
  readonly memory: number;
  readonly node: string;
}

export const describeMachine = (): Machine => ({
  kernel: release(),
  kernelBuild: version(),
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memory: totalmem(),
  node: process.version,
});
