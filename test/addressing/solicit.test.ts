/** Solicit, Advertise, Request, Reply and Rapid Commit: RFC 8415 §18.3.1, §18.3.2, §18.3.9. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findOption, type Option, StatusCode } from '../../control/wire/dhcp6/index.ts';
import { formatName } from '../../control/wire/dns/name.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { containsAddress, parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import {
  addresses,
  associations,
  Client,
  ia,
  iaStatuses,
  SERVER_DUID,
  Site,
  START,
  SUBNET,
  settings,
  statusOf,
} from './exchange.ts';

describe('Solicit', () => {
  test('is answered with an address of the link, both identifiers, and records nothing', () => {
    const site = new Site();
    const client = new Client(1);
    const solicit = client.message('Solicit', ia(9));
    const outcome = site.handle(solicit);
    assert.equal(outcome.kind, 'answer');
    const advertise = site.exchange(solicit)!;
    assert.equal(advertise.type, 'Advertise');
    assert.equal(advertise.transactionId, solicit.transactionId);
    assert.deepEqual(findOption(advertise.options, 'ClientIdentifier')?.duid, client.duid);
    assert.deepEqual(findOption(advertise.options, 'ServerIdentifier')?.duid, SERVER_DUID);
    const [association] = associations(advertise);
    assert.deepEqual([association?.iaid, association?.t1, association?.t2], [9, 2000, 3200]);
    const [address] = addresses(advertise);
    assert.ok(containsAddress(SUBNET, parseAddress(address!)));
    assert.equal(site.book.size, 0);
  });

  test('again gets the same offer; another client another one', () => {
    const site = new Site();
    const first = new Client(1);
    const offer = addresses(site.exchange(first.message('Solicit', ia(1))));
    assert.deepEqual(addresses(site.exchange(first.message('Solicit', ia(1)))), offer);
    assert.notDeepEqual(addresses(site.exchange(first.message('Solicit', ia(2)))), offer);
    assert.notDeepEqual(addresses(site.exchange(new Client(2).message('Solicit', ia(1)))), offer);
  });

  test('with options that we do not know, and those that clients add for others, is answered as without', () => {
    const site = new Site();
    const client = new Client(1);
    const offer = addresses(site.exchange(client.message('Solicit', ia(1))));
    // A user class, a vendor class, an authentication, one that nobody has defined yet.
    const strange = [15, 16, 11, 60_000].map(
      (code): Option => ({ type: 'Unrecognized', code, contents: Uint8Array.of(0, 0, 0, 9) }),
    );
    const advertise = site.exchange(
      client.message('Solicit', { type: 'ReconfigureAccept' }, ...strange, ia(1), ...strange),
    )!;
    assert.deepEqual(addresses(advertise), offer);
    // We never send Reconfigure, and do not say that we do (§21.20).
    assert.equal(findOption(advertise.options, 'ReconfigureAccept'), undefined);
  });

  test('with an address as a hint: it is not given what it did not have', () => {
    const site = new Site();
    const offered = addresses(site.exchange(new Client(1).message('Solicit', ia(1, 'fc00:db8:1::7'))));
    assert.equal(offered.length, 1);
    assert.notEqual(offered[0], 'fc00:db8:1::7');
  });

  test('for temporary addresses and prefixes: told in each IA that there are none', () => {
    const advertise = new Site().exchange(
      new Client(1).message(
        'Solicit',
        { type: 'IaTa', iaid: 1, options: [] },
        { type: 'IaPd', iaid: 2, t1: 0, t2: 0, options: [] },
      ),
    )!;
    assert.equal(statusOf(findOption(advertise.options, 'IaTa')?.options), StatusCode.NoAddrsAvail);
    assert.equal(statusOf(findOption(advertise.options, 'IaPd')?.options), StatusCode.NoPrefixAvail);
  });

  test('while no modifier is at hand: NoAddrsAvail', () => {
    const site = new Site();
    site.book.pool = 0;
    assert.deepEqual(iaStatuses(site.exchange(new Client(1).message('Solicit', ia(1)))), [
      StatusCode.NoAddrsAvail,
    ]);
    assert.equal(site.server.counters.poolEmpty, 1);
  });

  test('Preference is said where it is not 0', () => {
    const solicit = new Client(1).message('Solicit', ia(1));
    const preference = (site: Site) => findOption(site.exchange(solicit)!.options, 'Preference')?.value;
    assert.equal(preference(new Site()), undefined);
    assert.equal(preference(new Site({ preference: 255 })), 255);
  });

  test('configuration is what was asked for; the resolver and search list also unasked', () => {
    const site = new Site();
    const told = (...codes: number[]) =>
      site
        .exchange(
          new Client(1).message(
            'Solicit',
            ia(1),
            ...(codes.length > 0 ? [{ type: 'OptionRequest', codes } as const] : []),
          ),
        )!
        .options.map(({ type }) => type)
        .slice(3);
    assert.deepEqual(told(), ['DnsServers', 'DomainSearchList']);
    assert.deepEqual(told(82), ['SolMaxRt']);
    assert.deepEqual(told(23, 24, 82, 83, 999), ['DnsServers', 'DomainSearchList', 'SolMaxRt', 'InfMaxRt']);
    const { options } = site.exchange(new Client(1).message('Solicit', ia(1)))!;
    assert.deepEqual(findOption(options, 'DnsServers')?.addresses.map(formatAddress), ['fc00:db8:1::1']);
    assert.deepEqual(findOption(options, 'DomainSearchList')?.names.map(formatName), ['bar.com']);
  });

  test('T1 and T2 as configured', () => {
    const advertise = new Site({ t1: 100, t2: 200 }).exchange(new Client(1).message('Solicit', ia(1)))!;
    const [association] = associations(advertise);
    assert.deepEqual([association?.t1, association?.t2], [100, 200]);
  });
});

describe('Request', () => {
  test('makes the offer a lease, to be recorded before the Reply', () => {
    const site = new Site();
    const client = new Client(1);
    const advertise = site.exchange(client.message('Solicit', ia(1)))!;
    const outcome = site.handle(client.toServer('Request', ...associations(advertise)));
    assert.ok(outcome.kind === 'record');
    assert.equal(site.book.size, 0);
    const [change] = outcome.changes;
    assert.ok(change?.kind === 'bind');
    assert.equal(formatAddress(change.lease.ulid), addresses(advertise)[0]);
    assert.equal(change.lease.preferredUntil, START + 4_000_000);
    assert.equal(change.lease.validUntil, START + 7_000_000);
    site.answer(outcome);
    assert.equal(site.book.size, 1);
    assert.equal(site.server.offered, 0);
  });

  test('sent again before it was recorded: the same address', () => {
    const site = new Site();
    const client = new Client(1);
    const request = client.toServer(
      'Request',
      ...associations(site.exchange(client.message('Solicit', ia(1)))!),
    );
    const [first, second] = [site.handle(request), site.handle(request)];
    assert.ok(first.kind === 'record' && second.kind === 'record');
    assert.deepEqual(first.changes, second.changes);
    site.answer(first);
    site.answer(second);
    assert.equal(site.book.size, 1);
  });

  test('that cannot be recorded is answered UnspecFail, and the next try gets the offered address', () => {
    const site = new Site();
    const client = new Client(1);
    const advertise = site.exchange(client.message('Solicit', ia(1)))!;
    const outcome = site.handle(client.toServer('Request', ...associations(advertise)));
    assert.ok(outcome.kind === 'record');
    const failure = site.answer({ kind: 'answer', message: site.server.failed(outcome) });
    assert.deepEqual(failure?.slice(0, 1), Uint8Array.of(7));
    const reply = site.exchange(client.toServer('Request', ...associations(advertise)));
    assert.deepEqual(addresses(reply), addresses(advertise));
  });

  test('without a Solicit before, or for a lease it has, gives an address all the same', () => {
    const site = new Site();
    const client = new Client(1);
    const reply = site.exchange(client.toServer('Request', ia(1)));
    assert.equal(addresses(reply).length, 1);
    assert.deepEqual(addresses(site.exchange(client.toServer('Request', ia(1)))), addresses(reply));
    assert.equal(site.book.size, 1);
  });

  test('for an address of another link: NotOnLink, and nothing recorded', () => {
    const site = new Site();
    const reply = site.exchange(new Client(1).toServer('Request', ia(1, 'fc00:db8:9::1')));
    assert.deepEqual(iaStatuses(reply), [StatusCode.NotOnLink]);
    assert.equal(site.book.size, 0);
  });

  test('several IAs get an address each, with the same T1 and T2', () => {
    const reply = new Site().exchange(new Client(1).toServer('Request', ia(1), ia(2)))!;
    assert.equal(new Set(addresses(reply)).size, 2);
    assert.deepEqual(
      associations(reply).map(({ t1, t2 }) => [t1, t2]),
      [
        [2000, 3200],
        [2000, 3200],
      ],
    );
  });

  test('on a link with two subnets an IA has an address of each', () => {
    const second = { prefix: parsePrefix('fc00:db8:1:5::/64'), interface: 'lan0', relays: [], exclude: [] };
    const site = new Site({ subnets: [settings.subnets[0]!, second] });
    const client = new Client(1);
    const given = addresses(site.exchange(client.toServer('Request', ia(1))));
    assert.ok(containsAddress(SUBNET, parseAddress(given[0]!)));
    assert.ok(containsAddress(second.prefix, parseAddress(given[1]!)));
    const renewed = site.exchange(client.toServer('Renew', ia(1, ...given)));
    assert.deepEqual(addresses(renewed).sort(), given.sort());
  });

  test('excluded addresses are never given', () => {
    // The first three bits of the interface identifier are Sec.
    const exclude = [parsePrefix('fc00:db8:1:0:1000::/68')];
    const site = new Site({
      subnets: [{ ...settings.subnets[0]!, exclude }],
      rates: { perClient: 1e6, perRelay: 1e6 },
    });
    for (let number = 0; number < 200; number++) {
      for (const address of addresses(site.exchange(new Client(number).toServer('Request', ia(1)))))
        assert.ok(!containsAddress(exclude[0]!, parseAddress(address)));
    }
    assert.ok(site.book.size > 150);
  });
});

describe('Rapid Commit', () => {
  const solicit = () => new Client(1).message('Solicit', { type: 'RapidCommit' }, ia(1));

  test('two messages are enough where it is allowed', () => {
    const site = new Site();
    const reply = site.exchange(solicit())!;
    assert.equal(reply.type, 'Reply');
    assert.ok(findOption(reply.options, 'RapidCommit'));
    assert.equal(addresses(reply).length, 1);
    assert.equal(site.book.size, 1);
  });

  test('and an Advertise is the answer where it is not', () => {
    const site = new Site({ rapidCommit: false });
    const advertise = site.exchange(solicit())!;
    assert.equal(advertise.type, 'Advertise');
    assert.equal(findOption(advertise.options, 'RapidCommit'), undefined);
    assert.equal(site.book.size, 0);
  });
});
