import assert from 'node:assert/strict';
import { it } from 'node:test';
import { EarlyContexts } from '../../control/adapters/early-contexts.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';

const host = (number: number) => parseAddress(`fc00:db8:1::${number.toString(16)}`);
const peer = (number: number) => parseAddress(`fc00:db8:2::${number.toString(16)}`);

function early(settings: { enabled?: boolean; perHost?: number; total?: number } = {}) {
  const established: string[] = [];
  const discarded: string[] = [];
  const used = new Set<string>();
  const contexts = new EarlyContexts({
    enabled: true,
    perHost: 2,
    total: 5,
    unused: 60_000,
    ...settings,
    establish: (local, remote) => established.push([local, remote].map(formatAddress).join(' ')),
    discardUnused: (_local, remote) => {
      if (used.has(formatAddress(remote))) return false;
      discarded.push(formatAddress(remote));
      return true;
    },
  });
  return { contexts, established, discarded, used };
}

it('a host is told of a peer: one handshake, however often it asks', () => {
  const { contexts, established } = early();
  for (let now = 0; now < 1000; now += 100) contexts.begin(now, host(1), peer(1), []);
  assert.deepEqual(established, ['fc00:db8:1::1 fc00:db8:2::1']);
});

it('has a budget for each host and for all', () => {
  const { contexts, established } = early();
  for (let number = 1; number <= 100; number++) contexts.begin(0, host(1), peer(number), []);
  assert.equal(established.length, 8);
  for (let number = 1; number <= 100; number++) contexts.begin(0, host(1 + number), peer(number), []);
  assert.equal(established.length, 20);
  assert.equal(contexts.counters.earlyContextsRefused, 180);
  contexts.begin(1000, host(1), peer(200), []);
  assert.equal(established.length, 21);
});

it('those that nobody used are discarded after a while, others are not', () => {
  const { contexts, discarded, used } = early();
  contexts.begin(0, host(1), peer(1), []);
  contexts.begin(0, host(1), peer(2), []);
  contexts.begin(30_000, host(1), peer(3), []);
  used.add('fc00:db8:2::2');
  contexts.expire(59_999);
  assert.deepEqual(discarded, []);
  contexts.expire(60_000);
  assert.deepEqual(discarded, ['fc00:db8:2::1']);
  assert.equal(contexts.counters.earlyContextsUnused, 1);
});

it('can be switched off', () => {
  const { contexts, established } = early({ enabled: false });
  contexts.begin(0, host(1), peer(1), []);
  assert.deepEqual(established, []);
});
