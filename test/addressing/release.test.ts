/** Release and Decline, replayed and forged ones too: RFC 8415 §18.3.7, §18.3.8. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StatusCode } from '../../control/wire/dhcp6/index.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { Client, ia, iaStatuses, Site, statusOf } from './exchange.ts';

const stateOf = (site: Site, address: string) => site.book.bindingOf(parseAddress(address))?.state;

describe('Release', () => {
  test('ends the lease; the address stays the client’s own', () => {
    const site = new Site();
    const client = new Client(1);
    const address = client.bind(site);
    const reply = site.exchange(client.toServer('Release', ia(1, address)));
    assert.equal(statusOf(reply?.options), StatusCode.Success);
    assert.deepEqual(iaStatuses(reply), []);
    assert.equal(stateOf(site, address), 'released');
    assert.equal(client.bind(site), address);
  });

  test('of what is not leased: Success, with NoBinding in the IA', () => {
    const site = new Site();
    const reply = site.exchange(new Client(1).toServer('Release', ia(1, 'fc00:db8:1::5')));
    assert.equal(statusOf(reply?.options), StatusCode.Success);
    assert.deepEqual(iaStatuses(reply), [StatusCode.NoBinding]);
  });

  test('of another’s address does nothing', () => {
    const site = new Site();
    const address = new Client(1).bind(site);
    const other = new Client(2);
    other.bind(site);
    site.exchange(other.toServer('Release', ia(1, address)));
    assert.equal(stateOf(site, address), 'bound');
  });

  test('from another link does nothing: who forges one must be on the link', () => {
    const site = new Site();
    const client = new Client(1);
    const address = client.bind(site);
    const relays = [{ linkAddress: parseAddress('fc00:db8:1:2::1') }];
    assert.notEqual(site.refused(client.toServer('Release', ia(1, address)), { relays }), 'record');
    assert.equal(stateOf(site, address), 'bound');
  });

  test('replayed after the client came back does nothing, and is answered', () => {
    const site = new Site();
    const client = new Client(1);
    const address = client.bind(site);
    const release = client.toServer('Release', ia(1, address));
    site.exchange(release);
    client.bind(site);
    const reply = site.exchange(release);
    assert.equal(statusOf(reply?.options), StatusCode.Success);
    assert.equal(stateOf(site, address), 'bound');
    assert.equal(site.server.counters.replayed, 1);
  });

  test('that could not be recorded is no replay when it is sent again', () => {
    const site = new Site();
    const client = new Client(1);
    const address = client.bind(site);
    const release = client.toServer('Release', ia(1, address));
    const outcome = site.handle(release);
    assert.ok(outcome.kind === 'record');
    site.server.failed(outcome);
    site.exchange(release);
    assert.equal(stateOf(site, address), 'released');
  });
});

describe('Decline', () => {
  test('puts the address in quarantine, and the client gets another CGA', () => {
    const site = new Site();
    const client = new Client(1);
    const address = client.bind(site);
    const outcome = site.handle(client.toServer('Decline', ia(1, address)));
    assert.ok(outcome.kind === 'record');
    assert.deepEqual(outcome.changes, [
      {
        kind: 'decline',
        address: parseAddress(address),
        duid: client.duid,
        until: site.now + 3_600_000,
      },
    ]);
    site.answer(outcome);
    assert.ok(site.book.isQuarantined(parseAddress(address)));
    assert.notEqual(client.bind(site), address);
  });

  test('of what is not leased: Success, with NoBinding in the IA, and no quarantine', () => {
    const site = new Site();
    const reply = site.exchange(new Client(1).toServer('Decline', ia(1, 'fc00:db8:1::5')));
    assert.equal(statusOf(reply?.options), StatusCode.Success);
    assert.deepEqual(iaStatuses(reply), [StatusCode.NoBinding]);
    assert.equal(site.book.quarantine.size, 0);
  });
});
