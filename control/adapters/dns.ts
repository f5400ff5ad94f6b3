/** The DNS ALG of a box: its server, and what it learns given to the box. */
import { readFileSync } from 'node:fs';
import type { DnsReport } from '../api/protocol.ts';
import type { Box } from '../box.ts';
import type { DnsConfig } from '../config/dns.ts';
import { DnsAlg } from '../naming/dns-alg.ts';
import type { Resolver } from '../naming/lookup.ts';
import type { Log } from '../observe/log.ts';
import { type Address, formatAddress } from '../wire/ipv6/address.ts';
import { containsAddress, type Prefix } from '../wire/ipv6/prefix.ts';
import type { Clock } from './core-driver.ts';
import { DnsServer } from './dns-server.ts';
import { EarlyContexts } from './early-contexts.ts';
import { HeldAnswers } from './held-answers.ts';
import { HostNames } from './host-names.ts';

export interface DnsOptions {
  readonly box: Box;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: (length: number) => Uint8Array;
  /** Where ULIDs may lie, and where those of the site do. */
  readonly ulids: readonly Prefix[];
  readonly prefixes: readonly Prefix[];
}

export interface RunningDns {
  report(): DnsReport;
  close(): Promise<void>;
}

/** Milliseconds between looks at early contexts. */
const EXPIRY_INTERVAL = 5000;

/** Throws a typed error when an address cannot be bound. */
export async function startDns(config: DnsConfig, options: DnsOptions): Promise<RunningDns> {
  const { box, log, clock, random, ulids } = options;
  const names = new HostNames(box.site.hosts);
  const alg = new DnsAlg({
    random,
    resolvers: config.resolvers.map(resolverOf),
    ownHost: (key) => names.find(key),
    settings: {
      ulidType: config['ulid-type'],
      ulidPrefixes: ulids,
      hideIpv4: config.ipv4 === 'hide',
      answerCacheCapacity: config.cache,
    },
  });
  const early = earlyContexts(config, box);
  const { enabled, wait } = config['early-contexts'];
  const held = new HeldAnswers({
    wait: enabled ? wait : 0,
    underWay: (host, peer) => box.handshakes.isUnderWay(host, peer),
  });
  const server = new DnsServer({
    listen: config.listen.map((address) => ({ address, port: config.port })),
    alg,
    clock,
    onLearned: ({ host, ulid, locators }) => early.begin(clock(), host, ulid, locators),
    hold: (host, ulids, release) => held.hold(host, ulids, release),
    onFound: ({ ulid, locators, askers }) => {
      for (const host of askers) box.handshakes.begin(host, ulid, locators);
    },
    onNotFound: ({ ulid, askers }) => {
      for (const host of askers) box.handshakes.giveUp(host, ulid);
    },
  });
  await server.start();
  const expiry = setInterval(() => early.expire(clock()), EXPIRY_INTERVAL);
  box.onHandshakeEnd = (host, peer) => held.settled(host, peer);
  box.peerLocators = (peer) => alg.locators.lookup(clock(), peer)?.locators;
  box.searchPeer = (host, peer) => isForeign(peer, options) && server.search(host, peer) === 'searching';
  log.info('dns-listening', { addresses: config.listen.map(formatAddress), port: config.port });
  return {
    report: () => report(alg, server, { ...early.counters, ...held.counters }),
    close: () => {
      clearInterval(expiry);
      held.close();
      return server.close();
    },
  };
}

/** Another site's ULID: the reverse tree may know it. */
const isForeign = (peer: Address, { ulids, prefixes }: DnsOptions): boolean =>
  ulids.some((prefix) => containsAddress(prefix, peer)) &&
  !prefixes.some((prefix) => containsAddress(prefix, peer));

function resolverOf({ address, port, tls }: DnsConfig['resolvers'][number]): Resolver {
  if (tls === undefined) return { address, port };
  const { name, authorities } = tls;
  return {
    address,
    port,
    tls: { name, ...(authorities !== undefined && { authorities: readFileSync(authorities, 'utf8') }) },
  };
}

function earlyContexts(config: DnsConfig, box: Box): EarlyContexts {
  const { enabled, 'per-host': perHost, total, unused } = config['early-contexts'];
  return new EarlyContexts({
    enabled,
    perHost,
    total,
    unused: unused * 1000,
    establish: (host, peer, locators) => box.handshakes.begin(host, peer, locators),
    discardUnused: (host, peer) => box.handshakes.discardUnused(host, peer),
  });
}

const report = (
  alg: DnsAlg,
  { unsentAnswers }: DnsServer,
  more: Readonly<Record<string, number>>,
): DnsReport => ({
  resolvers: alg.resolvers.map(({ resolver: { address, port, tls }, state }) => ({
    address: formatAddress(address),
    port,
    tls: tls?.name ?? null,
    state,
  })),
  inFlight: alg.inFlight,
  upstreamInFlight: alg.upstreamInFlight,
  kept: alg.kept,
  locators: alg.locators.size,
  searching: alg.searching,
  counters: { ...alg.counters, ...more, unsentAnswers },
});
