/** The lab's memory between commands: a file that names its hosts and its processes. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { LabError } from './command.ts';
import { STATE_DIRECTORY, STATE_FILE } from './paths.ts';

/** A process, told apart from a later one with the same number by when it started. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  readonly startTime: number;
}

export interface LabProcess extends ProcessIdentity {
  readonly name: string;
  readonly namespace: string;
}

export interface LabHost {
  readonly namespace: string;
  readonly name: string;
  readonly cmula: string;
  /** One per provider of its site, in the order of the topology. */
  readonly locators: readonly string[];
  /** The DHCP Unique Identifier of its client, in hexadecimal. */
  readonly duid: string;
  /** CGA modifier, 32 hexadecimal digits. */
  readonly modifier: string;
  /** Where the addresses are an HBA set: what the box's configuration says of it. */
  readonly hba?: { readonly prefixes: readonly string[]; readonly 'extended-modifier'?: string };
}

export interface LabState {
  readonly bootId: string;
  /** Whoever tears the lab down when done: a demo or a test; undefined after `lab up`. */
  readonly owner?: ProcessIdentity;
  /** The lab was the first to use iproute2's directory of namespaces. */
  readonly unmountNamespaces: boolean;
  /** Directories outside the lab's own that it had to create. */
  readonly createdDirectories: readonly string[];
  readonly hosts: readonly LabHost[];
  readonly processes: readonly LabProcess[];
}

export const currentBootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/** undefined when no lab was raised since the machine started. */
export function readState(): LabState | undefined {
  let text: string;
  try {
    text = readFileSync(STATE_FILE, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new LabError(`${STATE_FILE} cannot be read`, { cause: error });
  }
  const state = JSON.parse(text) as LabState;
  return state.bootId === currentBootId() ? state : undefined;
}

/** Replaces the file as a whole, so that a reader finds the old state or the new one. */
export function writeState(state: LabState): void {
  mkdirSync(STATE_DIRECTORY, { recursive: true, mode: 0o700 });
  const temporary = `${STATE_FILE}.new`;
  writeFileSync(temporary, JSON.stringify(state, null, 2), { mode: 0o600 });
  renameSync(temporary, STATE_FILE);
}

export function updateState(change: (state: LabState) => Partial<LabState>): void {
  const state = readState();
  if (state === undefined) throw new LabError('the lab is not up');
  writeState({ ...state, ...change(state) });
}

/** The host in namespace `namespace`. Throws LabError when the lab is not up or has no such host. */
export function hostIn(namespace: string): LabHost {
  const host = readState()?.hosts.find((candidate) => candidate.namespace === namespace);
  if (host === undefined) throw new LabError(`the lab is not up, or ${namespace} is no host of it`);
  return host;
}
