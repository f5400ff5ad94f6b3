/** Asking a running daemon over its control socket. */
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Arguments, Request, Response } from './protocol.ts';

export class ControlError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ControlError';
  }
}

const ANSWER_MILLISECONDS = 10_000;

const failures: Readonly<Record<string, string>> = {
  ENOENT: 'no daemon serves it; is pshim6 run running, and is --socket right?',
  ECONNREFUSED: 'no daemon serves it any more; start pshim6 run',
  EACCES: 'permission denied; only root and the configured group may use it',
};

const failure = (path: string, reason: string) => new ControlError(`control socket ${path}: ${reason}`);

const reasonOf = ({ code, message }: NodeJS.ErrnoException): string => failures[code ?? ''] ?? message;

function request(path: string, command: string, args: Arguments | undefined): Socket {
  const asked: Request = { command, ...(args && { arguments: args }) };
  const socket = connect(path, () => socket.write(`${JSON.stringify(asked)}\n`));
  socket.setEncoding('utf8');
  return socket;
}

/** The command's result. Throws ControlError when no daemon answers or it refuses. */
export function askDaemon(path: string, command: string, args?: Arguments): Promise<unknown> {
  return new Promise((done, failed) => {
    const chunks: string[] = [];
    const socket = request(path, command, args);
    const stop = (reason: string) => {
      socket.destroy();
      failed(failure(path, reason));
    };
    socket.setTimeout(ANSWER_MILLISECONDS, () => stop('no answer'));
    socket.on('error', (error) => stop(reasonOf(error)));
    socket.on('end', () => stop('closed before it answered'));
    socket.on('data', (text: string) => {
      chunks.push(text);
      if (!text.endsWith('\n')) return;
      socket.destroy();
      const response = JSON.parse(chunks.join('')) as Response;
      if ('error' in response) failed(new ControlError(response.error));
      else if ('result' in response) done(response.result);
      else failed(failure(path, `${command} answers with events: follow it`));
    });
  });
}

/** What the command tells, as it tells it, until the daemon ends. Throws ControlError as `askDaemon` does. */
export async function* followDaemon(
  path: string,
  command: string,
  args?: Arguments,
): AsyncGenerator<Extract<Response, { event: unknown } | { lost: number }>> {
  const socket = request(path, command, args);
  try {
    for await (const line of createInterface({ input: socket })) {
      const response = JSON.parse(line) as Response;
      if ('error' in response) throw new ControlError(response.error);
      if ('result' in response) throw failure(path, `${command} answers once: ask for it`);
      yield response;
    }
  } catch (error) {
    throw error instanceof ControlError ? error : failure(path, reasonOf(error as NodeJS.ErrnoException));
  } finally {
    socket.destroy();
  }
}
