/** Host names by the Client FQDN option: RFC 4704. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClientFqdn, FqdnFlag, findOption } from '../../control/wire/dhcp6/index.ts';
import { formatName, parseName } from '../../control/wire/dns/name.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { Client, ia, Site, SUBNET } from './exchange.ts';
import { candidate } from './memory-book.ts';

const fqdn = (name: string, flags: number = FqdnFlag.S): ClientFqdn => ({
  type: 'ClientFqdn',
  flags,
  name: parseName(name),
  qualified: name.includes('.'),
});

/** Name and flags of the answer to a Request, and the name recorded. */
function asked(site: Site, client: Client, option: ClientFqdn) {
  const reply = site.exchange(client.toServer('Request', ia(1), option))!;
  const told = findOption(reply.options, 'ClientFqdn')!;
  const [lease] = site.book.bindingsOf(client.duid, 1);
  return { told: formatName(told.name), flags: told.flags, recorded: lease?.name };
}

test('a name of our domain is the host’s, and we publish it', () => {
  assert.deepEqual(asked(new Site(), new Client(1), fqdn('Printer.bar.com')), {
    told: 'printer.bar.com',
    flags: FqdnFlag.S,
    recorded: 'printer.bar.com',
  });
});

test('a single label is completed', () => {
  assert.equal(asked(new Site(), new Client(1), fqdn('printer')).recorded, 'printer.bar.com');
});

test('a client that would publish itself is overridden', () => {
  assert.equal(asked(new Site(), new Client(1), fqdn('h.bar.com', 0)).flags, FqdnFlag.S | FqdnFlag.O);
});

test('names elsewhere, of others, or that are none: nothing is published', () => {
  const site = new Site();
  new Client(1).bind(site, {}, 1, fqdn('mine.bar.com'));
  const names = [
    'h.foo.com',
    'bar.com',
    'a.mine\\.x.bar.com',
    'under_score.bar.com',
    'mine.bar.com',
    'x.MINE.bar.com.evil',
  ];
  for (const [index, name] of names.entries()) {
    const { flags, recorded } = asked(site, new Client(10 + index), fqdn(name));
    assert.deepEqual([flags, recorded], [FqdnFlag.N, undefined], name);
  }
});

test('two clients that ask for one name at once: the first has it', () => {
  const site = new Site();
  const [first, second] = [1, 2].map((number) =>
    site.handle(new Client(number).toServer('Request', ia(1), fqdn('same.bar.com'))),
  );
  site.answer(first!);
  site.answer(second!);
  assert.deepEqual(
    [...site.book.leases()].map(({ name }) => name),
    ['same.bar.com', undefined],
  );
});

test('the name stays with a Renew that does not say it, and changes with one that does', () => {
  const site = new Site();
  const client = new Client(1);
  const address = client.bind(site, {}, 1, fqdn('old.bar.com'));
  const nameAfter = (...options: ClientFqdn[]) => {
    site.exchange(client.toServer('Renew', ia(1, address), ...options));
    return site.book.bindingOf(parseAddress(address))?.name;
  };
  assert.equal(nameAfter(), 'old.bar.com');
  assert.equal(nameAfter(fqdn('new.bar.com')), 'new.bar.com');
});

test('a reservation’s name goes before the one asked for', () => {
  const site = new Site();
  const client = new Client(1);
  const reserved = candidate(SUBNET, new Uint8Array(16).fill(6));
  site.book.reservations.push({ ...reserved, name: 'h1.bar.com', duid: client.duid });
  assert.equal(asked(site, client, fqdn('other.bar.com')).told, 'h1.bar.com');
  assert.equal(asked(site, new Client(2), fqdn('h1.bar.com')).recorded, undefined);
});

test('without a domain only reservations have names; who did not ask is not told', () => {
  const site = new Site({ domain: undefined });
  assert.equal(asked(site, new Client(1), fqdn('h.bar.com')).recorded, undefined);
  const reply = site.exchange(new Client(2).toServer('Request', ia(1)))!;
  assert.equal(findOption(reply.options, 'ClientFqdn'), undefined);
});
