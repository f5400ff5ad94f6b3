import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { askDaemon, ControlError, followDaemon } from '../../control/api/client.ts';
import {
  type ControlSocket,
  ControlSocketError,
  RefusalError,
  Stream,
  serveControlSocket,
} from '../../control/api/server.ts';
import { ProviderError } from '../../control/site/provider-list.ts';

const settle = () => new Promise((done) => setTimeout(done, 20));

let folder: string;
let path: string;
let socket: ControlSocket;
/** Large answers given. */
let larges = 0;
/** Tells all followers. */
const followers = new Set<(event: unknown) => void>();
const tell = (event: unknown) => {
  for (const follower of followers) follower(event);
};

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pshim6-api-'));
  path = join(folder, 'sub', 'control.sock');
  const fails = () => {
    throw new TypeError('no table');
  };
  socket = await serveControlSocket(path, undefined, {
    status: () => ({ contexts: 3 }),
    large: () => {
      larges++;
      return 'x'.repeat(3_000_000);
    },
    fails,
    echo: (args) => args,
    later: async () => ({ answer: 42 }),
    refuses: () => {
      throw new RefusalError('there is no such host');
    },
    overlaps: () => {
      throw new ProviderError('its prefix overlaps with that of x1');
    },
    follow: () =>
      new Stream((follower) => {
        followers.add(follower);
        return () => followers.delete(follower);
      }),
  });
});

after(async () => {
  await socket.close();
  rmSync(folder, { recursive: true });
});

/** Sends raw text and returns all that comes back until the daemon or `lines` lines end it. */
function raw(text: string | Uint8Array, lines = 1): Promise<string> {
  return new Promise((done) => {
    let answer = '';
    const client = connect(path, () => client.write(text));
    client.on('data', (chunk) => {
      answer += chunk;
      if (answer.split('\n').length > lines) client.destroy();
    });
    client.on('error', () => client.destroy());
    client.on('close', () => done(answer));
  });
}

test('a command is answered', async () => {
  assert.deepEqual(await askDaemon(path, 'status'), { contexts: 3 });
});

test('an answer larger than any buffer arrives whole', async () => {
  assert.equal(String(await askDaemon(path, 'large')).length, 3_000_000);
});

test('nobody but the owner may use the socket', () => {
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('an unknown command is refused with the known ones, and so are names of Object', async () => {
  await assert.rejects(
    askDaemon(path, 'reboot'),
    (error) => error instanceof ControlError && /status, large, fails/.test(error.message),
  );
  await assert.rejects(askDaemon(path, 'constructor'), ControlError);
});

test('a failing command is an error, and the daemon lives on', async () => {
  await assert.rejects(askDaemon(path, 'fails'), /no table/);
  assert.deepEqual(await askDaemon(path, 'status'), { contexts: 3 });
});

test('what is no request gets an error a line', async () => {
  for (const text of ['{\n', 'null\n', '[]\n', '7\n', '{"command":7}\n', '\0\xff\n'])
    assert.match(await raw(text), /^\{"error":/);
});

test('two requests in one segment get two answers', async () => {
  assert.equal((await raw('{"command":"status"}\n{"command":"status"}\n', 2)).trim().split('\n').length, 2);
});

test('a line that is too long is cut off, with an end or without', async () => {
  assert.equal(await raw('x'.repeat(200_000)), '');
  assert.equal(await raw(`${' '.repeat(70_000)}{"command":"status"}\n`), '');
});

test('a second daemon on the same path is refused', async () => {
  await assert.rejects(serveControlSocket(path, undefined, {}), ControlSocketError);
});

test('a group that does not exist is named', async () => {
  await assert.rejects(serveControlSocket(join(folder, 'other.sock'), 'no-such-group', {}), /no-such-group/);
});

test('without a daemon the client says so', async () => {
  await assert.rejects(askDaemon(join(folder, 'none.sock'), 'status'), /no daemon serves it/);
});

test('arguments arrive as they were given; what is no object is refused', async () => {
  assert.deepEqual(await askDaemon(path, 'echo', { a: [1, 'x'] }), { a: [1, 'x'] });
  assert.deepEqual(await askDaemon(path, 'echo'), {});
  assert.match(await raw('{"command":"echo","arguments":[1]}\n'), /arguments must be an object/);
});

test('an answer that takes time is waited for, and keeps its place', async () => {
  assert.deepEqual(await askDaemon(path, 'later'), { answer: 42 });
  const lines = (await raw('{"command":"later"}\n{"command":"status"}\n', 2)).trim().split('\n');
  assert.deepEqual(lines, ['{"result":{"answer":42}}', '{"result":{"contexts":3}}']);
});

test('requests of a client that reads no answers wait outside', async () => {
  const before = larges;
  const client = connect(path, () => client.write('{"command":"large"}\n'.repeat(1_000)));
  client.pause();
  while (larges === before) await settle();
  await settle();
  assert.ok(larges - before < 5, `${larges - before} answers of 3 MB`);
  assert.deepEqual(await askDaemon(path, 'status'), { contexts: 3 }, 'others are served');
  client.destroy();
});

test('a refusal is said as it is', async () => {
  await assert.rejects(askDaemon(path, 'refuses'), { message: 'there is no such host' });
  await assert.rejects(askDaemon(path, 'overlaps'), { message: 'its prefix overlaps with that of x1' });
});

test('events come as they happen, to every follower, until it goes', async () => {
  const events = followDaemon(path, 'follow');
  const first = events.next();
  while (followers.size === 0) await settle();
  tell({ number: 1 });
  tell({ number: 2 });
  assert.deepEqual((await first).value, { event: { number: 1 } });
  assert.deepEqual((await events.next()).value, { event: { number: 2 } });
  await events.return(undefined);
  while (followers.size > 0) await settle();
});

test('a follower that does not read is passed by, and told how much it missed', async () => {
  const client = connect(path, () => client.write('{"command":"follow"}\n'));
  while (followers.size === 0) await settle();
  client.pause();
  const event = 'x'.repeat(10_000);
  for (let count = 0; count < 1_000; count++) tell(event);
  let text = '';
  client.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  client.resume();
  while (!text.includes('"lost"')) {
    tell('again');
    await settle();
  }
  const lines = text.trim().split('\n');
  const lost = lines.map((line) => JSON.parse(line).lost ?? 0).reduce((sum, count) => sum + count, 0);
  const told = lines.filter((line) => line.length > 10_000).length;
  assert.ok(lost > 0 && told > 0);
  assert.ok(told + lost >= 1_000 && told < 1_000, `${told} told, ${lost} lost`);
  client.destroy();
  while (followers.size > 0) await settle();
});

test('a command that answers once cannot be followed, and the other way round', async () => {
  await assert.rejects(followDaemon(path, 'status').next(), /answers once/);
  await assert.rejects(followDaemon(path, 'reboot').next(), ControlError);
  await assert.rejects(followDaemon(join(folder, 'none.sock'), 'follow').next(), /no daemon serves it/);
});
