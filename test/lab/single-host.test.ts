/**
 * A peer without a box (RFC 5533's own case): its ULID is a routable address and one of its locators; the protocol
 * core runs in its own process, its kernel's ping and curl know nothing of it.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ContextReport } from '../../control/api/protocol.ts';
import { contexts } from './box.ts';
import { delay, runIn, until } from './command.ts';
import { down, fail, heal, up, uplinkReaches } from './lab.ts';
import { ping, type RunningTransfer, startTransfer } from './measure.ts';
import { PAYLOAD, payloadDigest } from './services.ts';
import { PROVIDER_LINKS } from './single-host/plan.ts';
import { raiseSingleHost, refusedPackets, setProvider } from './single-host/raise.ts';
import { hostIn, type LabHost } from './state.ts';
import { SITES } from './topology.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';

describe('a host that speaks SHIM6 itself', { skip }, () => {
  let single: LabHost;

  before(async () => {
    await up({ owned: true });
    single = await raiseSingleHost();
  });
  after(down);

  /** The box's context with it. */
  async function context(local: string): Promise<ContextReport> {
    const found = (await contexts(SITES[0])).find((row) => row.local === local && row.peer === single.cmula);
    assert.ok(found !== undefined);
    return found;
  }
  const pathOf = ({ paths, active }: ContextReport) => paths[active!]!;

  it('is reached from a host behind a box, by its name', async () => {
    const { sent, received } = await ping(hostIn('h1'), single.name, 5);
    assert.equal(received, sent);
    const { state, packetsSent, packetsReceived, paths } = await context(hostIn('h1').cmula);
    assert.equal(state, 'ESTABLISHED');
    assert.ok(packetsSent >= 5 && packetsReceived >= 5);
    assert.deepEqual(
      paths.map(({ destination }) => destination).sort(),
      [...single.locators].sort(),
      'found at each by a Probe',
    );
  });

  it('reaches a host behind a box that never spoke with it', async () => {
    const { sent, received } = await ping(single, hostIn('h1b').cmula, 5);
    assert.equal(received, sent);
    assert.equal((await context(hostIn('h1b').cmula)).state, 'ESTABLISHED');
  });

  it('downloads on while a provider of the site fails, and then its own', async () => {
    const transfer = startTransfer(single, `http://[${hostIn('h1').cmula}]${PAYLOAD.path}`, 12_500_000);
    const received = (octets: number) => arrived(transfer, octets);
    await received(PAYLOAD.length * 0.1);
    await fail('x1');
    await uplinkReaches('x1', 'down');
    await received(transfer.received() + PAYLOAD.length * 0.1);
    assert.equal(pathOf(await context(hostIn('h1').cmula)).uplink, 'y1');
    await heal('x1');
    await uplinkReaches('x1', 'up');

    await setProvider(PROVIDER_LINKS[0].name, 'down');
    await received(transfer.received() + PAYLOAD.length * 0.1);
    assert.equal(pathOf(await context(hostIn('h1').cmula)).destination, single.locators[1]);
    const { octets, sha256 } = await transfer.done;
    assert.equal(octets, PAYLOAD.length);
    assert.equal(sha256, payloadDigest());
  });

  it('is still spoken to by its ULID, whose provider is gone', async () => {
    const { sent, received } = await ping(hostIn('h1'), single.cmula, 5);
    assert.equal(received, sent);
  });

  it('goes back to its first provider', async () => {
    await setProvider(PROVIDER_LINKS[0].name, 'up');
    // It has been well for the 30 seconds of `revert` by then, and its context is idle.
    const isBack = async () => pathOf(await context(hostIn('h1').cmula)).destination === single.cmula;
    await until('the box prefers the ULID as locator again', isBack, 60_000);
    const { sent, received } = await ping(hostIn('h1'), single.name, 5);
    assert.equal(received, sent);
  });

  it('let no CMULA and no foreign source out', async () => {
    assert.equal(await refusedPackets(), 0);
    // The filter would have seen them.
    await runIn('single', ['ping', '-6', '-c', '1', '-W', '1', '-I', single.cmula, '2001:db8:f::80']);
    await runIn('single', ['ip', '-6', 'address', 'add', 'fc00:bad::1/128', 'dev', 'lo']);
    await runIn('single', ['ping', '-6', '-c', '1', '-W', '1', '-I', 'fc00:bad::1', '2001:db8:f::80']).catch(
      () => {},
    );
    assert.notEqual(await refusedPackets(), 0);
  });
});

async function arrived(transfer: RunningTransfer, octets: number): Promise<void> {
  let failure: unknown;
  transfer.done.catch((error: unknown) => {
    failure = error;
  });
  await until(`${octets} octets arrive`, async () => {
    if (failure !== undefined) throw failure;
    await delay(20);
    return transfer.received() >= Math.min(octets, PAYLOAD.length);
  });
}
