import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ClosedHandleError, SyscallError, type UdpEndpoint, UdpSocket } from '../../native/linux/index.ts';
import { command, createNamespace, TIME_LIMIT } from './fixtures.ts';

const LOOPBACK = Uint8Array.from({ length: 16 }, (_, index) => (index === 15 ? 1 : 0));
const PORT = 547;
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const octets = (words: string) => new TextEncoder().encode(words);

interface Arrived {
  readonly bytes: Uint8Array;
  readonly source: UdpEndpoint;
}

/** A namespace of its own, where sockets collect what arrives. */
function setUp(context: TestContext) {
  const { name, namespace } = createNamespace();
  const open = (port: number, address = LOOPBACK, interfaceName?: string) => {
    const arrived: Arrived[] = [];
    let unsent = 0;
    let look = () => {};
    const socket = namespace.run(() =>
      UdpSocket.open({
        address,
        port,
        ...(interfaceName !== undefined && { interface: interfaceName }),
        receive: (bytes, source) => {
          arrived.push({ bytes: bytes.slice(), source });
          look();
        },
        onUnsent: (count) => {
          unsent += count;
          look();
        },
      }),
    );
    context.after(() => socket.close());
    const until = (done: () => boolean) =>
      new Promise<void>((resolve) => {
        look = () => done() && resolve();
        look();
      });
    return {
      socket,
      arrived,
      count: (wanted: number) => until(() => arrived.length >= wanted),
      lost: (wanted: number) => until(() => unsent >= wanted),
      get unsent() {
        return unsent;
      },
    };
  };
  return { name, namespace, open };
}

const at = (port: number, address = LOOPBACK): UdpEndpoint => ({ address, port, scope: 0 });

test(
  'more datagrams than one call takes arrive whole, in order, with their source',
  TIME_LIMIT,
  async (context) => {
    const { open } = setUp(context);
    const server = open(PORT);
    const client = open(5000);
    const words = Array.from({ length: 150 }, (_, index) => `${index} `.repeat(1 + (index % 7)));
    for (const word of words) client.socket.send(octets(word), at(PORT));
    await server.count(words.length);
    assert.deepEqual(
      server.arrived.map(({ bytes }) => text(bytes)),
      words,
    );
    for (const { source } of server.arrived) assert.deepEqual(source, at(5000));
    server.socket.send(octets('answer'), server.arrived[0]!.source);
    await client.count(1);
    assert.equal(text(client.arrived[0]!.bytes), 'answer');
  },
);

test('an empty datagram and one of 60,000 octets', TIME_LIMIT, async (context) => {
  const { open } = setUp(context);
  const server = open(PORT);
  const long = Uint8Array.from({ length: 60_000 }, (_, index) => index % 251);
  open(5000).socket.send(new Uint8Array(), at(PORT));
  open(5001).socket.send(long, at(PORT));
  await server.count(2);
  assert.deepEqual(
    server.arrived.map(({ bytes }) => bytes),
    [new Uint8Array(), long],
  );
});

test(
  'what the kernel does not take is counted, and costs the others nothing',
  TIME_LIMIT,
  async (context) => {
    const { open } = setUp(context);
    const server = open(PORT);
    const client = open(5000);
    // There is no way out of the namespace.
    const nowhere = at(
      PORT,
      Uint8Array.from(LOOPBACK, (octet, index) => (index === 0 ? 0x20 : octet)),
    );
    client.socket.send(octets('first'), at(PORT));
    client.socket.send(octets('lost'), nowhere);
    client.socket.send(octets('lost too'), nowhere);
    client.socket.send(octets('last'), at(PORT));
    client.socket.send(new Uint8Array(70_000), at(PORT));
    await client.lost(3);
    await server.count(2);
    assert.deepEqual(
      server.arrived.map(({ bytes }) => text(bytes)),
      ['first', 'last'],
    );
    assert.equal(client.unsent, 3);
  },
);

test(
  'a group on one link: the sender’s interface, not its name, comes with it',
  TIME_LIMIT,
  async (context) => {
    const { name, namespace, open } = setUp(context);
    command('ip', '-n', name, 'link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far');
    for (const end of ['near', 'far']) {
      command('ip', 'netns', 'exec', name, 'sysctl', '-qw', `net.ipv6.conf.${end}.accept_dad=0`);
      command('ip', '-n', name, 'link', 'set', end, 'up');
    }
    const index = (end: string) => Number(command('ip', '-n', name, '-o', 'link', 'show', end).split(':')[0]);
    const group = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2);
    const server = open(PORT, group, 'far');
    namespace.run(() => server.socket.join(group, 'far'));
    const client = open(5000, new Uint8Array(16));
    // A link-local address is there once the link carries.
    for (let tries = 0; server.arrived.length === 0 && tries < 100; tries++) {
      client.socket.send(octets('solicit'), { address: group, port: PORT, scope: index('near') });
      await new Promise((done) => setTimeout(done, 50));
    }
    const { source } = server.arrived[0]!;
    assert.deepEqual([source.address[0], source.address[1], source.scope], [0xfe, 0x80, index('far')]);
    server.socket.send(octets('advertise'), source);
    await client.count(1);
    assert.equal(client.arrived[0]!.source.scope, index('near'));
  },
);

test('errors name what was attempted; nothing arrives after close', TIME_LIMIT, async (context) => {
  const { open } = setUp(context);
  const server = open(PORT);
  assert.throws(
    () => open(PORT),
    (error) => error instanceof SyscallError && error.code === 'EADDRINUSE',
  );
  assert.throws(
    () => open(5000, LOOPBACK, 'nonesuch'),
    (error) => error instanceof SyscallError && /if_nametoindex\(nonesuch\)/.test(error.operation),
  );
  open(5001).socket.send(octets('too late'), at(PORT));
  server.socket.close();
  server.socket.close();
  server.socket.send(octets('never'), at(5001));
  await new Promise((done) => setTimeout(done, 50));
  assert.equal(server.arrived.length, 0);
  assert.equal(server.unsent, 1);
  assert.throws(() => server.socket.join(LOOPBACK, 'lo'), ClosedHandleError);
});
