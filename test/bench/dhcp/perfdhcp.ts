/** Kea's perfdhcp: one run at a rate, and what it reports. */
import { spawnSync } from 'node:child_process';
import { CommandError, RowError } from '../errors.ts';

export interface PerfdhcpRun {
  /** Complete four-way exchanges a second. */
  readonly rate: number;
  /** The larger of both halves' shares of requests without an answer within a second, 0 to 1. */
  readonly drops: number;
}

const CLIENTS = 1_000_000;

/** Exchanges at `rate` a second for `seconds`, from clients out of a million. Throws CommandError and RowError. */
export function perfdhcp(namespace: string, rate: number, seconds: number, seed: number): PerfdhcpRun {
  const words = ['-6', '-l', 'eth0', '-r', rate, '-p', seconds, '-R', CLIENTS, '-s', seed].map(String);
  const command = ['nsenter', `--net=/run/netns/${namespace}`, '--', 'perfdhcp', ...words];
  const { stdout, stderr, error } = spawnSync(command[0]!, command.slice(1), { encoding: 'utf8' });
  if (error !== undefined) throw new CommandError('perfdhcp', error.message);
  // Its exit status is 3 where there were drops.
  return readReport(stdout, stderr);
}

/** Throws RowError. */
export function readReport(output: string, errors = ''): PerfdhcpRun {
  const rate = /^Rate: ([\d.]+) 4-way/m.exec(output)?.[1];
  const drops = [...output.matchAll(/^drops ratio: (\S+) %/gm)].map(([, share]) => Number(share) / 100);
  if (rate === undefined || drops.length !== 2)
    throw new RowError('perfdhcp', errors.trim() || output.trim());
  // No request was sent where no Solicit was answered.
  return { rate: Number(rate), drops: Math.max(...drops.map((share) => (Number.isNaN(share) ? 1 : share))) };
}
