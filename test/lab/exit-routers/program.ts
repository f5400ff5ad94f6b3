/**
 * Runs exit.bpf.o in an exit router's namespace until SIGTERM: `program.ts OBJECT INSIDE OUTSIDE OWN BOX PREFIX LINK
 * MTU`; interfaces toward box and provider, both ends of the tunnel, the delegated /48, the subnet (hexadecimal) of the
 * link to the provider and the octets that the tunnel takes.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseAddress } from '../../../control/wire/ipv6/address.ts';
import { parsePrefix } from '../../../control/wire/ipv6/prefix.ts';
import { BpfObject, SharedArray, XdpLink } from '../../../native/libbpf/index.ts';
import { Netlink } from '../../../native/linux/index.ts';

const [path, inside, outside, own, box, prefix, link, mtu] = process.argv.slice(2) as [string, ...string[]];
const object = BpfObject.open(path).load();
const tunnel = SharedArray.map(object.map('.bss.tunnel'));
const addresses = [parseAddress(own!), parseAddress(box!), parsePrefix(prefix!).address];
for (const [index, address] of addresses.entries()) tunnel.bytes.set(address, 16 * index);
tunnel.bytes.set([Number.parseInt(link!, 16) >> 8, Number.parseInt(link!, 16) & 0xff], 48);
new DataView(tunnel.bytes.buffer, tunnel.bytes.byteOffset).setUint32(52, Number(mtu), true);

const netlink = Netlink.open();
const links = netlink.links();
netlink.close();
const number = (name: string) => links.find((candidate) => candidate.name === name)!.index;
const attached = [
  XdpLink.attach(object.program('decapsulate'), number(inside!), 'native'),
  XdpLink.attach(object.program('encapsulate'), number(outside!), 'native'),
];
console.log('is ready');
let ended = false;
process.once('SIGTERM', () => {
  ended = true;
});
while (!ended) await delay(100);
for (const each of attached) each.close();
