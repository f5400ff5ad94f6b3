/**
 * Silent failures in the lab, in real time, between two real boxes: a provider's router that neither takes nor sends,
 * which FRR's bfdd notices (3 x 300 ms), and a provider that forwards nothing any more, which only REAP does.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { parseAddress } from '../../../control/wire/ipv6/address.ts';
import { containsAddress, parsePrefix } from '../../../control/wire/ipv6/prefix.ts';
import { measureBlackhole, startReapingBoxes, uplinkInUse } from '../../lab/blackhole.ts';
import { contextBetween, startBox } from '../../lab/box.ts';
import { until } from '../../lab/command.ts';
import { configureProviders } from '../../lab/configuration.ts';
import { bfdLiveness, endSilence, silence, startBfd } from '../../lab/frr.ts';
import { down, up, uplinkReaches } from '../../lab/lab.ts';
import { ping, startProbes } from '../../lab/measure.ts';
import { hostIn } from '../../lab/state.ts';
import { SITES } from '../../lab/topology.ts';
import { type Spread, spread } from '../statistics.ts';

export interface LabRow {
  /** What notices it. */
  readonly by: string;
  /** The aim, milliseconds. */
  readonly aim: number;
  /** Milliseconds without a datagram, of a stream of one a millisecond, to and from the host. */
  readonly inbound: Spread;
  readonly outbound: Spread;
}

interface Gaps {
  readonly inbound: number;
  readonly outbound: number;
}

/** Seconds. */
const SEND_TIMEOUT = 3;
/** Of RFC 5534's schedule: the fourth probe and its answer, with 2x2 pairs. */
const EXPLORATION = 1.5;
const BFD = { interval: 300, multiplier: 3 };
/** Seconds that the uplink must be well, and up, before the next round begins on it. */
const SOON = { hysteresis: { 'up-after': 1, damping: { suppress: 100_000 } }, revert: 1 };
/** Milliseconds: programs of a probe hear of a mark late, the last datagrams are under way. */
const AROUND = 500;
const PATIENCE = 30_000;

const row = (by: string, aim: number, gaps: readonly Gaps[]): LabRow => ({
  by,
  aim,
  inbound: spread(gaps.map(({ inbound }) => inbound)),
  outbound: spread(gaps.map(({ outbound }) => outbound)),
});

/** Throws LabError. Removes the lab. */
export async function measureBfd(rounds: number): Promise<LabRow> {
  const [site, peer] = SITES;
  await up({ owned: true, boxes: false });
  try {
    await startBfd(site, BFD);
    configureProviders(site, () => ({ ...SOON, liveness: bfdLiveness(site) }));
    await Promise.all([startBox(site), startBox(peer)]);
    await ping(hostIn('h1'), hostIn('h2').name, 3);
    const gaps: Gaps[] = [];
    for (let round = 0; round < rounds; round++) gaps.push(await measureSilence());
    return row(`BFD, ${BFD.multiplier} x ${BFD.interval} ms`, 1_000, gaps);
  } finally {
    await down();
  }
}

/** The router of the first provider falls silent while it carries both ways. */
async function measureSilence(): Promise<Gaps> {
  const [host, peer] = [hostIn('h1'), hostIn('h2')];
  const [site] = SITES;
  const first = site.providers[0]!;
  const prefix = parsePrefix(first.prefix);
  const carriesBothWays = async () => {
    const back = await contextBetween(peer, host);
    const destination = back?.paths[back.active ?? 0]?.destination;
    const isBack = destination !== undefined && containsAddress(prefix, parseAddress(destination));
    return isBack && (await uplinkInUse(host, peer)) === first.name;
  };
  await until(`${first.name} carries both ways`, carriesBothWays, PATIENCE);
  const probes = startProbes(host, peer);
  await probes.arriving();
  await wait(AROUND);
  await silence(site, first);
  try {
    await uplinkReaches(first.name, 'down');
    await wait(AROUND);
    const { atFirst, atSecond } = await probes.stop();
    return { inbound: Math.max(...atFirst.longestGaps), outbound: Math.max(...atSecond.longestGaps) };
  } finally {
    await endSilence(first);
    await until('the uplink is up again', () => uplinkReaches(first.name, 'up').then(() => true), PATIENCE);
  }
}

/** Throws LabError. Removes the lab. */
export async function measureSilentProvider(rounds: number): Promise<LabRow> {
  await up({ owned: true, boxes: false });
  try {
    await startReapingBoxes(SEND_TIMEOUT);
    const gaps: Gaps[] = [];
    // A pair that REAP has found stays in use: the next round begins where this one ends.
    for (let round = 0; round < rounds; round++)
      gaps.push(await measureBlackhole(await uplinkInUse(hostIn('h1'), hostIn('h2')), 'both'));
    return row(`REAP, Send Timeout ${SEND_TIMEOUT} s, 2x2`, (SEND_TIMEOUT + EXPLORATION) * 1_000, gaps);
  } finally {
    await down();
  }
}
