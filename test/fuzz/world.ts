/** A core among fixed peers, the same in every run: one context stands, one is being sought. */
import type { IdentityProvider } from '../../control/identity/index.ts';
import { type Effect, Shim6, type Shim6Settings } from '../../control/shim6/index.ts';
import { type Address, equalAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { EncodeError } from '../../control/wire/octets.ts';
import {
  type ContextTag,
  decodeMessage,
  encodeMessage,
  findOption,
  type Message,
  type Option,
  type ResponderValidator,
  VerificationMethod,
} from '../../control/wire/shim6/index.ts';
import { SeededRandom } from '../shim6/random.ts';
import { hold } from './target.ts';

export const addresses = {
  us: parseAddress('fc00:db8:2::2'),
  /** With a context. */
  peer: parseAddress('fc00:db8:1::1'),
  /** Sought by us. */
  sought: parseAddress('fc00:db8:3::3'),
  stranger: parseAddress('fc00:db8:4::4'),
} as const;
export const ourLocators = [parseAddress('2001:db8:21::2'), parseAddress('2001:db8:22::2')] as const;
/** Where messages come from: two locators of the peer, one of the sought, one of nobody. */
export const sources = ['2001:db8:11::1', '2001:db8:12::1', '2001:db8:31::3', '2001:db8:41::4'].map(
  parseAddress,
);
export const peerTag: ContextTag = { high: 0x1234, low: 0x56789abc };

/** Believes what starts with a zero. */
const identity: IdentityProvider = {
  parameters: () => new Uint8Array(64),
  sign: () => new Uint8Array(64),
  verifyParameters: (_, parameters) => parameters[0] === 0,
  verify({ parameters, signature, locators }) {
    if (parameters[0] !== 0) return { valid: false, reason: 'cga', locator: 0 };
    if (signature?.[0] === 0) return { valid: true };
    return { valid: false, reason: 'signature', locator: locators.length - 1 };
  },
};

export const announcing = (locators: readonly Address[], generation = 1): readonly Option[] => [
  {
    type: 'LocatorList',
    generation,
    locators: locators.map((address) => ({ address, method: VerificationMethod.CGA })),
  },
  {
    type: 'LocatorPreferences',
    generation,
    elementLength: 3,
    elements: locators.map((_, index) => ({ flags: 0, priority: index, weight: 1 })),
  },
  { type: 'CgaParameterDataStructure', parameters: new Uint8Array(64) },
  { type: 'CgaSignature', signature: new Uint8Array(64) },
];

export const settings: Partial<Shim6Settings> = { maximumContexts: 4 };
/** Octets: 1280 less the IPv6 header. */
const LONGEST = 1240;
/** Messages that one input of the core may cause: answers, and updates of every context. */
const MOST_SENT = 12;

export class World {
  readonly core: Shim6;
  now = 0;
  /** What the core asked or answered last, for messages that must fit. */
  readonly asked: { initiatorNonce: number; requestNonce: number } = { initiatorNonce: 0, requestNonce: 0 };
  answered: { responderNonce: number; validator: ResponderValidator } | undefined;
  /** Every Responder Validator that the core has issued. */
  readonly #issued: Uint8Array[] = [];

  constructor() {
    this.core = new Shim6({ random: new SeededRandom(1).octets, identity, settings });
    this.setUsable(true);
    const ulids = { type: 'UlidPair', sender: addresses.peer, receiver: addresses.us } as const;
    const initiator = { initiatorTag: peerTag, initiatorNonce: 11 };
    this.hand(sources[0]!, ourLocators[0], encodeMessage({ type: 'I1', ...initiator, options: [ulids] }));
    const { responderNonce, validator } = this.answered!;
    const options = [validator, ulids, ...announcing(sources.slice(0, 2))];
    this.hand(
      sources[0]!,
      ourLocators[0],
      encodeMessage({ type: 'I2', ...initiator, responderNonce, options }),
    );
    hold(this.core.context(addresses.us, addresses.peer)?.state === 'ESTABLISHED', 'the context stands');
    this.seek();
  }

  /** Our first locator works, or does not. */
  setUsable(usable: boolean): void {
    const locators = ourLocators.map((address, index) => ({
      address,
      usable: usable || index > 0,
      priority: 10 * index,
      weight: 1,
    }));
    this.core.setHost(this.now, { ulid: addresses.us, locators });
    this.#collect();
  }

  seek(): void {
    this.core.establish(this.now, addresses.us, addresses.sought, sources.slice(2, 3));
    this.#collect();
  }

  /** Hands in a message and checks what comes of it. */
  hand(source: Address, destination: Address, message: Uint8Array): void {
    const before = this.core.size;
    this.core.handleMessage(this.now, { source, destination, message });
    this.#collect();
    if (this.core.size > before) hold(this.#isAnswer(message), 'state without an answer to R1 or R1bis');
  }

  /** Lets time pass; the core is woken when it asks for it, and it asks for the future only. */
  pass(milliseconds: number): void {
    const end = this.now + milliseconds;
    for (let due = this.core.nextTimeout(); due !== undefined && due <= end; due = this.core.nextTimeout()) {
      this.now = Math.max(this.now, due);
      this.core.handleTimeout(this.now);
      this.#collect();
      const next = this.core.nextTimeout();
      hold(next === undefined || next > this.now, 'a timeout that is due stays due');
    }
    this.now = end;
  }

  /** CT(local) of the context that stands, if it does still. */
  get localTag(): ContextTag | undefined {
    return this.core.context(addresses.us, addresses.peer)?.localTag;
  }

  #isAnswer(octets: Uint8Array): boolean {
    const message = decodeMessage(octets);
    if (message.type !== 'I2' && message.type !== 'I2bis') return false;
    const validator = findOption(message, 'ResponderValidator')?.validator;
    return validator !== undefined && this.#issued.some((issued) => Buffer.compare(issued, validator) === 0);
  }

  #collect(): void {
    let sent = 0;
    for (let effect = this.core.pollEffect(); effect !== undefined; effect = this.core.pollEffect()) {
      this.#check(effect);
      if (effect.kind === 'send') sent++;
    }
    hold(sent <= MOST_SENT, `${sent} messages for one`);
    hold(this.core.size <= settings.maximumContexts!, 'more contexts than may be');
    const tags = new Set([...this.core.contexts()].map(({ localTag }) => `${localTag.high} ${localTag.low}`));
    const tagged = [...this.core.contexts()].filter(({ localTag }) => localTag.high + localTag.low > 0);
    hold(tags.size >= tagged.length, 'two contexts with one tag');
  }

  #check(effect: Effect): void {
    if (effect.kind !== 'send') return;
    hold(effect.message.length <= LONGEST, `a message of ${effect.message.length} octets`);
    hold(
      ourLocators.some((locator) => equalAddress(locator, effect.source)),
      'sent from an address that is not ours',
    );
    const message = decodeMessage(effect.message);
    if (message.type === 'R1' || message.type === 'R1bis') {
      const validator = findOption(message, 'ResponderValidator')!;
      this.answered = { responderNonce: message.responderNonce, validator };
      this.#issued.push(validator.validator);
    }
    if ('initiatorNonce' in message && message.type !== 'R1' && message.type !== 'R2')
      this.asked.initiatorNonce = message.initiatorNonce;
    if (message.type === 'UpdateRequest') this.asked.requestNonce = message.requestNonce;
  }
}

/** Which fields of a message are replaced by the right ones. */
export const Repair = { tag: 1, initiatorNonce: 2, validator: 4, requestNonce: 8, unsealed: 16 } as const;

/** `octets` with the fields that `repairs` names as the world would have them; unchanged if they do not decode. */
export function repaired(world: World, octets: Uint8Array, repairs: number): Uint8Array {
  let message: ReturnType<typeof decodeMessage>;
  try {
    message = decodeMessage(octets);
  } catch {
    return octets;
  }
  if (message.type === 'Unknown' || message.type === 'Error') return octets;
  const changes: Record<string, unknown> = {};
  const put = (repair: number, field: string, value: unknown) => {
    if ((repairs & repair) !== 0 && field in message && value !== undefined) changes[field] = value;
  };
  put(Repair.tag, 'receiverTag', world.localTag);
  put(Repair.tag, 'packetTag', message.type === 'R1bis' ? peerTag : world.localTag);
  if (message.type === 'R1' || message.type === 'R2')
    put(Repair.initiatorNonce, 'initiatorNonce', world.asked.initiatorNonce);
  put(Repair.requestNonce, 'requestNonce', world.asked.requestNonce);
  if ((repairs & Repair.validator) !== 0 && world.answered !== undefined && message.type !== 'R1') {
    put(Repair.validator, 'responderNonce', world.answered.responderNonce);
    const { validator } = world.answered;
    changes['options'] = message.options.map((one) => (one.type === 'ResponderValidator' ? validator : one));
  }
  try {
    return encodeMessage({ ...message, ...changes } as Message, octets.length + 64);
  } catch (error) {
    if (error instanceof EncodeError) return octets;
    throw error;
  }
}
