/** The control socket: a Unix socket that only root and one named group can use. */
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { RefusalError } from '../site/refusal.ts';
import type { Arguments, Response } from './protocol.ts';
import { RequestLines, readRequest } from './request.ts';

export { RefusalError };

/** By name; the result, a promise of it, or a Stream. What is thrown becomes the answer's error. */
export type Commands = Readonly<Record<string, (args: Arguments) => unknown>>;

/** What a command returns that goes on telling. */
export class Stream {
  /** Begins to tell and returns how to end it. */
  readonly begin: (tell: (event: unknown) => void) => () => void;
  constructor(begin: Stream['begin']) {
    this.begin = begin;
  }
}

export class ControlSocketError extends Error {
  constructor(path: string, reason: string) {
    super(`control socket ${path}: ${reason}`);
    this.name = 'ControlSocketError';
  }
}

const IDLE_MILLISECONDS = 30_000;
const MOST_CLIENTS = 64;
/** Octets that a client may leave unread before events pass it by. */
const MOST_UNREAD = 1_048_576;

export interface ControlSocket {
  close(): Promise<void>;
}

/** Throws ControlSocketError when another daemon serves the path, or the group does not exist. */
export async function serveControlSocket(
  path: string,
  group: string | undefined,
  commands: Commands,
): Promise<ControlSocket> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  if (await isServed(path)) throw new ControlSocketError(path, 'another pshim6 answers there');
  rmSync(path, { force: true });
  const clients = new Set<Socket>();
  const server = createServer((socket) => {
    clients.add(socket);
    socket.on('close', () => clients.delete(socket));
    serve(socket, commands);
  });
  server.maxConnections = MOST_CLIENTS;
  await listen(server, path, group);
  return {
    async close() {
      for (const client of clients) client.destroy();
      await new Promise((done) => server.close(done));
      rmSync(path, { force: true });
    },
  };
}

async function listen(server: Server, path: string, group: string | undefined): Promise<void> {
  const groupId = group === undefined ? undefined : groupNamed(group);
  if (group !== undefined && groupId === undefined)
    throw new ControlSocketError(path, `there is no group ${group}`);
  // Nobody else may connect between bind and chmod.
  const mask = process.umask(0o177);
  try {
    await new Promise<void>((done, failed) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        failed(new ControlSocketError(path, `cannot be bound (${error.code})`)),
      );
      server.listen(path, done);
    });
  } finally {
    process.umask(mask);
  }
  if (groupId === undefined) return;
  chownSync(path, 0, groupId);
  chmodSync(path, 0o660);
}

function groupNamed(name: string): number | undefined {
  const row = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[0] === name);
  return row === undefined ? undefined : Number(row[2]);
}

function isServed(path: string): Promise<boolean> {
  return new Promise((done) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      done(true);
    });
    probe.once('error', () => done(false));
  });
}

function serve(socket: Socket, commands: Commands): void {
  const requests = new RequestLines();
  socket.setEncoding('utf8');
  socket.setTimeout(IDLE_MILLISECONDS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (text: string) => {
    const lines = requests.take(text);
    if (lines === undefined) return socket.destroy();
    // Whoever asks faster than it reads the answers waits: nothing piles up here.
    socket.pause();
    void serveLines(socket, lines, commands).then(() => socket.resume());
  });
}

async function serveLines(socket: Socket, lines: readonly string[], commands: Commands): Promise<void> {
  for (const line of lines) {
    if (socket.writableNeedDrain) await drained(socket);
    await serveLine(socket, line, commands);
  }
}

/** Also when it never will, because it is closed. */
function drained(socket: Socket): Promise<void> {
  return new Promise((done) => {
    const end = () => {
      socket.off('drain', end).off('close', end);
      done();
    };
    socket.on('drain', end).on('close', end);
    if (socket.destroyed) end();
  });
}

async function serveLine(socket: Socket, line: string, commands: Commands): Promise<void> {
  if (socket.destroyed) return;
  const answer = await perform(line, commands);
  if (answer instanceof Stream) stream(socket, answer);
  else send(socket, answer);
}

const send = (socket: Socket, response: Response): void => {
  if (!socket.destroyed) socket.write(`${JSON.stringify(response)}\n`);
};

function stream(socket: Socket, { begin }: Stream): void {
  let lost = 0;
  // Silence is no reason to hang up on who listens.
  socket.setTimeout(0);
  const end = begin((event) => {
    if (socket.writableLength > MOST_UNREAD) {
      lost++;
      return;
    }
    if (lost > 0) send(socket, { lost });
    lost = 0;
    send(socket, { event });
  });
  socket.on('close', end);
  if (socket.destroyed) end();
}

async function perform(line: string, commands: Commands): Promise<Response | Stream> {
  const request = readRequest(line, Object.keys(commands));
  if ('error' in request) return request;
  const { command, args } = request;
  try {
    const result = await commands[command]!(args);
    return result instanceof Stream ? result : { result };
  } catch (error) {
    const { message } = error as Error;
    return { error: error instanceof RefusalError ? message : `${command} failed: ${message}` };
  }
}
