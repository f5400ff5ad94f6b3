/**
 * Two sides that establish, lose and change contexts at random over a bad network, with and without a fork. Once the
 * network is good again, payload alone brings both to agree.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ContextView, LocalHost } from '../../control/shim6/index.ts';
import { formatAddress } from '../../control/wire/ipv6/address.ts';
import { tagNumber } from '../../control/wire/shim6/index.ts';
import { Pair, type Side } from './pair.ts';
import { SeededRandom } from './random.ts';
import { addresses, hostA, hostB, locator } from './sites.ts';

const FORKS = [0, 1];

class Run {
  readonly pair: Pair;
  readonly random: SeededRandom;
  readonly hosts: Map<Side, LocalHost>;

  constructor(seed: number) {
    this.random = new SeededRandom(seed * 77);
    this.pair = new Pair({ seed, jitter: 2_000, duplication: 0.2, settings: { maximumForks: 2 } });
    this.hosts = new Map([
      [this.pair.a, hostA],
      [this.pair.b, hostB],
    ]);
    this.pair.treatment = (sent) => (this.random.number() < 0.25 ? [] : [sent]);
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random.number() * items.length)]!;
  }

  other(side: Side): Side {
    return side === this.pair.a ? this.pair.b : this.pair.a;
  }

  context(side: Side, fork: number): ContextView | undefined {
    return side.core.context(side.host.ulid, this.other(side).host.ulid, fork);
  }

  establish(side: Side, fork: number): void {
    const peer = this.other(side);
    const locators = addresses(this.hosts.get(peer)!);
    side.core.establish(this.pair.now, side.host.ulid, peer.host.ulid, locators, { fork });
    this.pair.collect();
  }

  /** One packet of a host of `side`: sent in the context, or else it has one made. */
  payload(side: Side, fork: number): void {
    const context = this.context(side, fork);
    if (context?.state !== 'ESTABLISHED' && context?.state !== 'I2BIS-SENT')
      return this.establish(side, fork);
    const source = context.localLocators.find((one) => one.usable && one.acknowledged);
    if (source === undefined) return;
    const destination = context.peerLocators.find((one) => !one.broken) ?? context.peerLocators[0]!;
    const { core, host } = this.other(side);
    const at = core.contextWithTag(context.peerTag);
    const taken = at?.state === 'ESTABLISHED' || at?.state === 'I2BIS-SENT';
    const listed = at?.peerLocators.some(
      ({ address }) => formatAddress(address) === formatAddress(source.address),
    );
    if (taken && listed) {
      assert.deepEqual(at.peer, context.local, 'never delivered to another context');
      assert.deepEqual(at.local, host.ulid);
      assert.equal(at.fork, fork);
      return;
    }
    core.handleUnknownTag(this.pair.now, {
      source: source.address,
      destination: destination.address,
      tag: context.peerTag,
    });
    this.pair.collect();
  }

  change(side: Side): void {
    const prefix = side === this.pair.a ? '2001:db8:1' : '2001:db8:2';
    const numbers = ['1', '2', '3', '4'].filter(() => this.random.number() < 0.6);
    const locators = (numbers.length > 0 ? numbers : ['1']).map((number) =>
      locator(`${prefix}${number}::${side === this.pair.a ? 1 : 2}`, {
        usable: this.random.number() < 0.8,
        priority: Math.floor(this.random.number() * 5),
      }),
    );
    this.setHost(side, { ulid: side.host.ulid, locators });
  }

  setHost(side: Side, host: LocalHost): void {
    for (const address of addresses(host)) this.pair.own(side, address);
    this.hosts.set(side, host);
    side.core.setHost(this.pair.now, host);
    this.pair.collect();
  }

  step(): void {
    const side = this.pick([this.pair.a, this.pair.b]);
    const fork = this.pick(FORKS);
    const chance = this.random.number();
    if (chance < 0.25) this.establish(side, fork);
    else if (chance < 0.65) this.payload(side, fork);
    else if (chance < 0.8) this.change(side);
    else side.core.remove(side.host.ulid, this.other(side).host.ulid, fork);
    this.pair.collect();
    this.pair.runUntil(this.pair.now + this.random.number() * 8_000);
  }
}

describe('restarts, changes and loss, many seeds', () => {
  for (let seed = 1; seed <= 80; seed++) {
    test(`seed ${seed}`, () => {
      const run = new Run(seed);
      const { pair } = run;
      for (let step = 0; step < 40; step++) run.step();
      pair.treatment = (sent) => [sent];
      for (const side of [pair.a, pair.b]) {
        const locators = run.hosts.get(side)!.locators.map((one) => ({ ...one, usable: true }));
        run.setHost(side, { ulid: side.host.ulid, locators });
      }
      // Past every holddown and every backoff, hosts of both sides go on sending.
      for (let turn = 0; turn < 40; turn++) {
        for (const fork of FORKS) for (const side of [pair.a, pair.b]) run.payload(side, fork);
        pair.runUntil(pair.now + 15_000);
      }
      for (const fork of FORKS) {
        for (const side of [pair.a, pair.b]) {
          const context = run.context(side, fork)!;
          const peer = run.context(run.other(side), fork)!;
          assert.equal(context.state, 'ESTABLISHED');
          assert.equal(context.fork, fork);
          assert.equal(tagNumber(context.peerTag), tagNumber(peer.localTag));
          assert.deepEqual(
            context.peerLocators.map(({ address, broken, priority }) => [
              formatAddress(address),
              !broken,
              priority,
            ]),
            run.hosts
              .get(run.other(side))!
              .locators.map(({ address, usable, priority }) => [formatAddress(address), usable, priority]),
          );
          assert.ok(context.localLocators.every(({ acknowledged }) => acknowledged));
        }
      }
      assert.equal(pair.a.core.nextTimeout(), undefined);
      assert.equal(pair.b.core.nextTimeout(), undefined);
    });
  }
});
