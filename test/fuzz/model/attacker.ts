/** An attacker off path: it knows every address and key, sends from any address, sees only what is sent to itself. */
import type { LocalHost } from '../../../control/shim6/index.ts';
import { type Address, parseAddress } from '../../../control/wire/ipv6/address.ts';
import {
  decodeMessage,
  encodeMessage,
  findOption,
  type Message,
  type Option,
  VerificationMethod,
} from '../../../control/wire/shim6/index.ts';
import { SeededRandom } from '../../shim6/random.ts';
import { addresses, locator, Site, siteA, siteB } from '../../shim6/sites.ts';
import type { Box } from './box.ts';
import type { TwoSites, WirePacket } from './two-sites.ts';

export const forgeries = [
  'I1',
  'R1',
  'I2',
  'R2',
  'R1bis',
  'I2bis',
  'UpdateRequest',
  'UpdateAcknowledgement',
  'Keepalive',
  'Probe',
  'Error',
  'payload',
  'ICMP',
] as const;

export interface Forgery {
  readonly kind: (typeof forgeries)[number];
  /** What it guesses, tags, nonces and keys, comes from this. */
  readonly seed: number;
  /** From the address of the victim's peer; otherwise from its own, where it sees the answer. */
  readonly spoofed: boolean;
  /** In the name of its own host, for which it has the key; otherwise of the victim's peer. */
  readonly asItself: boolean;
}

const ulidPrefixA = parseAddress('fc00:db8:1::').subarray(0, 8);
const GENERATION = 6;
/** Milliseconds. */
const ROUND_TRIP = 30;
const site = new Site('fc00:db8:6::');
const ownHost = site.host(6, [locator('2001:db8:666::6')]);
const ownLocator = ownHost.locators[0]!.address;
const ownTag = { high: 6, low: 6 };
const ownNonce = 6;

/** Sends a message to `victim`, a host of `box`, whose peer is `peer`; where it takes an answer for that, asks first. */
export function forge(
  sites: TwoSites,
  { kind, seed, spoofed, asItself }: Forgery,
  box: Box,
  victim: LocalHost,
  peer: LocalHost,
): void {
  const random = new SeededRandom(seed);
  const choose = <T>(choices: readonly T[]): T => choices[Math.floor(random.number() * choices.length)]!;
  const u32 = () => choose([0, 0xffffffff, Math.floor(random.number() * 2 ** 32)]);
  const tag = () => ({ high: u32() & 0x7fff, low: u32() });
  const source = spoofed ? choose(addresses(peer)) : ownLocator;
  const destination = choose(addresses(victim));
  const sender = asItself ? ownHost.ulid : peer.ulid;
  const ulids: Option = { type: 'UlidPair', sender, receiver: victim.ulid };
  const initiator = { initiatorTag: ownTag, initiatorNonce: ownNonce };
  const question: { readonly [K in Forgery['kind']]?: () => WirePacket } = {
    I2: () => ({
      source,
      destination,
      message: encodeMessage({ type: 'I1', ...initiator, options: [ulids] }),
    }),
    I2bis: () => ({ source, destination, tag: ownTag, octets: random.octets(8) }),
  };
  const asking = question[kind];
  if (asking !== undefined) {
    sites.forge(asking());
    sites.pass(ROUND_TRIP);
  }
  const { responderNonce, validator } = lastAnswer(sites);
  const claim = () => claiming(asItself, peer, choose([[ownLocator], [ownLocator, source], addresses(peer)]));

  if (kind === 'payload') {
    sites.forge({ source, destination, tag: tag(), octets: random.octets(8) });
    return;
  }
  if (kind === 'ICMP') {
    const options = [{ type: 'UlidPair', sender: victim.ulid, receiver: peer.ulid }] as const;
    const message = encodeMessage({ type: 'I1', initiatorTag: tag(), initiatorNonce: u32(), options });
    const error = { source, local: destination, peer: choose(addresses(peer)), message };
    sites.forgeInput(box, () => box.core.handleUnrecognizedNextHeader(sites.now, error));
    return;
  }
  const messages: { readonly [K in Exclude<Forgery['kind'], 'payload' | 'ICMP'>]: () => Message } = {
    I1: () => ({ type: 'I1', ...initiator, options: [ulids] }),
    R1: () => ({ type: 'R1', initiatorNonce: u32(), responderNonce, options: [validator] }),
    I2: () => ({ type: 'I2', ...initiator, responderNonce, options: [validator, ulids, ...claim()] }),
    R2: () => ({ type: 'R2', responderTag: tag(), initiatorNonce: u32(), options: claim() }),
    R1bis: () => ({ type: 'R1bis', packetTag: tag(), responderNonce, options: [validator] }),
    I2bis: () => ({
      type: 'I2bis',
      ...initiator,
      responderNonce,
      packetTag: ownTag,
      options: [validator, ulids, ...claim()],
    }),
    UpdateRequest: () => ({
      type: 'UpdateRequest',
      receiverTag: tag(),
      requestNonce: u32(),
      options: claim(),
    }),
    UpdateAcknowledgement: () => ({
      type: 'UpdateAcknowledgement',
      receiverTag: tag(),
      requestNonce: u32(),
      options: [],
    }),
    Keepalive: () => ({ type: 'Keepalive', receiverTag: choose([tag(), ownTag]), options: [] }),
    Probe: () => ({
      type: 'Probe',
      receiverTag: tag(),
      state: 1,
      sent: [{ source, destination, nonce: u32(), data: 0 }],
      received: [],
      options: [],
    }),
    Error: () => {
      const quoted: Message = choose([
        { type: 'I1', initiatorTag: tag(), initiatorNonce: u32(), options: [ulids] },
        { type: 'UpdateRequest', receiverTag: tag(), requestNonce: u32(), options: [] },
      ]);
      const packet = Uint8Array.from([
        ...[0x60, 0, 0, 0, 0, 24, 140, 64],
        ...destination,
        ...source,
        ...encodeMessage(quoted),
      ]);
      return { type: 'Error', code: choose([0, 1, 2, 3, 4]), pointer: 42, packet };
    },
  };
  sites.forge({ source, destination, message: encodeMessage(messages[kind]()) });
}

/** What the last R1 or R1bis that came to the attacker says; zeros before the first. */
function lastAnswer(sites: TwoSites): { readonly responderNonce: number; readonly validator: Option } {
  for (const { message: octets } of sites.captured.toReversed()) {
    const message = decodeMessage(octets);
    if (message.type !== 'R1' && message.type !== 'R1bis') continue;
    const validator = findOption(message, 'ResponderValidator');
    if (validator !== undefined) return { responderNonce: message.responderNonce, validator };
  }
  return { responderNonce: 0, validator: { type: 'ResponderValidator', validator: new Uint8Array(20) } };
}

/** A locator list, with the attacker's signature, under the parameters of who it says to be. */
function claiming(asItself: boolean, peer: LocalHost, locators: readonly Address[]): readonly Option[] {
  const parameters = asItself ? site.identity.parameters(ownHost.ulid) : parametersOf(peer);
  const signature = site.identity.sign(ownHost.ulid, GENERATION, locators);
  return [
    {
      type: 'LocatorList',
      generation: GENERATION,
      locators: locators.map((address) => ({ address, method: VerificationMethod.CGA })),
    },
    { type: 'CgaParameterDataStructure', parameters },
    { type: 'CgaSignature', signature },
  ];
}

/** CGA Parameters are no secret. */
function parametersOf({ ulid }: LocalHost): Uint8Array {
  const isA = Buffer.compare(ulid.subarray(0, 8), ulidPrefixA) === 0;
  return (isA ? siteA : siteB).identity.parameters(ulid);
}
