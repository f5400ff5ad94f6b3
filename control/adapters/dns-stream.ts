/** DNS messages in a TCP stream: each behind two octets of length (RFC 1035 §4.2.2). */

/** Message and length in one piece: two segments would cost slow clients a round trip (RFC 7766 §8). */
export function frameMessage(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(2 + message.length);
  frame[0] = message.length >> 8;
  frame[1] = message.length & 0xff;
  frame.set(message, 2);
  return frame;
}

/** Pieces kept apart. Whoever sends octet by octet must not make each cost the memory of an object. */
const MOST_PIECES = 32;

/** Collects octets, at most one message's worth beyond the last chunk. */
export class MessageStream {
  #chunks: Uint8Array[] = [];
  #length = 0;

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.#chunks.length === MOST_PIECES) this.#chunks = [Buffer.concat(this.#chunks)];
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** The next complete message. */
  next(): Uint8Array | undefined {
    if (this.#length < 2) return undefined;
    const first = this.#chunks[0]!;
    const second = first.length > 1 ? first[1]! : this.#chunks[1]![0]!;
    const end = 2 + ((first[0]! << 8) | second);
    if (this.#length < end) return undefined;
    const all = this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
    const rest = all.subarray(end);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
    return new Uint8Array(all.subarray(2, end));
  }
}
