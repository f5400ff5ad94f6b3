/**
 * Other proofs than CGAs of an RSA key, between real boxes: hash-based addresses (RFC 5535), with a key and without,
 * P-256 and Ed25519 keys, and a peer that lacks them.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { boxProcess, boxStatus, contextBetween, editConfiguration, startBox } from './box.ts';
import { runIn, until } from './command.ts';
import { down, fail, heal, up, uplinkReaches } from './lab.ts';
import { download, ping } from './measure.ts';
import { stop } from './process.ts';
import { PAYLOAD, payloadDigest } from './services.ts';
import { hostIn, type LabHost } from './state.ts';
import { SITES, type Site } from './topology.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const [site1, site2] = SITES;

async function talk(from: LabHost, to: LabHost): Promise<void> {
  const { sent, received } = await ping(from, to.name, 3);
  assert.equal(received, sent, `${from.name} to ${to.name}`);
  assert.equal((await contextBetween(from, to))?.state, 'ESTABLISHED');
}

/** The host asks for the name and sends; what its kernel hears back. */
async function hearsUnreachable(from: LabHost, to: LabHost, router: string): Promise<void> {
  const words = ['ping', '-6', '-n', '-c', '1', '-W', '8', to.name];
  const { stdout } = await runIn(from.namespace, ['sh', '-c', `${words.join(' ')} || true`]);
  assert.match(stdout, new RegExp(`From ${router}.*Destination unreachable: Address unreachable`));
}

async function restart(site: Site, peerKeys: readonly string[] | undefined): Promise<void> {
  editConfiguration(site, (configuration) => {
    configuration['site'] = { ...configuration['site'], 'peer-keys': peerKeys };
    configuration['first-packets'] = { patience: 2 };
  });
  await stop([boxProcess(site)!]);
  await startBox(site);
}

const counted = async (site: Site, name: string) => (await boxStatus(site)).counters[name] ?? 0;

describe('hash-based addresses and curves in the lab', { skip }, () => {
  before(() =>
    up({
      owned: true,
      identities: {
        site1: { keyType: 'p256', hba: { keyless: ['h1'] } },
        site2: { keyType: 'ed25519' },
      },
    }),
  );
  after(down);

  it('an HBA without any key needs no signature: there is none that could be made', async () => {
    const h1 = hostIn('h1');
    assert.ok(h1.hba?.['extended-modifier']);
    // The addresses of a set have nothing in common but how they were made.
    const identifiers = [h1.cmula, ...h1.locators].map((address) => address.split(':').slice(-4).join(':'));
    assert.equal(new Set(identifiers).size, 3);
    await talk(h1, hostIn('h2'));
  });

  it('an HBA of a P-256 key is spoken to by a site with an Ed25519 key', async () => {
    assert.equal(hostIn('h1b').hba?.['extended-modifier'], undefined);
    await talk(hostIn('h2'), hostIn('h1b'));
  });

  it('they move to another provider of either end as CGAs do', async () => {
    const [h1, h2] = [hostIn('h1'), hostIn('h2')];
    for (const [provider, [owner, peer]] of [
      ['x1', [h1, h2]],
      ['x2', [h2, h1]],
    ] as const) {
      await fail(provider);
      await uplinkReaches(provider, 'down');
      await until(`both boxes use other locators than those of ${provider}`, async () => {
        const [here, there] = await Promise.all([contextBetween(owner, peer), contextBetween(peer, owner)]);
        const used = [here!.paths[here!.active!]!.source, there!.paths[there!.active!]!.destination];
        return used.every((locator) => locator === owner.locators[1]);
      });
      const { sha256 } = await download(h1, `http://${h2.name}${PAYLOAD.path}`);
      assert.equal(sha256, payloadDigest());
      await heal(provider);
      await uplinkReaches(provider, 'up');
    }
  });
});

describe('a peer that lacks elliptic curves', { skip }, () => {
  before(async () => {
    await up({ owned: true, boxes: false, identities: { site1: { keyType: 'p256' } } });
    editConfiguration(site2, (configuration) => {
      configuration['site'] = { ...configuration['site'], 'peer-keys': ['rsa'] };
      configuration['first-packets'] = { patience: 2 };
    });
    await Promise.all(SITES.map((site) => startBox(site)));
  });
  after(down);

  it('refuses their owner by an Error, both count it, and the host is told at once', async () => {
    const start = performance.now();
    await hearsUnreachable(hostIn('h1'), hostIn('h2'), site1.router);
    assert.ok(performance.now() - start < 2_000, 'without waiting for retransmissions');
    assert.equal(await counted(site2, 'unsupported-key'), 1);
    assert.equal(await counted(site1, 'refused-by-peer'), 1);
    assert.equal(await contextBetween(hostIn('h2'), hostIn('h1')), undefined);
  });

  it('refuses it also where it asked itself, and tells its host', async () => {
    await hearsUnreachable(hostIn('h2'), hostIn('h1b'), site2.router);
    assert.ok((await counted(site2, 'unsupported-key')) >= 2);
    assert.notEqual((await contextBetween(hostIn('h2'), hostIn('h1b')))?.state, 'ESTABLISHED');
  });

  it('and talks to it once it has them', async () => {
    await restart(site2, undefined);
    await talk(hostIn('h2'), hostIn('h1'));
  });
});
