/** Reading a peer's locators from I2, I2bis, R2 or Update Request, and proving them (RFC 5533 §7.2, §10.4). */
import { type Address, equalAddress, isLinkLocal, isMulticast, isUnspecified } from '../wire/ipv6/address.ts';
import {
  ErrorCode,
  findOption,
  headerLength,
  type I2,
  type I2bis,
  type LocatorList,
  type LocatorPreferences,
  OPTION_HEADER_LENGTH,
  optionOffset,
  PreferenceFlag,
  type R2,
  type UpdateRequest,
} from '../wire/shim6/index.ts';
import type { Core } from './core.ts';
import type { CounterName } from './counters.ts';
import { onlyUlid, type PeerLocatorList } from './peer.ts';
import type { Received } from './received.ts';

type LocatorMessage = I2 | I2bis | R2 | UpdateRequest;

/** What is known of the peer already, where the message leaves it out. */
export interface KnownPeer {
  readonly parameters: Uint8Array | undefined;
  readonly list: PeerLocatorList | undefined;
}

export interface VerifiedPeer {
  readonly list: PeerLocatorList;
  readonly parameters: Uint8Array | undefined;
  /** Seconds; undefined when the message does not say. */
  readonly keepaliveTimeout: number | undefined;
}

/** Why the message must be discarded; `error` is what its sender is to be told, if anything. */
export interface Refusal {
  readonly refused: CounterName;
  readonly error?: { readonly code: number; readonly offset: number };
}

const STRANGER: KnownPeer = { parameters: undefined, list: undefined };

/**
 * Ls(peer) after `received`. A message without Locator List leaves the known list, or the ULID alone. Nothing is
 * believed that the CGA Parameters and the signature do not prove.
 */
export function verifyPeer(
  core: Core,
  ulid: Address,
  received: Received<LocatorMessage>,
  known = STRANGER,
): VerifiedPeer | Refusal {
  const { message } = received;
  const carried = findOption(message, 'CgaParameterDataStructure')?.parameters;
  const parameters = carried ?? known.parameters;
  const listOption = findOption(message, 'LocatorList');
  if (carried !== undefined && listOption === undefined && !core.identity.verifyParameters(ulid, carried)) {
    return { refused: 'bad-parameters' };
  }
  let list = known.list ?? onlyUlid(ulid);
  if (listOption !== undefined) {
    const refusal = refuseLocators(core, ulid, received, listOption, parameters);
    if (refusal !== undefined) return refusal;
    list = withoutPreferences(listOption);
  }
  const preferencesOption = findOption(message, 'LocatorPreferences');
  if (preferencesOption !== undefined) {
    const refusal = refusePreferences(received, list, preferencesOption);
    if (refusal !== undefined) return refusal;
    list = withPreferences(list, preferencesOption);
  }
  return { list, parameters, keepaliveTimeout: findOption(message, 'KeepaliveTimeout')?.timeout };
}

/** Counts the refusal and tells the sender what it is to be told. */
export function refuse(core: Core, received: Received<LocatorMessage>, { refused, error }: Refusal): void {
  core.count(refused);
  if (error) core.errors.report(received, error.code, error.offset);
}

function refuseLocators(
  core: Core,
  ulid: Address,
  received: Received<LocatorMessage>,
  option: LocatorList,
  parameters: Uint8Array | undefined,
): Refusal | undefined {
  const { locators, generation } = option;
  if (locators.length > core.settings.maximumLocators) return { refused: 'too-many-locators' };
  if (locators.length === 0 || !locators.every(({ address }) => mayBeLocator(address, ulid))) {
    return { refused: 'bad-locator' };
  }
  if (parameters === undefined) return { refused: 'bad-parameters', error: methodError(received, 0) };
  const signature = findOption(received.message, 'CgaSignature')?.signature;
  const addresses = locators.map(({ address }) => address);
  const methods = locators.map(({ method }) => method);
  const claim = { ulid, parameters, generation, locators: addresses, methods, signature };
  const result = core.identity.verify(claim);
  if (result.valid) return undefined;
  if (result.reason === 'cga') return { refused: 'bad-parameters' };
  return { refused: REFUSALS[result.reason], error: methodError(received, result.locator) };
}

const REFUSALS = {
  method: 'unsupported-method',
  hba: 'bad-locator',
  'unsupported-key': 'unsupported-key',
  signature: 'bad-signature',
} as const;

/** A unicast address beyond one link. Unique local ones are routed nowhere, but a peer may list its ULID. */
const mayBeLocator = (address: Address, ulid: Address): boolean =>
  !isMulticast(address) &&
  !isUnspecified(address) &&
  !isLinkLocal(address) &&
  !isLoopback(address) &&
  (!isUniqueLocal(address) || equalAddress(address, ulid));

const isUniqueLocal = (address: Address): boolean => (address[0]! & 0xfe) === 0xfc;

const isLoopback = (address: Address): boolean =>
  address[15] === 1 && address.subarray(0, 15).every((octet) => octet === 0);

/** Error Code 2 points at the verification method of the locator at `index`. */
function methodError(received: Received<LocatorMessage>, index: number): NonNullable<Refusal['error']> {
  const methods = OPTION_HEADER_LENGTH + 5;
  return { code: ErrorCode.LocatorVerification, offset: offsetOf(received, 'LocatorList') + methods + index };
}

function offsetOf({ bytes, message }: Received<LocatorMessage>, type: string): number {
  const index = message.options.findIndex((option) => option.type === type);
  return optionOffset(bytes, headerLength(message.type), index);
}

/** RFC 5533 §10.4: the wrong generation is Error 3 at that field, the wrong number Error 4 at Length. */
function refusePreferences(
  received: Received<LocatorMessage>,
  list: PeerLocatorList,
  option: LocatorPreferences,
): Refusal | undefined {
  const code =
    option.generation !== list.generation
      ? ErrorCode.GenerationOutOfSync
      : option.elements.length !== list.locators.length
        ? ErrorCode.NumberOfLocators
        : undefined;
  if (code === undefined) return undefined;
  const within = code === ErrorCode.GenerationOutOfSync ? OPTION_HEADER_LENGTH : 2;
  return {
    refused: 'bad-preferences',
    error: { code, offset: offsetOf(received, 'LocatorPreferences') + within },
  };
}

const withoutPreferences = ({ generation, locators }: LocatorList): PeerLocatorList => ({
  generation,
  locators: locators.map(({ address, method }) => ({
    address,
    method,
    broken: isUniqueLocal(address),
    transient: false,
    priority: 0,
    weight: 0,
  })),
});

const withPreferences = (list: PeerLocatorList, { elements }: LocatorPreferences): PeerLocatorList => ({
  generation: list.generation,
  locators: list.locators.map(({ address, method }, index) => {
    const { flags, priority, weight } = elements[index]!;
    const broken = (flags & PreferenceFlag.BROKEN) !== 0 || isUniqueLocal(address);
    return { address, method, broken, transient: (flags & PreferenceFlag.TRANSIENT) !== 0, priority, weight };
  }),
});
