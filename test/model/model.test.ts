/** The programs against the reference model: 50,000 random frames, and proof that the comparison means something. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dropReasons, eventKinds } from '../../control/dataplane/layout.generated.ts';
import { Comparison, type Model } from './compare.ts';
import { inside } from './inside.ts';
import { outside } from './outside.ts';

function compared(seed: number, cases: number, model?: Model) {
  const comparison = new Comparison(model);
  try {
    return { found: comparison.run(seed, cases), outcomes: comparison.outcomes };
  } finally {
    comparison.close();
  }
}

/** What random frames cannot bring about here: limits are off, buffers large; fixtures do (test/bpf/). */
const NOT_HERE = [
  /^dropped (headroom|ring-full|control-limited|miss-limited|icmp-limited|fragment-limited)$/,
  /^dropped (hop-limit|no-uplink|source-not-locator|unknown-tag|nat-lost)$/,
  /^dropped outside-hop-limit$/,
];

test('programs and model agree on 50,000 random frames, which meet every fate that there is', () => {
  const { found, outcomes } = compared(1, 50_000);
  assert.equal(found, undefined);
  const met = new Set([...outcomes.keys()].map((outcome) => outcome.replace(/^(in|out)side /, '')));
  const fates = [
    ...['forwarded', 'to-kernel', 'passed', 'answered'],
    ...dropReasons.map(({ name }) => `dropped ${name}`),
    ...eventKinds.map(({ name }) => `punted ${name}`),
  ];
  const missing = fates.filter((fate) => !met.has(fate) && !NOT_HERE.some((pattern) => pattern.test(fate)));
  assert.deepEqual(missing, []);
});

test('a model with a mistake is found out', () => {
  const mistakes: Record<string, Model> = {
    'one octet of a frame in 64': {
      inside: (tables, frame) => {
        const outcome = inside(tables, frame);
        if (outcome.frame !== undefined && frame.length % 64 === 0) outcome.frame[21]!++;
        return outcome;
      },
      outside,
    },
    'an MTU off by one': {
      inside,
      outside: (tables, frame) => {
        const outcome = outside(tables, frame);
        return outcome.mtu === undefined ? outcome : { ...outcome, mtu: outcome.mtu + 1 };
      },
    },
    'rules in reverse order': {
      inside: (tables, frame) => inside({ ...tables, rules: tables.rules.toReversed() }, frame),
      outside,
    },
    'forks that are not there not asked for': {
      inside: (tables, frame) => ({ ...inside(tables, frame), wanted: 0 }),
      outside,
    },
    'segments not clamped': {
      inside: (tables, frame) => inside({ ...tables, clampMss: false }, frame),
      outside,
    },
    'flows forgotten': {
      inside: (tables, frame) => inside({ ...tables, flows: new Map() }, frame),
      outside,
    },
  };
  for (const [name, model] of Object.entries(mistakes))
    assert.notEqual(compared(1, 20_000, model).found, undefined, name);
});
