import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchKernel } from '../../control/site/kernel-watcher.ts';
import type { LinkInfo, Netlink, NetlinkEvent } from '../../native/linux/index.ts';

const link = (name: string, index: number): LinkInfo => ({
  name,
  index,
  mac: Uint8Array.of(2, 0, 0, 0, 0, index),
  mtu: 1500,
  maxMtu: 0,
  up: true,
  carrier: true,
  operationalState: 'up',
  type: undefined,
  peerIndex: undefined,
  lowerIndex: undefined,
  masterIndex: undefined,
  vlan: undefined,
});

/** What is told of wan0 and wan1, as text, while the kernel says `events`. */
function told(links: readonly LinkInfo[], events: readonly NetlinkEvent[]): string[] {
  const calls: string[] = [];
  let tell: (event: NetlinkEvent) => void = () => {};
  const netlink = {
    links: () => links,
    neighbours: () => [],
    subscribe: (_: unknown, onEvent: typeof tell) => {
      tell = onEvent;
      return () => {};
    },
  } as unknown as Netlink;
  watchKernel(netlink, ['wan0', 'wan1'], {
    onInterface: (name, facts) => void calls.push(`${name} ${facts?.ifindex ?? 'gone'}`),
    onNeighbour: () => {},
    onOverrun: () => {},
  });
  calls.length = 0;
  for (const event of events) tell(event);
  return calls;
}

const changed = (info: LinkInfo): NetlinkEvent => ({ kind: 'link', removed: false, ...info });
const removed = (info: LinkInfo): NetlinkEvent => ({ kind: 'link', removed: true, ...info });

test('an interface that is deleted and made anew is gone, and another one', () => {
  const calls = told([link('wan0', 3)], [removed(link('wan0', 3)), changed(link('wan0', 9))]);
  assert.deepEqual(calls, ['wan0 gone', 'wan0 9']);
});

test('one that gets another name is gone under the old one, and there under the new', () => {
  const calls = told([link('wan0', 3)], [changed(link('wan1', 3)), changed(link('other', 3))]);
  assert.deepEqual(calls, ['wan0 gone', 'wan1 3', 'wan1 gone']);
});

test('others are none of ours', () => {
  assert.deepEqual(told([link('wan0', 3)], [changed(link('lan', 4)), removed(link('lan', 4))]), []);
});
