/** Messages that are wrong, too many, or for somebody else: defined answers, bounded state. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ClientMessageName, encodeDhcp, StatusCode } from '../../control/wire/dhcp6/index.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { hex } from '../wire/shim6/hex.ts';
import { addresses, Client, ia, iaStatuses, Site, statusOf } from './exchange.ts';

const client = new Client(1);
const link = { interface: 'lan0', source: parseAddress('fe80::9'), multicast: true };

describe('validation, RFC 8415 §16', () => {
  test('what clients do not send to servers is discarded', () => {
    const site = new Site();
    for (const type of ['Advertise', 'Reply', 'Reconfigure'] as ClientMessageName[])
      assert.equal(site.refused(client.message(type)), 'not-for-servers');
    const reply = encodeDhcp({
      type: 'RelayReply',
      hopCount: 0,
      linkAddress: new Uint8Array(16),
      peerAddress: new Uint8Array(16),
      options: [{ type: 'RelayMessage', message: encodeDhcp(client.message('Solicit')) }],
    });
    const outcome = site.server.handle({ ...link, bytes: reply }, site.now);
    assert.ok(outcome.kind === 'discard' && outcome.reason === 'malformed');
  });

  test('identifiers that are missing, superfluous, or of another server', () => {
    const site = new Site();
    const bare = (type: ClientMessageName) => ({ type, transactionId: 1, options: [] });
    const other = { type: 'ServerIdentifier', duid: Uint8Array.of(0, 4, 1) } as const;
    for (const type of ['Solicit', 'Confirm', 'Rebind'] as const) {
      assert.equal(site.refused(bare(type)), 'no-client-identifier');
      assert.equal(site.refused(client.toServer(type)), 'unwanted-server-identifier');
    }
    for (const type of ['Request', 'Renew', 'Release', 'Decline'] as const) {
      assert.equal(site.refused(bare(type)), 'no-client-identifier');
      assert.equal(site.refused(client.message(type)), 'no-server-identifier');
      assert.equal(site.refused(client.message(type, other)), 'other-server');
    }
    assert.equal(site.server.counters.discarded['other-server'], 4);
  });

  test('unicast: told to use multicast (§18.4), or discarded where it is never allowed (§16)', () => {
    const site = new Site();
    const unicast = { unicast: true };
    for (const type of ['Solicit', 'Confirm', 'Rebind', 'InformationRequest'] as const)
      assert.equal(site.refused(client.message(type, ia(1)), unicast), 'unicast');
    for (const type of ['Request', 'Renew', 'Release', 'Decline'] as const) {
      const reply = site.exchange(client.toServer(type, ia(1)), unicast)!;
      assert.equal(statusOf(reply.options), StatusCode.UseMulticast);
      assert.equal(reply.options.length, 3);
    }
    assert.equal(site.book.size, 0);
  });

  test('octets that are no message, DUIDs of 0 and of 131 octets, relays without end', () => {
    const site = new Site();
    const bad = [
      '',
      '01',
      '01 000001 0001 0000',
      `01 000001 0001 0083 ${'00'.repeat(131)}`,
      '0c 00',
      `${`0c 00 ${'00'.repeat(32)} 0009 ffff`.repeat(20)}`,
    ];
    for (const digits of bad) {
      const outcome = site.server.handle({ ...link, bytes: hex(digits) }, site.now);
      assert.ok(outcome.kind === 'discard' && outcome.reason === 'malformed', digits);
    }
    assert.equal(site.server.counters.discarded.malformed, bad.length);
  });

  test('a DUID of 130 octets is a DUID', () => {
    const site = new Site();
    const duid = new Uint8Array(130).fill(1);
    const solicit = {
      type: 'Solicit',
      transactionId: 1,
      options: [{ type: 'ClientIdentifier', duid }, ia(1)],
    } as const;
    assert.equal(addresses(site.exchange(solicit)).length, 1);
  });
});

describe('too many', () => {
  const fast = { rates: { perClient: 1e9, perRelay: 1e9 } };

  test('a million DUIDs: offers are bounded, the oldest forgotten first, leases in use are kept', () => {
    const site = new Site({ ...fast, maximumOffers: 1000 });
    const address = client.bind(site);
    const early = new Client(2_000_000);
    const offer = addresses(site.exchange(early.message('Solicit', ia(1))));
    // What the addresses are is not the question here: hashing a million of them would take most of the time.
    let made = 0;
    site.book.newAddress = (subnet) => {
      const ulid = subnet.address.slice();
      new DataView(ulid.buffer).setUint32(12, ++made);
      return { ulid, subnet, modifier: ulid, collisionCount: 0, sec: 0 };
    };
    const duid = Uint8Array.of(0, 3, 0, 1, 9, 9, 0, 0, 0, 0);
    const bytes = encodeDhcp({
      type: 'Solicit',
      transactionId: 1,
      options: [{ type: 'ClientIdentifier', duid }, ia(1)],
    });
    const number = new DataView(bytes.buffer, bytes.byteOffset + Buffer.from(bytes).indexOf(duid) + 6);
    for (let count = 0; count < 1_000_000; count++) {
      number.setUint32(0, count);
      site.server.handle({ ...link, bytes }, site.now);
    }
    assert.equal(made, 1_000_000);
    assert.equal(site.server.offered, 1000);
    assert.ok(site.server.counters.offersForgotten >= 999_000);
    assert.notDeepEqual(addresses(site.exchange(early.message('Solicit', ia(1)))), offer);
    assert.deepEqual(addresses(site.exchange(client.toServer('Renew', ia(1, address)))), [address]);
  });

  test('forgotten and expired offers give their modifiers back', () => {
    const site = new Site({ ...fast, maximumOffers: 10, offerPatience: 60 });
    site.book.pool = 12;
    for (let number = 0; number < 100; number++) site.exchange(new Client(number).message('Solicit', ia(1)));
    assert.equal(site.book.pool + site.server.offered, 12);
    site.now += 60_001;
    site.exchange(client.message('Confirm'));
    assert.equal(site.book.pool, 12);
    assert.equal(site.server.offered, 0);
  });

  test('leases are bounded: a new client displaces the one that has been gone longest, never one in use', () => {
    const site = new Site({ ...fast, maximumLeases: 3 });
    const [second, first, third] = [2, 1, 3].map((number) => {
      site.now += 1000;
      return new Client(number).bind(site);
    });
    const refused = (number: number) =>
      iaStatuses(site.exchange(new Client(number).toServer('Request', ia(1))))[0] === StatusCode.NoAddrsAvail;
    assert.ok(refused(4));
    site.exchange(new Client(1).toServer('Release', ia(1, first!)));
    site.exchange(new Client(2).toServer('Release', ia(1, second!)));
    // What was found full is looked at again after a while only.
    site.now += 10_000;
    assert.ok(!refused(4));
    assert.equal(site.book.bindingOf(parseAddress(second!)), undefined);
    assert.equal(site.book.bindingOf(parseAddress(first!))?.state, 'released');
    assert.equal(site.book.bindingOf(parseAddress(third!))?.state, 'bound');
    assert.equal(site.book.size, 3);
  });

  test('one client alone is limited, and others are not harmed', () => {
    const site = new Site({ rates: { perClient: 5, perRelay: 1e9 } });
    const send = () => site.refused(client.message('Solicit', ia(1)));
    for (let count = 0; count < 10; count++) assert.equal(send(), 'answer');
    assert.equal(send(), 'client-rate');
    assert.equal(site.refused(new Client(2).message('Solicit', ia(1))), 'answer');
    site.now += 200;
    assert.equal(send(), 'answer');
  });
});
