/** Hosts that the box asks for, and when. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HostLinks } from '../../control/site/host-links.ts';
import type { SiteHost } from '../../control/site/hosts.ts';
import type { InterfaceFacts } from '../../control/site/kernel-watcher.ts';
import { type Address, addressKey, formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';

const LAN = 7;
const MAC = Uint8Array.of(2, 0, 0, 0, 0, 1);
const ulidOf = (number: number): Address => parseAddress(`fc00:db8:1::${number.toString(16)}`)!;

/** Hosts 1, 2, … on one inside interface, and the numbers of those asked for since it was looked last. */
function site(count: number, facts: object = { carrier: true }) {
  const hosts = new Map(
    Array.from({ length: count }, (_, index) => {
      const ulid = ulidOf(index + 1);
      return [addressKey(ulid), { ulid } as SiteHost];
    }),
  );
  const asked: number[] = [];
  const links = new HostLinks({
    inside: [{ interface: 'lan', address: parseAddress('fc00:db8:1::ffff')! }] as never,
    hosts,
    facts: () => ({ ifindex: LAN, ...facts }) as unknown as InterfaceFacts,
    ask: (ifindex, address) => {
      assert.equal(ifindex, LAN);
      asked.push(Number.parseInt(formatAddress(address).split(':').at(-1)!, 16));
    },
    onHostMoved: () => {},
  });
  return { links, asked: () => asked.splice(0) };
}

describe('asking for hosts', () => {
  it('is done for those that have been heard of and are not known, six a tick', () => {
    const { links, asked } = site(9);
    links.onNeighbour(LAN, ulidOf(2), MAC);
    for (const number of [1, 2, 2, 3, 3, 4, 5, 6, 7, 8]) links.expect(ulidOf(number));
    links.step();
    assert.deepEqual(asked(), [1, 3, 4, 5, 6, 7]);
    links.step();
    assert.deepEqual(asked(), [8]);
    links.step();
    assert.deepEqual(asked(), []);
  });

  it('is done for nobody else: packets to a host that comes up would be lost with those that waited too early', () => {
    const { links, asked } = site(2);
    for (let tick = 0; tick < 1_000; tick++) links.step();
    assert.deepEqual(asked(), []);
  });

  it('is not done without a carrier', () => {
    const { links, asked } = site(1, { carrier: false });
    links.expect(ulidOf(1));
    links.step();
    assert.deepEqual(asked(), []);
  });

  it('ends with the host', () => {
    const { links, asked } = site(1);
    links.expect(ulidOf(1));
    links.forget(ulidOf(1));
    links.step();
    assert.deepEqual(asked(), []);
  });
});
