/** bpf/hash.h and control/dataplane/hash.ts compute the same, and spread what networks look like. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { egressHash, ingressHash } from '../../control/dataplane/hash.ts';
import { payloadHeader } from '../../control/dataplane/payload-header.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { DataPath } from './data-path.ts';
import * as lab from './fixtures.ts';
import * as packets from './packets.ts';
import { HASH_KEY } from './tables.ts';

// So many slots and no second probe: a hash that differs in any bit of the mask is not found.
const dataPath = new DataPath({ slots: 65536 });
after(() => dataPath.close());

let state = 7;
const octets = (length: number) =>
  Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });

test('the program finds every pair where TypeScript placed it', () => {
  for (let round = 0; round < 200; round++) {
    lab.standardTables(dataPath);
    const [source, destination] = [formatAddress(octets(16)), formatAddress(octets(16))];
    lab.placeEgress(dataPath.tables, { source, destination });
    const input = packets.frame({ link: lab.fromHost, source, destination, parts: [packets.udp()] });
    const { counts } = dataPath.run('inside', input);
    assert.equal(counts['inside forwarded'], 1, `${source} ${destination}`);
  }
});

test('the program finds every tag where TypeScript placed it', () => {
  for (let round = 0; round < 200; round++) {
    lab.standardTables(dataPath);
    const words = new Uint32Array(octets(8).buffer);
    const tag = { high: words[0]! & 0x7fff, low: words[1]! };
    lab.placeIngress(dataPath.tables, { tag });
    const input = packets.frame({
      link: lab.fromProvider(0),
      source: lab.PEER_LOCATORS[0],
      destination: lab.LOCATORS[0],
      parts: [packets.payloadHeader(tag), packets.udp()],
    });
    const { counts } = dataPath.run('outside', input);
    assert.equal(counts['outside forwarded'], 1, `${tag.high} ${tag.low}`);
  }
});

/** The longest run of occupied slots when `hashes` fill half of a table by linear probing. */
function longestProbe(hashes: readonly number[]): number {
  const bits = Math.ceil(Math.log2(hashes.length * 2));
  const mask = 2 ** bits - 1;
  const taken = new Uint8Array(mask + 1);
  let longest = 0;
  for (const hash of hashes) {
    let probes = 1;
    const first = hash >>> (32 - bits);
    for (let slot = first; taken[slot] === 1; slot = (slot + 1) & mask) probes++;
    taken[(first + probes - 1) & mask] = 1;
    longest = Math.max(longest, probes);
  }
  return longest;
}

/** 65,536 pairs of hosts that differ in one octet each, the least random networks there are. */
function pairsDifferingAt(sourceOctet: number, destinationOctet: number): number[] {
  const pair = new DataView(new ArrayBuffer(32));
  const view = new Uint8Array(pair.buffer);
  view.set(parseAddress(lab.HOST));
  view.set(parseAddress(lab.PEER), 16);
  return Array.from({ length: 65536 }, (_, index) => {
    view[sourceOctet] = index >> 8;
    view[16 + destinationOctet] = index & 0xff;
    return egressHash(pair, HASH_KEY);
  });
}

test('numbered hosts spread well within the probe limit', () => {
  for (const octet of [1, 3, 5, 7, 11, 12, 13, 14, 15]) {
    const longest = longestProbe(pairsDifferingAt(octet, octet));
    assert.ok(longest < 100, `octet ${octet}: ${longest} probes`);
  }
});

test('counted tags spread well within the probe limit', () => {
  const tags = Array.from({ length: 65536 }, (_, index) =>
    ingressHash(payloadHeader({ high: index >> 8, low: index & 0xff })),
  );
  assert.ok(longestProbe(tags) < 100);
});
