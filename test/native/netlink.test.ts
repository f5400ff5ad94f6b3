import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  ClosedHandleError,
  Netlink,
  type NetlinkEvent,
  type NetlinkGroup,
  SyscallError,
} from '../../native/linux/index.ts';
import { command, createNamespace, operational, TIME_LIMIT } from './fixtures.ts';

/** 2001:db8::/32 with these last two octets. */
const address = (high: number, low: number) =>
  Uint8Array.of(0x20, 1, 0xd, 0xb8, ...new Uint8Array(10), high, low);
const network = (third: number) => ({
  address: Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, third, ...new Uint8Array(10)),
  length: 48,
});
const ANY = { address: new Uint8Array(16), length: 0 };
const PROTOCOL = 140;

/** A namespace of its own for one test, and a socket into it. */
function setUp(context: TestContext, options?: { receiveBuffer?: number }) {
  const { name, namespace } = createNamespace();
  const netlink = namespace.run(() => Netlink.open(options));
  context.after(() => netlink.close());
  const ip = (...parameters: string[]) => command('ip', '-n', name, ...parameters);
  return { name, namespace, netlink, ip };
}

/** The events of `groups`, and a way to wait for one. */
function record(netlink: Netlink, groups: readonly NetlinkGroup[]) {
  const events: NetlinkEvent[] = [];
  let look = () => {};
  netlink.subscribe(groups, (event) => {
    events.push(event);
    look();
  });
  const wait = (wanted: (event: NetlinkEvent) => boolean) =>
    new Promise<void>((resolve) => {
      look = () => events.some(wanted) && resolve();
      look();
    });
  return { events, wait };
}

test('links are created, listed, changed and deleted', (context) => {
  const { netlink } = setUp(context);
  netlink.createVeth('near', 'far');
  const near = netlink.link('near');
  const far = netlink.links().find((link) => link.name === 'far');
  assert.ok(near && far);
  assert.equal(near.type, 'veth');
  assert.equal(near.peerIndex, far.index);
  assert.equal(far.peerIndex, near.index);
  assert.equal(near.lowerIndex, undefined);
  assert.equal(near.mac?.length, 6);
  assert.equal(near.up, false);
  assert.equal(near.carrier, false);

  const mac = Uint8Array.of(2, 0, 0, 0, 0, 9);
  netlink.setLink('near', { up: true, mtu: 9000, mac });
  netlink.setLink('far', { up: true });
  const changed = netlink.link('near');
  assert.deepEqual([changed?.up, changed?.mtu, changed?.mac], [true, 9000, mac]);
  assert.equal(netlink.link('far')?.mtu, 1500);
  netlink.setLink('near', { up: false });
  assert.equal(netlink.link('near')?.up, false);

  assert.throws(() => netlink.createVeth('near', 'other'), {
    name: 'SyscallError',
    code: 'EEXIST',
    errno: 17,
  });
  assert.throws(() => netlink.setLink('absent', { up: true }), { code: 'ENODEV' });
  assert.throws(() => netlink.setLink('near', { mtu: 10 }), { code: 'EINVAL' });
  assert.equal(netlink.deleteLink('near'), true);
  assert.equal(netlink.link('far'), undefined);
  assert.equal(netlink.deleteLink('near'), false);
});

test('the loopback device is a link without carrier trouble', (context) => {
  const { netlink } = setUp(context);
  const loopback = netlink.link('lo');
  assert.deepEqual(
    [loopback?.index, loopback?.up, loopback?.carrier, loopback?.type],
    [1, true, true, undefined],
  );
});

test("carrier is lost and found with the veth's peer", TIME_LIMIT, async (context) => {
  const { netlink } = setUp(context);
  netlink.createVeth('near', 'far');
  const { events, wait } = record(netlink, ['link']);
  netlink.setLink('near', { up: true });
  netlink.setLink('far', { up: true });
  await wait((event) => event.kind === 'link' && event.name === 'near' && event.carrier);
  events.length = 0;
  netlink.setLink('far', { up: false });
  await wait((event) => event.kind === 'link' && event.name === 'near' && event.up && !event.carrier);
  assert.equal(netlink.link('near')?.operationalState, 'lower-layer-down');
  netlink.deleteLink('near');
  await wait((event) => event.kind === 'link' && event.name === 'near' && event.removed);
});

test('addresses are listed and told', TIME_LIMIT, async (context) => {
  const { netlink, ip } = setUp(context);
  netlink.createVeth('near', 'far');
  const { index } = netlink.link('near')!;
  const { wait } = record(netlink, ['address']);
  ip('address', 'add', '2001:db8::1:1/64', 'dev', 'near', 'nodad');
  await wait((event) => event.kind === 'address' && !event.removed && event.ifindex === index);
  assert.deepEqual(
    netlink.addresses().find(({ ifindex }) => ifindex === index),
    {
      ifindex: index,
      address: Uint8Array.of(0x20, 1, 0xd, 0xb8, ...new Uint8Array(9), 1, 0, 1),
      length: 64,
      scope: 'global',
      tentative: false,
      duplicate: false,
      deprecated: false,
    },
  );
  ip('address', 'delete', '2001:db8::1:1/64', 'dev', 'near');
  await wait((event) => event.kind === 'address' && event.removed);
});

test('routes of every type are added, listed and deleted', (context) => {
  const { netlink, ip } = setUp(context);
  netlink.createVeth('near', 'far');
  for (const name of ['near', 'far']) netlink.setLink(name, { up: true });
  ip('address', 'add', '2001:db8::1/64', 'dev', 'near', 'nodad');
  const ifindex = netlink.link('near')!.index;
  const gateway = address(0, 2);

  netlink.addRoute({
    to: network(1),
    gateway,
    ifindex,
    priority: 7,
    protocol: PROTOCOL,
    table: 1000,
    mtu: 1400,
  });
  const types = ['unreachable', 'blackhole', 'prohibit'] as const;
  for (const [index, type] of types.entries())
    netlink.addRoute({ to: network(2 + index), type, protocol: PROTOCOL, table: 1000 });
  netlink.addRoute({ gateway, ifindex, table: 1001, protocol: PROTOCOL });

  const [unicast, ...others] = netlink.routes({ table: 1000 });
  assert.deepEqual(unicast, {
    to: network(1),
    from: ANY,
    type: 'unicast',
    gateway,
    ifindex,
    table: 1000,
    priority: 7,
    protocol: PROTOCOL,
    preferredSource: undefined,
    mtu: 1400,
    nextHops: [{ ifindex, gateway, weight: 1 }],
  });
  assert.deepEqual(
    others.map(({ to, type, protocol }) => [to, type, protocol]),
    types.map((type, index) => [network(2 + index), type, PROTOCOL]),
  );
  assert.deepEqual(
    netlink.routes({ table: 1001 }).map(({ to }) => to),
    [ANY],
  );
  assert.ok(netlink.routes().some(({ table, type }) => table === 255 && type === 'local'));
  assert.deepEqual(netlink.routes({ table: 1002 }), []);
  assert.match(ip('-6', 'route', 'show', 'table', '1000'), /unreachable 2001:db8:2::\/48 .*proto 140/);

  assert.throws(() => netlink.addRoute({ to: network(1), gateway, ifindex, priority: 7, table: 1000 }), {
    code: 'EEXIST',
  });
  netlink.addRoute({ to: network(1), type: 'blackhole', priority: 7, table: 1000 }, { replace: true });
  assert.equal(netlink.routes({ table: 1000 }).find(({ priority }) => priority === 7)?.type, 'blackhole');
  for (const route of netlink.routes({ table: 1000 })) assert.equal(netlink.deleteRoute(route), true);
  assert.deepEqual(netlink.routes({ table: 1000 }), []);
  assert.equal(netlink.deleteRoute({ to: network(1), table: 1000 }), false);
});

test('the kernel says what is wrong with a request', (context) => {
  const { netlink } = setUp(context);
  assert.throws(
    () => netlink.addRoute({ to: network(1), gateway: address(0, 2) }),
    (error: unknown) =>
      error instanceof SyscallError && error.code === 'EHOSTUNREACH' && error.operation === 'add of a route',
  );
  assert.throws(() => netlink.addRule({ action: 'table', table: 0 }), {
    name: 'SyscallError',
    message: 'add of a rule: EINVAL, Invalid table',
  });
});

test('a multipath route has all its next hops', (context) => {
  const { netlink, ip } = setUp(context);
  netlink.createVeth('near', 'far');
  for (const name of ['near', 'far']) netlink.setLink(name, { up: true });
  ip('address', 'add', '2001:db8::1/64', 'dev', 'near', 'nodad');
  const hops = [
    'nexthop',
    'via',
    '2001:db8::2',
    'dev',
    'near',
    'weight',
    '3',
    'nexthop',
    'via',
    '2001:db8::3',
    'dev',
    'near',
  ];
  ip('-6', 'route', 'add', '2001:db8:1::/48', ...hops);
  const ifindex = netlink.link('near')!.index;
  const route = netlink.routes({ table: 254 }).find(({ to }) => to.length === 48);
  assert.deepEqual(route?.nextHops, [
    { ifindex, gateway: address(0, 2), weight: 3 },
    { ifindex, gateway: address(0, 3), weight: 1 },
  ]);
  assert.equal(netlink.deleteRoute(route!), true);
});

test('routes are told as they come and go', TIME_LIMIT, async (context) => {
  const { netlink } = setUp(context);
  const { wait } = record(netlink, ['route']);
  const route = { to: network(5), type: 'unreachable', protocol: PROTOCOL } as const;
  const isIt = (event: NetlinkEvent) =>
    event.kind === 'route' && event.to.address[5] === 5 && event.protocol === PROTOCOL;
  netlink.addRoute(route);
  await wait((event) => isIt(event) && !('removed' in event && event.removed));
  netlink.deleteRoute(route);
  await wait((event) => isIt(event) && 'removed' in event && event.removed);
});

test('rules of every action are added, listed and deleted', (context) => {
  const { netlink, ip } = setUp(context);
  netlink.addRule({ priority: 500, to: network(1), table: 1000, protocol: PROTOCOL });
  for (const action of ['unreachable', 'blackhole', 'prohibit'] as const)
    netlink.addRule({ priority: 501, from: network(2), action, protocol: PROTOCOL });
  netlink.addRule({
    priority: 502,
    inputInterface: 'lo',
    mark: { value: 5, mask: 0xff },
    table: 254,
    protocol: PROTOCOL,
  });
  const own = () => netlink.rules().filter(({ protocol }) => protocol === PROTOCOL);
  assert.deepEqual(own()[0], {
    priority: 500,
    to: network(1),
    from: ANY,
    action: 'table',
    table: 1000,
    protocol: PROTOCOL,
    inputInterface: undefined,
    outputInterface: undefined,
    mark: undefined,
    inverted: false,
  });
  assert.deepEqual(
    own().map(({ priority, action }) => [priority, action]),
    [
      [500, 'table'],
      [501, 'unreachable'],
      [501, 'blackhole'],
      [501, 'prohibit'],
      [502, 'table'],
    ],
  );
  assert.deepEqual([own()[4]?.inputInterface, own()[4]?.mark], ['lo', { value: 5, mask: 0xff }]);
  assert.match(ip('-6', 'rule'), /501:\s+from 2001:db8:2::\/48 unreachable proto 140/);
  assert.throws(() => netlink.addRule({ priority: 500, to: network(1), table: 1000, protocol: PROTOCOL }), {
    code: 'EEXIST',
  });
  for (const rule of own()) assert.equal(netlink.deleteRule(rule), true);
  assert.deepEqual(own(), []);
  assert.equal(netlink.deleteRule({ priority: 500, protocol: PROTOCOL }), false);
});

test('neighbours are set, listed and deleted', (context) => {
  const { netlink } = setUp(context);
  netlink.createVeth('near', 'far');
  for (const name of ['near', 'far']) netlink.setLink(name, { up: true });
  const ifindex = netlink.link('near')!.index;
  const mac = Uint8Array.of(2, 0, 0, 0, 0, 7);
  netlink.setNeighbour({ ifindex, address: address(0, 7), mac });
  const found = () => netlink.neighbours().find((neighbour) => neighbour.address[15] === 7);
  assert.deepEqual(found(), { ifindex, address: address(0, 7), mac, state: 'permanent', router: false });
  netlink.setNeighbour({ ifindex, address: address(0, 7), mac: mac.with(5, 8), state: 'reachable' });
  assert.deepEqual([found()?.mac?.[5], found()?.state], [8, 'reachable']);
  assert.equal(netlink.deleteNeighbour(ifindex, address(0, 7)), true);
  assert.notEqual(found()?.state, 'reachable');
  assert.throws(() => netlink.setNeighbour({ ifindex: 999, address: address(0, 7), mac }), {
    code: 'ENODEV',
  });
});

test('the kernel resolves a neighbour when asked to', TIME_LIMIT, async (context) => {
  const { netlink, ip } = setUp(context);
  const other = setUp(context);
  netlink.createVeth('near', 'far');
  ip('link', 'set', 'far', 'netns', other.name);
  // Link-local addresses of our own: solicitations would wait until the kernel's are known to be unique.
  ip('link', 'set', 'near', 'addrgenmode', 'none');
  other.ip('link', 'set', 'far', 'addrgenmode', 'none');
  netlink.setLink('near', { up: true });
  other.netlink.setLink('far', { up: true });
  ip('address', 'add', 'fe80::1/64', 'dev', 'near', 'nodad');
  ip('address', 'add', '2001:db8::1/64', 'dev', 'near', 'nodad');
  other.ip('address', 'add', '2001:db8::2/64', 'dev', 'far', 'nodad');
  await operational(netlink, 'near');
  await operational(other.netlink, 'far');
  const ifindex = netlink.link('near')!.index;
  const { events, wait } = record(netlink, ['neighbour']);
  netlink.probeNeighbour(ifindex, address(0, 2));
  await wait((event) => event.kind === 'neighbour' && event.state === 'reachable' && event.address[15] === 2);
  const told = events.find((event) => event.kind === 'neighbour' && event.state === 'reachable');
  assert.ok(told?.kind === 'neighbour');
  assert.deepEqual(told.mac, other.netlink.link('far')?.mac);
});

test('an overrun is told, and events go on', TIME_LIMIT, async (context) => {
  const { netlink } = setUp(context, { receiveBuffer: 4096 });
  const { events, wait } = record(netlink, ['route']);
  const route = { to: network(6), type: 'blackhole' } as const;
  for (let count = 0; count < 200; count++) {
    netlink.addRoute(route);
    netlink.deleteRoute(route);
  }
  await wait((event) => event.kind === 'overrun');
  events.length = 0;
  await new Promise((resolve) => setImmediate(resolve));
  netlink.addRoute({ ...route, to: network(7) });
  await wait((event) => event.kind === 'route' && event.to.address[5] === 7);
});

test('subscriptions are independent and end', TIME_LIMIT, async (context) => {
  const { netlink } = setUp(context);
  const seen: string[] = [];
  const stop = netlink.subscribe(['route'], () => seen.push('stopped'));
  netlink.subscribe(['route'], (event) => seen.push(event.kind));
  const { wait } = record(netlink, ['link']);
  stop();
  stop();
  netlink.addRoute({ to: network(8), type: 'blackhole' });
  netlink.createVeth('near', 'far');
  await wait((event) => event.kind === 'link' && event.name === 'far');
  assert.deepEqual(new Set(seen), new Set(['route']));
});

test('a closed Netlink throws', () => {
  const netlink = Netlink.open();
  netlink.close();
  netlink.close();
  assert.throws(() => netlink.links(), ClosedHandleError);
  assert.throws(() => netlink.subscribe(['link'], () => {}), ClosedHandleError);
});
