/** NATv6 between unmodified hosts and a server that knows nothing of SHIM6; tshark judges the checksums. */
import assert from 'node:assert/strict';
import { mkdirSync, statSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { boxStatus } from './box.ts';
import { delay, LabError, run, runIn, spawnIn, until } from './command.ts';
import { down, fail, heal, up, uplinkReaches } from './lab.ts';
import { download, ping } from './measure.ts';
import { inState } from './paths.ts';
import { assertAlive, start, stop } from './process.ts';
import { GREETING } from './services.ts';
import { hostIn, type LabProcess } from './state.ts';
import { PRETENDER, SITES, WEB_SERVER } from './topology.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const [site] = SITES;
const PORT = 7878;
const WHOAMI = new URL('./whoami.ts', import.meta.url).pathname;
const web = WEB_SERVER.namespace;

/** Where checksums are complete: both providers' links to the box, and the box's port of the host's switch. */
const CAPTURED = [
  { namespace: 'x1', device: site.box },
  { namespace: 'y1', device: site.box },
  { namespace: site.switch, device: site.box },
] as const;

interface Held {
  readonly answers: readonly string[];
  readonly how: string;
  readonly silence: number;
}

/** Milliseconds after which a connection that nothing ended is given up. */
const PATIENCE = 30_000;

/** A connection of h1 to the server, which has answered, and lasts until something ends it. */
async function hold(): Promise<{ done: Promise<Held> }> {
  const child = spawnIn('h1', [process.execPath, WHOAMI, 'hold', WEB_SERVER.address, String(PORT)], {});
  const limit = setTimeout(() => child.kill(), PATIENCE);
  let text = '';
  const answered = Promise.withResolvers<void>();
  child.stdout!.on('data', (octets) => {
    text += octets;
    if (text.startsWith('held\n')) answered.resolve();
  });
  const done = new Promise<Held>((resolve, reject) =>
    child.once('close', () => {
      clearTimeout(limit);
      const [, end = ''] = text.split('\n');
      const gone = new LabError(end === '' ? `still open, or never, after ${PATIENCE} ms` : end);
      if (end === '') for (const settle of [answered.reject, reject]) settle(gone);
      else resolve(JSON.parse(end));
    }),
  );
  done.catch(() => {});
  await answered.promise;
  return { done };
}

/** The address under which the server sees h1 in a new connection. */
async function seenAs(): Promise<string> {
  const words = `exec 3<>/dev/tcp/${WEB_SERVER.address}/${PORT}; echo hello >&3; head -n 1 <&3`;
  return (await runIn('h1', ['timeout', '5', 'bash', '-c', words])).stdout.trim();
}

describe('hosts and a server without SHIM6', { skip }, () => {
  const captures: { file: string; program: LabProcess }[] = [];

  before(async () => {
    await up({ owned: true });
    mkdirSync(inState('captures'), { recursive: true });
    for (const { namespace, device } of CAPTURED) {
      const file = inState('captures', `nat-${namespace}.pcap`);
      const argv = ['dumpcap', '-q', '-P', '-i', device, '-f', `host ${WEB_SERVER.address}`, '-w', file];
      const program = await start(`dumpcap-nat-${namespace}`, namespace, argv);
      await until('dumpcap captures', async () => {
        assertAlive(program);
        return statSync(file, { throwIfNoEntry: false })?.size;
      });
      captures.push({ file, program });
    }
    await start('whoami', web, [process.execPath, WHOAMI, 'serve', String(PORT)]);
    await until(
      'whoami listens',
      async () => (await runIn(web, ['ss', '-Hltn', `sport = :${PORT}`])).stdout !== '',
    );
  });
  after(down);

  it('a host fetches a page by name', async () => {
    const page = await download(hostIn('h1'), `http://${WEB_SERVER.name}/`);
    assert.equal(page.octets, GREETING.length);
  });

  it('a host pings the server, also in fragments', async () => {
    assert.equal((await ping(hostIn('h1'), WEB_SERVER.name, 3)).received, 3);
    const { stdout } = await runIn('h1', ['ping', '-c', '2', '-i', '0.2', '-s', '4000', WEB_SERVER.name]);
    assert.match(stdout, / 2 received/);
  });

  it('the server reaches the host by each of its locators', async () => {
    for (const locator of hostIn('h1').locators) {
      const { stdout } = await runIn(web, ['ping', '-c', '2', '-i', '0.2', locator]);
      assert.match(stdout, / 2 received/);
      const page = await runIn(web, ['curl', '-gsS', '--max-time', '5', `http://[${locator}]/`]);
      assert.equal(page.stdout, GREETING);
    }
  });

  it('a peer that was said to speak SHIM6, and does not, is reached through NATv6; what waited, too', async () => {
    const page = await download(hostIn('h1'), `http://${PRETENDER}/`);
    assert.equal(page.octets, GREETING.length);
    const { counters } = await boxStatus(site);
    assert.equal(counters.contextsReplacedByNat, 1);
    // Nothing waits any more, and no packet was lost: TCP did not have to send anything again.
    const again = await download(hostIn('h1'), `http://${PRETENDER}/`);
    assert.ok(
      page.connect < 0.9 && again.connect < 0.5,
      `connected after ${page.connect} s, ${again.connect} s`,
    );
  });

  it('ICMPv6 errors find the host: a closed port, a hop in the middle', async () => {
    const closed = runIn('h1', ['curl', '-gsS', '--max-time', '5', `http://[${WEB_SERVER.address}]:81/`]);
    await assert.rejects(closed, /after \d+ ms/);
    const udp = `exec 3<>/dev/udp/${WEB_SERVER.address}/9; echo a >&3; sleep 0.3; echo b >&3`;
    await assert.rejects(runIn('h1', ['bash', '-c', udp]), /refused/i);
    const { stdout } = await runIn('h1', [
      'traceroute',
      '-6',
      '-n',
      '-q',
      '1',
      '-w',
      '2',
      WEB_SERVER.address,
    ]);
    assert.match(stdout, new RegExp(`\\n +\\d+ +${WEB_SERVER.address}`), stdout);
  });

  it('a provider fails: the connection is reset, a new one takes the other provider at once', async () => {
    const host = hostIn('h1');
    const [first, second] = host.locators as [string, string];
    const held = await hold();
    await fail('x1');
    await uplinkReaches('x1', 'down');
    assert.equal(await seenAs(), second);
    const ended = await held.done;
    assert.deepEqual({ ...ended, silence: 0 }, { answers: [first], how: 'ECONNRESET', silence: 0 });
    assert.ok(ended.silence < 1000, `told after ${ended.silence} ms`);
  });

  it('a connection made meanwhile outlives the provider’s return; later ones take it again', async () => {
    const [first, second] = hostIn('h1').locators as [string, string];
    const held = await hold();
    await heal('x1');
    await uplinkReaches('x1', 'up');
    await until('the provider is used again', async () => (await seenAs()) === first);
    await delay(300);
    await fail('y1');
    const { answers, how } = await held.done;
    assert.deepEqual({ answers, how }, { answers: [second], how: 'ECONNRESET' });
    await heal('y1');
    await uplinkReaches('y1', 'up');
  });

  it('counts them', async () => {
    const { counters } = await boxStatus(site);
    for (const name of ['natOutbound', 'natInbound', 'natFlowsRemembered'])
      assert.ok(counters[name]! > 0, `${name}: ${counters[name]}`);
    assert.equal(counters.natUnknownProtocol, 0);
  });

  it('tshark finds no bad checksum, and no CMULA toward the providers', async () => {
    await stop(captures.map(({ program }) => program));
    const checks = ['tcp', 'udp'].flatMap((protocol) => ['-o', `${protocol}.check_checksum:TRUE`]);
    const matching = async (file: string, filter: string) =>
      (await run(['tshark', '-n', '-r', file, ...checks, '-Y', filter])).stdout;
    const bad = ['tcp', 'udp', 'icmpv6'].map((protocol) => `${protocol}.checksum.status == 0`).join(' or ');
    const good = ['tcp', 'udp', 'icmpv6'].map((protocol) => `${protocol}.checksum.status == 1`).join(' or ');
    for (const { file } of captures) {
      assert.equal(await matching(file, bad), '', file);
      assert.notEqual(await matching(file, good), '', `${file} holds nothing`);
    }
    for (const { file } of captures.slice(0, 2))
      assert.equal(await matching(file, 'ipv6.addr == fc00::/8'), '');
  });
});
