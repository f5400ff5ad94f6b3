/**
 * The story that the demo tells and the end-to-end test checks, one function a step. Each returns
 * what happened in plain words, adds its figures, and throws when something did not hold.
 */
import { boxHosts, boxProcess, boxStatus, contextBetween, contexts } from './box.ts';
import { LabError, runIn } from './command.ts';
import type { Figures } from './figures.ts';
import { download, ping, SshSession, throughput } from './measure.ts';
import { inspectProvider } from './network.ts';
import { outage } from './outage.ts';
import { isAlive } from './process.ts';
import { GREETING, PAYLOAD, payloadDigest } from './services.ts';
import { hostIn, type LabHost } from './state.ts';
import { synDelay } from './syn-delay.ts';
import { NAME_SERVER, PROVIDERS, SITES, ULID_RECORD_TYPE, WEB_SERVER } from './topology.ts';

export interface Step {
  readonly title: string;
  readonly run: (figures: Figures) => Promise<readonly string[]>;
}

export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new LabError(message);
}

const h1 = (): LabHost => hostIn('h1');
const h1b = (): LabHost => hostIn('h1b');
const h2 = (): LabHost => hostIn('h2');

const rounded = (milliseconds: number): string => `${milliseconds.toFixed(1)} ms`;
const megabytes = (octets: number): string => `${(octets / 1e6).toFixed(0)} MB`;
export const payloadAt = (host: LabHost): string => `http://${host.name}${PAYLOAD.path}`;

async function dig(host: LabHost, name: string, type: string, server?: string): Promise<string[]> {
  const at = server === undefined ? [] : [`@${server}`];
  const { stdout } = await runIn(host.namespace, ['dig', '+short', '+tries=1', '+time=5', ...at, name, type]);
  return stdout.split('\n').filter(Boolean).sort();
}

async function hostsAreOrdinary(): Promise<string[]> {
  const lines: string[] = [];
  for (const site of SITES) {
    const known = await boxHosts(site);
    for (const { namespace } of site.hosts) {
      const host = hostIn(namespace);
      const { stdout } = await runIn(namespace, ['ip', '-j', '-6', 'address', 'show', 'scope', 'global']);
      const interfaces = JSON.parse(stdout) as { addr_info?: { local?: string }[] }[];
      const addresses = interfaces
        .flatMap(({ addr_info }) => addr_info ?? [])
        .flatMap(({ local }) => local ?? []);
      check(
        addresses.length === 1 && addresses[0] === host.cmula,
        `${host.name} holds ${addresses}, not its CMULA`,
      );
      const row = known.find(({ name }) => name === host.name);
      check(row?.ulid === host.cmula, `${site.box} knows ${host.name} as ${row?.ulid}, not ${host.cmula}`);
      lines.push(
        `${host.name} holds ${host.cmula} and nothing else; its router and resolver is ${site.router}`,
      );
    }
  }
  return lines;
}

/**
 * The first packets between two hosts whose boxes have no context for them yet. By name, the answer to the host begins
 * the handshake; by address, its first packet does, once the box has found the locators in the reverse tree.
 */
async function firstContact(
  figures: Figures,
  host: LabHost,
  peer: LabHost,
  by: 'name' | 'address',
): Promise<string[]> {
  check(
    (await contextBetween(host, peer)) === undefined,
    `${host.name} and ${peer.name} have a context already`,
  );
  const url = `http://${by === 'name' ? peer.name : `[${peer.cmula}]`}/`;
  const page = await download(host, url);
  check(page.octets === GREETING.length, `${url} gave ${page.octets} octets`);
  const [local, remote] = [await contextBetween(host, peer), await contextBetween(peer, host)];
  check(local?.state === 'ESTABLISHED', `the box of ${host.name}: context is ${local?.state ?? 'missing'}`);
  check(remote?.state === 'ESTABLISHED', `the box of ${peer.name}: context is ${remote?.state ?? 'missing'}`);
  const figure = {
    from: host.name,
    to: peer.name,
    by,
    nameLookupMilliseconds: page.nameLookup * 1000,
    connectMilliseconds: (page.connect - page.nameLookup) * 1000,
    handshakeMilliseconds: local.handshakeMilliseconds,
    firstPacketMilliseconds: local.firstPacketMilliseconds,
  };
  figures.firstContacts.push(figure);
  const handshake =
    figure.handshakeMilliseconds === null
      ? ''
      : `, of it the handshake ${rounded(figure.handshakeMilliseconds)}`;
  const waited = figure.firstPacketMilliseconds;
  const packet = waited === null ? 'no packet waited' : `its first packet waited ${rounded(waited)}`;
  const name = by === 'name' ? `name after ${rounded(figure.nameLookupMilliseconds)}` : 'no name asked for';
  return [
    `${host.name} fetched ${url}: ${name}, connection ${rounded(figure.connectMilliseconds)} later${handshake}; ${packet}`,
  ];
}

async function names(): Promise<string[]> {
  const lines: string[] = [];
  for (const [asker, host] of [
    [h1(), h2()],
    [h2(), h1()],
  ] as const) {
    const published = await runIn(NAME_SERVER.namespace, [
      'dig',
      '+short',
      `@${NAME_SERVER.address}`,
      host.name,
      'AAAA',
    ]);
    const locators = published.stdout.split('\n').filter(Boolean).sort();
    check(
      `${locators}` === `${[...host.locators].sort()}`,
      `${NAME_SERVER.name} publishes ${locators} for ${host.name}`,
    );
    const record = await dig(asker, host.name, `TYPE${ULID_RECORD_TYPE}`);
    check(record[0]?.startsWith('\\# 16 ') === true, `TYPE${ULID_RECORD_TYPE} of ${host.name} is ${record}`);
    const answer = await dig(asker, host.name, 'AAAA');
    check(`${answer}` === host.cmula, `${asker.name} was told ${answer || 'nothing'} for ${host.name}`);
    lines.push(
      `${host.name}: the world is told ${locators.join(' and ')}; ${asker.name} is told ${host.cmula}`,
    );
  }
  const legacy = await dig(h1(), WEB_SERVER.name, 'AAAA');
  check(
    `${legacy}` === WEB_SERVER.address,
    `${h1().name} was told ${legacy || 'nothing'} for ${WEB_SERVER.name}`,
  );
  lines.push(`${WEB_SERVER.name} has no ULID: its AAAA arrives unchanged, ${WEB_SERVER.address}`);
  return lines;
}

async function legacyServer(): Promise<string[]> {
  const page = await download(h1(), `http://${WEB_SERVER.name}/`);
  check(page.octets === GREETING.length, `http://${WEB_SERVER.name}/ gave ${page.octets} octets`);
  const [locator] = h1().locators;
  const { stdout } = await runIn(WEB_SERVER.namespace, [
    'curl',
    '-gsS',
    '--max-time',
    '5',
    `http://[${locator}]/`,
  ]);
  check(stdout === GREETING, `${WEB_SERVER.name} got ${stdout.length} octets from ${locator}`);
  return [
    `${h1().name} fetched http://${WEB_SERVER.name}/ through NATv6`,
    `${WEB_SERVER.name} fetched a page from ${h1().name} by its locator ${locator}`,
  ];
}

async function transfers(figures: Figures): Promise<string[]> {
  const lines: string[] = [];
  for (const [host, peer] of [
    [h1(), h2()],
    [h2(), h1()],
  ] as const) {
    const { sha256, octets, seconds } = await download(host, payloadAt(peer));
    check(
      sha256 === payloadDigest(),
      `${host.name} received ${octets} octets from ${peer.name}, of another checksum`,
    );
    figures.transfers.push({ from: peer.name, to: host.name, octets, seconds });
    lines.push(
      `${host.name} fetched ${megabytes(octets)} from ${peer.name} in ${seconds.toFixed(1)} s; SHA-256 is right`,
    );
  }
  return lines;
}

async function sessions(): Promise<string[]> {
  const lines: string[] = [];
  for (const [host, peer] of [
    [h1(), h2()],
    [h2(), h1()],
  ] as const) {
    const session = new SshSession(host, peer.name);
    try {
      await session.echo('hello');
      lines.push(
        `ssh from ${host.name} to ${peer.name}: a line comes back after ${rounded(await session.echo('again'))}`,
      );
    } finally {
      session.close();
    }
  }
  return lines;
}

async function rates(figures: Figures): Promise<string[]> {
  const lines: string[] = [];
  for (const [host, peer, reverse] of [
    [h1(), h2(), false],
    [h1(), h2(), true],
    [h2(), h1(), false],
  ] as const) {
    const octetsPerSecond = await throughput(host, peer.name, 2, reverse);
    check(octetsPerSecond > 0, `iperf3 from ${host.name} to ${peer.name} moved nothing`);
    const [from, to] = reverse ? [peer.name, host.name] : [host.name, peer.name];
    figures.throughputs.push({ initiator: host.name, from, to, octetsPerSecond });
    const direction = `${from} to ${to}${reverse ? ' (-R)' : ''}`;
    lines.push(`iperf3 ${direction}: ${((octetsPerSecond * 8) / 1e9).toFixed(2)} Gbit/s`);
  }
  return lines;
}

async function pings(figures: Figures): Promise<string[]> {
  const lines: string[] = [];
  for (const [host, peer] of [
    [h1(), h2()],
    [h2(), h1()],
  ] as const) {
    const report = await ping(host, peer.name, 5);
    check(
      report.received === report.sent,
      `${host.name} got ${report.received} of ${report.sent} echo replies`,
    );
    figures.pings.push({ from: host.name, to: peer.name, medianMilliseconds: report.median });
    lines.push(
      `ping ${host.name} to ${peer.name}: ${report.received} of ${report.sent}, ${report.median} ms`,
    );
  }
  return lines;
}

/** What only shows at the end: filters untouched, boxes alive, counters for the table. */
async function tally(figures: Figures): Promise<string[]> {
  for (const { provider } of PROVIDERS) {
    const { name, notDelegated, uniqueLocal } = await inspectProvider(provider.name);
    check(notDelegated === 0, `${name} dropped ${notDelegated} packets with a source it did not delegate`);
    check(uniqueLocal === 0, `${name} dropped ${uniqueLocal} packets with a unique local address`);
  }
  for (const site of SITES) {
    const daemon = boxProcess(site);
    check(daemon !== undefined && isAlive(daemon), `the daemon in ${site.box} is gone`);
    const { programs } = await boxStatus(site);
    check(programs.inside.forwarded > 0, `the inside program of ${site.box} forwarded nothing`);
    check(programs.outside.forwarded > 0, `the outside program of ${site.box} forwarded nothing`);
    figures.boxes.push({ box: site.box, programs, contexts: await contexts(site) });
  }
  return [
    `the ingress filters of ${PROVIDERS.length} providers dropped nothing: every source was one they delegated`,
  ];
}

export const STEPS: readonly Step[] = [
  { title: 'The hosts are ordinary', run: hostsAreOrdinary },
  { title: 'First contact, from site 1', run: (figures) => firstContact(figures, h1(), h2(), 'name') },
  {
    title: 'First contact, from site 2, by address',
    run: (figures) => firstContact(figures, h2(), h1b(), 'address'),
  },
  { title: 'SYN delay, with the early handshake and without', run: synDelay },
  { title: 'Names', run: names },
  { title: 'A server without SHIM6', run: legacyServer },
  { title: 'A large file, both ways', run: transfers },
  { title: 'ssh, both ways', run: sessions },
  { title: 'iperf3', run: rates },
  { title: 'ping', run: pings },
  { title: 'A provider of site 1 is cut', run: (figures) => outage(figures, h1(), h2()) },
  { title: 'A provider of site 2 is cut', run: (figures) => outage(figures, h2(), h1()) },
  { title: 'The tally', run: tally },
];
