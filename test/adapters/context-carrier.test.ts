/** When what waited for a context is let go: not before the ring is read, and not within the turn that established it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ContextCarrier } from '../../control/adapters/context-carrier.ts';
import type { InstalledContexts } from '../../control/dataplane/contexts.ts';
import { FirstPackets } from '../../control/dataplane/first-packets.ts';
import type { ContextView } from '../../control/shim6/context.ts';
import { type Address, pairKey, parseAddress } from '../../control/wire/ipv6/address.ts';
import { Pair } from '../shim6/pair.ts';
import { locator, Site } from '../shim6/sites.ts';

/** Contexts of one host with peers of their own, established for real. */
function establishedContexts(count: number): ContextView[] {
  const site = new Site('fc00:db8:2::');
  return Array.from({ length: count }, (_, index) => {
    const host = site.host(index, [locator('2001:db8:21::2')]);
    const pair = new Pair({ identityB: site.identity, hostB: host, seed: index + 1 });
    pair.establish();
    pair.runUntil(1_000);
    return pair.a.core.context(pair.a.host.ulid, host.ulid)!;
  });
}

function setUp() {
  const events: string[] = [];
  const nameOf = new Map<ContextView, string>();
  const firstPackets = new FirstPackets({ perPair: 8, total: 64, patience: 1_000 });
  const hooks = { drain: () => {} };
  const contexts = {
    install: () => true,
    setLive: (context: ContextView) => events.push(`live ${nameOf.get(context)}`),
    delivers: () => true,
    unreserve: () => events.push('opened'),
  };
  const carrier = new ContextCarrier({
    contexts: contexts as unknown as InstalledContexts,
    firstPackets,
    heldPayload: new FirstPackets({ perPair: 8, total: 64, patience: 1_000 }),
    clock: () => 0,
    log: { error() {}, warn() {}, info() {}, debug() {} },
    injectInside: ({ frame }) => events.push(`frame ${frame[0]}`),
    injectOutside: () => {},
    onLive: () => {},
    drainEvents: () => {
      events.push('drain');
      hooks.drain();
    },
    sendError: (_, { kind }) => events.push(kind),
    isTranslated: (peer) => peer[0] === 0x20,
  });
  const wait = (context: ContextView, number: number) =>
    firstPackets.add(0, pairKey(context.local, context.peer), {
      frame: Uint8Array.of(number),
      ifindex: 1,
      networkOffset: 14,
    });
  return { events, nameOf, hooks, carrier, wait, firstPackets };
}

test('what waited leaves in order, with what the ring still held, before the context is live', async () => {
  const { events, nameOf, hooks, carrier, wait } = setUp();
  const [context] = establishedContexts(1);
  nameOf.set(context!, 'a');
  wait(context!, 1);
  hooks.drain = () => wait(context!, 2);
  carrier.carry({ kind: 'established', context: context! });
  assert.deepEqual(events, []);
  await nextTurn();
  assert.deepEqual(events, ['drain', 'frame 1', 'frame 2', 'live a']);
});

test('contexts that reading the ring establishes wait for the next turn: a burst never holds up the event loop', async () => {
  const { events, nameOf, hooks, carrier } = setUp();
  const contexts = establishedContexts(4);
  for (const [index, context] of contexts.entries()) nameOf.set(context, String(index));
  const [first, second, ...later] = contexts;
  // A peer on another processor answers faster than we read: every reading finds the next handshake's end.
  hooks.drain = () => {
    const context = later.shift();
    if (context !== undefined) carrier.carry({ kind: 'established', context });
  };
  carrier.carry({ kind: 'established', context: first! });
  carrier.carry({ kind: 'established', context: second! });
  await nextTurn();
  assert.deepEqual(events, ['drain', 'live 0', 'live 1']);
  await nextTurn();
  await nextTurn();
  assert.deepEqual(events, ['drain', 'live 0', 'live 1', 'drain', 'live 2', 'drain', 'live 3']);
});

test('a context that is removed meanwhile is not set live, nor anything after the carrier is closed', async () => {
  const { events, nameOf, carrier } = setUp();
  const [gone, kept] = establishedContexts(2);
  nameOf.set(gone!, 'gone').set(kept!, 'kept');
  carrier.carry({ kind: 'established', context: gone! });
  carrier.carry({ kind: 'established', context: kept! });
  (gone as { establishedAt: number | undefined }).establishedAt = undefined;
  await nextTurn();
  assert.deepEqual(events, ['drain', 'live kept']);
  carrier.carry({ kind: 'established', context: kept! });
  carrier.close();
  await nextTurn();
  assert.deepEqual(events, ['drain', 'live kept']);
});

const LOCAL = parseAddress('fc00:db8:1::11');
const ROUTABLE = parseAddress('2001:db8:f::80');
const CMULA = parseAddress('fc00:db8:2::22');
const waitingFrom = (peer: Address, number: number) => ({
  frame: Uint8Array.from([number, ...Array(21).fill(0), ...LOCAL, ...peer]),
  ifindex: 1,
  networkOffset: 14,
});
const failure = (peer: Address) =>
  ({ kind: 'failed', local: LOCAL, peer, fork: 0, reason: 'no-support', holddownUntil: 0 }) as const;

test('what waits for a routable peer without SHIM6 goes through NATv6, and later packets do not wait', () => {
  const { events, carrier, firstPackets } = setUp();
  for (const number of [1, 2]) firstPackets.add(0, pairKey(LOCAL, ROUTABLE), waitingFrom(ROUTABLE, number));
  assert.equal(carrier.mayHold(LOCAL, ROUTABLE), true);
  carrier.carry(failure(ROUTABLE));
  assert.deepEqual(events, ['opened', 'frame 1', 'frame 2']);
  assert.equal(carrier.mayHold(LOCAL, ROUTABLE), false);
  carrier.carry(failure(ROUTABLE));
  assert.equal(carrier.fallbacks, 1);
});

test('so does what has waited too long: the peer does not answer', () => {
  const { events, carrier, firstPackets } = setUp();
  firstPackets.add(0, pairKey(LOCAL, ROUTABLE), waitingFrom(ROUTABLE, 1));
  firstPackets.add(0, pairKey(LOCAL, CMULA), waitingFrom(CMULA, 2));
  carrier.expire(1_000);
  assert.deepEqual(events, ['opened', 'frame 1', 'address-unreachable']);
  assert.equal(carrier.mayHold(LOCAL, ROUTABLE), false);
});

test('a peer that is not routable is unreachable, and the host is told', () => {
  const { events, carrier, firstPackets } = setUp();
  firstPackets.add(0, pairKey(LOCAL, CMULA), waitingFrom(CMULA, 1));
  carrier.carry(failure(CMULA));
  assert.deepEqual(events, ['opened', 'address-unreachable']);
  assert.equal(carrier.mayHold(LOCAL, CMULA), true);
});

test('a context that comes about after all is used, and its packets wait for it again when it is lost', () => {
  const { carrier } = setUp();
  const [context] = establishedContexts(1);
  const { local, peer } = context!;
  carrier.carry({ ...failure(ROUTABLE), local });
  carrier.carry({
    kind: 'established',
    context: Object.create(context!, { peer: { value: ROUTABLE } }) as ContextView,
  });
  carrier.close();
  assert.equal(carrier.mayHold(local, ROUTABLE), true);
  assert.equal(carrier.mayHold(local, peer), true);
});
