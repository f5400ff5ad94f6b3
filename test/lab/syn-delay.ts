/**
 * What the early handshake is worth: the same first contacts, by name, with and without it. Both boxes begin anew each
 * time, so that neither knows names or contexts.
 */
import type { DnsConfig } from '../../control/config/dns.ts';
import { boxProcess, contextBetween, editConfiguration, startBox } from './box.ts';
import { LabError, runIn, together, until } from './command.ts';
import type { Figures, SynDelay } from './figures.ts';
import { download } from './measure.ts';
import { stop } from './process.ts';
import { GREETING } from './services.ts';
import { hostIn, type LabHost } from './state.ts';
import { SITES } from './topology.ts';

/** The last is what boxes do without being told, and so what they go on with. */
const MANNERS: readonly {
  readonly early: SynDelay['early'];
  readonly settings: Partial<DnsConfig['early-contexts']> | undefined;
}[] = [
  { early: 'off', settings: { enabled: false } },
  { early: 'answer at once', settings: { wait: 0 } },
  { early: 'answer waits', settings: undefined },
];

async function restartBoxes(settings: (typeof MANNERS)[number]['settings']): Promise<void> {
  await stop(SITES.flatMap((site) => boxProcess(site) ?? []));
  for (const site of SITES) {
    editConfiguration(site, (configuration) => {
      configuration['dns'] = { ...configuration['dns'], 'early-contexts': settings };
    });
  }
  await together(SITES.map((site) => startBox(site)));
  // A box that ends withdraws its router advertisement, and one that begins sends one soon.
  for (const { namespace } of SITES.flatMap(({ hosts }) => hosts)) {
    const routes = async () => (await runIn(namespace, ['ip', '-6', 'route', 'show', 'default'])).stdout;
    await until(`${namespace} has a default route`, async () => (await routes()) !== '', 30_000);
  }
}

async function connectTwice(host: LabHost, peer: LabHost, early: SynDelay['early']): Promise<SynDelay> {
  if ((await contextBetween(host, peer)) !== undefined)
    throw new LabError(`${host.name} and ${peer.name} have a context already`);
  const connect = async () => {
    const { octets, nameLookup, connect } = await download(host, `http://${peer.name}/`);
    if (octets !== GREETING.length) throw new LabError(`http://${peer.name}/ gave ${octets} octets`);
    return { name: nameLookup * 1000, syn: (connect - nameLookup) * 1000 };
  };
  const first = await connect();
  const again = await connect();
  const context = await contextBetween(host, peer);
  if (context?.state !== 'ESTABLISHED')
    throw new LabError(`${host.name} and ${peer.name}: context is ${context?.state ?? 'missing'}`);
  if (early === 'off' && context.firstPacketMilliseconds === null)
    throw new LabError(
      `the first packet of ${host.name} did not wait, though nothing began the handshake before`,
    );
  return {
    early,
    from: host.name,
    to: peer.name,
    nameMilliseconds: first.name,
    synMilliseconds: first.syn,
    synAgainMilliseconds: again.syn,
    firstPacketMilliseconds: context.firstPacketMilliseconds,
  };
}

const rounded = (milliseconds: number): string => `${milliseconds.toFixed(1)} ms`;

/** Hosts of site 1 connect to h2 by name for the first time, in each manner. */
export async function synDelay(figures: Figures): Promise<string[]> {
  const lines: string[] = [];
  for (const { early, settings } of MANNERS) {
    await restartBoxes(settings);
    // Of programs that have just been started the first handshake says nothing: h1's is not counted.
    await connectTwice(hostIn('h1'), hostIn('h2'), early);
    const delay = await connectTwice(hostIn('h1b'), hostIn('h2'), early);
    figures.synDelays.push(delay);
    const { from, nameMilliseconds, synMilliseconds, synAgainMilliseconds, firstPacketMilliseconds } = delay;
    const waited =
      firstPacketMilliseconds === null
        ? 'did not wait'
        : `waited ${rounded(firstPacketMilliseconds)} in the box`;
    lines.push(
      `early handshake ${describe(early)}: ${from} had the name after ${rounded(nameMilliseconds)}, ` +
        `its SYN ${waited} and was answered after ${rounded(synMilliseconds)}, the next after ${rounded(synAgainMilliseconds)}`,
    );
  }
  return lines;
}

const describe = (early: SynDelay['early']): string => (early === 'off' ? 'off' : `on, ${early}`);
