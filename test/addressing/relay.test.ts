/** Relay agents: which link, the way back, limits. RFC 8415 §13.1, §19.3; RFC 4649. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type ClientMessage,
  decodeDhcp,
  findOption,
  type Option,
  type RelayedMessage,
} from '../../control/wire/dhcp6/index.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { containsAddress } from '../../control/wire/ipv6/prefix.ts';
import { addresses, Client, ia, RELAYED_SUBNET, type Sent, Site, SUBNET } from './exchange.ts';
import { candidate } from './memory-book.ts';

const interfaceId: Option = { type: 'InterfaceId', identifier: Uint8Array.of(0x65, 0x30) };

/** What the relay agents hand to the client, and each relay's Relay-reply, the server's own first. */
function relayed(site: Site, message: ClientMessage, relays: NonNullable<Sent['relays']>) {
  let bytes = site.answer(site.handle(message, { relays }));
  const replies: RelayedMessage[] = [];
  while (bytes !== undefined) {
    const decoded = decodeDhcp(bytes);
    if (!('hopCount' in decoded)) return { replies, message: decoded };
    replies.push(decoded);
    bytes = findOption(decoded.options, 'RelayMessage')?.message;
  }
  return { replies, message: undefined };
}

const subnetOf = (message: ClientMessage | undefined) => {
  const [address] = addresses(message).map(parseAddress);
  return address && [SUBNET, RELAYED_SUBNET].find((prefix) => containsAddress(prefix, address));
};

describe('a relayed message', () => {
  test('gets an address of the link that its relay names, by the way it came', () => {
    const linkAddress = parseAddress('fc00:db8:1:2::1');
    const peerAddress = parseAddress('fe80::77');
    const relays = [{ linkAddress, peerAddress, options: [interfaceId] }];
    const { replies, message } = relayed(new Site(), new Client(1).message('Solicit', ia(1)), relays);
    assert.equal(message?.type, 'Advertise');
    assert.equal(subnetOf(message), RELAYED_SUBNET);
    const [reply] = replies;
    assert.equal(reply?.type, 'RelayReply');
    assert.deepEqual(
      [reply?.hopCount, reply?.linkAddress, reply?.peerAddress],
      [0, linkAddress, peerAddress],
    );
    assert.deepEqual(reply?.options[0], interfaceId);
  });

  test('through two relays: the link is what the one nearest to the client says', () => {
    const relays = [
      { linkAddress: parseAddress('2001:db8:99::1'), peerAddress: parseAddress('fc00:db8:1:2::fe') },
      { linkAddress: parseAddress('fc00:db8:1:2::1'), options: [interfaceId] },
    ];
    const { replies, message } = relayed(new Site(), new Client(1).message('Solicit', ia(1)), relays);
    assert.equal(subnetOf(message), RELAYED_SUBNET);
    assert.deepEqual(
      replies.map(({ hopCount, options }) => [hopCount, options.map(({ type }) => type)]),
      [
        [1, ['RelayMessage']],
        [0, ['InterfaceId', 'RelayMessage']],
      ],
    );
  });

  test('a link-address of zero says nothing (RFC 6221): the next relay, or our own interface, does', () => {
    const zero = { options: [interfaceId] };
    const named = { linkAddress: parseAddress('fc00:db8:1:2::1') };
    const solicit = () => new Client(1).message('Solicit', ia(1));
    assert.equal(subnetOf(relayed(new Site(), solicit(), [named, zero]).message), RELAYED_SUBNET);
    assert.equal(subnetOf(relayed(new Site(), solicit(), [zero]).message), SUBNET);
  });

  test('a link-address elsewhere selects the subnet that names it', () => {
    const relays = [{ linkAddress: parseAddress('2001:db8:77::1') }];
    const { message } = relayed(new Site(), new Client(1).message('Solicit', ia(1)), relays);
    assert.equal(subnetOf(message), RELAYED_SUBNET);
  });

  test('from a link that is not ours is left to other servers', () => {
    const relays = [{ linkAddress: parseAddress('2001:db8:98::1') }];
    assert.equal(new Site().refused(new Client(1).message('Solicit', ia(1)), { relays }), 'unknown-link');
  });

  test('may come by unicast', () => {
    const sent = { relays: [{ linkAddress: parseAddress('fc00:db8:1:2::1') }], unicast: true };
    assert.equal(new Site().refused(new Client(1).message('Solicit', ia(1)), sent), 'answer');
  });

  test('relays are limited each by itself', () => {
    const site = new Site({ rates: { perClient: 1e6, perRelay: 10 } });
    const relays = [{ linkAddress: parseAddress('fc00:db8:1:2::1') }];
    const send = (number: number, sent: Sent) =>
      site.refused(new Client(number).message('Solicit', ia(1)), sent);
    for (let number = 0; number < 20; number++) assert.equal(send(number, { relays }), 'answer');
    assert.equal(send(20, { relays }), 'relay-rate');
    assert.equal(send(20, {}), 'answer');
    site.now += 1000;
    assert.equal(send(20, { relays }), 'answer');
  });
});

describe('reservations', () => {
  const remote: Option = { type: 'RemoteId', enterprise: 9, identifier: Uint8Array.of(1, 2) };
  const remoteId = Uint8Array.of(0, 0, 0, 9, 1, 2);

  test('by remote-id: whoever is behind that port has the address, the one before loses it', () => {
    const site = new Site();
    const reserved = candidate(RELAYED_SUBNET, new Uint8Array(16).fill(5));
    site.book.reservations.push({ ...reserved, name: 'port2.bar.com', remoteId });
    const relays = [{ linkAddress: parseAddress('fc00:db8:1:2::1'), options: [remote] }];
    for (const number of [1, 2]) {
      const request = new Client(number).toServer('Request', ia(1));
      const { message } = relayed(site, request, relays);
      assert.deepEqual(addresses(message).map(parseAddress), [reserved.ulid]);
      assert.deepEqual(site.book.bindingOf(reserved.ulid)?.duid, new Client(number).duid);
    }
    assert.equal(site.book.size, 1);
    assert.equal(site.book.bindingOf(reserved.ulid)?.name, 'port2.bar.com');
  });

  test('by DUID: the fixed modifier, in whatever IA; a second IA gets another address', () => {
    const site = new Site();
    const client = new Client(1);
    const reserved = candidate(SUBNET, new Uint8Array(16).fill(6));
    site.book.reservations.push({ ...reserved, name: 'h1.bar.com', duid: client.duid });
    const first = addresses(site.exchange(client.toServer('Request', ia(1), ia(2)))).map(parseAddress);
    assert.deepEqual(first[0], reserved.ulid);
    assert.notDeepEqual(first[1], reserved.ulid);
    // Another client program of the host, with an IAID of its own.
    const again = addresses(site.exchange(client.toServer('Request', ia(77)))).map(parseAddress);
    assert.deepEqual(again, [reserved.ulid]);
    assert.equal(site.book.bindingOf(reserved.ulid)?.iaid, 77);
  });

  test('nobody else gets a reserved address; made later, it takes the place of what the client had', () => {
    const site = new Site();
    const client = new Client(1);
    const before = client.bind(site);
    const reserved = candidate(SUBNET, new Uint8Array(16).fill(7));
    site.book.reservations.push({ ...reserved, name: 'h1.bar.com', duid: client.duid });
    assert.deepEqual(parseAddress(client.bind(site)), reserved.ulid);
    assert.equal(site.book.bindingOf(parseAddress(before)), undefined);
    assert.equal(site.book.size, 1);
  });

  test('declined: the client gets another address', () => {
    const site = new Site();
    const client = new Client(1);
    const reserved = candidate(SUBNET, new Uint8Array(16).fill(8));
    site.book.reservations.push({ ...reserved, name: 'h1.bar.com', duid: client.duid });
    const address = client.bind(site);
    site.exchange(client.toServer('Decline', ia(1, address)));
    assert.notEqual(client.bind(site), address);
  });
});
