import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeRefusal, largestNativeMtu } from '../../control/site/frame-sizes.ts';
import type { LinkInfo } from '../../native/linux/index.ts';

const link: LinkInfo = {
  index: 3,
  name: 'wan0',
  mac: Uint8Array.of(2, 0, 0, 0, 0, 1),
  mtu: 9000,
  maxMtu: 9600,
  up: true,
  carrier: true,
  operationalState: 'up',
  type: undefined,
  peerIndex: undefined,
  lowerIndex: undefined,
  vlan: undefined,
  masterIndex: undefined,
};
const refusal = {
  link,
  mode: 'native',
  code: 'EINVAL',
  words: 'Invalid argument',
  largest: undefined,
} as const;

test('a driver that does not say why is likely to mind a large MTU', () => {
  assert.equal(
    describeRefusal(refusal),
    'wan0 (MTU 9000) takes no XDP program in native mode: Invalid argument; set the MTU to a smaller one (a frame must fit a page of memory: about 3500 or less), or datapath.mode: generic',
  );
});

test('at 1500 it is the driver that lacks the mode', () => {
  assert.equal(
    describeRefusal({ ...refusal, link: { ...link, mtu: 1500 }, code: 'EOPNOTSUPP', words: 'not supported' }),
    'wan0 (MTU 1500) takes no XDP program in native mode: not supported; datapath.mode: generic would do, slowly',
  );
});

test('where another program runs, the MTU has nothing to do with it', () => {
  const words = 'XDP program already attached';
  assert.equal(
    describeRefusal({ ...refusal, code: 'EBUSY', words }),
    'wan0 (MTU 9000) takes no XDP program in native mode: XDP program already attached',
  );
});

test('only veth tells its limit, once a program runs on one', () => {
  const veth = { ...link, index: 4, type: 'veth', maxMtu: 65535 };
  const limited = { ...veth, index: 5, maxMtu: 3506 };
  assert.equal(largestNativeMtu([link, veth, limited], 4), 3506);
  assert.equal(largestNativeMtu([link, veth], 4), undefined);
  assert.equal(largestNativeMtu([link, veth, limited], 3), undefined);
});
