/** Random frames: mostly what hosts and routers send, now and then what nobody should. */

import { concat } from './outcome.ts';
import { FIXED } from './packet.ts';
import type { Choices } from './random.ts';
import { randomSegment } from './segments.ts';
import { HOSTS, LEGACY, LOCATORS, OTHERS, PEER_LOCATORS, PEERS, TAGS, TUNNEL_ENDS, VLANS } from './world.ts';

export type Direction = 'inside' | 'outside';

const UPPER = [6, 6, 17, 17, 58, 58, 58, 132, 33, 136, 135, 139, 50, 51, 59, 4, 41, 47, 253, 140];
const LENGTHS = [0, 1, 4, 7, 8, 13, 14, 20, 40, 61, 100, 400];
/** Around every limit there is: 1280, learned MTUs, links', and what can be punted. */
const BIG = [1232, 1240, 1241, 1248, 1253, 1360, 1452, 1453, 1460, 1461, 1972, 1980, 3434, 3450];
/** The longest that the programs can be given in one piece. */
const LONGEST_FRAME = 3520;

const short = (value: number) => [(value >> 8) & 255, value & 255];

export function randomFrame(choices: Choices, direction: Direction): Uint8Array {
  const { source, destination } = endpoints(choices, direction);
  const [first, payload] = randomPayload(choices, direction, source, destination);
  const hopLimit = choices.once(12) ? choices.below(3) : 64;
  const bare = concat(fixedHeader(choices, payload.length, first, hopLimit), source, destination, payload);
  const packet = direction === 'outside' && choices.once(4) ? inTunnel(choices, bare) : bare;
  const padding = choices.once(8) ? choices.octets(choices.below(30)) : [];
  const frame = concat(ethernet(choices), packet, padding);
  return (choices.once(6) ? mutate(choices, frame) : frame).subarray(0, LONGEST_FRAME);
}

/** As an exit router sends it, or nearly. */
function inTunnel(choices: Choices, packet: Uint8Array): Uint8Array {
  const carried = choices.once(10) ? packet.subarray(0, choices.below(packet.length + 1)) : packet;
  const options = choices.once(3)
    ? choices.of([60, 60, 60, 0, 43]) // mostly a Tunnel Encapsulation Limit's header
    : undefined;
  const type = choices.once(12) ? choices.of(UPPER) : 41;
  const payload = options === undefined ? carried : concat(extensionHeader(choices, options)(type), carried);
  const fixed = fixedHeader(choices, payload.length, options ?? type, 64);
  return concat(fixed, choices.of(TUNNEL_ENDS.exits), choices.of(TUNNEL_ENDS.box), payload);
}

function endpoints(choices: Choices, direction: Direction) {
  const anybody = () =>
    choices.of([...HOSTS, ...PEERS, ...LEGACY, ...LOCATORS.flat(), ...PEER_LOCATORS, ...OTHERS]);
  if (choices.once(12)) return { source: anybody(), destination: anybody() };
  if (direction === 'inside')
    return { source: choices.of(HOSTS), destination: choices.of(choices.once(2) ? PEERS : LEGACY) };
  const destination = choices.of(choices.of(LOCATORS));
  const sources = choices.once(2) ? PEER_LOCATORS : choices.once(8) ? OTHERS : LEGACY;
  return { source: choices.of(sources), destination };
}

function ethernet(choices: Choices): Uint8Array {
  const toMany = choices.once(20) ? [0x33, 0x33, 0, 0, 0, 1] : [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
  const to = choices.once(20) ? toMany : [2, 0, 0, 0, 9, 9];
  const macs = [...to, 2, 0, 0, 0, 8, 8];
  const tag = choices.once(3)
    ? [
        ...choices.of([
          [0x81, 0],
          [0x88, 0xa8],
        ]),
        ...short(choices.of(VLANS) | choices.of([0, 0x6000])),
      ]
    : [];
  return concat(macs, tag, [0x86, 0xdd]);
}

const fixedHeader = (choices: Choices, length: number, next: number, hopLimit: number) =>
  concat([0x60 | choices.below(16), choices.below(256), 0, choices.below(256)], short(length), [
    next,
    hopLimit,
  ]);

/** The first header's type, and everything behind the fixed header. */
function randomPayload(
  choices: Choices,
  direction: Direction,
  source: Uint8Array,
  destination: Uint8Array,
): [number, Uint8Array] {
  const chain: [number, (next: number) => Uint8Array][] = [];
  const extension = (): [number, (next: number) => Uint8Array] => {
    const type = choices.of([0, 43, 43, 44, 60, 60]);
    return [type, extensionHeader(choices, type)];
  };
  if (choices.once(8)) chain.push([0, extensionHeader(choices, 0)]);
  while (chain.length < 10 && choices.once(chain.length < 2 ? 3 : 2) && !choices.once(2))
    chain.push(extension());
  if (choices.once(60)) while (chain.length < 10) chain.push([60, extensionHeader(choices, 60)]);
  if (direction === 'outside' && choices.once(2)) {
    chain.push([140, shim(choices)]);
    while (choices.once(4)) chain.push(extension());
  }
  const last = choices.of(UPPER);
  let payload = upperLayer(choices, direction, last, source, destination);
  let next = last;
  for (const [type, make] of chain.reverse()) {
    payload = concat(make(next), payload);
    next = type;
  }
  return [next, payload];
}

function extensionHeader(choices: Choices, type: number): (next: number) => Uint8Array {
  if (type === 44) {
    const offset = choices.once(2) ? 0 : choices.below(180) * 8;
    return (next) => concat([next, 0], short(offset | choices.below(2)), choices.octets(4));
  }
  const units = choices.once(30) ? choices.below(64) : choices.below(4);
  const body = choices.octets(units * 8 + 6);
  if (type === 43) body[1] = choices.once(2) ? 0 : choices.below(3);
  // Options: padding, and a Router Alert now and then.
  else if (choices.once(6)) body.set([5, 2, 0, 0], choices.below(2) * 2);
  else {
    body[0] = 1;
    body[1] = Math.min(255, body.length - 2);
  }
  return (next) => concat([next, units], body);
}

/** A SHIM6 header: payload mostly, sometimes with a length, sometimes a control message. */
function shim(choices: Choices): (next: number) => Uint8Array {
  const tag = choices.once(8) ? BigInt(choices.below(2 ** 32)) : choices.of(TAGS);
  const octets = Array.from({ length: 6 }, (_, index) => Number((tag >> BigInt(40 - 8 * index)) & 0xffn));
  const control = choices.once(6);
  if (!control) octets[0]! |= 0x80;
  const units = control || choices.once(20) ? choices.below(5) : 0;
  return (next) => concat([next, units], octets, control ? choices.octets(units * 8) : []);
}

function upperLayer(
  choices: Choices,
  direction: Direction,
  type: number,
  source: Uint8Array,
  destination: Uint8Array,
): Uint8Array {
  if (type === 6 && choices.once(2)) return randomSegment(choices);
  const length = choices.once(10) ? choices.of(BIG) : choices.of(LENGTHS);
  const body = choices.once(3) ? new Uint8Array(length) : choices.octets(length);
  // Few ports, so that flows meet again.
  if (body.length >= 8 && choices.once(2))
    body.set([0, choices.below(2), 0, choices.below(2), 0, choices.below(2)]);
  if (body.length >= 20 && type === 6) body[13] = choices.of([0x02, 0x10, 0x12, 0x18, 0x04, 0x14]);
  if (type === 58 && body.length > 0) {
    body[0] = choices.of([1, 2, 3, 4, 100, 128, 129, 134]);
    if (body[0] < 128 && choices.once(2))
      return concat(choices.octets(0), error(choices, direction, body[0]!, source, destination));
  }
  // Checksums of every kind, among them those that a translation turns into zero.
  if (body.length >= 18 && choices.once(3))
    for (const at of [2, 4, 6, 16])
      body.set(
        choices.of([
          [0, 0],
          [255, 255],
          [0, 1],
          [255, 254],
        ]),
        at,
      );
  return body;
}

/** An ICMPv6 error that quotes a packet of its destination's, or something like it, cut anywhere. */
function error(
  choices: Choices,
  direction: Direction,
  type: number,
  source: Uint8Array,
  destination: Uint8Array,
) {
  const [from, to] = choices.once(6) ? [source, destination] : [destination, source];
  const other: Direction = direction === 'inside' ? 'outside' : 'inside';
  const [next, payload] = choices.once(3)
    ? [140, concat(shim(choices)(6), choices.octets(20))]
    : randomPayload(choices, other, from, to);
  const quoted = concat(fixedHeader(choices, payload.length, next, 60), from, to, payload);
  const cut = choices.once(3) ? quoted.subarray(0, choices.below(quoted.length + 1)) : quoted;
  return concat([type, 0], choices.octets(6), cut.subarray(0, 1232));
}

/** Octets changed, the frame cut, or a payload length that lies. */
function mutate(choices: Choices, frame: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(frame);
  const kind = choices.below(4);
  if (kind === 0) return changed.subarray(0, 14 + choices.below(Math.max(1, changed.length - 13)));
  if (kind === 1) {
    const network = changed[12] === 0x86 ? 14 : 18;
    const length = choices.of([0, 1, 7, 8, 40, changed.length - network - FIXED - 1, choices.below(65536)]);
    changed.set(short(Math.max(0, length)), network + 4);
    return changed;
  }
  for (let count = 1 + choices.below(4); count > 0; count--)
    changed[12 + choices.below(changed.length - 12)] = choices.below(256);
  return changed;
}
