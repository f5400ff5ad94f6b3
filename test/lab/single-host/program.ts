/**
 * The single host's SHIM6, in its namespace: `node program.ts KEY MODIFIER SUBNET... RESOLVER`. It sits between two
 * ends of a veth pair, to which the kernel routes ULIDs, and the providers' links; see raise.ts for the plumbing.
 */
import { randomBytes } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { SiteIdentity } from '../../../control/identity/site-identity.ts';
import { loadSiteKey } from '../../../control/store/site-key.ts';
import { type Address, formatAddress, parseAddress } from '../../../control/wire/ipv6/address.ts';
import { ETHERTYPE_IPV6, encodeFrame } from '../../../control/wire/ipv6/header.ts';
import { Netlink, PacketSocket } from '../../../native/linux/index.ts';
import { SingleHost } from './host.ts';
import { addressesOf, MAC, PROVIDER_LINKS, STACK } from './plan.ts';

const [keyFile, modifier, resolverAddress] = process.argv.slice(2);
const siteKey = loadSiteKey(keyFile!);
const { ulid, parameters, locators } = addressesOf(siteKey.publicKey, Buffer.from(modifier!, 'hex'));
const identity = new SiteIdentity({ privateKey: siteKey.privateKey });
identity.bind(ulid, parameters);

const netlink = Netlink.open();
const ifindexOf = (name: string): number => netlink.links().find((link) => link.name === name)!.index;
const resolver = new Resolver();
resolver.setServers([`[${resolverAddress}]`]);

/** A CMULA is in the DNS under its reverse name; that name has the locators. The handshake proves them. */
async function resolve(peer: Address): Promise<readonly Address[]> {
  try {
    const [name] = await resolver.reverse(formatAddress(peer));
    return (await resolver.resolve6(name!)).map(parseAddress);
  } catch (error) {
    console.error(`${formatAddress(peer)}: ${(error as Error).message}`);
    return [];
  }
}

/** A link that has gone down takes nothing; netlink tells the host of it. */
function give(socket: PacketSocket, frame: Uint8Array): void {
  try {
    socket.send(frame);
  } catch (error) {
    console.error((error as Error).message);
  }
}

const afterEthernet = (frame: Uint8Array) => frame.subarray(14);
const stack = PacketSocket.open(ifindexOf(STACK.program), {
  protocol: ETHERTYPE_IPV6,
  receive: (frame) => host.fromStack(afterEthernet(frame)),
});
const providers = PROVIDER_LINKS.map(({ name }) =>
  PacketSocket.open(ifindexOf(name), {
    protocol: ETHERTYPE_IPV6,
    receive: (frame) => host.fromProvider(afterEthernet(frame)),
  }),
);

const host = new SingleHost({
  ulid,
  locators,
  identity,
  clock: () => performance.now(),
  random: (length) => new Uint8Array(randomBytes(length)),
  send: (provider, packet) => {
    const link = {
      destination: MAC(PROVIDER_LINKS[provider]!.router),
      source: MAC(PROVIDER_LINKS[provider]!.host),
    };
    give(providers[provider]!, encodeFrame({ ...link, vlan: 0 }, packet));
  },
  toStack: (packet) =>
    give(
      stack,
      encodeFrame({ destination: MAC(STACK.kernelMac), source: MAC(STACK.programMac), vlan: 0 }, packet),
    ),
  resolve,
});

netlink.subscribe(['link'], (event) => {
  if (event.kind !== 'link') return;
  const provider = PROVIDER_LINKS.findIndex(({ name }) => name === event.name);
  if (provider >= 0) host.setUsable(provider, event.up && event.carrier);
});
console.log(`${formatAddress(ulid)} is ready`);
process.on('SIGTERM', () => process.exit(0));
