/** REAP in virtual time: when a silent failure is noticed and mended, beside what RFC 5534's schedule allows. */
import { DEFAULT_SETTINGS, type LocatorPair, Operational, TICK } from '../../../control/reap/index.ts';
import { Pair, uses } from '../../reap/pair.ts';
import { type Spread, spread } from '../statistics.ts';

export interface RecoveryRow {
  readonly sendTimeout: number;
  readonly locators: number;
  /** Seconds from the failure to Exploring, and to payload arriving both ways. */
  readonly detection: Spread;
  readonly recovery: Spread;
  /** Seconds: Send Timeout and the schedule's time to the second probe, and to the first after all dead pairs. */
  readonly scheduleBest: number;
  readonly scheduleWorst: number;
  /** Of both ends, until payload arrives both ways. */
  readonly probes: number;
}

export interface CrowdRow {
  readonly contexts: number;
  /** Of both ends. */
  readonly probesPerContext: number;
  /** Keepalives and Probes of both ends. */
  readonly messagesPerContext: number;
  readonly messages: number;
  /** Seconds from the failure until all are well again. */
  readonly took: number;
  readonly packetsPerSecond: number;
}

/** Milliseconds one way. */
export const LATENCY = 20;

/** Seconds from the first probe to each, RFC 5534 §7. */
export function scheduleOf(probe: number): number {
  const { initialProbeTimeout, initialProbes, maximumProbeTimeout } = DEFAULT_SETTINGS;
  let at = 0;
  for (let sent = 1; sent <= probe; sent++) {
    at += Math.min(initialProbeTimeout * 2 ** Math.max(0, sent - initialProbes), maximumProbeTimeout);
  }
  return at / 1000;
}

export function measureRecovery(sendTimeout: number, locators: number, runs: number): RecoveryRow {
  const [detections, recoveries]: [number[], number[]] = [[], []];
  let probes = 0;
  for (let seed = 1; seed <= runs; seed++) {
    const pair = new Pair({
      seed,
      locators: [locators, locators],
      latency: LATENCY,
      settings: { sendTimeout },
    });
    pair.talks = () => true;
    pair.run(1_000 + (seed % 10) * TICK);
    const start = pair.now;
    pair.passes = (one) => !uses(one, 1, 0);
    let detected = 0;
    while (!(wellAgain(pair) && detected > 0)) {
      pair.run(TICK);
      if (detected === 0 && (pair.a.reap.state(0) !== Operational || pair.b.reap.state(0) !== Operational))
        detected = pair.now - start;
    }
    detections.push(detected / 1000);
    recoveries.push((pair.now - start) / 1000);
    probes += probesOf(pair);
  }
  // Of locators² pairs those with the provider that failed are dead: as many as the peer has locators.
  const roundTrips = (1.5 * 2 * LATENCY) / 1000;
  return {
    sendTimeout,
    locators,
    detection: spread(detections),
    recovery: spread(recoveries),
    scheduleBest: sendTimeout + scheduleOf(1) + roundTrips,
    scheduleWorst: sendTimeout + scheduleOf(locators) + roundTrips,
    probes: probes / runs,
  };
}

const probesOf = ({ a, b }: Pair): number => a.reap.counters['probes-sent'] + b.reap.counters['probes-sent'];

/** Payload arrived both ways in this tick. */
const wellAgain = (pair: Pair): boolean =>
  pair.a.lastReceived[0] === pair.tick && pair.b.lastReceived[0] === pair.tick;

/** So many contexts whose provider fails at once, each with a packet every half second. */
export function measureCrowd(contexts: number, locators: number, packetsPerSecond: number): CrowdRow {
  const pair = new Pair({
    contexts,
    locators: [locators, locators],
    latency: LATENCY,
    settings: { packetsPerSecond },
    forgetful: true,
  });
  pair.talks = (_, tick, slot) => tick % 5 === slot % 5;
  pair.run(1_000);
  const dead = (one: LocatorPair) => uses(one, 1, 0);
  pair.passes = (one) => !dead(one);
  const start = pair.now;
  const isWell = (slot: number) => pair.a.reap.state(slot) === Operational && !dead(pair.a.current[slot]!);
  for (let slot = 0; slot < contexts; ) {
    if (isWell(slot)) slot++;
    else pair.run(TICK);
  }
  const took = (pair.now - start) / 1000;
  return {
    contexts,
    messages: pair.count,
    probesPerContext: probesOf(pair) / contexts,
    messagesPerContext: pair.count / contexts,
    took,
    packetsPerSecond,
  };
}
