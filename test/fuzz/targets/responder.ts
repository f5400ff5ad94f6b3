/** Messages into a core with contexts: the responder's path and every other, RFC 5533 §7 and §10. */
import { encodeMessage, type Message } from '../../../control/wire/shim6/index.ts';
import { sealed } from '../../wire/shim6/sealed.ts';
import { realMessages } from '../real-messages.ts';
import { sealable } from '../shim6-structure.ts';
import { changeSteps, decodeSteps, encodeSteps, type Step } from '../steps.ts';
import type { Target } from '../target.ts';
import { shim6Words } from '../words.ts';
import { addresses, announcing, ourLocators, peerTag, Repair, repaired, sources, World } from '../world.ts';

const MOST_STEPS = 12;
/** Milliseconds before the message. */
const WAITS = [0, 20, 5_000, 40_000];
const AFTERWARDS = 400_000;

/** Bits of `choices`: two for the source, one for the destination, two for the wait, three for a command. */
const from = (source: number, destination = 0, wait = 0): number => source | (destination << 2) | (wait << 3);
const UNPLUG = 6 << 5;
const SEEK = 7 << 5;

const step = (choices: number, repairs: number, message: Message): Step => ({
  choices,
  repairs,
  message: encodeMessage(message),
});

const stranger = { type: 'UlidPair', sender: addresses.stranger, receiver: addresses.us } as const;
const known = { type: 'UlidPair', sender: addresses.peer, receiver: addresses.us } as const;
const validator = { type: 'ResponderValidator', validator: new Uint8Array(20) } as const;
const tag = { high: 5, low: 5 };
const initiator = { initiatorTag: tag, initiatorNonce: 5 };
const answer = { initiatorNonce: 0, responderNonce: 9 };
const update = { type: 'UpdateRequest', receiverTag: tag, requestNonce: 7 } as const;
const list = (source: number) => announcing(sources.slice(source, source + 1));

const conversations: readonly (readonly Step[])[] = [
  [
    step(from(3), 0, { type: 'I1', ...initiator, options: [stranger] }),
    step(from(3), Repair.validator, {
      type: 'I2',
      ...initiator,
      responderNonce: 0,
      options: [validator, stranger, ...list(3)],
    }),
  ],
  [
    step(from(0), 0, { type: 'I1', ...initiator, options: [known] }),
    step(from(0), Repair.validator, {
      type: 'I2',
      ...initiator,
      responderNonce: 0,
      options: [validator, known, ...announcing(sources.slice(0, 2), 2)],
    }),
  ],
  [step(from(0), 0, { type: 'I1', initiatorTag: peerTag, initiatorNonce: 12, options: [known] })],
  [
    step(from(2), Repair.initiatorNonce, { type: 'R1', ...answer, options: [validator] }),
    step(from(2), Repair.initiatorNonce, {
      type: 'R2',
      responderTag: tag,
      initiatorNonce: 0,
      options: list(2),
    }),
  ],
  [step(from(0), Repair.tag, { ...update, options: announcing(sources.slice(0, 3), 2) })],
  [step(from(1, 1), Repair.tag, { ...update, options: announcing(sources.slice(0, 2)).slice(1, 2) })],
  [
    step(from(1) | UNPLUG, Repair.tag | Repair.requestNonce, {
      type: 'UpdateAcknowledgement',
      receiverTag: tag,
      requestNonce: 0,
      options: [],
    }),
  ],
  [
    step(from(0), Repair.tag, { type: 'R1bis', packetTag: tag, responderNonce: 4, options: [validator] }),
    step(from(0), Repair.initiatorNonce, {
      type: 'R2',
      responderTag: tag,
      initiatorNonce: 0,
      options: announcing(sources.slice(0, 2), 2),
    }),
  ],
  [
    step(from(0), 0, { ...update, options: [] }),
    step(from(0), Repair.validator, {
      type: 'I2bis',
      ...initiator,
      responderNonce: 0,
      packetTag: tag,
      options: [validator, known, ...announcing(sources.slice(0, 2), 2)],
    }),
  ],
  [step(from(2, 0, 3) | SEEK, Repair.initiatorNonce, { type: 'R1', ...answer, options: [validator] })],
  realMessages().map((message) => ({ choices: from(0), repairs: Repair.tag, message })),
];

export const target: Target = {
  invariant: 'nothing thrown; contexts bounded; none made but by an answer to R1 or R1bis; answers bounded',
  maximumLength: 8_192,
  dictionary: shim6Words,
  seeds: () => conversations.map(encodeSteps),
  restructure: (random, input, other) => changeSteps(random, input, other, MOST_STEPS),
  run(input) {
    const world = new World();
    for (const { choices, repairs, message } of decodeSteps(input, MOST_STEPS)) {
      world.pass(WAITS[(choices >> 3) & 3]!);
      const command = choices & 0b1110_0000;
      if (command === UNPLUG) world.setUsable(false);
      if (command === SEEK) world.seek();
      const made = (repairs & Repair.unsealed) === 0 ? sealed(sealable(message)) : message;
      world.hand(sources[choices & 3]!, ourLocators[(choices >> 2) & 1]!, repaired(world, made, repairs));
    }
    world.pass(AFTERWARDS);
  },
};
