/** What the control socket answers about what happened: contexts in detail, events, outages. */
import type { Arguments, ContextDetailReport, ReachabilityReport } from '../api/protocol.ts';
import { type Commands, RefusalError, Stream } from '../api/server.ts';
import type { Box } from '../box.ts';
import { TICK_MILLISECONDS } from '../dataplane/dataplane.ts';
import { type EgressView, type Path, samePath } from '../dataplane/egress-table.ts';
import { STATE_NAMES } from '../reap/index.ts';
import type { ContextView } from '../shim6/context.ts';
import type { Uplink } from '../site/uplinks.ts';
import { sameChoice } from '../steering/choose-paths.ts';
import {
  type Address,
  AddressError,
  equalAddress,
  formatAddress,
  parseAddress,
} from '../wire/ipv6/address.ts';
import { VerificationMethod } from '../wire/shim6/index.ts';
import type { OutageReport } from './account/outage-book.ts';
import type { PathSwitch } from './account/switch-log.ts';
import { activePath } from './active-path.ts';
import { contextReport } from './context-reports.ts';
import { dateOf } from './date.ts';

/** Outages that have ended, of earlier runs too. */
export interface OutageHistory {
  readonly outages: readonly OutageReport[];
}

export function accountReports(box: Box, history: OutageHistory | undefined): Commands {
  return {
    context: (args) => contextDetails(box, args),
    events: () => box.account.journal.kept,
    'follow-events': ({ contexts }) =>
      new Stream((tell) => box.account.journal.follow({ contexts: contexts === true, tell })),
    outages: () => outages(box, history),
  };
}

/** Those of the file first; what is in memory is there from when it begins. */
function outages(box: Box, history: OutageHistory | undefined): readonly OutageReport[] {
  const now = box.account.outages.reports();
  const first = now[0]?.number ?? Number.POSITIVE_INFINITY;
  return [...(history?.outages.filter(({ number }) => number < first) ?? []), ...now];
}

/** All contexts between a host of ours and a peer, the default one first; either may come first. */
function contextDetails(box: Box, args: Arguments): readonly ContextDetailReport[] {
  const [first, second] = [address(box, args, 'local'), address(box, args, 'peer')];
  for (const [local, peer] of [
    [first, second],
    [second, first],
  ] as const) {
    const found = [...box.core.contexts()].filter(
      (context) => equalAddress(context.local, local) && equalAddress(context.peer, peer),
    );
    if (found.length > 0) return found.map((context) => contextDetail(box, context));
  }
  const [one, other] = [formatAddress(first), formatAddress(second)];
  throw new RefusalError(
    `there is no context between ${one} and ${other}; pshim6 contexts lists those there are`,
  );
}

/** An address, or the name of a host of ours. */
function address(box: Box, args: Arguments, name: string): Address {
  const text = args[name];
  if (typeof text !== 'string') throw new RefusalError(`context: ${name} must be a ULID`);
  const host = [...box.hosts.values()].find((one) => one.name === text);
  if (host !== undefined) return host.ulid;
  try {
    return parseAddress(text);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new RefusalError(`${error.message}, nor the name of a host of this site`);
  }
}

function contextDetail(box: Box, context: ContextView): ContextDetailReport {
  const installed = box.contexts.view(context);
  const egress = installed?.egress;
  const switches = allSwitches(box, context, egress);
  const name = (path: Path | undefined) => (path === undefined ? null : box.account.path(path));
  return {
    ...contextReport(box, context),
    inUse: egress === undefined ? null : inUse(box, context, egress, switches),
    localLocators: context.localLocators.map(({ address, usable, acknowledged, priority, weight }) => ({
      address: formatAddress(address),
      uplink: box.links.uplinkFor(address)?.provider.name ?? 'removed',
      usable,
      acknowledged,
      priority,
      weight,
    })),
    peerLocators: context.peerLocators.map(({ address, method, broken, transient, priority, weight }) => ({
      address: formatAddress(address),
      method: methodName(method),
      found: context.isPresent(address),
      broken,
      transient,
      priority,
      weight,
    })),
    bytesSent: egress?.bytes ?? 0,
    bytesReceived: installed?.ingress.bytes ?? 0,
    lastSentSecondsAgo: secondsSince(box, egress?.lastSent, egress?.packets),
    lastReceivedSecondsAgo: secondsSince(box, installed?.ingress.lastReceived, installed?.ingress.packets),
    switches: switches.map(({ at, from, to, because }) => ({
      at: dateOf(at)!,
      from: name(from),
      to: name(to),
      because,
    })),
    reachability: reachability(box, context),
  };
}

function reachability(box: Box, context: ContextView): ReachabilityReport | null {
  const slots = box.contexts.slots(context);
  if (slots === undefined) return null;
  const { reap } = box.reachability;
  const history = reap.history(context);
  return {
    state: STATE_NAMES[reap.state(slots.egress)]!,
    timer: reap.timer(slots.egress),
    explorations: history?.explorations ?? 0,
    probesSent: history?.probesSent ?? 0,
    probesReceived: history?.probesReceived ?? 0,
    probes: (history?.probes ?? []).map(({ at, direction, state, pair }) => ({
      at: dateOf(at)!,
      direction,
      state: STATE_NAMES[state]!,
      source: formatAddress(pair.source),
      destination: formatAddress(pair.destination),
    })),
  };
}

const methodName = (method: number): string =>
  Object.entries(VerificationMethod).find(([, value]) => value === method)?.[0] ?? 'ULID';

/** By the data path's clock; null for what never was. */
function secondsSince(box: Box, tick: number | undefined, packets: number | undefined): number | null {
  if (tick === undefined || !packets) return null;
  return (Math.max(0, box.dataplane.now - tick) * TICK_MILLISECONDS) / 1000;
}

/**
 * All switches of a context, the oldest first. What an uplink's failure made the data path do is noted for the uplink,
 * not for each context: it shows in that a context left another path than the one it had come to.
 */
function allSwitches(box: Box, context: ContextView, egress: EgressView | undefined): readonly PathSwitch[] {
  const noted = box.account.switches.of(context);
  if (egress === undefined) return noted;
  const began = context.establishedAt ?? context.startedAt;
  const known = [...egress.paths, ...noted.flatMap(({ from, to }) => [from, to])];
  const inUse = egress.paths[activePath(box, egress)];
  let [since, current] = [began, firstPath(box, context, known, began)];
  const switches: PathSwitch[] = [];
  for (const change of [...noted, undefined]) {
    const failover = byUplink(box, current, change === undefined ? inUse : change.from, since, change?.at);
    if (failover !== undefined) switches.push(failover);
    if (change === undefined) break;
    switches.push(change);
    [since, current] = [change.at, change.to];
  }
  return switches;
}

/** What took a context from one path to the other between two moments, if it was the failure of its uplink. */
function byUplink(
  box: Box,
  from: Path | undefined,
  to: Path | undefined,
  since: number,
  until = Number.POSITIVE_INFINITY,
): PathSwitch | undefined {
  if (from === undefined || to === undefined || samePath(from, to)) return undefined;
  const uplink = uplinkOf(box, from);
  const failure = uplink?.switches.findLast(
    ({ state, at }) => state === 'down' && at >= since && at <= until,
  );
  if (uplink === undefined || failure === undefined) return undefined;
  return { at: failure.at, from, to, because: `${uplink.provider.name} is down (${failure.reason})` };
}

/** The path a context began with: the best of those known of it whose uplink was up. */
function firstPath(
  box: Box,
  context: ContextView,
  known: readonly (Path | undefined)[],
  at: number,
): Path | undefined {
  const paths = known.filter((path) => path !== undefined);
  const ranked = paths.sort((one, other) => rankOf(context, one) - rankOf(context, other));
  return ranked.find((path) => wasUp(box, path, at)) ?? ranked[0];
}

/** Lower is preferred: by the priority of our locator, then by that of the peer's. */
function rankOf(context: ContextView, { source, destination }: Path): number {
  const local = context.localLocators.find((locator) => equalAddress(locator.address, source));
  const peer = context.peerLocators.find((locator) => equalAddress(locator.address, destination));
  return 256 * (local?.priority ?? 255) + (peer?.priority ?? 255);
}

function wasUp(box: Box, path: Path, at: number): boolean {
  const before = uplinkOf(box, path)?.switches.findLast((change) => change.at <= at);
  return before?.state === 'up';
}

const uplinkOf = (box: Box, path: Path): Uplink | undefined =>
  box.links.uplinks.find(({ index }) => index === path.uplink);

function inUse(
  box: Box,
  context: ContextView,
  egress: EgressView,
  switches: readonly PathSwitch[],
): ContextDetailReport['inUse'] {
  const path = egress.paths[activePath(box, egress)];
  if (path === undefined) return null;
  const last = switches.at(-1);
  const since = last?.at ?? context.establishedAt ?? context.startedAt;
  return { ...box.account.path(path), since: dateOf(since)!, because: why(box, context, egress, path, last) };
}

/** Why this pair and not another: what speaks against a better one, or what it is preferred for. */
function why(
  box: Box,
  context: ContextView,
  egress: EgressView,
  path: Path,
  last: PathSwitch | undefined,
): string {
  const better = egress.paths.find((one) => rankOf(context, one) < rankOf(context, path));
  const lost = better && uplinkOf(box, better);
  if (lost !== undefined && !lost.up)
    return `${lost.provider.name} is down (${lost.switches.at(-1)?.reason ?? 'it never was up'})`;
  const preferred = box.contexts.preferredElsewhere(context);
  const uplink = preferred && uplinkOf(box, preferred);
  if (uplink !== undefined) {
    const { name, revert } = uplink.provider;
    const back =
      revert === 'never' ? 'it never goes back' : `it goes back once ${name} has been up for ${revert} s`;
    return `${last?.because ?? 'it was so chosen'}; ${back}`;
  }
  const found = box.contexts.foundPair(context);
  if (found !== undefined && sameChoice(found, path))
    return last?.because ?? 'others found lately that nothing gets through on the preferred pair';
  const local = context.localLocators.find((locator) => equalAddress(locator.address, path.source));
  const peer = context.peerLocators.find((locator) => equalAddress(locator.address, path.destination));
  const rank = `priority ${local?.priority ?? '-'} here, ${peer?.priority ?? '-'} at the peer`;
  const broken = context.peerLocators.find(
    (locator) => locator.broken && !equalAddress(locator.address, context.peer),
  );
  if (broken === undefined) return `the preferred pair (${rank})`;
  return `the best of those that work (${rank}); the peer says that ${formatAddress(broken.address)} is broken`;
}
