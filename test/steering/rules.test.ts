import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../../control/config/load.ts';
import { choosePaths } from '../../control/steering/choose-paths.ts';
import { SteeringRules } from '../../control/steering/rules.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { minimalConfig } from '../config/minimal.ts';

/** With a second provider. */
const CONFIG = minimalConfig.replace(
  /^providers: .*$/m,
  [
    'providers:',
    '  - { name: x1, interface: wan0, prefix: "2001:db8:11::/48", gateway: "fe80::1" }',
    '  - { name: y1, interface: wan1, prefix: "2001:db8:12::/48", gateway: "fe80::2" }',
  ].join('\n'),
);
const rulesOf = (...lines: readonly string[]) =>
  new SteeringRules(
    parseConfig(`${CONFIG}steering:\n  rules:\n${lines.map((line) => `    - ${line}`).join('\n')}`).steering
      .rules,
  );
const mistakes = (...lines: readonly string[]) => {
  try {
    rulesOf(...lines);
    return [];
  } catch (error) {
    return (error as { mistakes: readonly string[] }).mistakes;
  }
};
const host = parseAddress('fc00:db8:1::11');
const peer = parseAddress('fc00:db8:2::22');

describe('what a configuration says of steering', () => {
  test('all that a rule can name', () => {
    const [rule] = rulesOf(
      '{ from: "fc00:db8:1::/48", to: "fc00:db8:2::22", protocol: udp, source-ports: 5060-5061, destination-ports: 5060, dscp: 46, fork: 3, prefer: [y1] }',
    ).rules;
    assert.deepEqual(
      { ...rule, source: formatAddress(rule!.source.address), destination: rule!.destination.length },
      {
        source: 'fc00:db8:1::',
        destination: 128,
        protocol: 17,
        sourcePorts: { first: 5060, last: 5061 },
        destinationPorts: { first: 5060, last: 5060 },
        trafficClass: { value: 184, mask: 252 },
        fork: 3,
        prefer: ['y1'],
      },
    );
  });

  test('each mistake is named with its key', () => {
    assert.match(mistakes('{ fork: 64 }')[0]!, /^steering\.rules\.0\.fork: /);
    assert.match(
      mistakes('{ fork: 1, destination-ports: 70000 }')[0]!,
      /^steering\.rules\.0\.destination-ports: /,
    );
    assert.match(
      mistakes('{ fork: 1, source-ports: 9-8 }')[0]!,
      /source-ports: ports are a number up to 65535/,
    );
    assert.match(mistakes('{ fork: 1, prefer: [z9] }')[0]!, /prefer: z9 is none of the providers/);
    assert.match(mistakes('{ fork: 0, prefer: [x1] }')[0]!, /default context \(fork 0\) takes providers by/);
    assert.match(
      mistakes('{ fork: 1, prefer: [x1] }', '{ fork: 1, prefer: [y1] }')[0]!,
      /^steering\.rules\.1\.prefer: fork 1 prefers x1 in a rule before, y1 here/,
    );
    assert.match(mistakes('{ fork: 1, protocol: icmp6, source-ports: 1 }')[0]!, /protocol 58 has no ports/);
    assert.equal(mistakes(...Array(33).fill('{ fork: 1 }')).length, 1);
  });
});

describe('which pairs and contexts the rules concern', () => {
  test('pairs of which some packet may take a fork', () => {
    const rules = rulesOf(
      '{ from: "fc00:db8:1::11", fork: 0 }',
      '{ from: "fc00:db8:1::/48", to: "fc00:db8:2::/48", fork: 2 }',
    );
    assert.ok(rules.concerns(host, peer));
    assert.ok(!rules.concerns(peer, host));
    assert.ok(!rules.concerns(host, parseAddress('fc00:db8:3::1')));
    assert.ok(!rulesOf('{ fork: 0 }').concerns(host, peer));
  });

  test('contexts by which hosts send: the default one, and forks that a rule names', () => {
    const rules = rulesOf('{ fork: 2 }');
    assert.deepEqual(
      [0, 1, 2, 0xffffffff].map((fork) => rules.sends(fork)),
      [true, false, true, false],
    );
  });

  test('the providers that a fork prefers come before all others, whatever their priority', () => {
    const rules = rulesOf('{ fork: 1, prefer: [y1] }');
    const local = (fork: number) =>
      [
        ['x1', '2001:db8:11::1', 1],
        ['y1', '2001:db8:12::1', 255],
      ].map(([provider, address, priority]) => ({
        address: parseAddress(address as string),
        priority: (priority as number) + rules.rank(fork, provider as string),
        usable: true,
      }));
    const remote = ['2001:db8:21::2', '2001:db8:22::2'].map((address) => ({
      address: parseAddress(address),
      priority: 1,
      usable: true,
    }));
    const sources = (fork: number) =>
      choosePaths(local(fork), remote).map(({ source }) => formatAddress(source));
    assert.deepEqual(sources(0), ['2001:db8:11::1', '2001:db8:12::1']);
    assert.deepEqual(sources(1), ['2001:db8:12::1', '2001:db8:11::1']);
  });
});
