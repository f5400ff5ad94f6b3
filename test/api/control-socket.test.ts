import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { askDaemon, ControlError } from '../../control/api/client.ts';
import { type ControlSocket, ControlSocketError, serveControlSocket } from '../../control/api/server.ts';

let folder: string;
let path: string;
let socket: ControlSocket;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pshim6-api-'));
  path = join(folder, 'sub', 'control.sock');
  const fails = () => {
    throw new TypeError('no table');
  };
  socket = await serveControlSocket(path, undefined, {
    status: () => ({ contexts: 3 }),
    large: () => 'x'.repeat(3_000_000),
    fails,
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

test('a line without end is cut off', async () => {
  assert.equal(await raw('x'.repeat(200_000)), '');
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
