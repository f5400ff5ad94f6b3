/**
 * Telling the peer our locators within 1280 octets, RFC 5533 §5.1: what a message has no room for is left out and
 * told by Update Request once the context is established.
 */
import { type Address, addressKey, equalAddress } from '../wire/ipv6/address.ts';
import type { Message, Option } from '../wire/shim6/index.ts';
import type { Context } from './context.ts';
import type { Core } from './core.ts';
import { Announcement, type Host, listsAddress } from './local-host.ts';
import { indifferent, keepaliveOption, locatorOptions, parametersOption } from './locator-options.ts';

type WithOptions = Exclude<Message, { type: 'Error' }>;

/** A message, and what the peer knows once it arrives. */
export interface Telling {
  readonly bytes: Uint8Array;
  readonly announcement: Announcement;
}

/** What to tell when sending from `source`: what the peer is to know or knows, unless that leaves the source out. */
export function announcementFrom({ handshake, announced, host }: Context, source: Address): Announcement {
  const announcement = handshake?.told ?? announced;
  return listsAddress(announcement.locators, source) ? announcement : host.current;
}

/**
 * Encodes `message`, which is to leave from `source`, with as much of `announcement` as fits, the locator `source` and
 * the proof in any case. Undefined, counted, when not even that fits.
 */
export function encodeTelling(
  core: Core,
  host: Host,
  announcement: Announcement,
  source: Address,
  message: WithOptions,
): Telling | undefined {
  for (const [told, options] of abridgements(core, host, announcement, source, message)) {
    const bytes = core.encode({ ...message, options: [...message.options, ...options] });
    if (bytes !== undefined) return { bytes, announcement: told };
  }
  core.count('message-too-long');
  return undefined;
}

/** From everything to the least, with the options that tell it. */
function* abridgements(
  core: Core,
  host: Host,
  announcement: Announcement,
  source: Address,
  message: WithOptions,
): Generator<readonly [Announcement, readonly Option[]]> {
  const isUpdate = message.type === 'UpdateRequest';
  const options = locatorOptions(core, host, announcement);
  // The Keepalive Timeout is told once, by the establishment (RFC 5534 §5.3).
  const whole = isUpdate ? without(options, 'KeepaliveTimeout') : options;
  yield [announcement, whole];
  // An Update Request goes to a peer that has the parameters from the establishment (RFC 5533 §10.1).
  const shortened = isUpdate ? without(whole, 'CgaParameterDataStructure') : whole;
  if (isUpdate) yield [announcement, shortened];
  const plain = indifferent(announcement) ? announcement : withoutPreferences(announcement);
  yield [plain, without(shortened, 'LocatorPreferences')];

  const left = isUpdate
    ? ['LocatorPreferences', 'CgaParameterDataStructure', 'KeepaliveTimeout']
    : ['LocatorPreferences'];
  for (let count = announcement.locators.length - 1; count > 0; count--) {
    const shape = locatorList(whole, count);
    const lengths = [
      ...message.options,
      ...shape,
      ...without(shortened, 'LocatorPreferences', 'LocatorList'),
    ];
    // Signing is dear: only what fits with a signature of the same length is signed.
    if (core.encode({ ...message, options: lengths }) === undefined) continue;
    const some = firstLocators(core, announcement, source, count);
    yield [some, without(locatorOptions(core, host, some), ...left)];
  }
  if (!isUpdate && equalAddress(source, host.ulid)) {
    const none = onlyUlid(core, announcement, host);
    yield [none, locatorOptions(core, host, none)];
  }
}

const without = (options: readonly Option[], ...types: readonly string[]): readonly Option[] =>
  options.filter(({ type }) => !types.includes(type));

const locatorList = (options: readonly Option[], count: number): readonly Option[] =>
  options.flatMap((option) =>
    option.type === 'LocatorList' ? [{ ...option, locators: option.locators.slice(0, count) }] : [],
  );

const plainly = (address: Address) => ({ address, usable: true, priority: 0, weight: 0 });

function abridged(announcement: Announcement, key: string, make: () => Announcement): Announcement {
  const known = announcement.abridged?.get(key);
  if (known !== undefined) return known;
  const made = make();
  announcement.abridged ??= new Map();
  announcement.abridged.set(key, made);
  return made;
}

const withoutPreferences = (announcement: Announcement): Announcement =>
  abridged(announcement, 'plain', () => {
    const { generation, locators } = announcement;
    return new Announcement(
      generation,
      locators.map(({ address }) => plainly(address)),
    );
  });

/** `count` locators: the source, which the list must have, then the best. A list of its own generation. */
const firstLocators = (core: Core, announcement: Announcement, source: Address, count: number) =>
  abridged(announcement, `${count} ${addressKey(source)}`, () => {
    const rank = ({ address, usable, priority }: Announcement['locators'][number]) =>
      equalAddress(address, source) ? -1 : priority + (usable ? 0 : 256);
    const chosen = announcement.locators.toSorted((first, second) => rank(first) - rank(second));
    return new Announcement(
      core.freshGeneration(announcement.generation),
      chosen.slice(0, count).map(({ address }) => plainly(address)),
    );
  });

/** No list at all: the peer takes the ULID for our only locator. No generation is ever like this one's. */
const onlyUlid = (core: Core, announcement: Announcement, host: Host): Announcement =>
  abridged(announcement, 'ulid', () => {
    const none = new Announcement(Number.NaN, [plainly(host.ulid)]);
    none.options = [parametersOption(core, host), ...keepaliveOption(core)];
    return none;
  });
