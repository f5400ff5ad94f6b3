/** What radvd is told, judged by radvd. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { radvdConfiguration } from '../../control/addressing/radvd-configuration.ts';
import { parseName } from '../../control/wire/dns/name.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { parsePrefix } from '../../control/wire/ipv6/prefix.ts';

const settings = {
  interfaces: [
    { name: 'lan0', prefixes: [{ prefix: parsePrefix('fc00:db8:1::/64'), onLink: true }] },
    { name: 'lan1', prefixes: [{ prefix: parsePrefix('fc00:db8:1:1::/64'), onLink: false }] },
  ],
  interval: 30,
  routerLifetime: 90,
  dnsServers: [parseAddress('fc00:db8:1::1')],
  domainSearch: [parseName('bar.com'), parseName('lab.bar.com')],
};

function judge(configuration: string): number | null {
  const directory = mkdtempSync(join(tmpdir(), 'pshim6-radvd-'));
  try {
    const file = join(directory, 'radvd.conf');
    writeFileSync(file, configuration, { mode: 0o600 });
    return spawnSync('radvd', ['-c', '-C', file]).status;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('addresses by DHCPv6 alone, default router, prefixes on-link or not, resolver and search list', () => {
  const text = radvdConfiguration(settings);
  assert.match(text, /interface lan0 \{[^}]*AdvManagedFlag on;/);
  assert.match(text, /AdvDefaultLifetime 90;/);
  assert.match(text, /prefix fc00:db8:1::\/64 \{ AdvOnLink on; AdvAutonomous off; \};/);
  assert.match(text, /prefix fc00:db8:1:1::\/64 \{ AdvOnLink off; AdvAutonomous off; \};/);
  assert.match(text, /RDNSS fc00:db8:1::1 \{ AdvRDNSSLifetime 90; \};/);
  assert.match(text, /DNSSL bar\.com lab\.bar\.com \{/);
});

test('radvd takes it, at the shortest and longest interval, without resolver, without search list', () => {
  for (const change of [
    {},
    { interval: 4 },
    { interval: 1800, routerLifetime: 0 },
    { dnsServers: [], domainSearch: [] },
  ])
    assert.equal(judge(radvdConfiguration({ ...settings, ...change })), 0);
  assert.notEqual(judge(radvdConfiguration(settings).replace('AdvOnLink', 'AdvAtLink')), 0);
});
