/** When a context goes back to the provider that is preferred: `revert` of that provider, and providers that drain. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reverting } from '../../control/adapters/reverting.ts';
import type { InstalledContexts } from '../../control/dataplane/contexts.ts';
import { type Dataplane, TICK_MILLISECONDS } from '../../control/dataplane/dataplane.ts';
import type { ContextView } from '../../control/shim6/context.ts';
import type { SiteLinks } from '../../control/site/site-links.ts';

const SECOND = 1000;
const [PREFERRED, OTHER] = [0, 1];
const HOUR = 3_600 * SECOND;

/** One idle context on the other provider; the preferred one came up at time 0. Returns when it went back, or never. */
function goesBack(revert: number | 'never', { draining = -1, lostAt = Number.POSITIVE_INFINITY } = {}) {
  let now = 0;
  let wentBack: number | undefined;
  const context = { state: 'ESTABLISHED' } as ContextView;
  const uplink = {
    index: PREFERRED,
    provider: { revert },
    switches: [{ at: 0 }],
    get up() {
      return now < lostAt;
    },
  };
  const contexts = {
    preferredElsewhere: () => (wentBack === undefined ? { uplink: PREFERRED } : undefined),
    uplinkInUse: () => (wentBack === undefined ? OTHER : PREFERRED),
    lastSent: () => 0,
    update(_: ContextView, { to, because }: { to: 'revert'; because: string }) {
      assert.equal(to, 'revert');
      assert.equal(because, 'the preferred provider has been stable');
      wentBack = now;
    },
  };
  const dataplane = {
    egress: { mask: 15 },
    links: {},
    get now() {
      return 100 + now / TICK_MILLISECONDS;
    },
  };
  const reverting = new Reverting({
    dataplane: dataplane as unknown as Dataplane,
    links: () =>
      ({ uplink: () => uplink, isDraining: (index: number) => index === draining }) as unknown as SiteLinks,
    contexts: () => contexts as unknown as InstalledContexts,
    all: () => [context].values() as unknown as IterableIterator<ContextView>,
    clock: () => now,
  });
  reverting.uplinkChanged('up');
  for (; now < HOUR; now += TICK_MILLISECONDS) reverting.step();
  assert.equal(reverting.reverted, wentBack === undefined ? 0 : 1);
  return wentBack;
}

/** Milliseconds between two looks through all contexts. */
const LOOK = 5 * SECOND + 2 * TICK_MILLISECONDS;

test('after so many seconds in which the provider was up, and not before', () => {
  for (const seconds of [0, 30, 600]) {
    const at = goesBack(seconds)!;
    assert.ok(at >= seconds * SECOND && at <= seconds * SECOND + LOOK, `${seconds} s: at ${at} ms`);
  }
});

test('never, if that is said', () => {
  assert.equal(goesBack('never'), undefined);
});

test('not to a provider that was lost meanwhile', () => {
  assert.equal(goesBack(30, { lostAt: 20 * SECOND }), undefined);
});

test('from a provider that is being replaced at once, whatever is said', () => {
  for (const revert of [600, 'never'] as const) assert.ok(goesBack(revert, { draining: OTHER })! <= LOOK);
});
