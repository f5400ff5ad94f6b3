/** pshim6 keygen, cga and hba. */
import { randomBytes } from 'node:crypto';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { generateCga, type SecurityParameter } from '../identity/cga.ts';
import { generateHbaSet } from '../identity/hba.ts';
import { KEY_TYPES, type KeyType, MAXIMUM_RSA_BITS, MINIMUM_RSA_BITS } from '../identity/key-type.ts';
import { createSiteKey, loadSiteKey } from '../store/site-key.ts';
import { EXTENDED_MODIFIER_LENGTH } from '../wire/cga/extended-modifier.ts';
import { MODIFIER_LENGTH } from '../wire/cga/parameters.ts';
import { AddressError, formatAddress } from '../wire/ipv6/address.ts';
import { formatPrefix, type Prefix, parsePrefix } from '../wire/ipv6/prefix.ts';

/** Adds the commands; their actions throw SiteKeyFileError. */
export function registerKeyCommands(program: Command): void {
  program
    .command('keygen')
    .description("make the site's key pair")
    .requiredOption('--out <file>', 'where to write it (PEM, owner-readable)')
    .addOption(
      new Option('--type <type>', 'rsa is the one that every peer must know')
        .choices(KEY_TYPES)
        .default('rsa'),
    )
    .addOption(new Option('--bits <n>', 'modulus length of rsa').argParser(modulusLength).default(2048))
    .action(makeKey);

  program
    .command('cga')
    .description('make a CGA for a host: the modifier for the configuration, and its CMULA')
    .requiredOption('--key <file>', "the site's key")
    .addOption(
      new Option('--subnet <prefix>', 'a /64 of the site').argParser(subnetPrefix).makeOptionMandatory(),
    )
    .addOption(securityParameter())
    .option('--json', 'print JSON')
    .action(makeCga);

  program
    .command('hba')
    .description('make an HBA set for a host: what the configuration needs, its CMULA and its locators')
    .option('--key <file>', "the site's key; without it the addresses are HBAs only, bound to no key")
    .addOption(
      new Option('--prefix <prefix...>', "a /64 of the site, then the same subnet in each provider's prefix")
        .argParser((text: string, before: Prefix[] | undefined) => [...(before ?? []), subnetPrefix(text)])
        .makeOptionMandatory(),
    )
    .addOption(securityParameter())
    .option('--json', 'print JSON')
    .action(makeHba);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('must be a whole number');
  return Number(text);
}

function modulusLength(text: string): number {
  const bits = wholeNumber(text);
  if (bits >= MINIMUM_RSA_BITS && bits <= MAXIMUM_RSA_BITS) return bits;
  throw new InvalidArgumentError(`must be ${MINIMUM_RSA_BITS} to ${MAXIMUM_RSA_BITS}`);
}

function subnetPrefix(text: string): Prefix {
  try {
    const prefix = parsePrefix(text);
    if (prefix.length === 64) return prefix;
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new InvalidArgumentError(error.message);
  }
  throw new InvalidArgumentError('must be a /64');
}

const securityParameter = () =>
  new Option('--sec <n>', 'RFC 3972 security parameter: 0, 1 or 2 (2 takes about 2^32 hashes)')
    .argParser((text): SecurityParameter => {
      const sec = wholeNumber(text);
      if (sec === 0 || sec === 1 || sec === 2) return sec;
      throw new InvalidArgumentError('must be 0, 1 or 2');
    })
    .default(1);

function makeKey({ out, type, bits }: { out: string; type: KeyType; bits: number }): void {
  createSiteKey(out, { type, bits });
  console.log(`${out}: ${{ rsa: `RSA ${bits}`, p256: 'P-256', ed25519: 'Ed25519' }[type]}`);
}

interface MakeOptions {
  readonly sec: SecurityParameter;
  readonly json?: boolean;
}

function makeCga(options: MakeOptions & { key: string; subnet: Prefix }): void {
  const { subnet, sec } = options;
  const { address, parameters } = generateCga({
    publicKey: loadSiteKey(options.key).publicKey,
    subnetPrefix: subnet.address,
    sec,
    modifier: random(MODIFIER_LENGTH),
  });
  const row = {
    modifier: modifierOf(parameters),
    sec,
    subnet: formatPrefix(subnet),
    address: formatAddress(address),
  };
  console.log(options.json ? JSON.stringify(row, null, 2) : lines(row));
}

function makeHba(options: MakeOptions & { key?: string; prefix: readonly Prefix[] }): void {
  const { prefix: prefixes, sec } = options;
  const extendedModifier = random(EXTENDED_MODIFIER_LENGTH);
  const binding =
    options.key === undefined ? { extendedModifier } : { publicKey: loadSiteKey(options.key).publicKey };
  const set = generateHbaSet({
    binding,
    prefixes: prefixes.map(({ address }) => address),
    sec,
    modifier: random(MODIFIER_LENGTH),
  });
  const [address, ...locators] = set.map((member) => formatAddress(member.address));
  const row = {
    modifier: modifierOf(set[0]!.parameters),
    sec,
    subnet: formatPrefix(prefixes[0]!),
    hba: {
      prefixes: prefixes.map(formatPrefix),
      ...('extendedModifier' in binding && { 'extended-modifier': hex(extendedModifier) }),
    },
    address,
    locators,
  };
  console.log(options.json ? JSON.stringify(row, null, 2) : lines(row));
}

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
/** The modifier comes first in the CGA Parameters data structure (RFC 3972 §3). */
const modifierOf = (parameters: Uint8Array): string => hex(parameters.subarray(0, MODIFIER_LENGTH));

/** JSON is YAML too: a line can go into the configuration as it is, and a modifier of digits stays a string. */
const lines = (row: object): string =>
  Object.entries(row)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
    .join('\n');
