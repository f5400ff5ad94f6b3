/** Confirm and Information-request: RFC 8415 §18.3.3, §18.3.6. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findOption, StatusCode } from '../../control/wire/dhcp6/index.ts';
import { Client, ia, Site, statusOf } from './exchange.ts';

describe('Confirm', () => {
  test('says whether all addresses fit the link, known or not', () => {
    const site = new Site();
    const client = new Client(1);
    const confirm = (...texts: string[]) =>
      statusOf(site.exchange(client.message('Confirm', ia(1, ...texts)))?.options);
    assert.equal(confirm(client.bind(site)), StatusCode.Success);
    assert.equal(confirm('fc00:db8:1::5'), StatusCode.Success);
    assert.equal(confirm('fc00:db8:1::5', '2001:db8::1'), StatusCode.NotOnLink);
  });

  test('is not answered without addresses, nor on a link that is not ours', () => {
    const site = new Site();
    const client = new Client(1);
    assert.equal(site.refused(client.message('Confirm', ia(1))), 'nothing-to-confirm');
    const elsewhere = { interface: 'lan7' };
    assert.equal(site.refused(client.message('Confirm', ia(1, 'fc00:db8:1::5')), elsewhere), 'unknown-link');
  });
});

describe('Information-request', () => {
  test('gets the configuration, with or without a client identifier, and no address', () => {
    const site = new Site();
    const reply = site.exchange(new Client(1).message('InformationRequest'))!;
    assert.deepEqual(
      reply.options.map(({ type }) => type),
      ['ClientIdentifier', 'ServerIdentifier', 'DnsServers', 'DomainSearchList', 'InformationRefreshTime'],
    );
    const anonymous = site.exchange({ type: 'InformationRequest', transactionId: 5, options: [] })!;
    assert.equal(findOption(anonymous.options, 'ClientIdentifier'), undefined);
    assert.equal(findOption(anonymous.options, 'InformationRefreshTime')?.time, 86_400);
    assert.equal(site.book.size, 0);
  });

  test('with an IA, or for another server, is discarded', () => {
    const site = new Site();
    const client = new Client(1);
    assert.equal(site.refused(client.message('InformationRequest', ia(1))), 'ia-in-information-request');
    const other = { type: 'ServerIdentifier', duid: new Uint8Array(10) } as const;
    assert.equal(site.refused(client.message('InformationRequest', other)), 'other-server');
  });
});
