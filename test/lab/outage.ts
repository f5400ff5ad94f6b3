/** The step that it is all about: a provider fails under live connections. */
import type { ContextReport } from '../../control/api/protocol.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { containsAddress, parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import { contextBetween } from './box.ts';
import { LabError, until } from './command.ts';
import type { Figures, Outage } from './figures.ts';
import { fail, heal, uplinkReaches } from './lab.ts';
import { ping, type RunningTransfer, SshSession, startProbes, startTransfer } from './measure.ts';
import { findProvider } from './network.ts';
import type { ProbeReport } from './probe.ts';
import { PAYLOAD, payloadDigest } from './services.ts';
import type { LabHost } from './state.ts';

/** Octets a second: the file takes five seconds, so that the cut falls into the transfer. */
const TRANSFER_RATE = 20_000_000;

const pathInUse = (context: ContextReport | undefined) =>
  context === undefined || context.active === null ? undefined : context.paths[context.active];

/** The path that carries packets from `local` to `peer` now. Throws LabError when there is none. */
async function carrying(local: LabHost, peer: LabHost) {
  const path = pathInUse(await contextBetween(local, peer));
  if (path === undefined) throw new LabError(`nothing carries packets from ${local.name} to ${peer.name}`);
  return path;
}

const within = (provider: string, locator: string): boolean =>
  containsAddress(parsePrefix(findProvider(provider).provider.prefix), parseAddress(locator));

/**
 * `host` downloads from `peer` and keeps an ssh session; the provider of `host`'s site that carries
 * them is cut, everything must go on by the other one in both directions; then it is healed.
 */
export async function outage(figures: Figures, host: LabHost, peer: LabHost): Promise<string[]> {
  const { uplink: provider } = await carrying(host, peer);
  const session = new SshSession(host, peer.name);
  const probes = startProbes(host, peer);
  let stopped: Awaited<ReturnType<typeof probes.stop>> | undefined;
  let mended = true;
  try {
    await session.echo('before the cut');
    const transfer = startTransfer(host, `http://${peer.name}${PAYLOAD.path}`, TRANSFER_RATE);
    await under(transfer, PAYLOAD.length / 5);
    probes.mark();
    mended = false;
    await fail(provider);
    const atCut = transfer.received();
    await uplinkReaches(provider, 'down');
    const sshMilliseconds = await session.echo('after the cut');
    const alternate = await moved(provider, host, peer);
    probes.mark();
    const { sha256, octets, seconds } = await transfer.done;
    if (sha256 !== payloadDigest()) throw new LabError(`${octets} octets arrived, of another checksum`);
    stopped = await probes.stop();

    await heal(provider);
    mended = true;
    await uplinkReaches(provider, 'up');
    await session.echo('after the repair');
    const { sent, received } = await ping(host, peer.name, 3);
    if (received !== sent) throw new LabError(`after the repair ${received} of ${sent} echo replies came`);

    const row: Outage = {
      provider,
      alternate,
      probes: [figure(host, stopped.atFirst), figure(peer, stopped.atSecond)],
      transferSeconds: seconds,
      sshMilliseconds,
    };
    figures.outages.push(row);
    return words(row, atCut);
  } finally {
    session.close();
    // Probes that run on, or a cut cable, would be in the way of the next step.
    if (stopped === undefined) await probes.stop().catch(() => {});
    if (!mended) await heal(provider);
  }
}

/** Resolves when so many octets have arrived; throws when the transfer ends before. */
async function under(transfer: RunningTransfer, octets: number): Promise<void> {
  let ended = false;
  transfer.done.then(
    () => {
      ended = true;
    },
    () => {
      ended = true;
    },
  );
  await until('the transfer is under way', async () => ended || transfer.received() >= octets);
  if (ended) throw new LabError(`the transfer ended before the cut: ${await transfer.done.catch(String)}`);
}

/** Both boxes avoid `provider` now; returns the one that carries instead. */
async function moved(provider: string, host: LabHost, peer: LabHost): Promise<string> {
  return until(`both boxes have left ${provider}`, async () => {
    const [there, back] = [await carrying(host, peer), await carrying(peer, host)];
    const left =
      there.uplink !== provider && !within(provider, there.source) && !within(provider, back.destination);
    return left && there.uplink;
  });
}

const figure = (host: LabHost, report: ProbeReport) => {
  if (report.received === 0) throw new LabError(`no probe datagram reached ${host.name}`);
  return {
    at: host.name,
    gapMilliseconds: report.longestGaps[1] ?? 0,
    usualGapMilliseconds: report.longestGaps[0] ?? 0,
    lost: report.lost,
    late: report.late.reduce((sum, count) => sum + count, 0),
    duplicates: report.duplicates,
    received: report.received,
  };
};

function words(
  { provider, alternate, probes, transferSeconds, sshMilliseconds }: Outage,
  atCut: number,
): string[] {
  return [
    `${provider} was cut when ${(atCut / 1e6).toFixed(0)} MB of ${PAYLOAD.length / 1e6} MB had arrived; ${alternate} carried the rest`,
    `the transfer ended after ${transferSeconds.toFixed(1)} s; SHA-256 is right`,
    `the open ssh session answered ${sshMilliseconds.toFixed(1)} ms after it was asked`,
    ...probes.map(
      ({ at, gapMilliseconds, usualGapMilliseconds, lost, late }) =>
        `datagrams to ${at}, one a millisecond: a gap of ${gapMilliseconds.toFixed(1)} ms ` +
        `(before the cut ${usualGapMilliseconds.toFixed(1)} ms), ${lost} lost, ${late} late`,
    ),
    `${provider} was mended; the session and new packets went on`,
  ];
}
