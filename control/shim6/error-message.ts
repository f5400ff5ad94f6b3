/** Sending Error messages, RFC 5533 §5.14, at a bounded rate. */
import { ADDRESS_LENGTH, type Address } from '../wire/ipv6/address.ts';
import { Writer } from '../wire/octets.ts';
import { SHIM6_PROTOCOL } from '../wire/shim6/index.ts';
import type { Core } from './core.ts';
import { RateLimit } from './rate-limit.ts';

const IPV6_HEADER_LENGTH = 8 + 2 * ADDRESS_LENGTH;
const ERROR_HEADER_LENGTH = 8;

/** The packet an Error message answers. */
export interface InvokingPacket {
  readonly now: number;
  readonly source: Address;
  readonly destination: Address;
  readonly bytes: Uint8Array;
}

export class ErrorReporter {
  readonly #core: Core;
  readonly #limit: RateLimit;

  constructor(core: Core, perSecond: number) {
    this.#core = core;
    this.#limit = new RateLimit(perSecond);
  }

  /** `offset` counts from the start of the SHIM6 header; the Pointer counts from the IPv6 header before it. */
  report(packet: InvokingPacket, code: number, offset: number): void {
    if (!this.#limit.admits(packet.now)) return this.#core.count('errors-suppressed');
    this.#core.send(packet.destination, packet.source, {
      type: 'Error',
      code,
      pointer: IPV6_HEADER_LENGTH + offset,
      packet: this.#quote(packet),
    });
  }

  /** The packet from its IPv6 header on, in whole 8 octets; what the core is not told of that header is zero. */
  #quote({ source, destination, bytes }: InvokingPacket): Uint8Array {
    const room = this.#core.settings.maximumMessage - ERROR_HEADER_LENGTH - IPV6_HEADER_LENGTH;
    const quoted = bytes.subarray(0, room & ~7);
    const writer = new Writer(IPV6_HEADER_LENGTH + quoted.length);
    writer
      .u32(6 << 28)
      .u16(bytes.length)
      .u8(SHIM6_PROTOCOL)
      .u8(0);
    return writer.put(source).put(destination).put(quoted).finish();
  }
}
