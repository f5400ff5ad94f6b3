/** Contexts are discarded by the silence that the data path measured, on both sides, and never one in use (RFC 5533 §9). */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { contextBetween, editConfiguration, startBox } from './box.ts';
import { until } from './command.ts';
import { down, up } from './lab.ts';
import { ping } from './measure.ts';
import { hostIn } from './state.ts';
import { SITES } from './topology.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const [site, peer] = SITES;
/** The least that a configuration may say. */
const IDLE_SECONDS = 10;

/** Both ends of the context between a host and h2. */
const ends = (host: string) =>
  Promise.all([contextBetween(hostIn(host), hostIn('h2')), contextBetween(hostIn('h2'), hostIn(host))]);

describe('a context that nobody uses', { skip }, () => {
  before(async () => {
    await up({ owned: true, boxes: false });
    for (const one of SITES)
      editConfiguration(one, (configuration) => {
        configuration.contexts = { ...configuration.contexts, idle: IDLE_SECONDS };
      });
    await Promise.all([startBox(site), startBox(peer)]);
  });
  after(down);

  it('is kept while it carries packets, however old it is', async () => {
    // Ten a second: it is older than what would be idle when they end.
    const count = 10 * (IDLE_SECONDS + 4);
    for (const host of ['h1', 'h1b']) assert.equal((await ping(hostIn(host), 'h2.foo.com', 1)).received, 1);
    const before = await ends('h1');
    assert.ok((await ends('h1b')).every((row) => row !== undefined));
    assert.equal((await ping(hostIn('h1'), hostIn('h2').cmula, count)).received, count);
    const tags = (rows: typeof before) => rows.map((row) => row?.localTag);
    assert.ok(tags(before).every((tag) => tag !== undefined));
    assert.deepEqual(tags(await ends('h1')), tags(before));
  });

  it('is discarded at both ends when it has been silent', async () => {
    // Since before the other began to carry packets.
    const gone = async () => (await ends('h1b')).every((row) => row === undefined);
    await until('no end is left', gone, 25_000);
  });

  it('is made anew by the next packet', async () => {
    assert.equal((await ping(hostIn('h1b'), hostIn('h2').cmula, 3)).received, 3);
  });
});
