/** Two flows between the same two hosts that leave by different providers, each in a context of its own (RFC 5533 §4.2). */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { ContextReport } from '../../control/api/protocol.ts';
import { boxProcess, contexts, editConfiguration, startBox } from './box.ts';
import { delay, run, until } from './command.ts';
import { down, fail, up, uplinkReaches } from './lab.ts';
import { download, ping } from './measure.ts';
import { inState } from './paths.ts';
import { assertAlive, start, stop } from './process.ts';
import { GREETING } from './services.ts';
import { hostIn, type LabProcess } from './state.ts';
import { SITES } from './topology.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const [site, peerSite] = SITES;
const [x1, y1] = site.providers;
const FORK = 7;
const RULES = [
  { from: site.prefix, protocol: 'tcp', 'destination-ports': 80, fork: FORK, prefer: [y1!.name] },
];

/** What leaves the box by a provider while `traffic` flows: upper-layer protocols and tags, as tshark reads them. */
async function leaving(provider: string, traffic: () => Promise<unknown>) {
  const file = inState(`forks-${provider}-${captures++}.pcap`);
  const argv = ['dumpcap', '-q', '-P', '-i', site.box, '-f', 'ip6 proto 140', '-w', file];
  const program: LabProcess = await start(`dumpcap-forks-${provider}`, provider, argv);
  await until('dumpcap captures', async () => {
    assertAlive(program);
    return statSync(file, { throwIfNoEntry: false })?.size;
  });
  await traffic();
  await delay(500);
  await stop([program]);
  const fields = ['-e', 'shim6.nxt', '-e', 'ipv6.src', '-e', 'shim6.ct'];
  const { stdout } = await run(['tshark', '-r', file, '-Y', 'shim6.p == 1', '-T', 'fields', ...fields]);
  const locators = hostIn('h1').locators;
  return stdout
    .split('\n')
    .map((line) => line.split('\t'))
    .filter(([, source]) => locators.includes(source!))
    .map(([protocol]) => Number(protocol));
}
let captures = 0;

const [TCP, ICMP6] = [6, 58];
const h2 = () => hostIn('h2');
const page = async () => {
  assert.equal((await download(hostIn('h1'), `http://${h2().name}/`)).octets, GREETING.length);
};
const echo = async () => assert.equal((await ping(hostIn('h1'), h2().cmula, 3)).received, 3);

async function pairContexts(of: typeof site): Promise<readonly ContextReport[]> {
  const [local, peer] = of === site ? [hostIn('h1'), h2()] : [h2(), hostIn('h1')];
  const rows = await contexts(of);
  return rows
    .filter((row) => row.local === local.cmula && row.peer === peer.cmula)
    .toSorted((first, second) => first.fork - second.fork);
}

describe('a forked context', { skip }, () => {
  before(async () => {
    await up({ owned: true });
    editConfiguration(site, (configuration) => {
      configuration['steering'] = { rules: RULES };
    });
    await stop([boxProcess(site)!]);
    await startBox(site);
  });
  after(down);

  it('is made when the first packet wants it, and the default context carries that packet', async () => {
    await ping(hostIn('h1'), h2().name, 2);
    assert.deepEqual(
      (await pairContexts(site)).map(({ fork }) => fork),
      [0],
    );
    await page();
    await until('the fork stands at both ends', async () => {
      const rows = [...(await pairContexts(site)), ...(await pairContexts(peerSite))];
      return rows.filter(({ fork, state }) => fork === FORK && state === 'ESTABLISHED').length === 2;
    });
  });

  it('has tags of its own and prefers the provider of its rule', async () => {
    const [byDefault, fork] = await pairContexts(site);
    assert.equal(byDefault!.paths[byDefault!.active!]!.uplink, x1!.name);
    assert.equal(fork!.paths[fork!.active!]!.uplink, y1!.name);
    assert.notEqual(fork!.localTag, byDefault!.localTag);
    assert.notEqual(fork!.peerTag, byDefault!.peerTag);
    const theirs = await pairContexts(peerSite);
    assert.deepEqual(
      theirs.map(({ fork: number, localTag }) => [number, localTag]),
      [
        [0, byDefault!.peerTag],
        [FORK, fork!.peerTag],
      ],
    );
  });

  it('takes its flow by one provider while the pair talks by the other', async () => {
    const flows = async () => {
      await page();
      await echo();
    };
    const byX1 = await leaving(x1!.name, flows);
    const byY1 = await leaving(y1!.name, flows);
    assert.deepEqual([...new Set(byX1)], [ICMP6]);
    assert.deepEqual([...new Set(byY1)], [TCP]);
    assert.ok(byX1.length >= 1 && byY1.length >= 3, `${byX1.length} and ${byY1.length} packets`);
  });

  it('leaves by the other provider while its own is down, in the next packet', async () => {
    await fail(y1!.name);
    await uplinkReaches(y1!.name, 'down');
    const byX1 = await leaving(x1!.name, page);
    assert.ok(byX1.includes(TCP));
  });
});
