/** The commands that change a site while it runs. What they answer is durable. */
import { z } from 'zod';
import type { Box } from '../box.ts';
import { ConfigError } from '../config/load.ts';
import { parseProvider } from '../config/provider.ts';
import { contextsByUplink } from '../observe/active-path.ts';
import { hostDetail } from '../observe/host-reports.ts';
import { addressOf, isMined } from '../site/hosts.ts';
import { ProviderError } from '../site/provider-list.ts';
import type { AddressParts, Reservation } from '../store/records.ts';
import { type Address, AddressError, addressKey, formatAddress, parseAddress } from '../wire/ipv6/address.ts';
import { combine, containsAddress, formatPrefix, type Prefix, parsePrefix } from '../wire/ipv6/prefix.ts';
import type { HostDetail, ProviderReport } from './protocol.ts';
import { type Commands, RefusalError } from './server.ts';

const hexadecimal = z
  .string()
  .regex(/^([0-9a-f]{2}){1,130}$/i, 'must be 1 to 130 octets in hexadecimal')
  .transform((digits) => Uint8Array.from(Buffer.from(digits, 'hex')));

const reserveSchema = z.strictObject({
  name: z
    .string()
    .regex(
      /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/i,
      'must be a domain name',
    ),
  subnet: z.string().optional(),
  duid: hexadecimal.optional(),
  remoteId: hexadecimal.optional(),
  modifier: z
    .string()
    .regex(/^[0-9a-f]{32}$/i, 'must be 32 hexadecimal digits')
    .optional(),
  sec: z.literal([0, 1, 2]).optional(),
});
const hostSchema = z.strictObject({ host: z.string().min(1) });
const providerSchema = z.strictObject({ provider: z.record(z.string(), z.unknown()) });
const nameSchema = z.strictObject({ name: z.string().min(1) });

/** A handler whose parameters are checked; mistakes are answered by name. */
const taking =
  <Schema extends z.ZodType>(
    schema: Schema,
    handle: (parameters: z.output<Schema>) => unknown,
  ): Commands[string] =>
  (parameters) => {
    const result = schema.safeParse(parameters);
    if (result.success) return handle(result.data);
    const mistakes = result.error.issues.map(
      ({ path, message }) => `${path.join('.') || 'parameters'}: ${message}`,
    );
    throw new RefusalError(mistakes.join('; '));
  };

export function siteCommands(box: Box): Commands {
  return {
    'hosts-show': taking(hostSchema, ({ host }) => hostDetail(box, findHost(box, host))),
    'hosts-reserve': taking(reserveSchema, (parameters) => reserve(box, parameters)),
    'hosts-release': taking(hostSchema, ({ host }) => release(box, host)),
    providers: () => providerReports(box),
    'provider-add': taking(providerSchema, ({ provider }) => addProvider(box, provider)),
    'provider-remove': taking(nameSchema, ({ name }) => removeProvider(box, name)),
  };
}

/** By name, CMULA or locator. Throws RefusalError. */
function findHost({ site: { hosts } }: Box, text: string): Address {
  const wanted = text.toLowerCase().replace(/\.$/, '');
  const named = [...hosts.live.values(), ...hosts.leases.bindings(), ...hosts.leases.reservations()].find(
    ({ name }) => name?.toLowerCase() === wanted,
  );
  if (named !== undefined) return named.ulid;
  try {
    const address = parseAddress(text);
    const ulid = hosts.locators.owner(address)?.ulid ?? address;
    if (hosts.live.has(addressKey(ulid)) || hosts.leases.isTaken(ulid)) return ulid;
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
  }
  throw new RefusalError(`no host has the name or the address ${text}`);
}

async function reserve(box: Box, wanted: z.output<typeof reserveSchema>): Promise<HostDetail> {
  const { hosts, key, config } = box.site;
  const { name, duid, remoteId, modifier } = wanted;
  const holder = [...hosts.live.values(), ...hosts.leases.reservations()].find(
    (host) => host.name?.toLowerCase() === name.toLowerCase(),
  );
  if (holder !== undefined) throw new RefusalError(`${name} is a host already: pshim6 hosts show ${name}`);
  const subnet = subnetFor(box, wanted.subnet);
  let parts: AddressParts | undefined;
  if (modifier === undefined) parts = await newAddress(box, subnet);
  else {
    parts = { subnet, modifier: octets(modifier), collisionCount: 0, sec: wanted.sec ?? config.site.sec };
    if (!isMined(parts, key.publicKey))
      throw new RefusalError(
        `modifier: not of sec ${parts.sec} with this site's key; pshim6 cga makes one that is`,
      );
  }
  if (parts === undefined) throw new RefusalError('no modifier is mined yet: try again later');
  const { subnet: within, collisionCount, sec, hba } = parts;
  const reservation: Reservation = {
    name,
    ulid: addressOf(parts, key.publicKey).address,
    subnet: within,
    modifier: parts.modifier,
    collisionCount,
    sec,
    ...(hba && { hba }),
    ...(duid && { duid }),
    ...(remoteId && { remoteId }),
  };
  if (hosts.isTaken(reservation.ulid))
    throw new RefusalError('the address that this modifier gives is taken');
  await hosts.reserve(reservation);
  return hostDetail(box, reservation.ulid)!;
}

/** Milliseconds that a person may wait for a modifier: Sec 1 takes a tenth of a second each. */
const MINING = 8_000;

async function newAddress({ site: { hosts } }: Box, subnet: Prefix): Promise<AddressParts | undefined> {
  for (const deadline = performance.now() + MINING; ; ) {
    const fresh = hosts.newAddress(subnet);
    if (fresh !== undefined || performance.now() > deadline) return fresh;
    await new Promise((done) => setTimeout(done, 50));
  }
}

const octets = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, 'hex'));

/** The one asked for, or that of the box's first inside address. Throws RefusalError. */
function subnetFor({ site: { config } }: Box, text: string | undefined): Prefix {
  const own = combine({ address: config.inside[0]!.address, length: 64 }, new Uint8Array(16));
  let subnet: Prefix;
  try {
    subnet = text === undefined ? { address: own, length: 64 } : parsePrefix(text);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new RefusalError(`subnet: ${error.message}`);
  }
  const { prefixes } = config.site;
  if (subnet.length === 64 && prefixes.some((prefix) => containsAddress(prefix, subnet.address)))
    return subnet;
  throw new RefusalError(
    `subnet: must be a /64 in ${prefixes.map(formatPrefix).join(', ')}, found ${formatPrefix(subnet)}`,
  );
}

/** Takes the lease from a host, and its reservation. */
async function release(box: Box, text: string): Promise<{ released: HostDetail }> {
  const { hosts, config } = box.site;
  const ulid = findHost(box, text);
  const released = hostDetail(box, ulid)!;
  if (released.origin === 'configuration' && released.lease === null) {
    const hint = config.hosts.some(({ name }) => name === released.name) ? 'remove it there' : 'it stays';
    throw new RefusalError(`${text} is in the configuration file: ${hint}`);
  }
  const reservation = hosts.leases.reservationOf(ulid);
  const isConfigured = released.origin === 'configuration';
  if (reservation !== undefined && !isConfigured) await hosts.removeReservation(reservation);
  if (released.lease !== null) await hosts.apply([{ kind: 'remove', address: ulid }]);
  return { released };
}

export function providerReports(box: Box): readonly ProviderReport[] {
  const { providers, hosts } = box.site;
  const contexts = contextsByUplink(box);
  return [...providers.values()].map(({ config, origin, draining }) => {
    const uplink = box.links.uplinks.find(({ provider }) => provider.name === config.name);
    return {
      name: config.name,
      prefix: formatPrefix(config.prefix),
      interface: config.interface,
      gateway: formatAddress(config.gateway),
      tunnel: config.tunnel === undefined ? null : formatAddress(config.tunnel.remote),
      priority: config.priority,
      origin,
      draining,
      state: uplink?.up === true ? 'up' : 'down',
      locators: [...hosts.locators.ofProvider(config.name)].length,
      contexts: uplink === undefined ? 0 : (contexts.get(uplink.index) ?? 0),
    };
  });
}

async function addProvider(box: Box, entry: Readonly<Record<string, unknown>>): Promise<ProviderReport> {
  let config: ReturnType<typeof parseProvider>;
  try {
    config = parseProvider(JSON.stringify(entry));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new RefusalError(error.mistakes.join('; '));
  }
  const { name, prefix } = config;
  for (const { config: other } of box.site.providers.values()) {
    if (containsAddress(other.prefix, prefix.address) || containsAddress(prefix, other.prefix.address))
      throw new ProviderError(`${formatPrefix(prefix)} overlaps with that of ${other.name}`);
  }
  box.links.checkProvider(config);
  await box.site.addProvider(config);
  return providerReports(box).find((report) => report.name === name)!;
}

async function removeProvider(box: Box, name: string): Promise<{ removed: string }> {
  await box.site.removeProvider(name);
  return { removed: name };
}
