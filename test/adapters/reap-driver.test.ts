/** SHIM6, the tables and REAP of two boxes together: packets go to no locator but where the peer was found (RFC 5533 §7.2). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ReapDriver } from '../../control/adapters/reap-driver.ts';
import { InstalledContexts, type SiteFacts } from '../../control/dataplane/contexts.ts';
import type { Dataplane } from '../../control/dataplane/dataplane.ts';
import { EgressTable } from '../../control/dataplane/egress-table.ts';
import { IngressTable } from '../../control/dataplane/ingress-table.ts';
import type { Log } from '../../control/observe/log.ts';
import type { Effect, LocalHost } from '../../control/shim6/index.ts';
import type { LocatorPair } from '../../control/shim6/locator-pairs.ts';
import { SteeringRules } from '../../control/steering/rules.ts';
import { type Address, equalAddress, formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { Pair, type PairOptions, type Side } from '../shim6/pair.ts';
import { SeededRandom } from '../shim6/random.ts';
import { addresses, hostA, hostB, locator, withLocators } from '../shim6/sites.ts';

const SLOTS = 256;
const silent: Log = { error() {}, warn() {}, info() {}, debug() {} };
const MILLISECONDS_A_TICK = 100;

/** The tables and the REAP of one side, fed with what its core does. */
class Box {
  readonly side: Side;
  readonly contexts: InstalledContexts;
  readonly driver: ReapDriver;
  readonly sent: { at: number; source: Address; destination: Address }[] = [];
  /** Our uplinks that work. */
  readonly up = [true, true, true];
  /** Whether a Probe or Keepalive of ours arrives. */
  passes: (destination: Address) => boolean = () => true;
  isDead: (pair: LocatorPair) => boolean = () => false;
  readonly #egress = new EgressTable(
    new Uint32Array(SLOTS * 32),
    BigUint64Array.of(1n, 3n, 5n, 7n),
    SLOTS / 2,
  );
  #seen = 0;

  constructor(pair: Pair, side: Side) {
    this.side = side;
    const dataplane = {
      egress: this.#egress,
      ingress: new IngressTable(new Uint32Array(SLOTS * 32), SLOTS / 2),
      links: { isUp: (uplink: number) => this.up[uplink] },
      now: 1,
      strictSource: true,
    } as unknown as Dataplane;
    const facts: SiteFacts = {
      uplinkOf: (address) =>
        Math.max(
          0,
          addresses(side.host).findIndex((own) => equalAddress(own, address)),
        ),
      providerOf: () => undefined,
      reaches: () => true,
      hostLink: () => undefined,
    };
    this.contexts = new InstalledContexts(dataplane, facts, new SteeringRules([]), {
      any: () => true,
      includes: (pair) => this.isDead(pair),
    });
    this.driver = new ReapDriver({
      dataplane,
      contexts: this.contexts,
      clock: () => pair.now,
      log: silent,
      random: new SeededRandom(3).octets,
      settings: {},
      contextWithTag: (tag) => side.core.contextWithTag(tag),
      confirmPresence: (context, address) => {
        side.core.confirmPresence(context, address);
        pair.collect();
      },
      isUsable: () => true,
      send: (source, destination, message) => {
        this.sent.push({ at: pair.now, source, destination });
        if (this.passes(destination)) queueMicrotask(() => pair.inject({ source, destination, message }));
      },
    });
  }

  /** Carries out what the core has done since. */
  follow(): void {
    for (; this.#seen < this.side.effects.length; this.#seen++) this.#carry(this.side.effects[this.#seen]!);
  }

  /** Writes what may be written a tick later only. */
  flush(): void {
    this.#egress.flush();
  }

  get isInstalled(): boolean {
    return this.#egress.count > 0;
  }

  /** Which of our locators payload leaves from. */
  source(peer: LocalHost): string {
    const slot = this.#egress.find(this.side.host.ulid, peer.ulid);
    return formatAddress(this.#egress.pathInUse(slot, (uplink) => this.up[uplink]!)!.source);
  }

  /** Where payload goes. */
  destination(peer: LocalHost): string {
    const slot = this.#egress.find(this.side.host.ulid, peer.ulid);
    return formatAddress(this.#egress.pathInUse(slot, (uplink) => this.up[uplink]!)!.destination);
  }

  destinations(peer: LocalHost): string[] {
    const slot = this.#egress.find(this.side.host.ulid, peer.ulid);
    return this.#egress.view(slot).paths.map(({ destination }) => formatAddress(destination));
  }

  #carry(effect: Effect): void {
    if (effect.kind === 'established') assert.ok(this.contexts.install(effect.context));
    if (effect.kind === 'changed') this.contexts.update(effect.context);
    this.driver.follow(effect);
  }
}

class Boxes {
  readonly pair: Pair;
  readonly a: Box;
  readonly b: Box;
  #tick = 1;

  constructor(options: PairOptions = {}) {
    this.pair = new Pair(options);
    this.a = new Box(this.pair, this.pair.a);
    this.b = new Box(this.pair, this.pair.b);
  }

  /** `after`: called after each tick. */
  async run(milliseconds: number, after: () => void = () => {}): Promise<void> {
    const end = this.pair.now + milliseconds;
    while (this.pair.now < end) {
      this.pair.runUntil(this.pair.now + MILLISECONDS_A_TICK);
      this.#tick++;
      for (const box of [this.a, this.b]) {
        box.follow();
        box.driver.tick(this.#tick);
        box.flush();
      }
      await Promise.resolve();
      after();
    }
  }
}

const established = async () => {
  const boxes = new Boxes();
  boxes.pair.establish();
  await boxes.run(1_000);
  return boxes;
};

const [first, second] = addresses(hostB).map(formatAddress) as [string, string];

test('a locator that is called broken is left, and no Probe goes there', async () => {
  const boxes = await established();
  const { a, pair } = boxes;
  const before = a.sent.length;
  pair.b.core.setHost(pair.now, withLocators(pair.b.host, { 0: { usable: false } }));
  pair.collect();
  await boxes.run(1_000);
  assert.equal(a.destination(pair.b.host), second);
  assert.ok(
    a.sent.slice(before).every(({ destination }) => formatAddress(destination) === second),
    'no probe to the broken one',
  );
  pair.b.core.setHost(pair.now, pair.b.host);
  pair.collect();
  await boxes.run(1_000);
  assert.equal(a.destination(pair.b.host), second, 'and not left again for a preference');
  a.contexts.update(pair.a.core.context(pair.a.host.ulid, pair.b.host.ulid)!, { to: 'revert' });
  assert.equal(a.destination(pair.b.host), first, 'until it is to go back');
});

test('a victim that a peer lists, its own locators broken, gets a few Probes and no payload', async () => {
  const boxes = await established();
  const { a, pair } = boxes;
  const victim = '2001:db8:dead::1';
  const { ulid, locators } = pair.b.host;
  pair.b.core.setHost(pair.now, { ulid, locators: [...locators, locator(victim)] });
  pair.collect();
  await boxes.run(1_000);
  const broken = locators.map((one) => ({ ...one, usable: false }));
  pair.b.core.setHost(pair.now, { ulid, locators: [...broken, locator(victim)] });
  pair.collect();
  await boxes.run(300_000);
  assert.equal(a.destination(pair.b.host), first);
  assert.ok(!a.destinations(pair.b.host).includes(victim));
  const probes = a.sent.filter(({ destination }) => equalAddress(destination, parseAddress(victim)));
  assert.ok(probes.length >= 2 && probes.length <= 30, `${probes.length}`);
});

describe('locators that the handshake tells', () => {
  test('the one that proved itself is used at once, the other as an alternate, once a Probe has been there', async () => {
    const boxes = new Boxes();
    const { a, b, pair } = boxes;
    pair.establish();
    const seen = new Set<string>();
    await boxes.run(100, () => {
      if (a.isInstalled) for (const one of a.destinations(pair.b.host)) seen.add(one);
    });
    assert.deepEqual([...seen], [first], 'before any answer');
    assert.equal(
      a.destinations(pair.b.host).length,
      2,
      'our other uplink is an alternate from the beginning',
    );
    await boxes.run(300);
    assert.deepEqual(a.destinations(pair.b.host), [first, second]);
    assert.equal(b.destinations(pair.a.host).length, 2);
    assert.equal(new Set(b.destinations(pair.a.host)).size, 2);
    const probes = a.sent.filter(({ destination }) => formatAddress(destination) === second);
    assert.equal(probes.length, 1, 'one Probe');
    await boxes.run(60_000);
    assert.equal(a.destination(pair.b.host), first);
    assert.equal(a.driver.counters['presence-probes-sent'], 1);
    assert.equal(a.driver.counters.explorations, 0);
  });

  test('an uplink that fails takes its contexts to the alternate without a packet sent', async () => {
    const boxes = await established();
    const { a, pair } = boxes;
    const before = a.sent.length;
    a.up[0] = false;
    assert.equal(a.destination(pair.b.host), second);
    assert.equal(a.sent.length, before);
  });

  test('a locator that the peer prefers is gone to as soon as it was found there', async () => {
    const preferring = withLocators(hostB, { 1: { priority: 1 } });
    const boxes = new Boxes({ hostB: preferring });
    const { a, pair } = boxes;
    pair.establish();
    await boxes.run(500);
    assert.equal(a.destination(pair.b.host), second);
  });

  test('Probes that are lost are sent again, ever more rarely', async () => {
    const boxes = new Boxes();
    const { a, pair } = boxes;
    a.passes = (destination) => formatAddress(destination) !== second;
    pair.establish();
    await boxes.run(60_000);
    assert.ok(!a.destinations(pair.b.host).includes(second));
    const times = a.sent
      .filter(({ destination }) => formatAddress(destination) === second)
      .map(({ at }) => at)
      .filter((at) => at > 500);
    assert.ok(times.length >= 5 && times.length <= 7, `${times}`);
    a.passes = () => true;
    await boxes.run(60_000);
    assert.ok(a.destinations(pair.b.host).includes(second));
    assert.equal(a.driver.reap.sought, 0);
  });

  test('a victim that the peer prefers gets a few Probes and no payload, whatever else fails', async () => {
    const victim = '2001:db8:dead::1';
    const malicious = { ...hostB, locators: [...hostB.locators, locator(victim, { priority: 0 })] };
    const boxes = new Boxes({ hostB: malicious });
    const { a, pair } = boxes;
    a.passes = (destination) => formatAddress(destination) !== victim;
    pair.establish();
    await boxes.run(1_000);
    const never = () => assert.ok(!a.destinations(pair.b.host).includes(victim));
    await boxes.run(30_000, never);
    a.up[0] = false;
    a.contexts.update(pair.a.core.context(pair.a.host.ulid, pair.b.host.ulid)!, { to: 'revert' });
    await boxes.run(30_000, never);
    // Its other locators are broken, it says.
    const broken = hostB.locators.map((one) => ({ ...one, usable: false }));
    pair.b.core.setHost(pair.now, { ulid: hostB.ulid, locators: [...broken, locator(victim)] });
    pair.collect();
    await boxes.run(240_000, never);
    const probes = a.sent.filter(({ destination }) => formatAddress(destination) === victim);
    assert.ok(probes.length >= 2 && probes.length <= 30, `${probes.length}`);
  });
});

describe('where others found that nothing gets through', () => {
  const [ours] = addresses(hostA).map(formatAddress) as [string];
  const begins = async (options: PairOptions, isDead: Box['isDead']) => {
    const boxes = new Boxes(options);
    boxes.a.isDead = isDead;
    boxes.pair.establish();
    await boxes.run(10);
    return boxes;
  };
  const isPreferred: Box['isDead'] = ({ source, destination }) =>
    formatAddress(source) === ours && formatAddress(destination) === first;

  test('no new context begins, but where its handshake went; it stays', async () => {
    const doubts = (pair: LocatorPair) => Number(isPreferred(pair));
    const boxes = await begins({ doubts }, isPreferred);
    const { a, pair } = boxes;
    const begun = [a.source(pair.b.host), a.destination(pair.b.host)];
    assert.notDeepEqual(begun, [ours, first]);
    const { localLocator, peerLocator } = pair.a.core.context(hostA.ulid, hostB.ulid)!;
    assert.deepEqual(begun, [localLocator, peerLocator].map(formatAddress));
    await boxes.run(1_000);
    assert.deepEqual([a.source(pair.b.host), a.destination(pair.b.host)], begun, 'found at both by now');
    a.isDead = () => false;
    a.contexts.update(pair.a.core.context(hostA.ulid, hostB.ulid)!, { to: 'revert' });
    assert.deepEqual([a.source(pair.b.host), a.destination(pair.b.host)], begun, 'as one that REAP moved');
  });

  test('a new context begins all the same if its handshake got through there', async () => {
    const { a, pair } = await begins({}, isPreferred);
    assert.deepEqual([a.source(pair.b.host), a.destination(pair.b.host)], [ours, first]);
  });

  test('a young one goes where it is preferred once nothing is said against', async () => {
    const doubts = (pair: LocatorPair) => Number(isPreferred(pair));
    const boxes = await begins({ doubts }, isPreferred);
    boxes.a.isDead = () => false;
    await boxes.run(1_000);
    assert.deepEqual([boxes.a.source(hostB), boxes.a.destination(hostB)], [ours, first]);
  });
});
