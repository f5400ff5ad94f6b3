import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ConfigError, loadConfig, parseConfig } from '../../control/config/load.ts';
import { minimalConfig } from './minimal.ts';

const mistakesOf = (text: string): readonly string[] => {
  try {
    parseConfig(text);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.mistakes;
  }
  return [];
};
const changed = (from: string, to: string) => {
  assert.ok(minimalConfig.includes(from));
  return mistakesOf(minimalConfig.replace(from, to));
};

test('the least configuration is accepted and has defaults', () => {
  const config = parseConfig(minimalConfig);
  assert.equal(config.contexts.capacity, 65536);
  assert.equal(config.datapath.mode, 'native');
  assert.equal(config.ulids[0]?.length, 7 + 1);
});

test('a mistake names its key, the value found and what is allowed', () => {
  const rows: [from: string, to: string, expected: RegExp][] = [
    ['2001:db8:11::/48', '2001:db8:11::1/48', /^providers\.0\.prefix: .*meant is 2001:db8:11::\/48/],
    ['gateway: 2001:db8:11::1', 'gateway: router', /^providers\.0\.gateway: "router" is not an IPv6 address/],
    [
      'fc00:db8:1::/48]',
      'fd00:db8:1::/48]',
      /^site\.prefixes\.0: fd00:db8:1:: is in none of ulids \(fc00::\/8\)/,
    ],
    ['interface: x1', 'interface: lan', /^providers\.0\.interface: lan is an inside interface/],
    ['interface: x1', 'interfaces: x1', /^providers\.0\.interface: /],
    ['site: {', 'sight: {', /^site: /],
    [
      'providers: [{ name: x',
      'datapath: { mode: fast }\nproviders: [{ name: x',
      /^datapath\.mode: .*"native".*\(found "fast"\)/,
    ],
    [
      'interface: x1',
      'tunnel: { local: fd00::1, remote: "fc00::2" }, interface: x1',
      /^providers\.0\.tunnel\.remote: fc00::2 is in fc00::\/8 of ulids/,
    ],
    [
      'interface: x1',
      'tunnel: { local: fd00::1, remote: fd00::1 }, interface: x1',
      /^providers\.0\.tunnel\.remote: is tunnel\.local/,
    ],
    ...['"::"', 'ff02::1'].map((end): [string, string, RegExp] => [
      'interface: x1',
      `tunnel: { local: fd00::1, remote: ${end} }, interface: x1`,
      /^providers\.0\.tunnel\.remote: \S+ is no address of a single node/,
    ]),
    ['interface: x1', 'tunnel: { remote: fd00::1 }, interface: x1', /^providers\.0\.tunnel\.local: /],
    ['interface: x1', 'priority: 300, interface: x1', /^providers\.0\.priority: .*255.*\(found 300\)/],
  ];
  for (const [from, to, expected] of rows) assert.match(changed(from, to)[0] ?? 'accepted', expected);
});

const hbaConfig = `
site: { name: s, prefixes: [fc00:db8:1::/48], key: /k, identity: hba }
inside: [{ interface: lan, address: fc00:db8:1::1 }]
providers: [{ name: x, interface: x1, prefix: 2001:db8:11::/48, gateway: fe80::1 }]
hosts: [{ name: h, subnet: fc00:db8:1:7::/64, modifier: ${'0a'.repeat(16)}, hba: { prefixes: [fc00:db8:1:7::/64, 2001:db8:11:7::/64] } }]
`;

test('site.identity is cga by default, and hba asks for the sets of hosts', () => {
  assert.equal(parseConfig(minimalConfig).site.identity, 'cga');
  assert.equal(parseConfig(hbaConfig).hosts[0]?.hba?.prefixes.length, 2);
  const rows: [from: string, to: string, expected: RegExp][] = [
    ['identity: hba', 'identity: cga', /^hosts\.0\.hba: site\.identity is cga/],
    ['identity: hba', 'identity: abc', /^site\.identity: .*"cga".*\(found "abc"\)/],
    [/, hba: \{.*?\} /.exec(hbaConfig)![0], '', /^hosts\.0\.hba: is missing.*pshim6 hba/],
    ['fc00:db8:1:7::/64, 2001', '2001', /^hosts\.0\.hba\.prefixes: .*subnet fc00:db8:1:7::\/64 is not among/],
    ['11:7::/64]', '11:7::/56]', /^hosts\.0\.hba\.prefixes\.1: /],
    [
      '2001:db8:11:7::/64]',
      'fc00:db8:1:7::/64]',
      /^hosts\.0\.hba\.prefixes\.1: fc00:db8:1:7::\/64 is also hosts\.0\.hba\.prefixes\.0$/,
    ],
    ['11:7::/64]', '11:7::/64], extended-modifier: 0a', /^hosts\.0\.hba\.extended-modifier: .*96/],
  ];
  for (const [from, to, expected] of rows) {
    assert.ok(hbaConfig.includes(from), from);
    assert.match(mistakesOf(hbaConfig.replace(from, to))[0] ?? 'accepted', expected);
  }
});

test('a provider outside a set is possible with a key, and a mistake without', () => {
  const moved = hbaConfig.replace('2001:db8:11::/48', '2001:db8:13::/48');
  assert.deepEqual(mistakesOf(moved), []);
  const keyless = moved.replace('11:7::/64]', `11:7::/64], extended-modifier: ${'0a'.repeat(48)}`);
  assert.match(mistakesOf(keyless).join(), /^hosts\.0\.hba\.prefixes: 2001:db8:13:7::\/64 of provider x/);
});

test('an unknown key is named', () => {
  assert.match(changed('site: {', 'site: { colour: blue,').join(), /site: .*colour/);
});

test('all mistakes are told at once', () => {
  assert.equal(
    mistakesOf(minimalConfig.replace('interface: x1', 'interface: a/b').replace('name: s', 'name: 7')).length,
    2,
  );
});

test('two providers of one name are told apart', () => {
  const twice = minimalConfig.replace(
    'providers: [',
    'providers: [{ name: x, interface: y1, prefix: 2001:db8:12::/48, gateway: fe80::1 }, ',
  );
  assert.deepEqual(mistakesOf(twice), ['providers.1.name: x is also providers.0.name']);
});

test('what is missing, empty or no configuration at all is said in a line', () => {
  assert.deepEqual(mistakesOf('site: { name: a }').slice(0, 3), [
    'site.prefixes: is missing, where there must be a list',
    'site.key: is missing, where there must be a string',
    'inside: is missing, where there must be a list',
  ]);
  for (const text of ['', '# nothing yet'])
    assert.deepEqual(mistakesOf(text), ['says nothing: it is empty, or comments only']);
  const [whole] = mistakesOf('root:x:0:0 '.repeat(200));
  assert.match(whole!, /^top level: .*object.*found "root:x:0:0 .*…\)$/);
  assert.ok(whole!.length < 200, whole);
  assert.deepEqual(mistakesOf('site:\n\tname: x'), [
    'Tabs are not allowed as indentation at line 2, column 1',
  ]);
});

test('broken YAML, aliases without end and no mapping at all are mistakes, not crashes', () => {
  for (const text of ['{', '*!', 'a: &a [*a]', '- 1', '', '"', 'a: 1\na: 2'])
    assert.ok(mistakesOf(text).length > 0, text);
});

test('any text gives a configuration or a ConfigError', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => void mistakesOf(text)),
    { numRuns: 300 },
  );
});

test('a file that is not there is named', () => {
  assert.throws(() => loadConfig('/nonexistent/pshim6.yaml'), /nonexistent.*no such file.*ENOENT/);
});
