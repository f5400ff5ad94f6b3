/**
 * One scenario, with a transfer whose checksum is verified, a datagram every millisecond each way and an ssh session
 * open from before the failure until after its end.
 */
import { boxProcess, startBox } from '../box.ts';
import { LabError, until } from '../command.ts';
import { ping, type RunningTransfer, SshSession, startProbes, startTransfer } from '../measure.ts';
import type { ProbeReport } from '../probe.ts';
import { stop } from '../process.ts';
import { PAYLOAD, payloadDigest } from '../services.ts';
import { hostIn } from '../state.ts';
import { SITES } from '../topology.ts';
import { uplinkInUse } from './in-use.ts';
import { countsOf, type Gap, type Scenario, type ScenarioResult } from './scenario.ts';

/** Part of the transfer that is there before the failure, and that must come after it. */
const BEFORE = 0.1;
const AFTER = 0.05;
/** Milliseconds for everything to go on after a failure. */
const PATIENCE = 60_000;
/** Milliseconds for an uplink to be preferred again after the scenario before. */
const SETTLING = 12_000;

/** Throws LabError when a connection does not survive, or a gap is longer than the scenario allows. */
export async function runScenario(scenario: Scenario): Promise<ScenarioResult> {
  const [h1, h2] = [hostIn('h1'), hostIn('h2')];
  await preferredPairs();
  const session = new SshSession(h1, h2.name);
  const probes = startProbes(h1, h2);
  let stopped = false;
  let failed = false;
  try {
    await session.echo('before');
    await probes.arriving();
    const transfer = startTransfer(h1, `http://${h2.name}${PAYLOAD.path}`, scenario.rate);
    await arrived(transfer, PAYLOAD.length * BEFORE);
    probes.mark();
    failed = true;
    await scenario.fail();
    const sshMilliseconds = await session.echo('after', PATIENCE);
    await arrived(transfer, transfer.received() + PAYLOAD.length * AFTER);
    const carriedBy = await carrying(scenario);
    probes.mark();
    await scenario.mend();
    failed = false;
    await session.echo('mended', PATIENCE);
    const { sha256, octets, seconds } = await transfer.done;
    if (sha256 !== payloadDigest()) throw new LabError(`${octets} octets arrived, of another checksum`);
    stopped = true;
    const { atFirst, atSecond } = await probes.stop();
    const { name, title, noticedBy, most } = scenario;
    const [toH1, toH2] = [gap(atFirst), gap(atSecond)];
    const result = {
      name,
      title,
      noticedBy,
      most,
      toH1,
      toH2,
      transferSeconds: seconds,
      sshMilliseconds,
      carriedBy,
    };
    const pauses = (phase: number) => Math.max(atFirst.pauses[phase] ?? 0, atSecond.pauses[phase] ?? 0);
    judge(scenario, result, { failing: pauses(1), mending: pauses(2) });
    return result;
  } finally {
    session.close();
    if (!stopped) await probes.stop().catch(() => {});
    if (failed) await scenario.mend().catch(() => {});
  }
}

/** `pauses`: milliseconds in which the programs at both ends did not run, which is no fault of the network's. */
function judge(
  { title, most, mostWhenMended, lateWhenMended }: Scenario,
  { toH1, toH2 }: ScenarioResult,
  pauses: { readonly failing: number; readonly mending: number },
): void {
  for (const [to, { failing, mending, lostMending, lateMending }] of [
    ['h1', toH1],
    ['h2', toH2],
  ] as const) {
    if (failing > most + pauses.failing)
      throw new LabError(`${title}: a gap of ${failing.toFixed(0)} ms to ${to}, more than ${most}`);
    if (mending > mostWhenMended + pauses.mending)
      throw new LabError(`${title}: a gap of ${mending.toFixed(0)} ms to ${to} while it was mended`);
    if (lateWhenMended === undefined) continue;
    if (lostMending > 0)
      throw new LabError(`${title}: ${lostMending} datagrams to ${to} lost while it was mended`);
    // What was sent at once after a pause, a datagram for each of its milliseconds, was under way at once, too.
    if (lateMending > lateWhenMended + pauses.mending)
      throw new LabError(
        `${title}: ${lateMending} datagrams to ${to} came late while it was mended, more than ${lateWhenMended}`,
      );
  }
}

function gap(report: ProbeReport): Gap {
  if (report.received === 0) throw new LabError('not one datagram arrived');
  const [before = 0, failing = 0, mending = 0] = report.longestGaps;
  return { before, failing, mending, ...countsOf(report, 2) };
}

/**
 * Each scenario begins where the one before has left no trace: the first providers carry, both ways. A pair that REAP
 * has found stays in use as long as it works; then the boxes begin anew.
 */
async function preferredPairs(): Promise<void> {
  if (await settled(SETTLING).catch(() => false)) return;
  await stop(SITES.map((site) => boxProcess(site)!));
  await Promise.all(SITES.map((site) => startBox(site)));
  await settled(PATIENCE);
}

const settled = (timeout: number) =>
  until(
    'the first providers carry both ways',
    async () => {
      await ping(hostIn('h1'), hostIn('h2').name, 1);
      const uplinks = [await uplinkInUse(), await uplinkInUse('h2', 'h1')];
      return `${uplinks}` === 'x1,x2';
    },
    timeout,
  );

async function carrying({ title, carriedBy }: Scenario): Promise<string> {
  return until(`${title}: ${carriedBy ?? 'any uplink'} carries`, async () => {
    const uplink = await uplinkInUse();
    return carriedBy === undefined || uplink === carriedBy ? uplink : undefined;
  });
}

async function arrived(transfer: RunningTransfer, octets: number): Promise<void> {
  let failure: unknown;
  transfer.done.catch((error: unknown) => {
    failure = error;
  });
  const wanted = Math.min(octets, PAYLOAD.length);
  await until(
    `${(wanted / 1e6).toFixed(0)} MB have arrived`,
    async () => {
      if (failure !== undefined) throw failure;
      return transfer.received() >= wanted;
    },
    PATIENCE,
  );
}
