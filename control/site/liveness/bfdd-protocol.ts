/**
 * The control socket of FRR's bfdd (`--bfdctl`), which tells of session states as they change: a header of 8 octets
 * (length of what follows, request identifier, message type, version), then JSON. Learnt from bfdd 8.4.
 */
import { z } from 'zod';
import { type Address, parseAddress } from '../../wire/ipv6/address.ts';

const HEADER_LENGTH = 8;
const VERSION = 1;
/** bfdd's messages are of some hundred octets. */
const LONGEST_MESSAGE = 65_536;
const TYPE_RESPONSE = 1;
const TYPE_NOTIFY = 4;
/** Tell of peers' states (1) and of sessions that are made and removed (2), of all there are at first. */
const NOTIFY_STATES_AND_SESSIONS = 3n;

/** Octets that no bfdd sends. */
export class BfddProtocolError extends Error {
  constructor(problem: string) {
    super(`bfdd: ${problem}`);
    this.name = 'BfddProtocolError';
  }
}

/** A request for all states now and for every change; bfdd answers it with a response, and then the states. */
export function encodeSubscription(identifier: number): Uint8Array {
  const message = new DataView(new ArrayBuffer(HEADER_LENGTH + 8));
  message.setUint32(0, 8);
  message.setUint16(4, identifier);
  message.setUint8(6, TYPE_NOTIFY);
  message.setUint8(7, VERSION);
  // The flags alone are in the machine's own order.
  message.setBigUint64(HEADER_LENGTH, NOTIFY_STATES_AND_SESSIONS, true);
  return new Uint8Array(message.buffer);
}

const address = z.string().transform((text, context): Address => {
  try {
    return parseAddress(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'no IPv6 address' });
    return z.NEVER;
  }
});

const session = { 'peer-address': address, 'local-interface': z.string().optional() };
const notification = z.discriminatedUnion('op', [
  z.object({
    op: z.literal('status'),
    ...session,
    state: z.enum(['adm-down', 'down', 'init', 'up']),
    diagnostics: z.number(),
    'remote-diagnostics': z.number(),
  }),
  z.object({ op: z.literal('delete'), ...session }),
]);

export type BfdNotification = z.output<typeof notification>;
export type BfddMessage = BfdNotification | { readonly op: 'response' };

/** Cuts what arrives into messages. Those of no interest (IPv4 peers, configuration) are left out. */
export class BfddReader {
  #pending = new Uint8Array(0);

  /** Throws BfddProtocolError; nothing more can be read then. */
  read(chunk: Uint8Array): readonly BfddMessage[] {
    const bytes = new Uint8Array(this.#pending.length + chunk.length);
    bytes.set(this.#pending);
    bytes.set(chunk, this.#pending.length);
    const view = new DataView(bytes.buffer);
    const messages: BfddMessage[] = [];
    let offset = 0;
    while (offset + HEADER_LENGTH <= bytes.length) {
      const length = view.getUint32(offset);
      const version = view.getUint8(offset + 7);
      if (version !== VERSION) throw new BfddProtocolError(`version ${version} of its control protocol`);
      if (length > LONGEST_MESSAGE) throw new BfddProtocolError(`a message of ${length} octets`);
      const end = offset + HEADER_LENGTH + length;
      if (end > bytes.length) break;
      const message = decode(view.getUint8(offset + 6), bytes.subarray(offset + HEADER_LENGTH, end));
      if (message !== undefined) messages.push(message);
      offset = end;
    }
    this.#pending = bytes.slice(offset);
    return messages;
  }
}

function decode(type: number, body: Uint8Array): BfddMessage | undefined {
  if (type === TYPE_RESPONSE) return { op: 'response' };
  if (type !== TYPE_NOTIFY) return undefined;
  let tree: unknown;
  try {
    // Some versions end the text with a zero octet.
    tree = JSON.parse(new TextDecoder().decode(body).replace(/\0+$/, ''));
  } catch {
    throw new BfddProtocolError('a notification that is no JSON');
  }
  return notification.safeParse(tree).data;
}
