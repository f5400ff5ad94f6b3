import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, parseConfig } from '../../control/config/load.ts';
import { formatAddress } from '../../control/wire/ipv6/address.ts';
import { minimalConfig } from './minimal.ts';

const withDns = (lines: string) =>
  parseConfig(`${minimalConfig}dns: { listen: ["fc00:db8:1::1"], ${lines} }\n`);

test('a resolver is an address, or an address with port and TLS', () => {
  const { resolvers } = withDns(`resolvers: [
    "2001:db8::53",
    { address: "::1", port: 5353 },
    { address: "2001:db8::54", tls: { name: dns.example.net } },
    { address: "2001:db8::55", port: 8853, tls: { name: dns.example.net, authorities: /etc/ca.pem } }
  ]`).dns!;
  assert.deepEqual(
    resolvers.map(({ address, port, tls }) => [formatAddress(address), port, tls?.name, tls?.authorities]),
    [
      ['2001:db8::53', 53, undefined, undefined],
      ['::1', 5353, undefined, undefined],
      ['2001:db8::54', 853, 'dns.example.net', undefined],
      ['2001:db8::55', 8853, 'dns.example.net', '/etc/ca.pem'],
    ],
  );
});

test('defaults: IPv4 is hidden, answers are kept, contexts are begun early', () => {
  const { dns } = withDns('resolvers: ["2001:db8::53"]');
  assert.equal(dns?.ipv4, 'hide');
  assert.equal(dns.cache, 16_384);
  assert.deepEqual(dns['early-contexts'], {
    enabled: true,
    'per-host': 20,
    total: 500,
    wait: 20,
    unused: 120,
  });
});

test('a mistake is told with its key', () => {
  for (const [lines, expected] of [
    ['resolvers: []', /^dns\.resolvers:/],
    ['resolvers: ["::1"], ipv4: maybe', /^dns\.ipv4:/],
    ['resolvers: ["::1"], cache: -1', /^dns\.cache:/],
    ['resolvers: ["::1"], ulid-type: 28', /^dns\.ulid-type:/],
    ['resolvers: ["::1"], early-contexts: { unused: 1 }', /^dns\.early-contexts\.unused:/],
    ['resolvers: [{ address: "::1", tls: {} }]', /^dns\.resolvers\.0\.tls\.name:/],
    ['resolvers: ["resolver.example.net"]', /^dns\.resolvers\.0\.address: "resolver.example.net" is not/],
  ] as const) {
    assert.throws(
      () => withDns(lines),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.mistakes[0]!, expected);
        return true;
      },
    );
  }
});
