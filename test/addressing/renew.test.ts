/** Renew and Rebind, and what became of leases meanwhile: RFC 8415 §18.3.4, §18.3.5. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findOption, StatusCode } from '../../control/wire/dhcp6/index.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import {
  addresses,
  associations,
  Client,
  ia,
  iaStatuses,
  Site,
  START,
  statusOf,
  withdrawn,
} from './exchange.ts';

for (const type of ['Renew', 'Rebind'] as const) {
  const ask = (client: Client, ...options: ReturnType<typeof ia>[]) =>
    type === 'Renew' ? client.toServer(type, ...options) : client.message(type, ...options);

  describe(type, () => {
    test('extends the lease from now on', () => {
      const site = new Site();
      const client = new Client(1);
      const address = client.bind(site);
      site.now += 2_000_000;
      const reply = site.exchange(ask(client, ia(1, address)))!;
      assert.deepEqual(addresses(reply), [address]);
      assert.deepEqual(associations(reply)[0]?.t1, 2000);
      const lease = site.book.bindingOf(parseAddress(address))!;
      assert.equal(lease.validUntil, START + 9_000_000);
      assert.equal(lease.boundAt, START);
    });

    test('of what is not known: NoBinding', () => {
      const site = new Site();
      const client = new Client(1);
      const address = client.bind(site);
      assert.deepEqual(iaStatuses(site.exchange(ask(client, ia(2, address)))), [StatusCode.NoBinding]);
      assert.deepEqual(iaStatuses(site.exchange(ask(new Client(2), ia(1, address)))), [StatusCode.NoBinding]);
    });

    test('of an address that it does not have: that one is withdrawn, its own extended', () => {
      const site = new Site();
      const client = new Client(1);
      const address = client.bind(site);
      const reply = site.exchange(ask(client, ia(1, 'fc00:db8:1::bad', address)));
      assert.deepEqual(addresses(reply), [address]);
      assert.deepEqual(withdrawn(reply), ['fc00:db8:1::bad']);
    });

    test('from another link: the address is withdrawn', () => {
      const site = new Site();
      const client = new Client(1);
      const address = client.bind(site);
      const relays = [{ linkAddress: parseAddress('fc00:db8:1:2::1') }];
      const reply = site.exchange(ask(client, ia(1, address)), { relays });
      assert.deepEqual([addresses(reply), withdrawn(reply)], [[], [address]]);
      assert.equal(site.book.bindingOf(parseAddress(address))?.validUntil, START + 7_000_000);
    });

    test('after the lease ran out or was released: its own address again', () => {
      const site = new Site();
      const client = new Client(1);
      const address = client.bind(site);
      site.now += 8_000_000;
      site.book.apply(site.server.expired(site.now));
      assert.equal(site.book.bindingOf(parseAddress(address))?.state, 'expired');
      assert.deepEqual(addresses(site.exchange(ask(client, ia(1, address)))), [address]);
      assert.equal(site.book.bindingOf(parseAddress(address))?.state, 'bound');
    });

    test('of temporary addresses and prefixes: NoBinding', () => {
      const client = new Client(1);
      const message = ask(client);
      const reply = new Site().exchange({
        ...message,
        options: [
          ...message.options,
          { type: 'IaTa', iaid: 1, options: [] },
          { type: 'IaPd', iaid: 2, t1: 0, t2: 0, options: [] },
        ],
      })!;
      for (const name of ['IaTa', 'IaPd'] as const)
        assert.equal(statusOf(findOption(reply.options, name)?.options), StatusCode.NoBinding);
    });
  });
}

describe('leases over time', () => {
  test('none ends before its valid lifetime, however often that is looked at', () => {
    const site = new Site();
    new Client(1).bind(site);
    assert.deepEqual(site.server.expired(START + 6_999_999), []);
    assert.equal(site.server.expired(START + 7_000_000).length, 1);
  });

  test('an address is never given to another client, though its own be gone', () => {
    const site = new Site();
    const address = new Client(1).bind(site);
    site.book.apply(site.server.expired(START + 8_000_000));
    for (let number = 2; number < 50; number++) assert.notEqual(new Client(number).bind(site), address);
    assert.equal(new Client(1).bind(site), address);
  });
});
