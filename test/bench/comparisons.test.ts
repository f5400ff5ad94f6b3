import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { COMPARISON_NAMES, COMPARISONS, type Comparison, datagrams, referenceOf } from './comparisons.ts';
import { LEAST_DATAGRAM } from './packets.ts';
import { ROW_NAMES } from './row.ts';

const share = (packets: readonly number[], length: number) =>
  packets.filter((each) => each === length).length;

describe('comparisons', () => {
  for (const name of COMPARISON_NAMES)
    it(`${name}: has its references among its rows, all in the order of reports`, () => {
      const { rows, references }: Comparison = COMPARISONS[name];
      assert.deepEqual(
        ROW_NAMES.filter((row) => rows.includes(row)),
        rows,
      );
      for (const reference of references) assert.ok(rows.includes(reference), reference);
    });

  it('send what the generator can', () => {
    for (const name of COMPARISON_NAMES) {
      const lengths = datagrams(COMPARISONS[name]);
      assert.ok(lengths.length >= 1 && lengths.length <= 16, name);
      for (const length of lengths) assert.ok(length >= LEAST_DATAGRAM && length + 40 + 8 <= 1500, name);
    }
  });

  it('mix 7 small packets with 4 of 576 octets and 1 large one', () => {
    const { packets } = COMPARISONS.imix;
    assert.equal(packets.length, 12);
    assert.deepEqual(
      [50, 576, 1492].map((length) => share(packets, length)),
      [7, 4, 1],
    );
  });

  it('fill 1500 octets with the payload header', () => {
    assert.deepEqual(
      COMPARISONS.large.packets.map((length) => length + 8),
      [1500],
    );
  });

  it('hold what goes in against what goes in, where that is measured', () => {
    const { rows } = COMPARISONS.nat;
    assert.equal(referenceOf('nat-in', 'nptv6', rows), 'nptv6-in');
    assert.equal(referenceOf('nat', 'nptv6', rows), 'nptv6');
    assert.equal(referenceOf('nat-in', 'bare', rows), 'bare');
    assert.equal(referenceOf('strip', 'untagged', COMPARISONS.vlan.rows), 'untagged-in');
    assert.equal(referenceOf('tunnel-in', 'insert', COMPARISONS.tunnel.rows), 'strip');
    assert.equal(referenceOf('tunnel', 'insert', COMPARISONS.tunnel.rows), 'insert');
    assert.equal(referenceOf('strip', 'nptv6', COMPARISONS.shim.rows), 'nptv6');
    assert.equal(referenceOf('nat-in', 'nptv6', ['nat-in', 'nptv6']), 'nptv6');
  });
});
