/** One request to a name server and its answer, over TCP (RFC 7766): updates must not be lost or doubled silently. */
import { connect } from 'node:net';
import { MAX_MESSAGE_LENGTH } from '../wire/dns/constants.ts';
import { type Address, formatAddress } from '../wire/ipv6/address.ts';

export class ExchangeError extends Error {
  constructor(server: Address, port: number, reason: string) {
    super(`name server ${formatAddress(server)} port ${port}: ${reason}`);
    this.name = 'ExchangeError';
  }
}

const PATIENCE = 5_000;

/** Resolves with the first message that comes back. Rejects with ExchangeError. */
export function exchange(server: Address, port: number, message: Uint8Array): Promise<Uint8Array> {
  return new Promise((done, failed) => {
    let received = Buffer.alloc(0);
    const socket = connect({ host: formatAddress(server), port, noDelay: true });
    const stop = (reason: string) => {
      socket.destroy();
      failed(new ExchangeError(server, port, reason));
    };
    const timer = setTimeout(() => stop('no answer'), PATIENCE);
    socket.on('close', () => clearTimeout(timer));
    socket.on('connect', () => {
      const length = Uint8Array.of(message.length >> 8, message.length & 0xff);
      socket.write(Buffer.concat([length, message]));
    });
    socket.on('error', (error: NodeJS.ErrnoException) => stop(error.code ?? error.message));
    socket.on('end', () => stop('closed before it answered'));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const length = received.length < 2 ? MAX_MESSAGE_LENGTH : received.readUInt16BE(0);
      if (received.length < 2 + length) return;
      socket.destroy();
      done(new Uint8Array(received.subarray(2, 2 + length)));
    });
  });
}
