import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { VmError } from './errors.ts';

const CONSOLE_LINES = 40;
const DEVICE_NAMES = ['console', 'status', 'stdout', 'stderr'] as const;

/** A guest to boot and where its command's output goes. */
export interface Machine {
  image: string;
  initramfs: string;
  memory: number; // mebibytes
  timeLimit: number; // seconds, boot included
  stdout: Writable;
  stderr: Writable;
  /** stops the machine when it aborts */
  signal?: AbortSignal;
}

/**
 * Boot a guest under QEMU's software emulation, stream its command's output, and wait for its end. The
 * guest reports `booted` and `exit N` on its status port (guest/run.sh). QEMU never outlives this process.
 * @returns the command's exit status
 * @throws VmError 'boot-failed', 'machine-died' or 'time-limit', with the last lines of the guest's console
 */
export async function runMachine(machine: Machine): Promise<number> {
  const limit = AbortSignal.timeout(machine.timeLimit * 1000);
  const signal = machine.signal === undefined ? limit : AbortSignal.any([limit, machine.signal]);
  // setpriv: the kernel ends QEMU even when this process is killed outright.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...parameters(machine)], {
    stdio: ['ignore', 'ignore', 'pipe', ...DEVICE_NAMES.map(() => 'pipe' as const)],
    signal,
    killSignal: 'SIGKILL',
  });
  const ended = once(child, 'close').catch((error: unknown) => error);
  const [, , complaints, console, status, stdout, stderr] = child.stdio as (Readable | null)[];
  const lastLines: string[] = [];
  for (const stream of [console, complaints]) {
    eachLine(stream, (line) => {
      lastLines.push(line);
      if (lastLines.length > CONSOLE_LINES) lastLines.shift();
    });
  }
  let booted = false;
  let exitStatus: number | undefined;
  eachLine(status, (line) => {
    if (line === 'booted') booted = true;
    else exitStatus = Number(/^exit (\d+)$/.exec(line)?.[1]);
  });
  stdout?.pipe(machine.stdout, { end: false });
  stderr?.pipe(machine.stderr, { end: false });
  const failure = await ended;

  if (exitStatus !== undefined) return exitStatus;
  const phase = booted ? 'while the command ran' : 'before the guest had booted';
  if (machine.signal?.aborted) throw new VmError('interrupted', `stopped ${phase}`);
  if (limit.aborted) {
    throw new VmError(
      'time-limit',
      `no end within ${machine.timeLimit} seconds; stopped ${phase}`,
      lastLines,
    );
  }
  if (failure instanceof Error) throw new VmError('tool-missing', `cannot run QEMU: ${failure.message}`);
  throw new VmError(booted ? 'machine-died' : 'boot-failed', `the machine ended ${phase}`, lastLines);
}

function parameters({ image, initramfs, memory }: Machine): string[] {
  // Each device talks through a descriptor inherited from this process, from 3 on.
  const channels = DEVICE_NAMES.flatMap((name, index) => ['-chardev', `socket,id=${name},fd=${3 + index}`]);
  const ports = DEVICE_NAMES.slice(1).flatMap((name) => [
    '-device',
    `virtserialport,chardev=${name},name=${name}`,
  ]);
  // no_timer_check: on a busy host the emulated timer ticks too late for the kernel's boot-time check of it.
  const kernel = 'console=ttyS0 loglevel=5 panic=-1 no_timer_check';
  return [
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
    ...['-machine', 'pc,usb=off', '-accel', 'tcg', '-cpu', 'max', '-smp', '2', '-m', `${memory}M`],
    ...['-kernel', image, '-initrd', initramfs, '-append', kernel],
    ...[...channels, '-serial', 'chardev:console', '-device', 'virtio-serial-pci', ...ports],
    ...['-virtfs', 'local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap'],
  ];
}

function eachLine(stream: Readable | null | undefined, onLine: (line: string) => void): void {
  if (stream) createInterface({ input: stream, crlfDelay: Infinity }).on('line', onLine);
}
