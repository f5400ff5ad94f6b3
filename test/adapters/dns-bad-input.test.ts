/** Bad input through real sockets: hosts that misuse the server, and resolvers that lie or die. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { DnsServer } from '../../control/adapters/dns-server.ts';
import { frameMessage, MessageStream } from '../../control/adapters/dns-stream.ts';
import { DnsAlg } from '../../control/naming/dns-alg.ts';
import type { DnsAlgSettings } from '../../control/naming/settings.ts';
import { withId } from '../../control/wire/dns/header.ts';
import { aaaa, decode, endpoint, question, response, ulid } from '../naming/harness.ts';

type Answering = (query: Buffer, from: RemoteInfo, socket: Socket) => void;

describe('bad input', () => {
  const closing: (() => unknown)[] = [];
  after(async () => {
    for (const close of closing) await close();
  });

  /** A box whose resolver does as it is told. */
  async function box(answering: Answering, settings: Partial<DnsAlgSettings> = {}) {
    const resolver = createSocket('udp6').bind(0, '::1');
    await once(resolver, 'listening');
    resolver.on('message', (query, from) => answering(query, from, resolver));
    const resolvers = [endpoint('::1', resolver.address().port)];
    const alg = new DnsAlg({ random: randomBytes, resolvers, settings });
    const server = new DnsServer({ listen: [endpoint('::1', 0)], alg, onLearned: () => undefined });
    await server.start();
    closing.push(
      () => server.close(),
      () => resolver.close(),
    );
    return { alg, port: server.ports[0]! };
  }

  const truth = (query: Buffer): Buffer => {
    const asked = { message: query } as unknown as Parameters<typeof response>[0];
    const { type, name } = decode(query).questions![0]!;
    const answers = type === 'AAAA' ? [aaaa(name, '2001:db8:21::1')] : [ulid(name, 'fc00:db8:2::1')];
    return Buffer.from(withId(response(asked, { answers }), query.readUInt16BE()));
  };

  /** Asks again where no answer comes, as stub resolvers do. */
  async function ask(port: number, message: Uint8Array): Promise<Buffer> {
    const socket = createSocket('udp6');
    const send = () => socket.send(message, port, '::1');
    send();
    const again = setInterval(send, 1000);
    try {
      const [answer] = (await once(socket, 'message', { signal: AbortSignal.timeout(20_000) })) as [Buffer];
      return answer;
    } finally {
      clearInterval(again);
      socket.close();
    }
  }

  it('a resolver that answers with the wrong ID, question, or rubbish before the truth changes nothing', async () => {
    const { alg, port } = await box((query, { port, address }, socket) => {
      const answer = truth(query);
      const lie = Buffer.from(answer);
      lie[lie.length - 1]! ^= 1;
      const forged = [
        withId(lie, answer.readUInt16BE() ^ 1),
        withId(truth(question('AAAA', 'other.foo.com')), answer.readUInt16BE()),
        query,
        answer.subarray(0, 11),
        Buffer.alloc(0),
        randomBytes(64),
      ];
      for (const message of [...forged, answer]) socket.send(message, port, address);
    });
    const answer = decode(await ask(port, question('AAAA', 'h2.foo.com')));
    assert.deepEqual(
      answer.answers?.map((record) => 'data' in record && record.data),
      ['fc00:db8:2::1'],
    );
    assert.ok(alg.counters.upstreamMismatched + alg.counters.upstreamLate >= 10);
  });

  it('whoever forges answers has to guess: questions leave from many ports, each under an ID of its own', async () => {
    const [ports, ids] = [new Map<number, number>(), new Set<number>()];
    const count = 300;
    const { port } = await box((query, from, socket) => {
      ports.set(from.port, (ports.get(from.port) ?? 0) + 1);
      ids.add(query.readUInt16BE());
      const answer = Buffer.from(query);
      answer.writeUInt16BE(0x8180, 2);
      socket.send(answer, from.port, from.address);
    });
    for (let id = 0; id < count; id++) await ask(port, question('TXT', `n${id}.foo.com`, { id: 1 }));
    assert.ok(ports.size >= 32, `${ports.size} ports`);
    // A thirty-second of them is expected at each.
    assert.ok(Math.max(...ports.values()) < count / 6, `${[...ports.values()]}`);
    // Of 300 random ones hardly any are equal.
    assert.ok(ids.size > count - 10, `${ids.size} IDs`);
  });

  it('a resolver that sends rubbish under the right ID and question: SERVFAIL, or as if there were no ULID', async () => {
    const { port } = await box((query, { port, address }, socket) => {
      const answer = truth(query);
      // As many records as fit in 16 bits, of which there is one.
      answer.writeUInt16BE(0xffff, 6);
      socket.send(answer, port, address);
    });
    const answer = await ask(port, question('AAAA', 'h2.foo.com'));
    assert.equal(answer.readUInt16BE(6), 0xffff, 'passed: the client judges');
  });

  it('a resolver that is dead: SERVFAIL at the deadline, everything given back', async () => {
    const { alg, port } = await box(() => undefined, { deadline: 300, retransmitAfter: 50 });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, id) => ask(port, question('AAAA', `n${id}.foo.com`, { id }))),
    );
    assert.ok(answers.every((answer) => decode(answer).rcode === 'SERVFAIL'));
    assert.equal(alg.inFlight, 0);
  });

  it('messages of 64 KiB over TCP, a compression loop in each, many at once', async () => {
    const { alg, port } = await box((query, { port, address }, socket) => {
      socket.send(query, port, address);
    });
    const sockets = Array.from({ length: 8 }, () => connect(port, '::1'));
    const message = Buffer.alloc(65_535, 0xc0);
    message.writeUInt16BE(0x0100, 2);
    message.writeUInt16BE(1, 4);
    for (const socket of sockets) {
      socket.on('error', () => undefined);
      for (let count = 0; count < 20; count++) socket.write(frameMessage(message));
    }
    // The resolver has no TCP: each is answered SERVFAIL, and none is lost.
    const answered = await Promise.all(
      sockets.map(async (socket) => {
        const stream = new MessageStream();
        let count = 0;
        for await (const chunk of socket as AsyncIterable<Buffer>) {
          stream.push(chunk);
          while (stream.next() !== undefined) count++;
          if (count === 20) break;
        }
        return count;
      }),
    );
    assert.deepEqual(answered, Array(8).fill(20));
    assert.equal(alg.inFlight, 0);
  });

  describe('a flood of names that do not exist', () => {
    let flooded: Awaited<ReturnType<typeof box>>;
    before(async () => {
      flooded = await box((query, { port, address }, socket) => {
        const answer = Buffer.from(query);
        answer.writeUInt16BE(0x8183, 2);
        socket.send(answer, port, address);
      });
    });

    it('is answered, forgotten, and leaves room for others', async () => {
      const { alg, port } = flooded;
      const socket = createSocket('udp6');
      let received = 0;
      socket.on('message', () => received++);
      for (let id = 0; id < 3000; id++) {
        socket.send(question('AAAA', `n${id}.foo.com`, { id }), port, '::1');
        if (id % 100 === 99) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      const answer = await ask(port, question('AAAA', 'last.foo.com', { id: 9 }));
      assert.equal(decode(answer).rcode, 'NXDOMAIN');
      socket.close();
      assert.ok(received > 20, `${received}`);
      assert.ok(alg.inFlight <= 256);
      assert.equal(alg.locators.size, 0);
    });
  });
});
