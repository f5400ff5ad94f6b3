/** Floods against a box while two hosts talk: no state, bounded work, and the talk goes on. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { StatusReport } from '../../control/api/protocol.ts';
import { boxProcess, boxStatus, drops } from './box.ts';
import { run, runIn } from './command.ts';
import { down, up } from './lab.ts';
import { ping, startProbes } from './measure.ts';
import { assertAlive } from './process.ts';
import { hostIn } from './state.ts';
import { SITES } from './topology.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const [site] = SITES;
const [provider] = site.providers;
const COUNT = 60_000;
const FLOODER = join(import.meta.dirname, 'flooder.ts');

/** Kibibytes that the daemon holds in memory. */
function residentSize(): number {
  const text = readFileSync(`/proc/${boxProcess(site)!.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(text)![1]);
}

describe('a flooded box', { skip }, () => {
  let quiet: StatusReport;

  before(async () => {
    await up({ owned: true });
    await ping(hostIn('h1'), 'h2.foo.com', 3);
    // Whoever floods knows the box's Ethernet address.
    await runIn('h1b', ['ping', '-c', '1', site.router]);
    await runIn(provider!.name, ['ping', '-c', '1', provider!.boxAddress]);
    quiet = await boxStatus(site);
  });
  after(down);

  async function flood(
    kind: string,
    from: string,
    link: string,
    source: string,
    destination: string,
    gateway: string,
  ) {
    const probes = startProbes(hostIn('h1'), hostIn('h2'));
    const before = residentSize();
    // The probes are under way when their first second is over.
    await run(['sleep', '1']);
    const { stdout } = await runIn(from, [
      process.execPath,
      FLOODER,
      kind,
      String(COUNT),
      link,
      source,
      destination,
      gateway,
    ]);
    const { sent } = JSON.parse(stdout);
    await run(['sleep', '1']);
    const reports = await probes.stop();
    assertAlive(boxProcess(site)!);
    assert.ok(sent > COUNT / 2, `only ${sent} frames were sent`);
    for (const [end, { received, lost }] of Object.entries(reports)) {
      assert.ok(
        received > 1000 && lost <= received / 100,
        `${end}: ${lost} of ${received + lost} datagrams lost`,
      );
    }
    assert.ok(residentSize() - before < 64 * 1024, `the daemon grew by ${residentSize() - before} KiB`);
    const status = await boxStatus(site);
    assert.deepEqual(status.contexts, quiet.contexts);
    assert.equal(status.waitingPackets, 0);
    return `${sent} frames; ${reports.atFirst.lost + reports.atSecond.lost} probe datagrams lost`;
  }

  const dropped = async (reason: string) => (await drops(site)).find((row) => row.reason === reason)!.packets;
  const [h1b, locator] = [() => hostIn('h1b').cmula, () => hostIn('h1').locators[0]!];

  it('limits packets to unknown destinations from a host', async (test) => {
    test.diagnostic(
      await flood('destinations', 'h1b', 'eth0', h1b(), SITES[1].subnet.replace('/64', ''), site.router),
    );
    assert.ok((await dropped('miss-limited')) > 0);
  });

  it('keeps no state for forged I1 from made-up sources', async (test) => {
    test.diagnostic(
      await flood('i1', provider!.name, site.box, '2001:db8:bad::', locator(), provider!.boxAddress),
    );
  });

  it('limits payload for unknown tags', async (test) => {
    test.diagnostic(
      await flood('tags', provider!.name, site.box, '2001:db8:bad::', locator(), provider!.boxAddress),
    );
    assert.ok((await dropped('unknown-tag')) > 0);
  });

  it('refuses noise for control messages', async (test) => {
    test.diagnostic(
      await flood('noise', provider!.name, site.box, '2001:db8:bad::', locator(), provider!.boxAddress),
    );
  });

  it('still makes contexts afterwards', async () => {
    assert.equal((await ping(hostIn('h1b'), 'h2.foo.com', 3)).received, 3);
  });
});
