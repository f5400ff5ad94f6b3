/**
 * A failure during the handshake: from its first message on, the first provider loses everything of SHIM6, control and
 * payload, while ordinary packets (the DNS, BFD, BGP) go on. The handshake must complete by the other provider, and
 * the payload find its way there, too: a transfer, datagrams each way and an ssh session that all begin meanwhile.
 */
import { contextBetween } from '../box.ts';
import { LabError, runIn } from '../command.ts';
import { SshSession, startProbes, startTransfer } from '../measure.ts';
import type { ProbeReport } from '../probe.ts';
import { PAYLOAD, payloadDigest } from '../services.ts';
import { hostIn } from '../state.ts';
import { countsOf, type Gap, type ScenarioResult } from './scenario.ts';

const TABLE = 'pshim6_handshake';
/** I1_TIMEOUT at its longest, and REAP's Send Timeout with its exploration: RFC 5533 §14, RFC 5534. */
const MOST = 6_000 + 5_000;
/** Octets a second. */
const RATE = 20_000_000;
/** Milliseconds for an answer in the ssh session. */
const PATIENCE = 60_000;

export async function runHandshakeScenario(): Promise<ScenarioResult> {
  const [host, peer] = [hostIn('h1b'), hostIn('h2')];
  if ((await contextBetween(host, peer)) !== undefined)
    throw new LabError('h1b and h2 have a context already');
  const rules = `table ip6 ${TABLE} {
  chain forward { type filter hook forward priority -10; ip6 nexthdr 140 drop; }
}`;
  await runIn('x1', ['nft', '-f', '-'], { input: rules });
  let broken = true;
  const mend = async () => {
    if (broken) await runIn('x1', ['nft', 'delete', 'table', 'ip6', TABLE]);
    broken = false;
  };
  const session = new SshSession(host, peer.name);
  const probes = startProbes(host, peer);
  try {
    const transfer = startTransfer(host, `http://${peer.name}${PAYLOAD.path}`, RATE);
    const sshMilliseconds = await session.echo('during', PATIENCE);
    const { sha256, seconds } = await transfer.done;
    if (sha256 !== payloadDigest()) throw new LabError('what arrived has another checksum');
    const context = await contextBetween(host, peer);
    const uplink = context?.paths[context.active ?? 0]?.uplink;
    if (uplink === undefined || uplink === 'x1')
      throw new LabError(`${uplink ?? 'nothing'} carries h1b's packets`);
    probes.mark();
    await mend();
    await session.echo('mended', PATIENCE);
    const { atFirst, atSecond } = await probes.stop();
    const [toH1, toH2] = [gap(atFirst), gap(atSecond)];
    for (const { failing } of [toH1, toH2])
      if (failing > MOST) throw new LabError(`a gap of ${failing.toFixed(0)} ms, more than ${MOST}`);
    return {
      name: 'handshake',
      title: 'failure during handshake (from the first attempt)',
      noticedBy: 'retransmission of I1, then REAP',
      most: MOST,
      toH1,
      toH2,
      transferSeconds: seconds,
      sshMilliseconds,
      carriedBy: uplink,
    };
  } finally {
    session.close();
    await probes.stop().catch(() => {});
    await mend();
  }
}

/** There is nothing before the failure; the time until the first datagram is part of the gap. */
function gap(report: ProbeReport): Gap {
  const { firstArrival, longestGaps } = report;
  if (firstArrival === null) throw new LabError('not one datagram arrived');
  const [connecting = 0, mending = 0] = longestGaps;
  return { before: null, failing: Math.max(firstArrival, connecting), mending, ...countsOf(report, 1) };
}
