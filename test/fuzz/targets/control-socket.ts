/** Requests to the control socket, the stream in two pieces: the first octet chooses where it is cut. */
import assert from 'node:assert/strict';
import type { Renumberer } from '../../../control/adapters/renumberer.ts';
import { renumberingCommands } from '../../../control/api/renumbering-commands.ts';
import { RequestLines, readRequest } from '../../../control/api/request.ts';
import { type Commands, RefusalError, Stream } from '../../../control/api/server.ts';
import { siteCommands } from '../../../control/api/site-commands.ts';
import { zoneCommands } from '../../../control/api/zone-commands.ts';
import type { Box } from '../../../control/box.ts';
import { ConfigError } from '../../../control/config/load.ts';
import { parseProvider } from '../../../control/config/provider.ts';
import { accountReports } from '../../../control/observe/account-reports.ts';
import type { Site } from '../../../control/site/site.ts';
import { join } from '../mutate.ts';
import { hold, type Target } from '../target.ts';
import { text } from '../words.ts';

/** Past its parameters every command comes to the site or the box, which refuses here. */
const refusing = <T>(): T =>
  new Proxy(
    {},
    {
      get() {
        throw new RefusalError('the parameters are right');
      },
    },
  ) as T;

const commands: Commands = {
  ...accountReports(refusing<Box>(), undefined),
  ...siteCommands(refusing<Box>()),
  ...zoneCommands(refusing<Site>(), undefined, 65_280),
  ...renumberingCommands(refusing<Renumberer>()),
};
const names = Object.keys(commands);

const request = (command: string, args: object): Uint8Array =>
  text(`${JSON.stringify({ command, arguments: args })}\n`);

const provider = { name: 'z1', interface: 'wan2', prefix: '2001:db8:13::/48', gateway: 'fe80::3' };

export const target: Target = {
  invariant: 'a result, a Stream or a refusal in words, the same however the stream is cut',
  maximumLength: 1024,
  dictionary: [
    ...names.map((name) => text(`{"command":"${name}","arguments":{`)),
    ...['host', 'name', 'subnet', 'duid', 'remoteId', 'modifier', 'sec', 'provider', 'zones', 'ttl'].map(
      (key) => text(`"${key}":`),
    ),
    ...['from', 'to', 'local', 'peer', 'contexts', '__proto__', 'constructor'].map((key) =>
      text(`"${key}":`),
    ),
    ...[
      'null',
      'true',
      '[]',
      '{}',
      '""',
      '-1',
      '1e999',
      '"\\ud800"',
      '"::"',
      '"fc00::/64"',
      '\n',
      '}}\n',
    ].map(text),
    Uint8Array.of(0xff),
  ],
  seeds: () =>
    [
      request('hosts-show', { host: 'h1.bar.com' }),
      request('hosts-reserve', { name: 'h9', subnet: 'fc00:db8:1::/64', duid: '0001', sec: 1 }),
      request('hosts-reserve', { name: 'h9', modifier: '0'.repeat(32), remoteId: 'ff' }),
      request('provider-add', { provider }),
      request('provider-remove', { name: 'z1' }),
      request('provider-replace-plan', { from: 'x1', to: 'z1', ttl: 60 }),
      request('zone-export', { zones: ['bar.com', '8.b.d.0.1.0.0.2.ip6.arpa'], ttl: 300 }),
      request('context', { local: 'fc00::1', peer: 'fc00::2' }),
      join(
        request('follow-events', { contexts: true }),
        request('zones', {}),
        text('[]\n{"command":"zones"}\n'),
      ),
    ].map((stream) => join(Uint8Array.of(9), stream)),
  run(input) {
    const [cut = 0] = input;
    const decoder = new TextDecoder();
    const stream = decoder.decode(input.subarray(1));
    const whole = answers([stream]);
    assert.deepEqual(answers([stream.slice(0, cut), stream.slice(cut)]), whole);
  },
};

function answers(pieces: readonly string[]): readonly string[] {
  const requests = new RequestLines();
  return pieces.flatMap((piece) => {
    const lines = requests.take(piece);
    hold(lines !== undefined, 'no line here is too long');
    return lines.map(answer);
  });
}

function answer(line: string): string {
  const reading = readRequest(line, names);
  if ('error' in reading) return worded(reading.error);
  const { command, args } = reading;
  hold(Object.hasOwn(commands, command), 'a command that there is not');
  const { provider } = args;
  if (command === 'provider-add' && typeof provider === 'object' && provider !== null)
    checkProvider(provider);
  try {
    const result = commands[command]!(args);
    // What goes on later has come to the site already.
    if (result instanceof Promise) result.catch(() => {});
    return result instanceof Stream ? `${command} streams` : `${command} answers`;
  } catch (error) {
    if (!(error instanceof RefusalError)) throw error;
    return worded(error.message);
  }
}

function checkProvider(entry: object): void {
  try {
    parseProvider(JSON.stringify(entry));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const mistake of error.mistakes) worded(mistake);
  }
}

function worded(error: string): string {
  hold(error !== '', 'refused without a word');
  return error;
}
