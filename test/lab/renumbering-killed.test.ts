/**
 * Site 1 leaves provider x1 for z1 while its box is killed in every phase of it, and started again, under running
 * transfers. The name server is Knot.
 */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { askDaemon } from '../../control/api/client.ts';
import type { HostDetail, ProviderReport } from '../../control/api/protocol.ts';
import { parseUlidData } from '../../control/naming/ulid-record.ts';
import { PHASES, type Phase, RENUMBERING, type RenumberingState } from '../../control/site/renumbering.ts';
import { setting } from '../../control/site/settings.ts';
import { Database } from '../../control/store/sqlite/database.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { boxProcess, contextBetween, socketOf, startBox } from './box.ts';
import { delay, runIn, spawnIn, together, until } from './command.ts';
import { EndlessTransfer, serveEndlessly } from './endless-transfer.ts';
import { down, up } from './lab.ts';
import { SshSession } from './measure.ts';
import { addNewProvider, NEW_PROVIDER } from './new-provider.ts';
import { inState } from './paths.ts';
import { isAlive, logFile, stop } from './process.ts';
import { addProvider, pshim6, published, publishZones } from './publishing.ts';
import { hostIn, readState } from './state.ts';
import { SITES } from './topology.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const [site, other] = SITES;
/** Seconds: a box that was started in `drain` has its contexts again before that is over. */
const TTL = 10;
const REVERSE = '1.0.0.0.8.b.d.0.0.0.c.f.ip6.arpa';
const pointerOf = (address: string) =>
  `${[...Buffer.from(parseAddress(address)).toString('hex')].reverse().join('.')}.ip6.arpa`;

const box = () => boxProcess(site)!;
const locatorsOf = async (host: string) =>
  ((await askDaemon(socketOf(site), 'hosts-show', { host })) as HostDetail).locatorsByProvider;
const signal = (pid: number, name: NodeJS.Signals) => process.kill(pid, name);
const nameServer = () => readState()!.processes.find(({ name }) => name.startsWith('knotd'))!.pid;

/** What the box has logged of its renumbering since `from` octets of its log. */
const logged = (from: number): string => readFileSync(logFile(box().name), 'utf8').slice(from);
const logLength = (): number => readFileSync(logFile(box().name), 'utf8').length;
const hasBegun = (phase: Phase, from: number): boolean =>
  logged(from).includes(`"phase":"${phase}","state":"begun"`);

async function kill(): Promise<void> {
  const process_ = box();
  signal(process_.pid, 'SIGKILL');
  while (isAlive(process_)) await delay(1);
}

/** The phase that a box which was killed finds in its store; undefined when there is no renumbering under way. */
function phaseInStore(): Phase | undefined {
  const scratch = mkdtempSync(join(tmpdir(), 'pshim6-killed-'));
  try {
    for (const suffix of ['', '-wal']) {
      const file = inState(`${site.name}.db${suffix}`);
      if (existsSync(file)) copyFileSync(file, join(scratch, `site.db${suffix}`));
    }
    const database = new Database(join(scratch, 'site.db'));
    const kept = setting(database.contents(), RENUMBERING);
    database.close();
    return kept && (JSON.parse(Buffer.from(kept).toString()) as RenumberingState).phase;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

describe('a box that is killed in every phase of a renumbering', { skip }, () => {
  before(async () => {
    await up({ owned: true, nameServer: 'Knot' });
    await addNewProvider();
    await stop([box()]);
    publishZones(site, [site.domain, REVERSE], TTL);
    await startBox(site);
    await addProvider(site, NEW_PROVIDER);
  });
  after(down);

  /** Knot's own tool and BIND's see the same: locators, the CMULA as ULID record alone, the name of both. */
  async function assertPublished(name: string, cmula: string, providers: readonly string[]): Promise<void> {
    const locators = Object.values(await locatorsOf(name)).sort();
    assert.equal(locators.length, providers.length);
    for (const program of ['kdig', 'dig'] as const) {
      assert.deepEqual(await published(name, 'AAAA', program), locators);
      const ulids = (await published(name, 'TYPE65280', program)).map((line) => parseUlidData(line));
      assert.deepEqual(ulids.map(formatAddress), [cmula]);
      assert.deepEqual(await published(pointerOf(cmula), 'PTR', program), [`${name}.`]);
    }
  }

  it('has published its hosts at Knot before', async () => {
    const isTold = async () =>
      ((await askDaemon(socketOf(site), 'zones')) as readonly { pending: number }[]).every(
        ({ pending }) => pending === 0,
      );
    await until('every name is published', isTold);
    for (const namespace of ['h1', 'h1b']) {
      const { name, cmula } = hostIn(namespace);
      await assertPublished(name, cmula, ['x1', 'y1', 'z1']);
    }
  });

  it('goes on where it was; neither transfers nor ssh sessions break', async (test) => {
    const [h1, h2] = [hostIn('h1'), hostIn('h2')];
    const start = performance.now();
    const say = (text: string) =>
      test.diagnostic(`${((performance.now() - start) / 1000).toFixed(1)} s: ${text}`);
    const sessions = [new SshSession(h1, h2.name), new SshSession(h2, h1.name)];
    const transfers: EndlessTransfer[] = [];
    // TCP waits the longer the longer it has waited; these packets bring the context back as soon as the box is there.
    const packets = spawnIn(h2.namespace, ['ping', '-q', '-i', '0.2', h1.cmula], { stdio: 'ignore' });
    let paused: number[] = [];
    const pause = (pid: number) => {
      signal(pid, 'SIGSTOP');
      paused.push(pid);
    };
    const resume = (pid: number) => {
      signal(pid, 'SIGCONT');
      paused = paused.filter((one) => one !== pid);
    };
    /** More of both transfers arrives. */
    const flowing = async (when: string) => {
      const before = transfers.map(({ received }) => received);
      const goOn = async () => transfers.every(({ received }, index) => received > before[index]! + 200_000);
      await until(`both transfers go on ${when}`, goOn, 60_000);
      say(`both transfers go on ${when}`);
    };
    const startAgain = async () => {
      await startBox(site);
      say('started');
      const stands = async () => (await contextBetween(h1, h2))?.state === 'ESTABLISHED';
      await until('the context stands', stands, 30_000);
      say('the context stands');
    };
    /** Kills the box in a phase. Returns what it left in its store, and where the log of the next one begins. */
    const killIn = async (phase: Phase, from: number) => {
      await until(`${phase} begins`, async () => hasBegun(phase, from), 30_000);
      await kill();
      const kept = phaseInStore();
      say(`killed; its store says ${kept}`);
      const log = logLength();
      return { kept, log };
    };
    try {
      for (const session of sessions) await session.echo('before');
      await together([h1, h2].map(serveEndlessly));
      transfers.push(new EndlessTransfer(h1, h2), new EndlessTransfer(h2, h1));
      await flowing('at first');

      // A name server that is silent holds `announce`, and later `move`.
      let log = logLength();
      pause(nameServer());
      const host = { name: 'late.bar.com' };
      await pshim6(site, 'hosts', 'reserve', host.name);
      const command = pshim6(site, 'provider', 'replace', 'x1', 'z1', '--json').catch((error) => error);
      for (const phase of ['announce', 'move'] as const) {
        const killed = await killIn(phase, log);
        assert.equal(killed.kept, phase);
        log = killed.log;
        await startAgain();
        await flowing(`after ${phase}`);
        resume(nameServer());
        if (phase === 'announce') {
          await until('move begins', async () => hasBegun('move', log));
          pause(nameServer());
        }
      }
      // The command ended with the daemon that it followed, and says what to do.
      assert.match(`${await command}`, /the daemon ended; started again it goes on/);

      const drained = await killIn('drain', log);
      assert.equal(drained.kept, 'drain');
      await startAgain();
      // A peer that is silent holds `withdraw`.
      const peer = boxProcess(other)!.pid;
      pause(peer);
      await flowing('after drain');
      const withdrawn = await killIn('withdraw', drained.log);
      assert.equal(withdrawn.kept, 'withdraw');
      resume(peer);
      await startBox(site);
      const removed = await killIn('remove', withdrawn.log);
      // Nothing holds `remove`: it may have been over by the time of the signal.
      assert.ok(removed.kept === 'remove' || removed.kept === undefined, removed.kept);
      await startBox(site);
      if (removed.kept !== undefined)
        await until('it is finished', async () => logged(removed.log).includes('"phase":"finished"'), 30_000);
      await runIn('x1', ['ip', 'link', 'set', 'dev', site.box, 'down']);
      await flowing('without the old provider');
      for (const session of sessions) await session.echo('after');
      for (const transfer of transfers) await transfer.end();
    } finally {
      for (const pid of paused) signal(pid, 'SIGCONT');
      for (const session of sessions) session.close();
      await Promise.allSettled(transfers.map((transfer) => transfer.end()));
      packets.kill();
    }
  });

  it('has z1 in the place of x1, in the box and at Knot', async () => {
    const rows = (await askDaemon(socketOf(site), 'providers')) as readonly ProviderReport[];
    assert.deepEqual(rows.map(({ name }) => name).sort(), ['y1', 'z1']);
    for (const namespace of ['h1', 'h1b']) {
      const { name, cmula } = hostIn(namespace);
      await assertPublished(name, cmula, ['y1', 'z1']);
    }
    assert.deepEqual(PHASES, ['announce', 'move', 'drain', 'withdraw', 'remove']);
  });
});
