/** The per-CPU counters of the XDP programs, added up: struct statistics in bpf/layout.h. */
import type { DropReport, ProgramCounts } from '../api/protocol.ts';
import { dropReasons, eventKinds, Statistics, VerdictCount } from './layout.generated.ts';

export interface StatisticsReport {
  readonly inside: ProgramCounts;
  readonly outside: ProgramCounts;
  readonly drops: readonly DropReport[];
  readonly punts: Readonly<Record<string, number>>;
}

/** `perCpu`: one struct statistics a CPU. Exact below 2^53. */
export function addStatistics(perCpu: readonly Uint8Array[]): StatisticsReport {
  const views = perCpu.map((bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const counter = (offset: number, index: number) =>
    views.reduce((sum, view) => sum + Number(view.getBigUint64(offset + index * 8, true)), 0);
  const program = (offset: number): ProgramCounts => ({
    received: counter(offset, VerdictCount.COUNT_RECEIVED),
    forwarded: counter(offset, VerdictCount.COUNT_FORWARDED),
    toKernel: counter(offset, VerdictCount.COUNT_TO_KERNEL),
    passed: counter(offset, VerdictCount.COUNT_PASSED),
    punted: counter(offset, VerdictCount.COUNT_PUNTED),
    dropped: counter(offset, VerdictCount.COUNT_DROPPED),
  });
  return {
    inside: program(Statistics.inside),
    outside: program(Statistics.outside),
    drops: dropReasons.map(({ name, meaning }, index) => ({
      reason: name,
      meaning,
      packets: counter(Statistics.drops, index),
    })),
    punts: Object.fromEntries(eventKinds.map(({ name }, index) => [name, counter(Statistics.punts, index)])),
  };
}
