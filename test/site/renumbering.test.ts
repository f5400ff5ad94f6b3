/** Replacing a provider, phase by phase, in virtual time: what is waited for, what is durable, where a restart goes on. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { parseConfig } from '../../control/config/load.ts';
import { signingKey } from '../../control/identity/signing-key.ts';
import { ProviderError } from '../../control/site/provider-list.ts';
import {
  checkRenumbering,
  PHASES,
  planRenumbering,
  RENUMBERING,
  Renumbering,
  type RenumberingEvent,
  type RenumberingState,
} from '../../control/site/renumbering.ts';
import { setting } from '../../control/site/settings.ts';
import { Site } from '../../control/site/site.ts';
import { privateKeys } from '../identity/keys.ts';
import { MemoryStore } from '../store/memory-store.ts';

const { publicKey } = signingKey(privateKeys.p256);
const key = { type: 'p256' as const, privateKey: privateKeys.p256, publicKey };
const TTL = 60;
const START: RenumberingState = { from: 'x1', to: 'z1', phase: 'announce', ttl: TTL };

let store: MemoryStore;
let site: Site;
let world: World;

beforeEach(async () => {
  store = new MemoryStore();
  site = await openSite();
  world = new World();
});

function openSite(): Promise<Site> {
  const config = parseConfig(
    JSON.stringify({
      site: { name: 's', prefixes: ['fc00:db8:1::/48'], key: '/k' },
      inside: [{ interface: 'lan', address: 'fc00:db8:1::1' }],
      providers: ['x1 11', 'y1 12', 'z1 13'].map((text) => {
        const [name, block] = text.split(' ');
        return { name, interface: name, prefix: `2001:db8:${block}::/48`, gateway: 'fe80::1' };
      }),
      hosts: [{ name: 'h', subnet: 'fc00:db8:1::/64', modifier: '00'.repeat(16), sec: 0 }],
    }),
  );
  const random = (length: number) => new Uint8Array(length);
  return Site.open({ config, key, store, miner: { mine: () => {} }, random, onNotKept: assert.fail });
}

/** Everything outside, and time that passes only while something is waited for. */
class World {
  time = 1_700_000_000_000;
  up = true;
  unacknowledgedPeers = 0;
  moving = 0;
  pending = 0;
  /** What happens when so many milliseconds have passed. */
  plan: { at: number; act: () => void }[] = [];
  readonly start = this.time;

  after(milliseconds: number, act: () => void): void {
    this.plan.push({ at: this.start + milliseconds, act });
  }

  isUp = () => this.up;
  contexts = () => 2;
  unacknowledged = () => this.unacknowledgedPeers;
  contextsBy = () => this.moving;
  pendingNames = () => this.pending;
  now = () => this.time;
  wait = async (milliseconds: number) => {
    this.time += milliseconds;
    for (const { act } of this.plan.filter(({ at }) => at <= this.time)) act();
    this.plan = this.plan.filter(({ at }) => at > this.time);
  };
  get elapsed(): number {
    return this.time - this.start;
  }
}

function replace(state: RenumberingState = START) {
  const events: RenumberingEvent[] = [];
  const renumbering = new Renumbering(site, world, state, (event) => events.push(event));
  const said = () => events.map(({ phase, state: what }) => `${phase} ${what}`);
  return { renumbering, events, said };
}

const kept = async (): Promise<RenumberingState | undefined> => {
  const value = setting(await store.contents(), RENUMBERING);
  return value && (JSON.parse(new TextDecoder().decode(value)) as RenumberingState);
};
const providersOfHost = () => [...site.hosts.live.values()][0]!.locators.map(({ provider }) => provider);

describe('replacing a provider', () => {
  it('goes through every phase and leaves nothing behind', async () => {
    const { renumbering, said } = replace();
    await renumbering.run();
    assert.deepEqual(
      said().filter((text) => !text.includes('waiting')),
      [...PHASES.flatMap((phase) => [`${phase} begun`, `${phase} done`]), 'finished done'],
    );
    assert.ok(world.elapsed >= TTL * 1000 && world.elapsed < TTL * 1000 + 1000);
    assert.deepEqual(providersOfHost(), ['y1', 'z1']);
    assert.equal(await kept(), undefined);
    assert.deepEqual(
      [...(await openSite()).providers.values()].map(({ config }) => config.name),
      ['y1', 'z1'],
    );
  });

  it('moves nothing before peers and name servers know the new locators', async () => {
    world.unacknowledgedPeers = 3;
    world.pending = 2;
    world.after(2_000, () => {
      world.unacknowledgedPeers = 0;
    });
    let drainingThen: boolean | undefined;
    world.after(9_000, () => {
      drainingThen = site.providers.get('x1').draining;
      world.pending = 0;
    });
    const { renumbering, events } = replace();
    await renumbering.run();
    assert.equal(drainingThen, false);
    const waited = events.filter(({ phase, state }) => phase === 'announce' && state === 'waiting');
    assert.deepEqual(
      waited.map(({ detail }) => detail),
      ['3 peers have not acknowledged', '2 names are not at their servers'],
    );
  });

  it('waits for a new provider that goes down', async () => {
    world.up = false;
    world.after(5_000, () => {
      world.up = true;
    });
    const { renumbering, events } = replace();
    await renumbering.run();
    assert.equal(events[1]!.detail, 'z1 is down');
  });

  it('keeps the old locators until the TTL is over, counted from when they left the DNS', async () => {
    world.after(100, () => {
      world.pending = 1;
    });
    world.moving = 1;
    world.after(1_000, () => {
      world.moving = 0;
    });
    world.after(30_000, () => {
      world.pending = 0;
    });
    let inDrain: readonly string[] = [];
    world.after(80_000, () => {
      inDrain = providersOfHost();
    });
    const { renumbering } = replace();
    await renumbering.run();
    assert.deepEqual(inDrain, ['x1', 'y1', 'z1']);
    assert.ok(world.elapsed >= 90_000, `${world.elapsed}`);
  });

  it('gives up on peers that do not answer, after a minute, and says so', async () => {
    world.unacknowledgedPeers = 1;
    const { renumbering, events } = replace();
    await renumbering.run();
    const given = events
      .filter(({ state }) => state === 'gave-up')
      .map(({ phase, detail }) => `${phase}: ${detail}`);
    assert.deepEqual(
      given,
      ['announce', 'move', 'withdraw'].map((phase) => `${phase}: 1 peers have not acknowledged`),
    );
    assert.deepEqual(providersOfHost(), ['y1', 'z1']);
  });

  it('goes on where it was, in whatever phase the process ended', async () => {
    for (const phase of PHASES) {
      store = new MemoryStore();
      site = await openSite();
      world = new World();
      const first = replace();
      const running = first.renumbering;
      // It ends in the middle of the phase: the phase has begun, and is not done.
      const tell = first.events.push.bind(first.events);
      first.events.push = (event) => {
        if (event.phase === phase && event.state === 'begun') running.stop();
        return tell(event);
      };
      await running.run();
      const state = (await kept())!;
      assert.equal(state.phase, phase);
      site = await openSite();
      const again = replace(state);
      await again.renumbering.run();
      assert.equal(again.said()[0], `${phase} begun`);
      assert.equal(again.said().at(-1), 'finished done');
      assert.deepEqual(providersOfHost(), ['y1', 'z1'], phase);
      assert.equal(await kept(), undefined);
      assert.ok(world.elapsed >= (PHASES.indexOf(phase) <= 2 ? TTL * 1000 : 0));
    }
  });

  it('is refused where it makes no sense, and a plan changes nothing', async () => {
    const before = store.commits;
    assert.throws(() => checkRenumbering(site, 'x1', 'x1'), ProviderError);
    assert.throws(() => checkRenumbering(site, 'q', 'z1'), /no provider is called q/);
    const plan = planRenumbering(site, world, 'x1', 'z1', TTL);
    assert.deepEqual([plan.isUp, plan.contexts, plan.hosts.length], [true, 2, 1]);
    assert.deepEqual(plan.hosts[0]!.from, site.hosts.locators.find(plan.hosts[0]!.ulid, 'x1'));
    assert.equal(store.commits, before);
    await site.setDraining('z1', true);
    assert.throws(() => checkRenumbering(site, 'x1', 'z1'), /being replaced itself/);
  });
});
