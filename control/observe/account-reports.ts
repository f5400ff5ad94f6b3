/** What the control socket answers about what happened: contexts in detail, events, outages. */
import type { Arguments, ContextDetailReport, ReachabilityReport } from '../api/protocol.ts';
import { type Commands, RefusalError, Stream } from '../api/server.ts';
import type { Box } from '../box.ts';
import { TICK_MILLISECONDS } from '../dataplane/dataplane.ts';
import type { EgressView, Path } from '../dataplane/egress-table.ts';
import { STATE_NAMES } from '../reap/index.ts';
import type { ContextView } from '../shim6/context.ts';
import type { Uplink } from '../site/uplinks.ts';
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
  const switches = [...box.account.switches.of(context), ...byUplinks(box, context, egress)].sort(
    (one, other) => one.at - other.at,
  );
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
 * Switches that the state of the preferred path's uplink made: they are noted for the uplink, not for each context.
 * Only those since the context's paths are what they are.
 */
function byUplinks(box: Box, context: ContextView, egress: EgressView | undefined): PathSwitch[] {
  const [preferred, alternate] = preferredFirst(egress);
  if (preferred === undefined || alternate === undefined) return [];
  const since = box.account.switches.of(context).at(-1)?.at ?? context.establishedAt ?? 0;
  const uplink = uplinkOf(box, preferred);
  let carried = true;
  return (uplink?.switches ?? []).flatMap(({ at, state, reason }): PathSwitch[] => {
    const carries = state === 'up';
    if (at < since || carries === carried) return [];
    carried = carries;
    const because = `${uplink!.provider.name} is ${state} (${reason})`;
    return [
      carries
        ? { at, from: alternate, to: preferred, because }
        : { at, from: preferred, to: alternate, because },
    ];
  });
}

const uplinkOf = (box: Box, path: Path): Uplink | undefined =>
  box.links.uplinks.find(({ index }) => index === path.uplink);

/** The path that the data path takes while all uplinks are up, then the other. */
function preferredFirst(egress: EgressView | undefined): readonly (Path | undefined)[] {
  if (egress === undefined) return [];
  return [egress.paths[egress.active], egress.paths[egress.active === 0 ? 1 : 0]];
}

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
  return { ...box.account.path(path), since: dateOf(since)!, because: why(box, context, egress, path) };
}

/** Why this pair and not another: what speaks against the preferred one, or what it is preferred for. */
function why(box: Box, context: ContextView, egress: EgressView, path: Path): string {
  const [preferred] = preferredFirst(egress);
  if (preferred !== undefined && preferred !== path) {
    const uplink = uplinkOf(box, preferred);
    const reason = uplink?.switches.at(-1)?.reason ?? 'unknown';
    return `${uplink?.provider.name ?? 'its preferred uplink'} is down (${reason})`;
  }
  const [broken] = context.peerLocators.filter(
    (locator) => locator.broken && !equalAddress(locator.address, context.peer),
  );
  const local = context.localLocators.find((locator) => equalAddress(locator.address, path.source));
  const peer = context.peerLocators.find((locator) => equalAddress(locator.address, path.destination));
  const rank = `priority ${local?.priority ?? '-'} here, ${peer?.priority ?? '-'} at the peer`;
  if (broken === undefined) return `the preferred pair (${rank})`;
  return `the best of those that work (${rank}); the peer says that ${formatAddress(broken.address)} is broken`;
}
