/** The rows that the others are held against: see reference.bpf.c. */
import { egressHash } from '../../control/dataplane/hash.ts';
import { BpfObject, SharedArray, XdpLink } from '../../native/libbpf/index.ts';
import { objectPath } from './build.ts';
import { word } from './harness.ts';
import { type Context, hostFrame } from './packets.ts';
import type { Place, Row } from './row.ts';

/** enum departure: keys of the devmap, by row. */
const DEPARTURE = { limit: 0, bare: 1 } as const;
const HASH_WORDS = 4;

/** `slots`: of the limit's footprint, a power of two. */
export function referenceRow(
  name: 'bare' | 'limit',
  place: Place,
  slots: number,
  hashKey: BigUint64Array,
): Row {
  const maps = { footprint: { maxEntries: name === 'limit' ? slots : 1 } };
  const object = BpfObject.open(objectPath('reference'), { maps }).load();
  const settings = SharedArray.map(object.map('.bss.footprint'));
  settings.words[0] = 64 - Math.log2(slots);
  settings.words.set(new Uint32Array(hashKey.buffer, 0, HASH_WORDS * 2), 2);
  const link = place.lane.namespace.run(() => {
    const { b, c } = place.lane.interfaces;
    object.map('departures').set(word(DEPARTURE[name]), word(c));
    return XdpLink.attach(object.program(name), b, 'native');
  });
  return {
    name,
    ...place,
    traffic: 'inside',
    expected: hostFrame,
    close: () => {
      link.close();
      settings.close();
      object.close();
    },
  };
}

/** Where `limit` looks for a context in a footprint of `slots`. */
export function limitSlot({ localUlid, peerUlid }: Context, slots: number, hashKey: BigUint64Array): number {
  const pair = new Uint8Array(32);
  pair.set(localUlid);
  pair.set(peerUlid, 16);
  return egressHash(new DataView(pair.buffer), hashKey) >>> (32 - Math.log2(slots));
}
