import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { after, afterEach, describe, it } from 'node:test';
import { type ConnectedSocket, ConnectedSockets, SyscallError } from '../../native/linux/index.ts';

const LOOPBACK = new Uint8Array(16);
LOOPBACK[15] = 1;

async function until(condition: () => boolean): Promise<void> {
  for (const end = performance.now() + 5000; !condition() && performance.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.ok(condition());
}

/** Closed at the end of each test, also when it fails. */
const peersOpen: Socket[] = [];

/** A socket of node:dgram, bound; what it receives. */
async function dgram(): Promise<{ socket: Socket; port: number; received: Buffer[] }> {
  const socket = createSocket('udp6');
  peersOpen.push(socket);
  const received: Buffer[] = [];
  socket.on('message', (message) => received.push(message));
  socket.bind(0, '::1');
  await once(socket, 'listening');
  return { socket, port: socket.address().port, received };
}

afterEach(() => {
  for (const socket of peersOpen.splice(0)) socket.close();
});

describe('connected sockets', () => {
  const received: [ConnectedSocket, string][] = [];
  const failed: [ConnectedSocket, string][] = [];
  const sockets = new ConnectedSockets({
    receive: (socket, message) => received.push([socket, Buffer.from(message).toString()]),
    fail: (socket, { code }) => failed.push([socket, code]),
  });
  after(() => sockets.close());

  it('receive from their peer alone, each its own', async () => {
    const peers = await Promise.all([dgram(), dgram()]);
    for (const { socket } of peers) {
      socket.on('message', (message, { port }) => socket.send(`${message}!`, port, '::1'));
    }
    const all = peers.flatMap(({ port }) => [sockets.open(LOOPBACK, port), sockets.open(LOOPBACK, port)]);
    for (const [index, socket] of all.entries()) socket.send(Buffer.from(`${index}`));
    await until(() => received.length === 4);
    assert.deepEqual(
      received.map(([socket, text]) => [all.indexOf(socket), text]).sort(),
      [0, 1, 2, 3].map((index) => [index, `${index}!`]),
    );
    const stranger = await dgram();
    const own = peers[0]!.received.length;
    assert.equal(own, 2);
    const ports = await new Promise<number>((resolve) => {
      peers[0]!.socket.once('message', (_message, { port }) => resolve(port));
      all[0]!.send(Buffer.from('again'));
    });
    stranger.socket.send('forged', ports, '::1');
    await until(() => received.length === 5);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(received.at(-1)![1], 'again!');
    for (const socket of all) socket.close();
    assert.equal(sockets.size, 0);
  });

  it('tell that nobody listens', async () => {
    const { socket, port } = await dgram();
    peersOpen.pop();
    socket.close();
    const lonely = sockets.open(LOOPBACK, port);
    lonely.send(Buffer.from('x'));
    await until(() => failed.length > 0);
    assert.deepEqual(failed, [[lonely, 'ECONNREFUSED']]);
    lonely.close();
    assert.throws(() => lonely.send(Buffer.from('x')), SyscallError);
  });

  it('one closed in the handling of another hears nothing more', async () => {
    const { socket, port } = await dgram();
    const clients: ConnectedSocket[] = [];
    const heard: ConnectedSocket[] = [];
    const closing = new ConnectedSockets({
      receive: (from) => {
        heard.push(from);
        for (const other of clients) if (other !== from) other.close();
      },
      fail: () => undefined,
    });
    for (let count = 0; count < 3; count++) clients.push(closing.open(LOOPBACK, port));
    const ports: number[] = [];
    socket.on('message', (_message, { port: from }) => {
      ports.push(from);
      if (ports.length === 3) for (const to of ports) socket.send('x', to, '::1');
    });
    for (const client of clients) client.send(Buffer.from('x'));
    await until(() => heard.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(heard.length, 1);
    assert.equal(closing.size, 1);
    closing.close();
  });

  it('say that there is no way: a link-local address without its link', () => {
    assert.throws(
      () => sockets.open(Uint8Array.from(LOOPBACK).fill(0xfe, 0, 1).fill(0x80, 1, 2), 53),
      SyscallError,
    );
    assert.equal(sockets.size, 0);
  });
});
