import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { DnsListenError, DnsServer, type LearnedEffect } from '../../control/adapters/dns-server.ts';
import { frameMessage, MessageStream } from '../../control/adapters/dns-stream.ts';
import type { DnsTcpLimits } from '../../control/adapters/dns-tcp-listener.ts';
import { DnsAlg } from '../../control/naming/dns-alg.ts';
import type { DnsAlgSettings } from '../../control/naming/settings.ts';
import { formatUlidRecord } from '../../control/naming/ulid-record.ts';
import { withId } from '../../control/wire/dns/header.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { decode, encode, endpoint, opt, question } from '../naming/harness.ts';
import { type Named, startNamed } from './dns-named.ts';

const run = promisify(execFile);
const LOOPBACK = parseAddress('::1');
const CMULA = 'fc00:db8:2::1';
const ZONE = `$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns AAAA ::1
h2 60 AAAA 2001:db8:21::1
h2 60 AAAA 2001:db8:22::1
h2 A 192.0.2.2
h2 HTTPS 1 . alpn=h2 ipv6hint=2001:db8:21::1
${formatUlidRecord('h2', 200, parseAddress(CMULA))}
www CNAME h2
plain AAAA 2001:db8:99::1
plain A 192.0.2.99
text TXT "plain text"
many TXT ${Array.from({ length: 12 }, (_, index) => `"${String(index % 10).repeat(200)}"`).join(' ')}
big AAAA 2001:db8:98::1
${Array.from({ length: 60 }, (_, index) => `big AAAA 2001:db8:97::${index + 1}`).join('\n')}
huge A 192.0.2.3
${formatUlidRecord('huge', 300, parseAddress('fc00:db8:2::3'))}
${Array.from({ length: 60 }, (_, index) => `huge AAAA 2001:db8:96::${index + 1}`).join('\n')}
`;

/** Closed at the end of the test or suite by the caller's `after`, also when it fails. */
async function startServer(
  resolverPort: number,
  settings: Partial<DnsAlgSettings> = {},
  limits: Partial<DnsTcpLimits> = {},
): Promise<{ server: DnsServer; port: number; learned: LearnedEffect[]; alg: DnsAlg }> {
  const alg = new DnsAlg({ random: randomBytes, resolvers: [endpoint('::1', resolverPort)], settings });
  const learned: LearnedEffect[] = [];
  const server = new DnsServer({
    listen: [{ address: LOOPBACK, port: 0 }],
    alg,
    onLearned: (effect) => learned.push(effect),
    limits,
  });
  await server.start();
  return { server, port: server.ports[0]!, learned, alg };
}

async function askUdp(port: number, message: Uint8Array): Promise<Buffer> {
  const socket = createSocket('udp6');
  socket.send(message, port, '::1');
  const [answer] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  return answer;
}

/** As many answers as queries, in the order they come. */
async function askTcp(port: number, messages: readonly Uint8Array[], split = false): Promise<Buffer[]> {
  const socket = connect(port, '::1');
  const octets = Buffer.concat(messages.map(frameMessage));
  if (split) for (const octet of octets) socket.write(Uint8Array.of(octet));
  else socket.write(octets);
  const stream = new MessageStream();
  const answers: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    stream.push(chunk);
    for (let next = stream.next(); next !== undefined; next = stream.next()) answers.push(Buffer.from(next));
    if (answers.length === messages.length) break;
  }
  return answers;
}

describe('DNS server in front of BIND', () => {
  let named: Named;
  let server: DnsServer;
  let port: number;
  let learned: LearnedEffect[];
  let alg: DnsAlg;
  const dig = async (...words: string[]): Promise<string> =>
    (await run('dig', ['@::1', '-p', String(port), '+tries=1', '+time=5', ...words])).stdout;
  const short = async (...words: string[]): Promise<string[]> =>
    (await dig('+short', ...words))
      .trim()
      .split('\n')
      .filter((line) => line !== '');

  before(async () => {
    named = await startNamed('foo.com', ZONE);
    ({ server, port, learned, alg } = await startServer(named.port));
  });
  after(async () => {
    await server?.close();
    await named?.stop();
  });

  it('tells the ULID in place of the locators, over UDP and TCP, and reports them', async () => {
    for (const transport of ['+notcp', '+tcp']) {
      learned.length = 0;
      assert.deepEqual(await short(transport, 'h2.foo.com', 'AAAA'), [CMULA]);
      assert.deepEqual(
        learned.map(({ host, ulid, locators, ttl, name }) => [
          ...[host, ulid, ...locators].map(formatAddress),
          ttl,
          name,
        ]),
        [['::1', CMULA, '2001:db8:21::1', '2001:db8:22::1', 60, 'h2.foo.com']],
      );
    }
    assert.match(await dig('h2.foo.com', 'AAAA'), /^h2\.foo\.com\.\s+60\s+IN\s+AAAA\s+fc00:db8:2::1$/m);
    assert.equal(alg.inFlight, 0);
  });

  it('follows aliases', async () => {
    assert.deepEqual(await short('www.foo.com', 'AAAA'), ['h2.foo.com.', CMULA]);
  });

  it('has no A and no address hints for such a name', async () => {
    const answer = await dig('h2.foo.com', 'A');
    assert.match(answer, /status: NOERROR/);
    assert.match(answer, /ANSWER: 0,/);
    const [service] = await short('h2.foo.com', 'HTTPS');
    assert.equal(service, '1 . alpn="h2"');
  });

  it('rewrites what is too large for UDP on the resolver’s side', async () => {
    assert.deepEqual(await short('+notcp', 'huge.foo.com', 'AAAA'), ['fc00:db8:2::3']);
    assert.equal(learned.at(-1)!.locators.length, 16);
  });

  it('passes everything else byte for byte but the ID', async () => {
    const edns = { additionals: [opt(true)] };
    const queries: [string, Buffer][] = [
      ['AAAA', question('AAAA', 'plain.foo.com', edns)],
      ['A, no EDNS', question('A', 'PLAIN.foo.com')],
      ['TXT', question('TXT', 'text.foo.com', edns)],
      ['TXT, truncated', question('TXT', 'many.foo.com')],
      ['AAAA, truncated', question('AAAA', 'big.foo.com', edns)],
      ['ULID', question('UNKNOWN_65280', 'h2.foo.com', edns)],
      ['ANY', question('ANY', 'plain.foo.com', edns)],
      ['NXDOMAIN', question('AAAA', 'none.foo.com', edns)],
      ['NODATA', question('AAAA', 'text.foo.com', edns)],
      ['DO and CD', question('AAAA', 'h2.foo.com', { flags: 0x110, ...edns })],
      ['REFUSED', question('AAAA', 'h1.bar.com')],
      ['CHAOS', encode({ id: 7, questions: [{ type: 'TXT', name: 'id.server', class: 'CH' }] })],
      ['STATUS', question('A', 'foo.com', { flags: 2 << 11 })],
      [
        'two questions',
        encode({
          questions: [
            { type: 'A', name: 'foo.com' },
            { type: 'MX', name: 'foo.com' },
          ],
        }),
      ],
      ['no question', encode({})],
      ['octets behind', Buffer.concat([question('AAAA', 'plain.foo.com'), Buffer.alloc(2)])],
    ];
    for (const [what, query] of queries) {
      const [ours, theirs] = await Promise.all([
        askUdp(port, query),
        askUdp(named.port, withId(query, 0x9999)),
      ]);
      assert.equal(ours.readUInt16BE(), query.readUInt16BE(), what);
      assert.equal(ours.toString('hex', 2), theirs.toString('hex', 2), what);
    }
    for (const [what, query] of queries.filter(([what]) => what !== 'no question')) {
      const [[ours], [theirs]] = await Promise.all([askTcp(port, [query]), askTcp(named.port, [query])]);
      assert.equal(ours?.toString('hex'), theirs?.toString('hex'), `${what}, TCP`);
    }
  });

  it('large answers arrive whole after TC', async () => {
    assert.equal((await short('many.foo.com', 'TXT'))[0]!.length, 12 * 203 - 1);
    assert.equal((await short('big.foo.com', 'AAAA')).length, 61);
  });

  it('zone transfers arrive whole', async () => {
    const transfer = (lines: string[]) => lines.filter((line) => !line.startsWith(';'));
    const [ours, theirs] = await Promise.all([
      short('+onesoa', 'foo.com', 'AXFR'),
      run('dig', ['@::1', '-p', String(named.port), '+short', '+onesoa', 'foo.com', 'AXFR']),
    ]);
    assert.ok(ours.length > 120);
    assert.deepEqual(transfer(ours), transfer(theirs.stdout.trim().split('\n')));
  });

  it('takes pipelined queries, and queries octet by octet', async () => {
    const queries = Array.from({ length: 200 }, (_, id) =>
      question(id % 2 === 0 ? 'AAAA' : 'TXT', id % 2 === 0 ? 'h2.foo.com' : 'text.foo.com', { id }),
    );
    const answers = await askTcp(port, queries);
    assert.deepEqual(
      answers.map((answer) => answer.readUInt16BE()).sort((a, b) => a - b),
      queries.map((_, id) => id),
    );
    assert.ok(answers.every((answer) => decode(answer).answers?.length === 1));
    const [slow] = await askTcp(port, [queries[0]!], true);
    assert.equal(decode(slow!).answers?.length, 1);
  });
});

describe('DNS server, alone', () => {
  it('rejects with a typed error where it cannot listen, and holds nothing then', async () => {
    const blocker = createServer().listen(0, '::1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as { port: number };
    const alg = new DnsAlg({ random: randomBytes, resolvers: [endpoint('::1', 9)] });
    const start = (listen: string, at: number) =>
      new DnsServer({
        listen: [endpoint('::1', 0), endpoint(listen, at)],
        alg,
        onLearned: () => undefined,
      }).start();
    await assert.rejects(start('::1', port), (error) => {
      assert.ok(error instanceof DnsListenError);
      assert.deepEqual([error.code, error.transport, error.port], ['EADDRINUSE', 'tcp', port]);
      return true;
    });
    await assert.rejects(start('2001:db8::1', port), (error) => {
      assert.ok(error instanceof DnsListenError);
      assert.deepEqual([error.code, error.transport], ['EADDRNOTAVAIL', 'udp']);
      return true;
    });
    blocker.close();
    const udp = createSocket({ type: 'udp6', ipv6Only: true }).bind(port, '::1');
    await once(udp, 'listening');
    udp.close();
  });

  it('answers SERVFAIL at once when nobody listens at the resolver, over UDP and TCP', async (context) => {
    const { server, port } = await startServer(9, { maxAttempts: 2 });
    context.after(() => server.close());
    const query = question('AAAA', 'h2.foo.com');
    const [first, [second]] = await Promise.all([askUdp(port, query), askTcp(port, [query])]);
    assert.deepEqual([decode(first).rcode, decode(second!).rcode], ['SERVFAIL', 'SERVFAIL']);
  });

  it('closes connections that are idle, that trickle, that are too many, or that do not speak DNS', async (context) => {
    const { server, port } = await startServer(9, {}, { idleTimeout: 200, maxConnectionsPerClient: 2 });
    context.after(() => server.close());
    const closed = async (socket: Socket) => {
      socket.on('error', () => undefined);
      if (!socket.closed) await once(socket.resume(), 'close');
    };
    const idle = connect(port, '::1');
    await once(idle, 'connect');
    const trickling = connect(port, '::1');
    await once(trickling, 'connect');
    const trickle = setInterval(() => trickling.write('\0'.repeat(1)), 50);
    // A length of zero is a message of no octets: no DNS.
    await closed(trickling);
    clearInterval(trickle);
    await closed(idle);
    // Its octets never become a query, and each buys no time.
    const slow = connect(port, '::1');
    slow.write(Buffer.of(1, 0, 1));
    const octet = setInterval(() => slow.write(Buffer.of(1)), 50);
    const other = connect(port, '::1');
    await Promise.all([once(slow, 'connect'), once(other, 'connect')]);
    const third = connect(port, '::1');
    await closed(third);
    assert.equal(server.tcp.refusedConnections, 1);
    await Promise.all([closed(slow), closed(other)]);
    clearInterval(octet);
    assert.equal(server.tcp.cutConnections, 4);
    await server.close();
    assert.equal(server.tcp.connections, 0);
  });

  it('leaves nothing open when closed with queries under way', async () => {
    const silent = createSocket('udp6').bind(0, '::1');
    await once(silent, 'listening');
    const { server, port, alg } = await startServer(silent.address().port);
    const client = createSocket('udp6');
    client.send(question('AAAA', 'h2.foo.com'), port, '::1');
    await once(silent, 'message');
    assert.equal(alg.inFlight, 1);
    await server.close();
    client.close();
    silent.close();
    const again = createSocket({ type: 'udp6', ipv6Only: true }).bind(port, '::1');
    await once(again, 'listening');
    again.close();
  });
});
