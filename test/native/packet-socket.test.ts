import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ClosedHandleError, Netlink, PacketSocket } from '../../native/linux/index.ts';
import { command, createNamespace, operational, TIME_LIMIT } from './fixtures.ts';

/** An EtherType of nobody's, so that the kernel's own frames do not get in the way. */
const EXPERIMENTAL = 0x88b5;

function frameOf(type: number, text: string): Uint8Array {
  const frame = new Uint8Array(60);
  frame.fill(0xff, 0, 6);
  new DataView(frame.buffer).setUint16(12, type);
  frame.set(new TextEncoder().encode(text), 14);
  return frame;
}

const textOf = (frame: Uint8Array) => new TextDecoder().decode(frame.subarray(14)).replace(/\0.*$/s, '');

/** A veth pair that is up, in a namespace of its own, and sockets on it. */
async function setUp(context: TestContext) {
  const { name, namespace } = createNamespace();
  // Without this the kernel sends neighbour discovery of its own.
  command('ip', 'netns', 'exec', name, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1');
  const netlink = namespace.run(() => Netlink.open());
  context.after(() => netlink.close());
  netlink.createVeth('near', 'far');
  for (const end of ['near', 'far']) netlink.setLink(end, { up: true });
  await operational(netlink, 'near', 'far');
  const open = (end: 'near' | 'far', options?: Parameters<typeof PacketSocket.open>[1]) => {
    const socket = namespace.run(() => PacketSocket.open(netlink.link(end)!.index, options));
    context.after(() => socket.close());
    return socket;
  };
  return { name, namespace, netlink, open };
}

/** Collects the texts of frames, and waits for a number of them. */
function collector() {
  const texts: string[] = [];
  let look = () => {};
  const receive = (frame: Uint8Array) => {
    texts.push(textOf(frame));
    look();
  };
  const wait = (count: number) =>
    new Promise<void>((resolve) => {
      look = () => texts.length >= count && resolve();
      look();
    });
  return { texts, receive, wait };
}

test('frames go from one end to the other, in order, and back', TIME_LIMIT, async (context) => {
  const { open } = await setUp(context);
  const atFar = collector();
  const atNear = collector();
  const near = open('near', { receive: atNear.receive });
  const far = open('far', { receive: atFar.receive });
  const texts = Array.from({ length: 100 }, (_, index) => `frame ${index}`);
  for (const text of texts) near.send(frameOf(EXPERIMENTAL, text));
  far.send(frameOf(EXPERIMENTAL, 'answer'));
  await atFar.wait(100);
  await atNear.wait(1);
  assert.deepEqual(atFar.texts, texts);
  // Nothing of what it sent itself.
  assert.deepEqual(atNear.texts, ['answer']);
});

test('only frames of the protocol asked for arrive', TIME_LIMIT, async (context) => {
  const { open } = await setUp(context);
  const { texts, receive, wait } = collector();
  open('far', { receive, protocol: EXPERIMENTAL });
  const near = open('near');
  near.send(frameOf(0x88b6, 'other'));
  near.send(frameOf(EXPERIMENTAL, 'wanted'));
  await wait(1);
  assert.deepEqual(texts, ['wanted']);
});

test('a receiver survives its interface going down and up', TIME_LIMIT, async (context) => {
  const { open, netlink } = await setUp(context);
  const { texts, receive, wait } = collector();
  open('far', { receive, protocol: EXPERIMENTAL });
  const near = open('near');
  netlink.setLink('far', { up: false });
  assert.throws(() => open('far').send(frameOf(EXPERIMENTAL, 'down')), {
    name: 'SyscallError',
    code: 'ENETDOWN',
  });
  await new Promise((resolve) => setImmediate(resolve));
  netlink.setLink('far', { up: true });
  await operational(netlink, 'near', 'far');
  near.send(frameOf(EXPERIMENTAL, 'up again'));
  await wait(1);
  assert.deepEqual(texts, ['up again']);
});

test('frames that cannot be sent throw', TIME_LIMIT, async (context) => {
  const { open, namespace } = await setUp(context);
  const near = open('near');
  assert.throws(() => near.send(new Uint8Array(2000)), { name: 'SyscallError', code: 'EMSGSIZE', errno: 90 });
  assert.throws(() => near.send(new Uint8Array(5)), { code: 'EINVAL' });
  near.close();
  near.close();
  assert.throws(() => near.send(frameOf(EXPERIMENTAL, 'closed')), ClosedHandleError);
  assert.throws(() => namespace.run(() => PacketSocket.open(9999)), { code: 'ENODEV', operation: /9999/ });
});

test('the handler may close its socket', TIME_LIMIT, async (context) => {
  const { open } = await setUp(context);
  const near = open('near');
  let count = 0;
  const closed = new Promise<void>((resolve) => {
    const far = open('far', {
      receive: () => {
        count++;
        far.close();
        resolve();
      },
    });
  });
  near.send(frameOf(EXPERIMENTAL, '1'));
  near.send(frameOf(EXPERIMENTAL, '2'));
  await closed;
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(count, 1);
});
