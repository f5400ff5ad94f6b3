import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SteeringRules } from '../../control/steering/rules.ts';
import { context, insertedFrame, LEAST_DATAGRAM, PORTS } from './packets.ts';
import { forkOf, STEERING, type SteeredName } from './steering.ts';

const CONTEXT = context(12345);
const asked = (name: SteeredName) =>
  new SteeringRules(STEERING[name]).concerns(CONTEXT.localUlid, CONTEXT.peerUlid);

describe('steering of the benchmark', () => {
  it('has rules that are never asked, that are asked in vain, and that choose the fork', () => {
    assert.equal(asked('insert-rules'), false);
    for (const name of ['insert-unmatched-1', 'insert-unmatched', 'insert-fork'] as const) {
      assert.equal(asked(name), true);
      const matching = STEERING[name].some(
        ({ destinationPorts: ports }) => ports!.first <= PORTS[1] && PORTS[1] <= ports!.last,
      );
      assert.equal(matching, name === 'insert-fork', name);
    }
    assert.deepEqual(
      (['insert-rules', 'insert-unmatched-1', 'insert-unmatched'] as const).map(
        (name) => STEERING[name].length,
      ),
      [32, 1, 32],
    );
  });

  it('tells a packet of the fork from one of the default context, in addresses and tag', () => {
    const [byDefault, byFork] = [CONTEXT, forkOf(CONTEXT)].map((each) => insertedFrame(each, LEAST_DATAGRAM));
    const differing = [...byDefault!].flatMap((octet, at) => (octet === byFork![at] ? [] : [at]));
    // Of a source and a destination the sixth octet, and the tag: its octets 2 to 7, all of them.
    assert.deepEqual(differing, [22 + 5, 38 + 5, 56, 57, 58, 59, 60, 61]);
  });
});
