/** The site's hosts in the zones of stock name servers, by signed updates. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { ZonePublisher } from '../../control/adapters/zone-publisher.ts';
import { ZoneServer } from '../../control/adapters/zone-server.ts';
import { parseConfig } from '../../control/config/load.ts';
import { parseProvider } from '../../control/config/provider.ts';
import { signingKey } from '../../control/identity/signing-key.ts';
import { parseUlidData } from '../../control/naming/ulid-record.ts';
import type { Log } from '../../control/observe/log.ts';
import { Site } from '../../control/site/site.ts';
import { parseName } from '../../control/wire/dns/name.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import { privateKeys } from '../identity/keys.ts';
import { SeededRandom } from '../shim6/random.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { KEY_NAME, SECRET, SERVER_KINDS, startUpdateServer, type UpdateServer } from './update-servers.ts';

const FORWARD = 'bar.com';
const REVERSE = '1.0.0.0.8.b.d.0.0.0.c.f.ip6.arpa';
const REVERSE_X1 = '1.1.0.0.8.b.d.0.1.0.0.2.ip6.arpa';
const SUBNET = parsePrefix('fc00:db8:1::/64');
const random = new SeededRandom(11).octets;

const { publicKey } = signingKey(privateKeys.p256);
const key = { type: 'p256' as const, privateKey: privateKeys.p256, publicKey };

const events: string[] = [];
const note = (event: string) => void events.push(event);
const log: Log = { error: note, warn: note, info: note, debug: note };

function openSite(store: MemoryStore): Promise<Site> {
  const config = parseConfig(
    JSON.stringify({
      site: { name: 's', prefixes: ['fc00:db8:1::/48'], key: '/k', sec: 0 },
      inside: [{ interface: 'lan', address: 'fc00:db8:1::1' }],
      providers: ['11', '12'].map((block, index) => ({
        name: `${'xy'[index]}1`,
        interface: `x${index}`,
        prefix: `2001:db8:${block}::/48`,
        gateway: 'fe80::1',
      })),
    }),
  );
  return Site.open({ config, key, store, miner: { mine: () => {} }, random, onNotKept: assert.fail });
}

const settings = { ttl: 60, ulidType: 65280 };
const tsig = (secret = SECRET) => ({
  name: parseName(KEY_NAME),
  algorithm: 'hmac-sha256' as const,
  secret: Uint8Array.from(Buffer.from(secret, 'base64')),
});

const running: ZonePublisher[] = [];
afterEach(() => {
  for (const publisher of running.splice(0)) publisher.close();
});

async function publish(site: Site, port: number, secret?: string): Promise<ZonePublisher> {
  const zones = [FORWARD, REVERSE, REVERSE_X1].map((text) => {
    const zone = parseName(text);
    const server = new ZoneServer({
      zone,
      server: parseAddress('::1'),
      port,
      key: tsig(secret),
      settings,
      random,
    });
    return { zone, server };
  });
  const publisher = new ZonePublisher({ site, zones, settings, log });
  running.push(publisher);
  await publisher.start();
  return publisher;
}

async function settled(publisher: ZonePublisher): Promise<void> {
  for (let attempt = 0; publisher.pending > 0; attempt++) {
    assert.ok(attempt < 200, JSON.stringify(publisher.report()));
    await new Promise((done) => setTimeout(done, 25));
  }
}

let iaid = 0;
/** Binds an address to a host called `name`; its ULID. */
async function host(site: Site, name: string) {
  const fresh = site.hosts.newAddress(SUBNET)!;
  const lease = {
    ...fresh,
    duid: Uint8Array.of(0, 4, 1),
    iaid: ++iaid,
    name,
    state: 'bound' as const,
    boundAt: 1,
    preferredUntil: 2,
    validUntil: 3,
  };
  await site.hosts.apply([{ kind: 'bind', lease }]);
  return fresh.ulid;
}

const locators = (ulid: Uint8Array, ...blocks: readonly string[]) =>
  blocks.map((block) => formatAddress(ulid).replace('fc00:db8:1:', `2001:db8:${block}:`)).sort();
const ulids = (lines: readonly string[]) => lines.map((line) => formatAddress(parseUlidData(line)));
const pointerOf = (address: string) =>
  `${[...Buffer.from(parseAddress(address)).toString('hex')].reverse().join('.')}.ip6.arpa`;

for (const kind of SERVER_KINDS) {
  describe(`published to ${kind}`, () => {
    let server: UpdateServer;
    const store = new MemoryStore();
    let site: Site;
    before(async () => {
      server = await startUpdateServer(kind, {
        [FORWARD]: `www.${FORWARD}. AAAA 2001:db8::80\nmail.${FORWARD}. MX 10 mx.example.net.`,
        [REVERSE]: '',
        [REVERSE_X1]: '',
      });
      site = await openSite(store);
    });
    after(() => server.stop());

    it('a host: its locators as AAAA, its CMULA as ULID record only, and PTR records', async () => {
      const publisher = await publish(site, server.port);
      const ulid = await host(site, 'h1.bar.com');
      await settled(publisher);
      assert.deepEqual(await server.ask('h1.bar.com', 'AAAA'), locators(ulid, '11', '12'));
      assert.deepEqual(ulids(await server.ask('h1.bar.com', 'TYPE65280')), [formatAddress(ulid)]);
      assert.deepEqual(await server.ask(pointerOf(formatAddress(ulid)), 'PTR'), ['h1.bar.com.']);
      assert.deepEqual(await server.ask(pointerOf(locators(ulid, '11')[0]!), 'PTR'), ['h1.bar.com.']);
    });

    it('a provider added and one that drains: records swapped; nothing else changes', async () => {
      const publisher = await publish(site, server.port);
      const { ulid } = [...site.hosts.live.values()][0]!;
      const z1 = { name: 'z1', interface: 'z1', prefix: '2001:db8:13::/48', gateway: 'fe80::1' };
      await site.addProvider(parseProvider(JSON.stringify(z1)));
      await settled(publisher);
      assert.deepEqual(await server.ask('h1.bar.com', 'AAAA'), locators(ulid, '11', '12', '13'));
      await site.setDraining('x1', true);
      await settled(publisher);
      assert.deepEqual(await server.ask('h1.bar.com', 'AAAA'), locators(ulid, '12', '13'));
      assert.deepEqual(await server.ask(pointerOf(locators(ulid, '11')[0]!), 'PTR'), []);
      assert.deepEqual(ulids(await server.ask('h1.bar.com', 'TYPE65280')), [formatAddress(ulid)]);
      await site.setDraining('x1', false);
      await settled(publisher);
    });

    it('a name of somebody else is left alone, whatever a client calls itself', async () => {
      const publisher = await publish(site, server.port);
      events.length = 0;
      const ulid = await host(site, 'www.bar.com');
      await host(site, 'mail.bar.com');
      await settled(publisher);
      assert.deepEqual(await server.ask('www.bar.com', 'AAAA'), ['2001:db8::80']);
      assert.deepEqual(await server.ask('www.bar.com', 'TYPE65280'), []);
      assert.deepEqual(await server.ask('mail.bar.com', 'AAAA'), []);
      const forward = publisher.report().find(({ zone }) => zone === FORWARD)!;
      assert.deepEqual(forward.taken.toSorted(), ['mail.bar.com', 'www.bar.com']);
      assert.deepEqual(events, ['name-taken', 'name-taken']);
      await site.hosts.apply([{ kind: 'release', address: ulid }]);
      await settled(publisher);
      assert.deepEqual(await server.ask('www.bar.com', 'AAAA'), ['2001:db8::80']);
    });

    it('after a restart only what changed meanwhile is told, and what went is withdrawn', async () => {
      const { ulid } = [...site.hosts.live.values()].find(({ name }) => name === 'h1.bar.com')!;
      await site.hosts.apply([{ kind: 'release', address: ulid }]);
      const fresh = await host(site, 'h2.bar.com');
      // Closed before: nobody was told.
      assert.notDeepEqual(await server.ask('h1.bar.com', 'AAAA'), []);
      const again = await openSite(store);
      const publisher = await publish(again, server.port);
      await settled(publisher);
      assert.deepEqual(await server.ask('h1.bar.com', 'AAAA'), []);
      assert.deepEqual(await server.ask('h1.bar.com', 'TYPE65280'), []);
      assert.deepEqual(await server.ask(pointerOf(formatAddress(ulid)), 'PTR'), []);
      assert.deepEqual(await server.ask('h2.bar.com', 'AAAA'), locators(fresh, '11', '12', '13'));
      site = again;
    });

    it('what an interrupted run published is taken for ours, by its ULID', async () => {
      const forgetful = new MemoryStore();
      const { publications, ...others } = await store.contents();
      assert.notEqual(publications.length, 0);
      for (const [table, records] of Object.entries(others))
        await forgetful.commit(
          records.map((put) => ({ table, put })) as Parameters<MemoryStore['commit']>[0],
        );
      const again = await openSite(forgetful);
      await again.setDraining('y1', true);
      const publisher = await publish(again, server.port);
      await settled(publisher);
      const { ulid } = [...again.hosts.live.values()].find(({ name }) => name === 'h2.bar.com')!;
      assert.deepEqual(await server.ask('h2.bar.com', 'AAAA'), locators(ulid, '11', '13'));
    });

    it('with the wrong secret nothing is taken, and the report says why', async () => {
      const publisher = await publish(site, server.port, Buffer.alloc(32, 9).toString('base64'));
      await host(site, 'h3.bar.com');
      for (let attempt = 0; attempt < 100 && publisher.report()[0]!.lastError === null; attempt++)
        await new Promise((done) => setTimeout(done, 25));
      assert.match(publisher.report()[0]!.lastError!, /NOTAUTH.*(BADSIG|secrets)|BADSIG/);
      assert.deepEqual(await server.ask('h3.bar.com', 'AAAA'), []);
    });
  });
}

describe('a server that is away', () => {
  it('is tried again until it takes what it is told', async () => {
    const site = await openSite(new MemoryStore());
    let server = await startUpdateServer('BIND', { [FORWARD]: '' });
    const { port } = server;
    await server.stop();
    const publisher = await publish(site, port);
    await host(site, 'h1.bar.com');
    await new Promise((done) => setTimeout(done, 200));
    assert.match(publisher.report()[0]!.lastError!, /ECONNREFUSED/);
    assert.equal(publisher.report()[0]!.pending, 1);
    server = await startUpdateServer('BIND', { [FORWARD]: '', [REVERSE]: '', [REVERSE_X1]: '' }, port);
    try {
      await settled(publisher);
      assert.equal((await server.ask('h1.bar.com', 'AAAA')).length, 2);
      assert.equal(publisher.report()[0]!.lastError, null);
    } finally {
      await server.stop();
    }
  });
});
