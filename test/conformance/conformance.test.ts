/** The lists of requirements are whole, name tests that exist, and leave no MUST open. `npm test` prints the counts. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { labels, type Requirement, type Specification, type TestName } from './requirement.ts';
import { rfc3972 } from './rfc3972.ts';
import { rfc5533 } from './rfc5533.ts';
import { rfc5534 } from './rfc5534.ts';
import { rfc5535 } from './rfc5535.ts';

const specifications: readonly Specification[] = [rfc5533, rfc5534, rfc5535, rfc3972];

const tests = join(import.meta.dirname, '..');
const sources = new Map<string, string>();

function sourceOf(file: string): string {
  const path = join(tests, file);
  let source = sources.get(file);
  if (source === undefined) {
    source = existsSync(path) ? readFileSync(path, 'utf8') : '';
    sources.set(file, source);
  }
  return source;
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The title is the first argument of a call that makes a test, a group of tests, or a row of a table of tests. */
const exists = ([file, title]: TestName): boolean =>
  new RegExp(`\\b(?:test|it|describe|row)\\(\\s*'${escaped(title)}',`).test(sourceOf(file));

const text = ({ section, level, requirement }: Requirement): string => `§${section} ${level}: ${requirement}`;

for (const { name, keywords, requirements } of specifications) {
  describe(name, () => {
    test('each section has a row for each of its keywords', () => {
      for (const [section, count] of Object.entries(keywords)) {
        const rows = requirements.filter((one) => one.section === section).length;
        assert.ok(rows >= count, `§${section} has ${count} keywords and ${rows} rows`);
      }
    });

    test('no requirement is listed twice', () => {
      const texts = requirements.map(text);
      assert.deepEqual(
        texts.filter((one, index) => texts.indexOf(one) !== index),
        [],
      );
    });

    test('the tests that are named exist', () => {
      const missing = requirements.flatMap((one) =>
        one.verdict.label === 'tested'
          ? one.verdict.tests
              .filter((named) => !exists(named))
              .map((named) => `${text(one)} -> ${named.join(': ')}`)
          : [],
      );
      assert.deepEqual(missing, []);
    });

    test('every requirement is labelled, with a test or a reason', () => {
      for (const one of requirements) {
        const { verdict } = one;
        if (verdict.label === 'tested') assert.ok(verdict.tests.length > 0, text(one));
        else assert.ok(verdict.why.length > 20, text(one));
      }
    });

    test('no MUST and no MUST NOT is open', () => {
      const openOnes = requirements.filter(
        ({ verdict, level }) => verdict.label === 'open' && level.startsWith('MUST'),
      );
      assert.deepEqual(openOnes.map(text), []);
    });

    test('counts', (context) => {
      const counts = labels.map((label) => {
        const count = requirements.filter(({ verdict }) => verdict.label === label).length;
        return `${count} ${label}`;
      });
      context.diagnostic(`${name}: ${requirements.length} requirements: ${counts.join(', ')}`);
      for (const one of requirements)
        if (one.verdict.label === 'open') context.diagnostic(`open: ${text(one)} (${one.verdict.why})`);
    });
  });
}

test('README tells the counts', () => {
  const readme = readFileSync(join(tests, '../README.md'), 'utf8').replace(/\s+/g, ' ');
  for (const { name, requirements } of specifications) {
    const tested = requirements.filter(({ verdict }) => verdict.label === 'tested').length;
    const words = `${name} ${tested} of ${requirements.length}`;
    assert.ok(readme.includes(words), `README does not say "${words}"`);
  }
});

test('a test that does not exist would be noticed', () => {
  assert.ok(exists(['conformance/conformance.test.ts', 'counts']));
  assert.ok(!exists(['conformance/conformance.test.ts', 'count']));
  assert.ok(!exists(['conformance/none.test.ts', 'counts']));
});
