/**
 * Floods a box from one of its links, for a bounded number of frames: no attacker gets a kernel's
 * help here, every frame is written whole.
 * `node flooder.ts destinations|i1|tags|noise COUNT INTERFACE SOURCE DESTINATION GATEWAY`: SOURCE and
 * DESTINATION are addresses whose last 64 or 48 bits are varied where the kind says so; GATEWAY is
 * the box's address on the link, whose Ethernet address must be resolved. Prints frames a second.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { type Address, equalAddress, formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { encodeFrame, encodeIpv6, NextHeader } from '../../control/wire/ipv6/header.ts';
import { encodeMessage } from '../../control/wire/shim6/codec.ts';
import { encodePayloadHeader } from '../../control/wire/shim6/payload-header.ts';
import { Netlink, PacketSocket } from '../../native/linux/index.ts';

const UDP = 17;
const randomTag = () => ({ high: randomInt(0x8000), low: randomInt(2 ** 32) });
const octets = (length: number) => new Uint8Array(randomBytes(length));

/** The address with its last 64 bits made up. */
const madeUp = (address: Address) => Uint8Array.from([...address.subarray(0, 8), ...octets(8)]);

type Kind = 'destinations' | 'i1' | 'tags' | 'noise';

function packet(kind: Kind, source: Address, destination: Address): Uint8Array {
  const header = { source: madeUp(source), destination, hopLimit: 64, nextHeader: NextHeader.shim6 };
  switch (kind) {
    case 'destinations':
      return encodeIpv6({ ...header, source, destination: madeUp(destination), nextHeader: UDP }, octets(16));
    case 'i1': {
      const ulids = { type: 'UlidPair', sender: madeUp(source), receiver: destination } as const;
      const message = {
        type: 'I1',
        initiatorTag: randomTag(),
        initiatorNonce: randomInt(2 ** 32),
        options: [ulids],
      } as const;
      return encodeIpv6(header, encodeMessage(message));
    }
    case 'tags': {
      const payload = encodePayloadHeader({ nextHeader: UDP, receiverTag: randomTag() });
      return encodeIpv6(header, Uint8Array.from([...payload, ...octets(16)]));
    }
    case 'noise':
      return encodeIpv6(header, octets(randomInt(200)));
  }
}

const [kind, count, name, source, destination, gateway] = process.argv.slice(2) as [Kind, ...string[]];
const netlink = Netlink.open();
const link = netlink.link(name!)!;
const box = parseAddress(gateway!);
const neighbour = netlink
  .neighbours()
  .find((row) => row.ifindex === link.index && equalAddress(row.address, box));
netlink.close();
if (neighbour?.mac === undefined) throw new RangeError(`${formatAddress(box)} is not resolved on ${name}`);
const ethernet = { source: link.mac!, destination: neighbour.mac, vlan: 0 };

const socket = PacketSocket.open(link.index);
const start = performance.now();
let refused = 0;
for (let sent = 0; sent < Number(count); sent++) {
  try {
    socket.send(encodeFrame(ethernet, packet(kind, parseAddress(source!), parseAddress(destination!))));
  } catch {
    refused++;
  }
}
socket.close();
const seconds = (performance.now() - start) / 1000;
console.log(
  JSON.stringify({
    sent: Number(count) - refused,
    perSecond: Math.round((Number(count) - refused) / seconds),
  }),
);
