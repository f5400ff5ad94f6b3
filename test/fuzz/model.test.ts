/** Two sites through whatever happens: what is delivered is what was sent, and an attacker off path changes nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyCommands, setUplink } from './model/commands.ts';
import { FAIR, TwoSites } from './model/two-sites.ts';

/** Milliseconds: holddowns and the longest retransmission interval are well within. */
const RECOVERY = 600_000;
const INTERVAL = 5_000;

/** The network is fair again; hosts go on talking: in the end every packet arrives, once, both ways. */
function settle(sites: TwoSites): void {
  sites.conditions = FAIR;
  for (const box of [sites.a, sites.b]) for (const which of [0, 1]) setUplink(sites, box, which, true);
  const everyone = () =>
    sites.a.hosts.flatMap(({ ulid: first }) =>
      sites.b.hosts.flatMap(({ ulid: second }) => [
        sites.send(sites.a, first, second),
        sites.send(sites.b, second, first),
      ]),
    );
  for (let time = 0; time < RECOVERY; time += INTERVAL) {
    everyone();
    sites.pass(INTERVAL);
  }
  const last = everyone();
  sites.pass(INTERVAL);
  for (const number of last)
    assert.equal(sites.delivered.get(number), 1, `packet ${number} after all is fair again`);
}

test('whatever happens, payload arrives as it was sent, and the attacker changes nothing', () => {
  fc.assert(
    fc.property(
      fc.nat(400_000_000),
      fc.commands(anyCommands, { maxCommands: 60, size: '+1' }),
      (seed, commands) => {
        const sites = new TwoSites(seed);
        fc.modelRun(() => ({ model: {}, real: sites }), commands);
        settle(sites);
      },
    ),
    { numRuns: 200 },
  );
});
