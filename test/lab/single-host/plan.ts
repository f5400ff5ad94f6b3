/** What the single host consists of: two providers' links, and a veth pair to its own kernel. */
import { generateCga } from '../../../control/identity/cga.ts';
import { type Address, parseAddress } from '../../../control/wire/ipv6/address.ts';
import type { MacAddress } from '../../../control/wire/ipv6/header.ts';
import { combine, parsePrefix } from '../../../control/wire/ipv6/prefix.ts';

export const SINGLE = 'single';
export const SINGLE_NAME = 'single.example.net';

/** A cable to the Internet's router, which delegates a prefix on it: `name` at both ends. */
export const PROVIDER_LINKS = [
  { name: 's31', prefix: '2001:db8:31::/48', router: '02:00:00:31:00:01', host: '02:00:00:31:00:02' },
  { name: 's32', prefix: '2001:db8:32::/48', router: '02:00:00:32:00:01', host: '02:00:00:32:00:02' },
] as const;

/** The kernel routes ULIDs into `kernel`; the program has the other end. */
export const STACK = {
  kernel: 'ulid0',
  program: 'shim0',
  kernelMac: '02:00:00:00:00:01',
  programMac: '02:00:00:00:00:02',
  /** Room for the payload header. */
  mtu: 1492,
} as const;

export const MAC = (text: string): MacAddress =>
  Uint8Array.from(Buffer.from(text.replaceAll(':', ''), 'hex'));

export interface SingleAddresses {
  readonly ulid: Address;
  readonly parameters: Uint8Array;
  readonly locators: readonly Address[];
}

/** A CGA in the first provider's prefix is the ULID and the first locator; the second differs in its prefix. */
export function addressesOf(publicKey: Uint8Array, modifier: Uint8Array): SingleAddresses {
  const [first, second] = PROVIDER_LINKS;
  const subnetPrefix = parseAddress(first.prefix.replace('/48', ''));
  const { address, parameters } = generateCga({
    publicKey,
    subnetPrefix,
    sec: 0,
    modifier: Uint8Array.from(modifier),
  });
  return { ulid: address, parameters, locators: [address, combine(parsePrefix(second.prefix), address)] };
}
