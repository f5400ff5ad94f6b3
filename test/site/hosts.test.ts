import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../control/config/load.ts';
import { verifyCga } from '../../control/identity/cga.ts';
import { verifyHba } from '../../control/identity/hba.ts';
import { SiteIdentity } from '../../control/identity/site-identity.ts';
import { ModifierError, siteHosts } from '../../control/site/hosts.ts';
import { formatAddress } from '../../control/wire/ipv6/address.ts';
import { privateKeys } from '../identity/keys.ts';

const identity = new SiteIdentity({ privateKey: privateKeys.rsa });
const { publicKey } = identity;
const modifier = '000102030405060708090a0b0c0d0e0f';

interface Choices {
  readonly method?: 'cga' | 'hba';
  readonly host?: Readonly<Record<string, unknown>>;
  readonly prefixes?: readonly string[];
}

function hostOf({
  method = 'cga',
  host = {},
  prefixes = ['2001:db8:11::/48', '2001:db8:12:4000::/50'],
}: Choices) {
  const config = parseConfig(
    JSON.stringify({
      site: { name: 's', prefixes: ['fc00:db8:1::/48'], key: '/k', identity: method },
      inside: [{ interface: 'lan', address: 'fc00:db8:1::1' }],
      providers: prefixes.map((prefix, index) => ({
        name: `x${index}`,
        interface: `x${index}`,
        prefix,
        gateway: 'fe80::1',
      })),
      hosts: [{ name: 'h', subnet: 'fc00:db8:1:7::/64', modifier, sec: 0, ...host }],
    }),
  );
  const [found] = siteHosts(config, publicKey).values();
  return { ...found!, locators: found!.locators.map(({ address }) => address) };
}

const hba = { prefixes: ['fc00:db8:1:7::/64', '2001:db8:11:7::/64', '2001:db8:12:4007::/64'] };
const networks = (host: ReturnType<typeof hostOf>) =>
  host.locators.map((locator) =>
    formatAddress(Uint8Array.from([...locator.subarray(0, 8), ...new Uint8Array(8)])),
  );

test('cga: a locator is the prefix of the provider, then subnet and interface identifier of the CMULA', () => {
  const host = hostOf({});
  assert.deepEqual(verifyCga(host.ulid, host.parameters), { valid: true });
  assert.deepEqual(networks(host), ['2001:db8:11:7::', '2001:db8:12:4007::']);
  for (const locator of host.locators) assert.deepEqual(locator.subarray(8), host.ulid.subarray(8));
});

test('hba: locators are members of the set, each with an interface identifier of its own', () => {
  for (const extended of [{}, { 'extended-modifier': '0a'.repeat(48) }]) {
    const host = hostOf({ method: 'hba', host: { hba: { ...hba, ...extended } } });
    assert.deepEqual(verifyCga(host.ulid, host.parameters), { valid: true });
    assert.deepEqual(networks(host), ['2001:db8:11:7::', '2001:db8:12:4007::']);
    for (const locator of host.locators) {
      assert.deepEqual(verifyHba(locator, host.parameters), { valid: true });
      assert.notDeepEqual(locator.subarray(8), host.ulid.subarray(8));
    }
    identity.bind(host.ulid, host.parameters);
    assert.deepEqual(
      host.locators.map((locator) => identity.method(host.ulid, locator)),
      ['HBA', 'HBA'],
    );
  }
});

test('hba: another provider changes no address, and its locators are proven by signature', () => {
  const before = hostOf({ method: 'hba', host: { hba } });
  const after = hostOf({ method: 'hba', host: { hba }, prefixes: ['2001:db8:13::/48', '2001:db8:11::/48'] });
  assert.deepEqual(after.ulid, before.ulid);
  assert.deepEqual(after.locators[1], before.locators[0]);
  assert.deepEqual(networks(after), ['2001:db8:13:7::', '2001:db8:11:7::']);
  identity.bind(after.ulid, after.parameters);
  assert.deepEqual(
    after.locators.map((locator) => identity.method(after.ulid, locator)),
    ['CGA', 'HBA'],
  );
});

test('the subnet may stand anywhere in the set', () => {
  const [first, ...others] = hba.prefixes;
  const host = hostOf({ method: 'hba', host: { hba: { prefixes: [...others, first] } } });
  assert.match(formatAddress(host.ulid), /^fc00:db8:1:7:/);
  for (const locator of host.locators) assert.ok(verifyHba(locator, host.parameters).valid);
});

test('a modifier of another Sec, key or set is a mistake, never another CMULA', () => {
  assert.throws(() => hostOf({ host: { sec: 2 } }), ModifierError);
  assert.throws(() => hostOf({ host: { sec: 2 } }), /hosts\.0\.modifier: not of sec 2 for h .*pshim6 cga/);
  assert.throws(() => hostOf({ method: 'hba', host: { sec: 2, hba } }), /pshim6 hba/);
});
