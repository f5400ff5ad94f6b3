/** Two sites for tests: keys, hosts with CGAs, and their locators at two providers each. */
import { generateKeyPairSync } from 'node:crypto';
import { generateCga } from '../../control/identity/cga.ts';
import { SiteIdentity } from '../../control/identity/site-identity.ts';
import type { LocalHost, LocalLocator } from '../../control/shim6/index.ts';
import { type Address, parseAddress } from '../../control/wire/ipv6/address.ts';

const newKey = () => generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;

export const locator = (text: string, changes: Partial<LocalLocator> = {}): LocalLocator => ({
  address: parseAddress(text),
  usable: true,
  priority: 10,
  weight: 1,
  ...changes,
});

export class Site {
  readonly identity: SiteIdentity;
  readonly #prefix: Address;

  constructor(prefix: string, identity = new SiteIdentity({ privateKey: newKey() })) {
    this.identity = identity;
    this.#prefix = parseAddress(prefix);
  }

  /** Binds a new ULID; `number` makes it different from the site's others. */
  host(number: number, locators: readonly LocalLocator[]): LocalHost {
    const modifier = new Uint8Array(16);
    modifier.set([number >> 8, number & 0xff], 14);
    const { publicKey } = this.identity;
    const { address, parameters } = generateCga({ publicKey, subnetPrefix: this.#prefix, sec: 0, modifier });
    this.identity.bind(address, parameters);
    return { ulid: address, locators };
  }
}

export const siteA = new Site('fc00:db8:1::');
export const siteB = new Site('fc00:db8:2::');
export const hostA = siteA.host(1, [locator('2001:db8:11::1'), locator('2001:db8:12::1', { priority: 20 })]);
export const hostB = siteB.host(1, [locator('2001:db8:21::2'), locator('2001:db8:22::2', { priority: 20 })]);

export const addresses = (host: LocalHost): Address[] => host.locators.map(({ address }) => address);

/** The host with some of its locators changed, by position. */
export const withLocators = (host: LocalHost, changes: Record<number, Partial<LocalLocator>>): LocalHost => ({
  ulid: host.ulid,
  locators: host.locators.map((one, index) => ({ ...one, ...changes[index] })),
});
