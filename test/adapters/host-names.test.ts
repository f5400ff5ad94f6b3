import assert from 'node:assert/strict';
import { it } from 'node:test';
import { HostNames } from '../../control/adapters/host-names.ts';
import type { HostListener } from '../../control/site/host-registry.ts';
import type { SiteHost } from '../../control/site/hosts.ts';
import { nameKey, parseName } from '../../control/wire/dns/name.ts';
import { addressKey, formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';

const host = (name: string | undefined, address: string) =>
  ({ name, ulid: parseAddress(address) }) as SiteHost;

it('hosts are found by name while they are there, under their latest name', () => {
  let listener: HostListener | undefined;
  const first = host('H1.bar.com.', 'fc00::1');
  const names = new HostNames({
    live: new Map([[addressKey(first.ulid), first]]),
    listen: (given) => {
      listener = given;
    },
  });
  const find = (name: string) => {
    const ulid = names.find(nameKey(parseName(name)));
    return ulid && formatAddress(ulid);
  };
  assert.equal(find('h1.bar.com'), 'fc00::1');
  listener!.onHost(host('h2.bar.com', 'fc00::2'));
  listener!.onHost(host('h3.bar.com', 'fc00::2'));
  assert.deepEqual([find('h2.bar.com'), find('h3.bar.com')], [undefined, 'fc00::2']);
  // The name moves to another address before the first is gone.
  listener!.onHost(host('h1.bar.com', 'fc00::3'));
  listener!.onGone(first);
  assert.equal(find('h1.bar.com'), 'fc00::3');
  listener!.onGone(host('h1.bar.com', 'fc00::3'));
  listener!.onHost(host(undefined, 'fc00::4'));
  assert.equal(find('h1.bar.com'), undefined);
});
