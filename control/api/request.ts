/** Reading what comes by the control socket: requests, a line each. Pure. */
import { type Arguments, REQUEST_LIMIT } from './protocol.ts';

/** What a stream brings, cut where its lines end. */
export class RequestLines {
  #pending = '';

  /** The lines that `text` ends; undefined when a line is longer than a request may be. */
  take(text: string): readonly string[] | undefined {
    const lines = (this.#pending + text).split('\n');
    this.#pending = lines.pop()!;
    return [...lines, this.#pending].every(({ length }) => length <= REQUEST_LIMIT) ? lines : undefined;
  }
}

export type RequestReading =
  | { readonly command: string; readonly args: Arguments }
  /** What is wrong with it, for people. */
  | { readonly error: string };

/** `commands`: those that there are. */
export function readRequest(line: string, commands: readonly string[]): RequestReading {
  let request: unknown;
  try {
    request = JSON.parse(line);
  } catch {
    return { error: 'a request is one JSON object a line' };
  }
  const { command, arguments: args = {} } = isObject(request) ? request : {};
  if (typeof command !== 'string' || !commands.includes(command))
    return { error: `command must be one of ${commands.join(', ')}` };
  return isObject(args) ? { command, args } : { error: `${command}: arguments must be an object` };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
