/** SHIM6, the tables and REAP of two boxes together: packets go to no locator told later unless a Probe found the peer there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReapDriver } from '../../control/adapters/reap-driver.ts';
import { InstalledContexts, type SiteFacts } from '../../control/dataplane/contexts.ts';
import type { Dataplane } from '../../control/dataplane/dataplane.ts';
import { EgressTable } from '../../control/dataplane/egress-table.ts';
import { IngressTable } from '../../control/dataplane/ingress-table.ts';
import type { Log } from '../../control/observe/log.ts';
import type { Effect, LocalHost } from '../../control/shim6/index.ts';
import { SteeringRules } from '../../control/steering/rules.ts';
import { type Address, equalAddress, formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { Pair, type Side } from '../shim6/pair.ts';
import { SeededRandom } from '../shim6/random.ts';
import { addresses, hostB, locator, withLocators } from '../shim6/sites.ts';

const SLOTS = 256;
const silent: Log = { error() {}, warn() {}, info() {}, debug() {} };
const MILLISECONDS_A_TICK = 100;

/** The tables and the REAP of one side, fed with what its core does. */
class Box {
  readonly side: Side;
  readonly contexts: InstalledContexts;
  readonly driver: ReapDriver;
  readonly sent: { source: Address; destination: Address }[] = [];
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
      links: { isUp: () => true },
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
    this.contexts = new InstalledContexts(dataplane, facts, new SteeringRules([]));
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
        this.sent.push({ source, destination });
        queueMicrotask(() => pair.inject({ source, destination, message }));
      },
    });
  }

  /** Carries out what the core has done since. */
  follow(): void {
    for (; this.#seen < this.side.effects.length; this.#seen++) this.#carry(this.side.effects[this.#seen]!);
  }

  /** Where payload goes. */
  destination(peer: LocalHost): string {
    const slot = this.#egress.find(this.side.host.ulid, peer.ulid);
    return formatAddress(this.#egress.pathInUse(slot, () => true)!.destination);
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
  readonly pair = new Pair();
  readonly a = new Box(this.pair, this.pair.a);
  readonly b = new Box(this.pair, this.pair.b);
  #tick = 1;

  async run(milliseconds: number): Promise<void> {
    const end = this.pair.now + milliseconds;
    while (this.pair.now < end) {
      this.pair.runUntil(this.pair.now + MILLISECONDS_A_TICK);
      this.#tick++;
      for (const box of [this.a, this.b]) {
        box.follow();
        box.driver.tick(this.#tick);
      }
      await Promise.resolve();
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
  pair.b.core.setHost(pair.now, withLocators(pair.b.host, { 0: { usable: false } }));
  pair.collect();
  await boxes.run(1_000);
  assert.equal(a.destination(pair.b.host), second);
  assert.ok(
    a.sent.every(({ destination }) => formatAddress(destination) === second),
    'no probe to the broken one',
  );
  pair.b.core.setHost(pair.now, pair.b.host);
  pair.collect();
  await boxes.run(1_000);
  assert.equal(a.destination(pair.b.host), second, 'and not left again for a preference');
  a.contexts.update(pair.a.core.context(pair.a.host.ulid, pair.b.host.ulid)!, { revert: true });
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
  assert.ok(probes.length >= 2 && probes.length <= 16, `${probes.length}`);
});
