/** The scenarios that take a few seconds each; `npm run scenarios` has all of them, with a table of the gaps. */
import { after, before, describe, it } from 'node:test';
import { down } from './lab.ts';
import { raiseFor } from './scenarios/lab.ts';
import { SCENARIOS } from './scenarios/list.ts';
import { runScenario } from './scenarios/run.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';

describe('open connections survive', { skip }, () => {
  before(() => raiseFor('plain'));
  after(down);

  for (const scenario of SCENARIOS.filter(({ short }) => short)) {
    it(scenario.title, async (test) => {
      const { toH1, toH2, sshMilliseconds } = await runScenario(scenario);
      const gaps = [toH2, toH1].map(({ failing, mending }) => `${failing.toFixed(1)}, ${mending.toFixed(1)}`);
      test.diagnostic(
        `gaps failing, mending: to h2 ${gaps[0]} ms, to h1 ${gaps[1]} ms; ssh ${sshMilliseconds.toFixed(0)} ms`,
      );
    });
  }
});
