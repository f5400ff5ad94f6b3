/** Asking a running daemon over its control socket. */
import { connect } from 'node:net';
import type { Response } from './protocol.ts';

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

/** The command's result. Throws ControlError when no daemon answers or it refuses. */
export function askDaemon(path: string, command: string): Promise<unknown> {
  return new Promise((done, failed) => {
    const chunks: string[] = [];
    const socket = connect(path, () => socket.write(`${JSON.stringify({ command })}\n`));
    const stop = (reason: string) => {
      socket.destroy();
      failed(new ControlError(`control socket ${path}: ${reason}`));
    };
    socket.setEncoding('utf8');
    socket.setTimeout(ANSWER_MILLISECONDS, () => stop('no answer'));
    socket.on('error', (error: NodeJS.ErrnoException) => stop(failures[error.code ?? ''] ?? error.message));
    socket.on('end', () => stop('closed before it answered'));
    socket.on('data', (text: string) => {
      chunks.push(text);
      if (!text.endsWith('\n')) return;
      socket.destroy();
      const response = JSON.parse(chunks.join('')) as Response;
      if ('error' in response) failed(new ControlError(response.error));
      else done(response.result);
    });
  });
}
