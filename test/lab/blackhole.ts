/** A provider's router that forwards no more, and tells nobody: links stay up, routes stay where they are. */
import { setTimeout as wait } from 'node:timers/promises';
import { contextBetween, editConfiguration, startBox } from './box.ts';
import { LabError, runIn, until } from './command.ts';
import { ping, startProbes, startTransfer } from './measure.ts';
import { findProvider } from './network.ts';
import { PAYLOAD, payloadDigest } from './services.ts';
import { hostIn, type LabHost } from './state.ts';
import { SITES } from './topology.ts';

/** Octets a second: the transfer outlasts the outage. */
const TRANSFER_RATE = 12_000_000;

/** What of a site's traffic is lost: `out` leaves it, `in` comes to it. */
export type Direction = 'both' | 'out' | 'in';

const TABLE = 'pshim6_blackhole';

/** Drops what the provider would forward between its site and the Internet. */
export async function blackhole(provider: string, direction: Direction): Promise<void> {
  const { prefix } = findProvider(provider).provider;
  const rules = [
    ...(direction === 'in' ? [] : [`ip6 saddr ${prefix} drop`]),
    ...(direction === 'out' ? [] : [`ip6 daddr ${prefix} drop`]),
  ];
  const script = [
    `add table ip6 ${TABLE}`,
    `add chain ip6 ${TABLE} forward { type filter hook forward priority -10; policy accept; }`,
    ...rules.map((rule) => `add rule ip6 ${TABLE} forward ${rule}`),
  ];
  await runIn(provider, ['nft', script.join('; ')]);
}

export const endBlackhole = (provider: string) => runIn(provider, ['nft', `delete table ip6 ${TABLE}`]);

/**
 * Starts both boxes, of a lab raised without, with that Send Timeout; returns the provider that h1 uses toward h2. What one
 * failure taught is remembered for `memory` seconds.
 */
export async function startReapingBoxes(sendTimeout: number, memory = 0): Promise<string> {
  for (const site of SITES) {
    editConfiguration(site, (configuration) => {
      // By default failures are measured each by itself: none may order the next one's exploration.
      configuration['reap'] = { 'send-timeout': sendTimeout, memory };
    });
  }
  await Promise.all(SITES.map((site) => startBox(site)));
  await ping(hostIn('h1'), hostIn('h2').name, 3);
  return uplinkInUse(hostIn('h1'), hostIn('h2'));
}

/** The provider by which packets from `local` to `peer` leave. Throws LabError when none do. */
export async function uplinkInUse(local: LabHost, peer: LabHost): Promise<string> {
  const context = await contextBetween(local, peer);
  const path = context === undefined || context.active === null ? undefined : context.paths[context.active];
  if (path === undefined) throw new LabError(`nothing carries packets from ${local.name} to ${peer.name}`);
  return path.uplink;
}

/**
 * A transfer from h2 to h1 and a stream of datagrams each way while a provider forwards no more: the longest time without
 * a datagram in each direction, milliseconds. Throws LabError when the transfer's checksum is wrong.
 */
export async function measureBlackhole(provider: string, direction: Direction) {
  const [host, peer] = [hostIn('h1'), hostIn('h2')];
  const probes = startProbes(host, peer);
  await probes.arriving();
  const transfer = startTransfer(host, `http://${peer.name}${PAYLOAD.path}`, TRANSFER_RATE);
  await until('a part has arrived', async () => transfer.received() > PAYLOAD.length / 10);
  probes.mark();
  // The mark is at both ends before the gap begins.
  await wait(500);
  await blackhole(provider, direction);
  try {
    const { sha256, octets } = await transfer.done;
    if (sha256 !== payloadDigest()) throw new LabError(`${octets} octets arrived, of another checksum`);
    const { atFirst, atSecond } = await probes.stop();
    // A busy machine tells the probes late of the mark: the gap may begin before it.
    return { inbound: Math.max(...atFirst.longestGaps), outbound: Math.max(...atSecond.longestGaps) };
  } finally {
    await endBlackhole(provider);
  }
}
