import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Attachments, SiteLinkError } from '../../control/site/attachments.ts';
import type { InterfaceFacts } from '../../control/site/kernel-watcher.ts';
import { BpfError } from '../../native/libbpf/index.ts';

const facts = (name: string, attachIfindex: number): InterfaceFacts => ({
  name,
  ifindex: attachIfindex,
  attachIfindex,
  vlan: 0,
  mac: new Uint8Array(6),
  mtu: 1500,
  carrier: true,
});

function opened() {
  const said: string[] = [];
  let refuses = false;
  const attachments = new Attachments({
    mode: 'generic',
    netlink: { links: () => [], xdpRefusal: () => undefined },
    dataplane: {
      attach: (program, ifindex) => {
        if (refuses) throw new BpfError('attach', 16);
        said.push(`attach ${program} ${ifindex}`);
      },
      detach: (ifindex) => void said.push(`detach ${ifindex}`),
      descriptor: () => 0,
    },
    log: { info: () => {}, warn: (event) => void said.push(event) },
  });
  return { attachments, said, refuse: (value: boolean) => (refuses = value) };
}

test('a program is attached once, also below several VLANs, and detached once', () => {
  const { attachments, said } = opened();
  attachments.attach('outside', 'wan0.1', facts('wan0.1', 3));
  attachments.attach('outside', 'wan0.2', facts('wan0.2', 3));
  assert.equal(attachments.runs('outside', facts('wan0.2', 3)), true);
  assert.deepEqual([attachments.detach(3), attachments.detach(3)], [true, false]);
  assert.equal(attachments.runs('outside', facts('wan0.2', 3)), false);
  assert.deepEqual(said, ['attach outside 3', 'detach 3']);
});

test('both programs on one Ethernet interface, or no interface, is a mistake', () => {
  const { attachments } = opened();
  attachments.attach('outside', 'wan0.1', facts('wan0.1', 3));
  assert.throws(() => attachments.attach('inside', 'wan0.2', facts('wan0.2', 3)), SiteLinkError);
  assert.throws(() => attachments.attach('inside', 'lan', undefined), /there is no interface lan/);
});

test('what a driver refuses is told once, however often it is tried, and goes when it is no more', () => {
  const { attachments, said, refuse } = opened();
  refuse(true);
  for (let attempt = 0; attempt < 5; attempt++)
    assert.equal(attachments.tryAttach('outside', 'wan0', facts('wan0', 3)), false);
  refuse(false);
  assert.equal(attachments.tryAttach('outside', 'wan0', facts('wan0', 3)), true);
  assert.deepEqual(said, ['interface-not-attached', 'attach outside 3']);
});
