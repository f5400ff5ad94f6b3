import assert from 'node:assert/strict';
import test from 'node:test';
import { cannotBoot, collect } from './setting.ts';

test('vagrant/pktgen.sh sends what it says, as tshark sees it behind a veth', {
  skip: cannotBoot,
}, async () => {
  const count = 100;
  const sources = 7;
  const words = ['sh', 'test/vm/guest/pktgen.sh', String(count), '-s', String(sources), '-r'];
  const { status, stdout, stderr } = await collect(words);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /100 packets of 64 octets from 7 sources in [\d.]+ s: \d+ packets\/s, 0 refused/);
  const packets = stdout
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
  assert.equal(packets.length, count);
  for (const [length, source, destination, box, checksum] of packets) {
    assert.equal(length, '78');
    assert.match(source ?? '', /^fc00:db8:1:/);
    assert.match(destination ?? '', /^fc00:db8:2::/);
    assert.equal(box, '02:00:00:00:00:01');
    assert.equal(checksum, '1', 'a good UDP checksum');
  }
  assert.equal(new Set(packets.map(([, source]) => source)).size, sources);
  assert.ok(new Set(packets.map(([, , destination]) => destination)).size > count / 2);
});
