/** A transfer that goes on until it is ended, over one TCP connection, and whose every octet is known. */
import { once } from 'node:events';
import { LabError, spawnIn } from './command.ts';
import { start } from './process.ts';
import type { LabHost } from './state.ts';

const PORT = 8090;
/** Octets of a block, which holds its own number throughout; milliseconds between blocks: 2 MB/s. */
const BLOCK = 65_536;
const PAUSE = 32;

const SERVER = `require('node:http').createServer((request, response) => {
  let number = 0;
  const timer = setInterval(() => {
    if (response.writableNeedDrain) return;
    response.write(Buffer.alloc(${BLOCK}, Uint32Array.of(number++)));
  }, ${PAUSE});
  response.on('close', () => clearInterval(timer));
}).listen(${PORT}, '::')`;

/** Begins to serve on a host. */
export async function serveEndlessly(host: LabHost): Promise<void> {
  await start(`endless-${host.namespace}`, host.namespace, [process.execPath, '-e', SERVER]);
}

export class EndlessTransfer {
  readonly #child;
  readonly #title: string;
  readonly #closed: Promise<unknown>;
  #received = 0;
  #failure: string | undefined;
  #isWanted = true;

  /** `client` fetches from `server`, which it finds by its name. */
  constructor(client: LabHost, server: LabHost) {
    this.#title = `the transfer from ${server.name} to ${client.name}`;
    const argv = ['curl', '-sSN', '--retry', '20', '--retry-connrefused', `http://${server.name}:${PORT}/`];
    this.#child = spawnIn(client.namespace, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#closed = once(this.#child, 'close');
    let words = '';
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      words += text;
    });
    this.#child.stdout!.on('data', (chunk: Buffer) => this.#check(chunk));
    this.#child.on('close', () => {
      if (this.#isWanted) this.#failure ??= `broke: ${words}`;
    });
  }

  /** Octets that arrived. Throws LabError when the connection broke, or another octet came than was sent. */
  get received(): number {
    if (this.#failure !== undefined) throw new LabError(`${this.#title} ${this.#failure}`);
    return this.#received;
  }

  /** Rejects with LabError as above. */
  async end(): Promise<void> {
    this.#isWanted = false;
    this.#child.kill();
    await this.#closed;
    void this.received;
  }

  #check(chunk: Buffer): void {
    const expected = Buffer.alloc(chunk.length);
    for (let at = 0; at < chunk.length; ) {
      const offset = this.#received + at;
      const number = Math.floor(offset / BLOCK);
      const end = Math.min(chunk.length, at + BLOCK - (offset % BLOCK));
      // The number's octets, begun where the chunk begins within them.
      const octets = Buffer.from(Uint32Array.of(number).buffer);
      const turned = Buffer.concat([octets.subarray(offset % 4), octets.subarray(0, offset % 4)]);
      expected.fill(turned, at, end);
      at = end;
    }
    if (!expected.equals(chunk)) this.#failure ??= `is wrong after ${this.#received} octets`;
    this.#received += chunk.length;
  }
}
