import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, parseConfig } from '../../control/config/load.ts';
import { minimalConfig } from './minimal.ts';

const withDhcp = (dhcp: string, more = '') => parseConfig(`${minimalConfig}\n${more}\ndhcp: { ${dhcp} }\n`);
const mistake = (dhcp: string, more = ''): string => {
  try {
    withDhcp(dhcp, more);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.mistakes[0]!;
  }
  return 'accepted';
};
const subnets = 'subnets: [{ prefix: "fc00:db8:1::/64", interface: lan }]';
const host = (fields: string) =>
  `hosts: [{ name: h1.bar.com, subnet: "fc00:db8:1:5::/64", modifier: "${'00'.repeat(16)}", sec: 0, ${fields} }]`;

test('subnets are enough; the rest has defaults', () => {
  const { dhcp } = withDhcp(subnets);
  assert.deepEqual(dhcp?.lifetimes, { preferred: 43_200, valid: 86_400 });
  assert.equal(dhcp?.['rapid-commit'], true);
  assert.equal(dhcp?.preference, 0);
  assert.equal(dhcp?.subnets[0]?.['on-link'], true);
  assert.equal(dhcp?.['router-advertisements'], undefined);
  assert.equal(parseConfig(minimalConfig).dhcp, undefined);
});

test('a mistake names its key, the value found and what is allowed', () => {
  const rows: [dhcp: string, expected: RegExp][] = [
    ['subnets: []', /^dhcp\.subnets: /],
    ['subnets: [{ prefix: "fc00:db8:1::/63" }]', /^dhcp\.subnets\.0\.prefix: a subnet is a \/64/],
    ['subnets: [{ prefix: "fc00:db8:9::/64" }]', /^dhcp\.subnets\.0\.prefix: .*none of site\.prefixes/],
    ['subnets: [{ prefix: "fc00:db8:1::/64", interface: x1 }]', /^dhcp\.subnets\.0\.interface: x1 .*\(lan\)/],
    [`${subnets}, lifetimes: { preferred: 9, valid: 8 }`, /^dhcp\.lifetimes: preferred must not be longer/],
    [`${subnets}, t1: 9, t2: 8`, /^dhcp: t1 must not be more than t2/],
    [`${subnets}, sol-max-rt: 59`, /^dhcp\.sol-max-rt: .*60.*\(found 59\)/],
    [`${subnets}, domain: "a..b"`, /^dhcp\.domain: is not a domain name/],
    [`${subnets}, preference: 256`, /^dhcp\.preference: .*\(found 256\)/],
  ];
  for (const [dhcp, expected] of rows) assert.match(mistake(dhcp), expected);
});

test('a host with a DUID or remote-id must be in a subnet that is served', () => {
  assert.match(
    mistake(subnets, host('duid: "00030001020000000001"')),
    /^hosts\.0\.subnet: .*none of dhcp\.subnets/,
  );
  assert.match(mistake(subnets, host('duid: "000"')), /^hosts\.0\.duid: .*hexadecimal/);
  assert.match(mistake(subnets, host('duid: "0003"')), /^hosts\.0\.duid: a DUID has 3 to 130 octets/);
  const remote = host('remote-id: { enterprise: 9, identifier: "0102" }');
  const served = 'subnets: [{ prefix: "fc00:db8:1:5::/64" }]';
  const [entry] = withDhcp(served, remote).hosts;
  assert.deepEqual(entry?.['remote-id'], { enterprise: 9, identifier: Uint8Array.of(1, 2) });
});
