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
    ['interface: x1', 'priority: 300, interface: x1', /^providers\.0\.priority: .*255.*\(found 300\)/],
  ];
  for (const [from, to, expected] of rows) assert.match(changed(from, to)[0] ?? 'accepted', expected);
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

test('broken YAML, aliases without end and no mapping at all are mistakes, not crashes', () => {
  for (const text of ['{', 'a: &a [*a]', '- 1', '', '"', 'a: 1\na: 2'])
    assert.ok(mistakesOf(text).length > 0, text);
});

test('any text gives a configuration or a ConfigError', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => void mistakesOf(text)),
    { numRuns: 300 },
  );
});

test('a file that is not there is named', () => {
  assert.throws(() => loadConfig('/nonexistent/pshim6.yaml'), /nonexistent.*ENOENT/);
});
