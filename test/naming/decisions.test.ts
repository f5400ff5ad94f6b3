import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { DECISIONS, decisionTable, outcomeOf } from './decisions.ts';

describe('the table of docs/dns.md', () => {
  for (const decision of DECISIONS) {
    it(`${decision.query}: ${decision.name}`, () =>
      assert.equal(outcomeOf(decision).outcome, decision.outcome));
  }

  it('is in the document as it is here', () => {
    const document = readFileSync(new URL('../../docs/dns.md', import.meta.url), 'utf8');
    assert.ok(document.includes(`\n${decisionTable()}\n`), `docs/dns.md should have\n${decisionTable()}`);
  });
});
