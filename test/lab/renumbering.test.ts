/** Site 1 leaves provider x1 for z1, whose prefix is another, under a running download and open ssh sessions. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { askDaemon } from '../../control/api/client.ts';
import type { HostDetail, ProviderReport } from '../../control/api/protocol.ts';
import { parseUlidData } from '../../control/naming/ulid-record.ts';
import type { RenumberingEvent } from '../../control/site/renumbering.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import { boxProcess, contexts, socketOf, startBox } from './box.ts';
import { runIn, until } from './command.ts';
import { down, up } from './lab.ts';
import { ping, type RunningTransfer, SshSession, startTransfer } from './measure.ts';
import { inspectProvider } from './network.ts';
import { addNewProvider, NEW_PROVIDER } from './new-provider.ts';
import { isAlive, stop } from './process.ts';
import { addProvider, pshim6 as cli, published, publishZones } from './publishing.ts';
import { PAYLOAD, payloadDigest } from './services.ts';
import { hostIn } from './state.ts';
import { SITES } from './topology.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const [site] = SITES;
/** Seconds. */
const TTL = 3;
/** Octets a second: the file takes longer than the renumbering. */
const TRANSFER_RATE = 5_000_000;
const REVERSE = '1.0.0.0.8.b.d.0.0.0.c.f.ip6.arpa';

const pshim6 = (...words: string[]): Promise<string> => cli(site, ...words);
const ask = async <T>(command: string, args?: Record<string, unknown>): Promise<T> =>
  (await askDaemon(socketOf(site), command, args)) as T;

const providersNow = async () =>
  (await ask<readonly ProviderReport[]>('providers')).map(({ name }) => name).sort();
const locatorsOf = async (host: string) => (await ask<HostDetail>('hosts-show', { host })).locatorsByProvider;

describe('renumbering', { skip }, () => {
  before(async () => {
    await up({ owned: true });
    await addNewProvider();
    await stop([boxProcess(site)!]);
    publishZones(site, [site.domain, REVERSE], TTL);
    await startBox(site);
  });
  after(down);

  it('publishes the hosts of the site, in zones that the name server had for them already', async () => {
    await until('every name is published', async () =>
      (await ask<readonly { pending: number }[]>('zones')).every(({ pending }) => pending === 0),
    );
    const h1 = hostIn('h1');
    assert.deepEqual(await published(h1.name, 'AAAA'), [...h1.locators].sort());
    assert.deepEqual(
      (await published(h1.name, 'TYPE65280')).map((line) => formatAddress(parseUlidData(line))),
      [h1.cmula],
    );
    const files = await pshim6('zone', 'export', site.domain);
    for (const locator of h1.locators)
      assert.match(files, new RegExp(`^h1\\.bar\\.com\\. ${TTL} IN AAAA ${locator}$`, 'm'));
    assert.doesNotMatch(files, /AAAA f[cd]/);
  });

  it('reserves an address: served and published at once; released: neither', async () => {
    const name = 'printer.bar.com';
    await pshim6('hosts', 'reserve', name);
    const { ulid, locators, served } = await ask<HostDetail>('hosts-show', { host: name });
    assert.deepEqual([served, locators.length, ulid.startsWith('fc00:db8:1:')], [true, 2, true]);
    await until(
      'its locators are published',
      async () => `${await published(name, 'AAAA')}` === `${[...locators].sort()}`,
    );
    await assert.rejects(pshim6('hosts', 'reserve', name), /is a host already/);
    await pshim6('hosts', 'release', name);
    await assert.rejects(ask('hosts-show', { host: name }), /no host has the name/);
    await until('nothing is published of it', async () => (await published(name, 'ANY')).length === 0);
  });

  it('adds a provider: a locator more for every host, told to peers; says what replacing would change', async () => {
    const h1 = hostIn('h1');
    // A context that was there before is told by an Update Request.
    assert.equal((await ping(h1, 'h2.foo.com', 3)).received, 3);
    const { name } = NEW_PROVIDER;
    await addProvider(site, NEW_PROVIDER);
    const before = await locatorsOf(h1.name);
    assert.deepEqual(Object.keys(before).sort(), ['x1', 'y1', 'z1']);
    const plan = JSON.parse(await pshim6('provider', 'replace', 'x1', name, '--dry-run', '--json')) as {
      isUp: boolean;
      hosts: { name: string; from: string; to: string }[];
    };
    assert.equal(plan.isUp, true);
    const row = plan.hosts.find((host) => host.name === h1.name)!;
    assert.deepEqual([row.from, row.to], [before['x1'], before['z1']]);
    assert.match(
      await pshim6('provider', 'replace', 'x1', name, '--dry-run'),
      /z1 would replace x1; nothing was changed/,
    );
    assert.deepEqual(await locatorsOf(h1.name), before);
    assert.deepEqual(await providersNow(), ['x1', 'y1', 'z1']);
  });

  it('replaces the provider, and no connection notices', async (test) => {
    const [h1, h2] = [hostIn('h1'), hostIn('h2')];
    const sessions = [new SshSession(h1, h2.name), new SshSession(h2, h1.name)];
    try {
      for (const session of sessions) await session.echo('before');
      const transfers: RunningTransfer[] = [
        startTransfer(h1, `http://${h2.name}${PAYLOAD.path}`, TRANSFER_RATE),
        startTransfer(h2, `http://${h1.name}${PAYLOAD.path}`, TRANSFER_RATE),
      ];
      await until('both transfers are under way', async () =>
        transfers.every(({ received }) => received() > 2_000_000),
      );
      const start = performance.now();
      const output = await pshim6('provider', 'replace', 'x1', 'z1', '--json');
      const events = output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as RenumberingEvent);
      for (const { at, phase, state, detail } of events)
        test.diagnostic(`${at.slice(17, 23)} ${phase} ${state} ${detail}`);
      const seconds = (performance.now() - start) / 1000;
      const atEnd = transfers.map(({ received }) => received());
      assert.ok(
        atEnd.every((octets) => octets < PAYLOAD.length),
        'the transfers ended before the renumbering',
      );
      for (const session of sessions) await session.echo('after');
      const begun = events.filter(({ state }) => state === 'begun').map(({ phase }) => phase);
      assert.deepEqual(begun, ['announce', 'move', 'drain', 'withdraw', 'remove']);
      assert.equal(events.at(-1)!.phase, 'finished');
      assert.deepEqual(
        events.filter(({ state }) => state === 'gave-up'),
        [],
      );

      // The provider of before ends its service: nothing depends on it.
      await runIn('x1', ['ip', 'link', 'set', 'dev', site.box, 'down']);
      for (const transfer of transfers) assert.equal((await transfer.done).sha256, payloadDigest());
      for (const session of sessions) await session.echo('without the old provider');
      test.diagnostic(
        `replaced in ${seconds.toFixed(1)} s, ${atEnd.map((octets) => (octets / 1e6).toFixed(0)).join(' and ')} of 100 MB on their way`,
      );
    } finally {
      for (const session of sessions) session.close();
    }
  });

  it('has left nothing of the old prefix: not in contexts, not in the DNS, not in the box', async () => {
    const h1 = hostIn('h1');
    assert.deepEqual(await providersNow(), ['y1', 'z1']);
    const locators = Object.values(await locatorsOf(h1.name)).sort();
    assert.deepEqual(await published(h1.name, 'AAAA'), locators);
    assert.ok(locators.every((locator) => !locator.startsWith('2001:db8:11:')));
    const all = [...(await contexts(site)), ...(await contexts(SITES[1]))].flatMap(({ paths }) => paths);
    assert.ok(all.length > 0);
    for (const { source, destination } of all)
      for (const address of [source, destination]) assert.doesNotMatch(address, /^2001:db8:11:/);
    const routes = (await runIn(site.box, ['ip', '-6', 'route', 'show', 'proto', '140'])).stdout;
    assert.doesNotMatch(routes, /2001:db8:11::/);
    assert.match(routes, /2001:db8:13::/);
    for (const name of ['x1', 'y1']) assert.equal((await inspectProvider(name)).notDelegated, 0);
    const counters = (await runIn('z1', ['nft', 'list', 'counter', 'ip6', 'provider', 'not_delegated']))
      .stdout;
    assert.match(counters, /packets 0 /);
    const reversed = [...Buffer.from(parseAddress(h1.cmula)).toString('hex')].reverse().join('.');
    assert.deepEqual(await published(`${reversed}.ip6.arpa`, 'PTR'), [`${h1.name}.`]);
  });

  it('remembers it all when the box is killed and started again', async () => {
    process.kill(boxProcess(site)!.pid, 'SIGKILL');
    await until('the daemon is gone', async () => !isAlive(boxProcess(site)!));
    await startBox(site);
    assert.deepEqual(await providersNow(), ['y1', 'z1']);
    assert.equal((await ping(hostIn('h1'), 'h2.foo.com', 5)).received, 5);
    assert.deepEqual(Object.keys(await locatorsOf('h1.bar.com')).sort(), ['y1', 'z1']);
  });
});
