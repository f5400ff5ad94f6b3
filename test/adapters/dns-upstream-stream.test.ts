/** Streams toward resolvers, with real sockets and a clock of the test's own. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { frameMessage, MessageStream } from '../../control/adapters/dns-stream.ts';
import { DnsUpstreamStream } from '../../control/adapters/dns-upstream-stream.ts';
import { withId } from '../../control/wire/dns/header.ts';
import { endpoint, question } from '../naming/harness.ts';

describe('a stream to a resolver', () => {
  let server: Server;
  let streams: DnsUpstreamStream;
  let now: number;
  /** Whether the resolver answers what arrives, by number of the connection. */
  let answers: (connection: number) => boolean;
  let accepted: number;
  let arrived: number;
  let sockets: Socket[];
  let onArrival: () => void;
  let answered: number[];
  let onAnswer: () => void;
  let failed: number[];
  let resolver: ReturnType<typeof endpoint>;

  beforeEach(async () => {
    [now, accepted, arrived, answered, failed, sockets] = [0, 0, 0, [], [], []];
    answers = () => true;
    [onArrival, onAnswer] = [() => {}, () => {}];
    server = createServer((socket) => {
      const connection = accepted++;
      sockets.push(socket);
      const stream = new MessageStream();
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        stream.push(chunk);
        for (let query = stream.next(); query !== undefined; query = stream.next()) {
          arrived++;
          if (answers(connection)) socket.write(frameMessage(query));
          onArrival();
        }
      });
    }).listen(0, '::1');
    await once(server, 'listening');
    resolver = endpoint('::1', (server.address() as { port: number }).port);
    streams = new DnsUpstreamStream(
      {
        onMessage: (query) => {
          answered.push(query);
          streams.cancel(query);
          onAnswer();
        },
        onFailure: (query) => void failed.push(query),
      },
      () => now,
    );
  });
  afterEach(async () => {
    streams.close();
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });

  const send = (query: number): void =>
    streams.send(query, resolver, withId(question('TXT', 'foo.com'), query));
  const sendAndAwait = (query: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    onAnswer = resolve;
    send(query);
    return promise;
  };
  const sendUnanswered = (query: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    onArrival = resolve;
    send(query);
    return promise;
  };

  it('carries all queries while it is answered, however long it rested between', async () => {
    await sendAndAwait(1);
    now += 15_000;
    await sendAndAwait(2);
    assert.equal(accepted, 1);
  });

  it('that has gone silent is left for a new one, and closed with its last query', async () => {
    answers = (connection) => connection > 0 || arrived === 1;
    await sendAndAwait(1);
    await sendUnanswered(2);
    now += 2000;
    await sendUnanswered(3);
    assert.equal(accepted, 1, 'not before its time');
    now += 1;
    await sendAndAwait(4);
    assert.deepEqual([accepted, answered], [2, [1, 4]]);
    await sendAndAwait(5);
    assert.equal(accepted, 2);
    const closed = once(sockets[0]!, 'close');
    streams.cancel(2);
    streams.cancel(3);
    await closed;
    assert.equal(streams.connections, 1);
    assert.deepEqual(failed, []);
  });

  it('that answers late goes on', async () => {
    answers = () => false;
    await sendUnanswered(1);
    now += 5000;
    const { promise, resolve } = Promise.withResolvers<void>();
    onAnswer = resolve;
    sockets[0]!.write(frameMessage(withId(question('TXT', 'foo.com'), 1)));
    await promise;
    answers = () => true;
    await sendAndAwait(2);
    assert.deepEqual([accepted, answered], [1, [1, 2]]);
  });
});

describe('messages in a stream', () => {
  it('arrive whole, octet by octet or many at once', () => {
    const messages = [65_535, 12, 1, 0, 300].map((length) => new Uint8Array(length).fill(length));
    const octets = Buffer.concat(messages.map(frameMessage));
    for (const size of [1, 3, 1000, octets.length]) {
      const stream = new MessageStream();
      const received: Uint8Array[] = [];
      for (let offset = 0; offset < octets.length; offset += size) {
        stream.push(octets.subarray(offset, offset + size));
        for (let next = stream.next(); next !== undefined; next = stream.next()) received.push(next);
      }
      assert.deepEqual(received, messages);
    }
  });
});
