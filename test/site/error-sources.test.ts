import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkAddress } from '../../control/dataplane/router-address-map.ts';
import { ErrorSources } from '../../control/site/error-sources.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { SyscallError } from '../../native/linux/index.ts';

const inside = { ifindex: 2, vlan: 7, address: parseAddress('fc00:db8:1::1') };

function sources(of: (ifindex: number) => Uint8Array | undefined) {
  const published: (readonly LinkAddress[])[] = [];
  const errorSources = new ErrorSources({
    links: {
      linkAddresses: (outside) => {
        const address = outside(3);
        return address === undefined ? [inside] : [inside, { ifindex: 3, vlan: 0, address }];
      },
    },
    addresses: { of: (_, ifindex) => of(ifindex) },
    table: { replace: (addresses) => published.push(addresses) },
    clock: () => 0,
    log: { debug: () => {} },
  });
  return { errorSources, published };
}

test('a provider’s link has an address when the kernel has one, which is looked for every second', () => {
  let address: Uint8Array | undefined;
  const { errorSources, published } = sources(() => address);
  errorSources.tick();
  assert.deepEqual(published, [[inside]], 'at the first tick');
  address = parseAddress('2001:db8:11::ffff');
  for (let tick = 0; tick < 9; tick++) errorSources.tick();
  assert.equal(published.length, 1);
  errorSources.tick();
  assert.deepEqual(published[1], [inside, { ifindex: 3, vlan: 0, address }]);
});

test('a kernel that refuses changes nothing, and is asked again', () => {
  let refuses = true;
  const { errorSources, published } = sources(() => {
    if (refuses) throw new SyscallError('dump of addresses', 105);
    return undefined;
  });
  errorSources.tick();
  assert.deepEqual(published, []);
  refuses = false;
  for (let tick = 0; tick < 10; tick++) errorSources.tick();
  assert.deepEqual(published, [[inside]]);
});
