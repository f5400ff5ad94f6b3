/** Clocks that are set while leases are held: no client loses its address, nor gets another's. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { leaseClock } from '../../control/addressing/lease-clock.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { addresses, Client, ia, Site, START } from './exchange.ts';

const DAY = 86_400_000;

/** A machine: its clock on the wall can be set, the other cannot. */
class Clocks {
  wall = START;
  #elapsed = 17.25;

  pass(milliseconds: number): void {
    this.wall += milliseconds;
    this.#elapsed += milliseconds;
  }

  /** As the server reads it, from a start of the box on. */
  start(): () => number {
    return leaseClock(
      () => this.wall,
      () => this.#elapsed,
    );
  }
}

test('setting the clock while the box runs changes no lease', () => {
  const clocks = new Clocks();
  const clock = clocks.start();
  for (const step of [DAY * 400, -DAY * 4000]) {
    clocks.wall += step;
    assert.equal(clock(), START);
  }
  clocks.pass(2500);
  assert.equal(clock(), START + 2500);
});

describe('the clock is set, and the box starts again', () => {
  for (const [direction, step] of [
    ['forwards by ten years', 3650 * DAY],
    ['forwards by a second', 1000],
    ['backwards by a second', -1000],
    ['backwards to 1970', -START],
  ] as const) {
    test(direction, () => {
      const clocks = new Clocks();
      let clock = clocks.start();
      const site = new Site();
      const clients = Array.from({ length: 20 }, (_, number) => new Client(number));
      const held = clients.map((client) => client.bind(site));

      clocks.wall += step;
      clock = clocks.start();
      site.restart(clock());
      site.book.apply(site.server.expired(clock()));
      // A lease lasts for 7000 s: only a step beyond that ends it, and then its address is kept for its client.
      const [lease] = [...site.book.leases()];
      assert.equal(lease!.state, step > 7_000_000 ? 'expired' : 'bound');

      // Others want addresses before those clients come back; half of them ask anew, half renew.
      const others = Array.from({ length: 20 }, (_, number) => new Client(1000 + number).bind(site));
      assert.equal(new Set([...held, ...others]).size, 40);
      for (const [index, client] of clients.entries()) {
        const renewed = () => addresses(site.exchange(client.toServer('Renew', ia(1, held[index]!))))[0];
        assert.equal(index % 2 === 0 ? client.bind(site) : renewed(), held[index]);
      }

      // From now on they last as long as their clients were told, whatever the clock was before.
      clocks.pass(6_999_000);
      assert.deepEqual(site.server.expired(clock()), []);
      clocks.pass(1000);
      assert.equal(site.server.expired(clock()).length, 40);
      assert.equal(site.book.bindingOf(parseAddress(held[0]!))!.validUntil, START + step + 7_000_000);
    });
  }
});
