/** A site over a store: hosts and providers that come and go while it runs, and that are there after a restart. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { parseConfig } from '../../control/config/load.ts';
import { parseProvider } from '../../control/config/provider.ts';
import { findModifier, verifyCga } from '../../control/identity/cga.ts';
import { verifyHba } from '../../control/identity/hba.ts';
import { signingKey } from '../../control/identity/signing-key.ts';
import { SiteIdentity } from '../../control/identity/site-identity.ts';
import type { NewAddress } from '../../control/site/host-registry.ts';
import type { SiteHost } from '../../control/site/hosts.ts';
import { addressSum } from '../../control/site/locators.ts';
import type { Miner } from '../../control/site/modifier-pool.ts';
import { ProviderError } from '../../control/site/provider-list.ts';
import { Site } from '../../control/site/site.ts';
import { SiteKeyFileError } from '../../control/store/site-key.ts';
import { StoreError } from '../../control/store/store.ts';
import { formatAddress } from '../../control/wire/ipv6/address.ts';
import { parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import { privateKeys } from '../identity/keys.ts';
import { SeededRandom } from '../shim6/random.ts';
import { MemoryStore } from '../store/memory-store.ts';

const keyOf = (type: 'rsa' | 'p256') => {
  const { publicKey } = signingKey(privateKeys[type]);
  return { type, privateKey: privateKeys[type], publicKey };
};
const keyPairs = { rsa: keyOf('rsa'), p256: keyOf('p256') };

const SUBNET = parsePrefix('fc00:db8:1::/64');
const luck = new SeededRandom(5);
/** Mines at once. */
const miner: Miner = {
  mine({ count, ...job }, onFound) {
    for (let found = 0; found < count; found++) {
      const result = findModifier({ ...job, modifier: luck.octets(16) }, Number.POSITIVE_INFINITY);
      if ('found' in result) onFound(result.found);
    }
  },
};

interface Choices {
  readonly site?: object;
  readonly hosts?: readonly object[];
  readonly providers?: readonly string[];
  readonly key?: 'rsa' | 'p256';
}

let store: MemoryStore;
beforeEach(() => {
  store = new MemoryStore();
});

function openSite({
  site = {},
  hosts = [],
  providers = ['x1 2001:db8:11::/48', 'y1 2001:db8:12::/48'],
  key = 'rsa',
}: Choices = {}) {
  const config = parseConfig(
    JSON.stringify({
      site: { name: 's', prefixes: ['fc00:db8:1::/48'], key: '/k', sec: 0, pool: 2, ...site },
      inside: [{ interface: 'lan', address: 'fc00:db8:1::1' }],
      providers: providers.map((text) => ({ ...providerJson(text) })),
      hosts,
    }),
  );
  const notKept: Error[] = [];
  return Site.open({
    config,
    key: keyPairs[key],
    store,
    miner,
    random: luck.octets,
    onNotKept: (error) => notKept.push(error),
  });
}

function providerJson(text: string) {
  const [name, prefix] = text.split(' ');
  return { name, interface: name, prefix, gateway: 'fe80::1' };
}
const provider = (text: string) => parseProvider(JSON.stringify(providerJson(text)));

const leaseOf = (fresh: NewAddress, iaid = 1) => ({
  ...fresh,
  duid: Uint8Array.of(0, 4, 7),
  iaid,
  state: 'bound' as const,
  boundAt: 1,
  preferredUntil: 2,
  validUntil: 3,
  name: 'h.bar.com',
});

function watch(site: Site) {
  const seen: string[] = [];
  site.hosts.listen({
    onHost: (host) => seen.push(`${formatAddress(host.ulid)} ${locatorsOf(host)}`),
    onGone: (host) => seen.push(`${formatAddress(host.ulid)} gone`),
  });
  return seen;
}
const locatorsOf = (host: SiteHost | undefined) =>
  host?.locators.map(({ provider: name, address }) => `${name}=${formatAddress(address)}`).join(' ');
const only = (site: Site) => [...site.hosts.live.values()][0]!;

describe('hosts at run time', () => {
  it('binds an address: durable, then served with a locator of every provider; back after a restart', async () => {
    const site = await openSite();
    const seen = watch(site);
    const fresh = site.hosts.newAddress(SUBNET)!;
    assert.equal(site.hosts.live.size, 0);
    await site.hosts.apply([{ kind: 'bind', lease: leaseOf(fresh) }]);
    const host = only(site);
    assert.deepEqual(verifyCga(host.ulid, host.parameters), { valid: true });
    const rest = formatAddress(host.ulid).slice('fc00:db8:1:'.length);
    assert.equal(locatorsOf(host), `x1=2001:db8:11:${rest} y1=2001:db8:12:${rest}`);
    assert.equal(seen.length, 1);
    assert.equal(site.hosts.locators.owner(host.locators[1]!.address)?.provider, 'y1');
    assert.deepEqual(site.hosts.leases.nameHolder('H.bar.COM'), leaseOf(fresh).duid);

    const again = await openSite();
    assert.deepEqual(only(again), host);
    assert.deepEqual(again.serverDuid, site.serverDuid);
  });

  it('serves a host no more once its lease ends, and again when it returns', async () => {
    const site = await openSite();
    const fresh = site.hosts.newAddress(SUBNET)!;
    await site.hosts.apply([{ kind: 'bind', lease: leaseOf(fresh) }]);
    const before = only(site);
    await site.hosts.apply([{ kind: 'release', address: fresh.ulid }]);
    assert.equal(site.hosts.live.size, 0);
    assert.equal(site.hosts.leases.nameHolder('h.bar.com'), undefined);
    assert.deepEqual(
      site.hosts.leases.bindingsOf(leaseOf(fresh).duid, 1).map(({ state }) => state),
      ['released'],
    );
    assert.equal((await openSite()).hosts.live.size, 0);
    await site.hosts.apply([{ kind: 'bind', lease: leaseOf(fresh) }]);
    assert.deepEqual(only(site), before);
  });

  it('hands an address on, in one step, to the client that it is reserved for: its locators stay', async () => {
    const site = await openSite();
    const fresh = site.hosts.newAddress(SUBNET)!;
    const first = leaseOf(fresh);
    await site.hosts.apply([{ kind: 'bind', lease: first }]);
    const before = only(site);
    const next = { ...first, duid: Uint8Array.of(0, 3, 9, 9), name: 'next.bar.com' };
    await site.hosts.apply([
      { kind: 'remove', address: fresh.ulid },
      { kind: 'bind', lease: next },
    ]);
    for (const one of [site, await openSite()]) {
      assert.deepEqual(only(one).locators, before.locators);
      assert.equal(only(one).name, 'next.bar.com');
      assert.deepEqual(one.hosts.leases.bindingOf(fresh.ulid)?.duid, next.duid);
      assert.deepEqual(one.hosts.leases.bindingsOf(first.duid, first.iaid), []);
    }
  });

  it('keeps a declined address from everybody until its quarantine ends', async () => {
    const site = await openSite();
    const fresh = site.hosts.newAddress(SUBNET)!;
    const { ulid, duid } = leaseOf(fresh);
    await site.hosts.apply([{ kind: 'bind', lease: leaseOf(fresh) }]);
    await site.hosts.apply([{ kind: 'decline', address: ulid, duid, until: 100 }]);
    assert.equal(site.hosts.live.size, 0);
    for (const one of [site, await openSite()]) {
      assert.ok(one.hosts.isTaken(ulid));
      await assert.rejects(one.hosts.apply([{ kind: 'bind', lease: leaseOf(fresh) }]), StoreError);
      assert.equal(one.hosts.live.size, 0);
    }
    await site.hosts.endQuarantine(99);
    assert.ok(site.hosts.isTaken(ulid));
    await site.hosts.endQuarantine(100);
    assert.ok(!site.hosts.isTaken(ulid));
    assert.ok(!(await openSite()).hosts.isTaken(ulid));
  });

  it('changes nothing when the store cannot write', async () => {
    const site = await openSite();
    const seen = watch(site);
    const fresh = site.hosts.newAddress(SUBNET)!;
    store.failure = new StoreError('full', 'memory', 'the disk is full');
    await assert.rejects(site.hosts.apply([{ kind: 'bind', lease: leaseOf(fresh) }]), /full/);
    assert.deepEqual([site.hosts.live.size, seen, site.hosts.leases.size], [0, [], 0]);
    assert.ok(!site.hosts.isTaken(fresh.ulid));
    store.failure = undefined;
    await site.hosts.apply([{ kind: 'bind', lease: leaseOf(fresh) }]);
    assert.equal(site.hosts.live.size, 1);
  });

  it('makes an address whose first form is taken with the next collision count', async () => {
    const modifier = luck.octets(16);
    const digits = Buffer.from(modifier).toString('hex');
    const taken = await openSite({
      hosts: [{ name: 'c', subnet: 'fc00:db8:1::/64', modifier: digits, sec: 0 }],
    });
    // The pool of Sec 0 is the random source itself: this one gives the same modifier again.
    const random = (length: number) => (length === 16 ? modifier.slice() : luck.octets(length));
    const again = await Site.open({
      config: taken.config,
      key: keyPairs.rsa,
      store,
      miner,
      random,
      onNotKept: assert.fail,
    });
    const fresh = again.hosts.newAddress(SUBNET)!;
    assert.equal(fresh.collisionCount, 1);
    assert.notDeepEqual(fresh.ulid, only(taken).ulid);
  });
});

describe('the pool of modifiers', () => {
  it('is kept full, is durable, and never waits', async () => {
    const site = await openSite({ site: { sec: 1, pool: 2 }, key: 'p256' });
    site.hosts.prepare(SUBNET);
    assert.equal(site.pool.ready(), 2);
    const fresh = site.hosts.newAddress(SUBNET)!;
    assert.equal(fresh.sec, 1);
    assert.equal(fresh.ulid[8]! >> 5, 1);
    assert.equal(site.pool.ready(), 2);
    const idle: Miner = { mine: () => {} };
    const later = await Site.open({
      config: site.config,
      key: keyPairs.p256,
      store,
      miner: idle,
      random: luck.octets,
      onNotKept: assert.fail,
    });
    // Three were mined, none was bound: all are there.
    for (let count = 0; count < 3; count++) assert.ok(later.hosts.newAddress(SUBNET));
    assert.equal(later.hosts.newAddress(SUBNET), undefined);
    assert.equal(later.pool.exhausted, 1);
  });

  it('mines for each set of HBAs by itself; their locators need no signature', async () => {
    const site = await openSite({ site: { identity: 'hba', sec: 1, pool: 1 }, key: 'p256' });
    const fresh = site.hosts.newAddress(SUBNET)!;
    await site.hosts.apply([{ kind: 'bind', lease: leaseOf(fresh) }]);
    const host = only(site);
    for (const { address } of host.locators) assert.ok(verifyHba(address, host.parameters).valid);
    assert.equal(
      new Set(host.locators.map(({ address }) => formatAddress(address).split(':').slice(-4).join())).size,
      2,
    );
    const identity = new SiteIdentity({ privateKey: keyPairs.p256.privateKey });
    identity.bind(host.ulid, host.parameters);
    assert.deepEqual(only(await openSite({ site: { identity: 'hba', sec: 1, pool: 1 }, key: 'p256' })), host);
  });
});

describe('locators', () => {
  it('are permanent: another rule makes only new ones', async () => {
    const site = await openSite();
    await site.hosts.apply([{ kind: 'bind', lease: leaseOf(site.hosts.newAddress(SUBNET)!) }]);
    const before = locatorsOf(only(site));
    const later = await openSite({ site: { locators: 'checksum-neutral' } });
    assert.equal(locatorsOf(only(later)), before);
  });

  it('of the rule checksum-neutral have the sum of the CMULA', async () => {
    const site = await openSite({ site: { locators: 'checksum-neutral' } });
    for (let iaid = 0; iaid < 50; iaid++) {
      await site.hosts.apply([{ kind: 'bind', lease: leaseOf(site.hosts.newAddress(SUBNET)!, iaid) }]);
    }
    assert.equal(site.hosts.live.size, 50);
    for (const { ulid, locators } of site.hosts.live.values())
      for (const { address } of locators)
        assert.equal(addressSum(address) % 0xffff, addressSum(ulid) % 0xffff);
  });

  it('of a provider whose prefix became another are made anew', async () => {
    const site = await openSite();
    await site.hosts.apply([{ kind: 'bind', lease: leaseOf(site.hosts.newAddress(SUBNET)!) }]);
    const later = await openSite({ providers: ['x1 2001:db8:99::/48'] });
    assert.match(locatorsOf(only(later))!, /^x1=2001:db8:99:[^ ]*$/);
  });
});

describe('providers at run time', () => {
  it('added: one more locator for every host, and nothing else; there after a restart', async () => {
    const site = await openSite();
    await site.hosts.apply([{ kind: 'bind', lease: leaseOf(site.hosts.newAddress(SUBNET)!) }]);
    const before = only(site);
    const seen = watch(site);
    const told: string[] = [];
    site.listen({
      onProviderAdded: ({ config }) => told.push(`${config.name} added`),
      onProviderRemoved: () => {},
      onProviderChanged: () => {},
    });
    await site.addProvider(provider('z1 2001:db8:13::/48'));
    const after = only(site);
    assert.deepEqual(
      [after.ulid, after.parameters, after.locators.slice(0, 2)],
      [before.ulid, before.parameters, before.locators],
    );
    assert.equal(after.locators[2]?.provider, 'z1');
    assert.deepEqual([seen.length, told], [1, ['z1 added']]);
    assert.deepEqual(locatorsOf(only(await openSite())), locatorsOf(after));
  });

  it('drained: it keeps its locators, and a new host gets none of it', async () => {
    const site = await openSite();
    await site.hosts.apply([{ kind: 'bind', lease: leaseOf(site.hosts.newAddress(SUBNET)!) }]);
    await site.setDraining('x1', true);
    assert.equal(only(site).locators.length, 2);
    await site.hosts.apply([{ kind: 'bind', lease: leaseOf(site.hosts.newAddress(SUBNET)!, 2) }]);
    assert.deepEqual(
      [...site.hosts.live.values()][1]!.locators.map(({ provider: name }) => name),
      ['y1'],
    );
    assert.equal((await openSite()).providers.get('x1').draining, true);
    await assert.rejects(site.setDraining('y1', true), ProviderError);
  });

  it('removed: gone from every host, though the configuration names it, until it is configured with another prefix', async () => {
    const site = await openSite();
    await site.hosts.apply([{ kind: 'bind', lease: leaseOf(site.hosts.newAddress(SUBNET)!) }]);
    await site.removeProvider('x1');
    for (const one of [site, await openSite()])
      assert.deepEqual(
        only(one).locators.map(({ provider: name }) => name),
        ['y1'],
      );
    const renamed = await openSite({ providers: ['x1 2001:db8:99::/48', 'y1 2001:db8:12::/48'] });
    assert.match(locatorsOf(only(renamed))!, /x1=2001:db8:99:/);
    await assert.rejects(site.removeProvider('y1'), /only provider/);
    await assert.rejects(site.removeProvider('q'), /no provider is called q: there are y1/);
    await assert.rejects(site.addProvider(provider('x1 2001:db8:98::/48')), /use another name/);
  });

  it('not added when the box cannot use it: nothing is left of it', async () => {
    const site = await openSite();
    await site.hosts.apply([{ kind: 'bind', lease: leaseOf(site.hosts.newAddress(SUBNET)!) }]);
    const before = only(site);
    const refuse = () => {
      throw new ProviderError('its interface takes no program');
    };
    site.listen({ onProviderAdded: refuse, onProviderRemoved: () => {}, onProviderChanged: () => {} });
    await assert.rejects(site.addProvider(provider('z1 2001:db8:13::/48')), /takes no program/);
    for (const one of [site, await openSite()]) {
      assert.deepEqual(only(one), before);
      assert.equal(one.providers.find('z1'), undefined);
    }
  });

  it('not added when the store cannot write', async () => {
    const site = await openSite();
    await site.hosts.apply([{ kind: 'bind', lease: leaseOf(site.hosts.newAddress(SUBNET)!) }]);
    const before = only(site);
    store.failure = new StoreError('full', 'memory', 'the disk is full');
    await assert.rejects(site.addProvider(provider('z1 2001:db8:13::/48')), /full/);
    assert.deepEqual(only(site), before);
    assert.equal(site.hosts.locators.find(before.ulid, 'z1'), undefined);
  });
});

describe('the site key', () => {
  it('must be the one that the store was begun with', async () => {
    await openSite();
    await assert.rejects(
      openSite({ key: 'p256' }),
      (error) => error instanceof SiteKeyFileError && /pshim6 keys import/.test(error.message),
    );
    await openSite();
  });
});
