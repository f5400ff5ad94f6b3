/** The per-CPU counters of the XDP programs, added up: struct statistics in bpf/layout.h. */
import type { DropReport, ProgramCounts } from '../api/protocol.ts';
import { dropReasons, eventKinds, NatCount, Statistics, VerdictCount } from './layout.generated.ts';

export interface StatisticsReport {
  readonly inside: ProgramCounts;
  readonly outside: ProgramCounts;
  readonly drops: readonly DropReport[];
  readonly punts: Readonly<Record<string, number>>;
  readonly nat: NatReport;
}

/** NATv6: packets, and flows noted because they came by another than their first provider. */
export interface NatReport {
  readonly natOutbound: number;
  readonly natInbound: number;
  readonly natUnknownProtocol: number;
  readonly natFlowsRemembered: number;
}

/** `memory`: one struct statistics a processor. Exact below 2^53. */
export function addStatistics(memory: Uint8Array): StatisticsReport {
  const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
  const counter = (offset: number, index: number) => {
    let sum = 0;
    for (let start = 0; start < memory.byteLength; start += Statistics.size)
      sum += Number(view.getBigUint64(start + offset + index * 8, true));
    return sum;
  };
  const program = (offset: number): ProgramCounts => ({
    received: Array.from({ length: VerdictCount.COUNTS }, (_, index) => counter(offset, index)).reduce(
      (sum, count) => sum + count,
    ),
    forwarded: counter(offset, VerdictCount.COUNT_FORWARDED),
    toKernel: counter(offset, VerdictCount.COUNT_TO_KERNEL),
    passed: counter(offset, VerdictCount.COUNT_PASSED),
    punted: counter(offset, VerdictCount.COUNT_PUNTED),
    dropped: counter(offset, VerdictCount.COUNT_DROPPED),
    answered: counter(offset, VerdictCount.COUNT_ANSWERED),
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
    nat: {
      natOutbound: counter(Statistics.nat, NatCount.NAT_OUTBOUND),
      natInbound: counter(Statistics.nat, NatCount.NAT_INBOUND),
      natUnknownProtocol: counter(Statistics.nat, NatCount.NAT_UNKNOWN_PROTOCOL),
      natFlowsRemembered: counter(Statistics.nat, NatCount.NAT_REMEMBERED),
    },
  };
}
