/** Stock DHCPv6 clients and a stock relay agent against the box; router advertisements as hosts hear them. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { containsAddress, parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import { boxHosts, boxProcess, boxStatus, editConfiguration, startBox } from './box.ts';
import { delay, runIn, until } from './command.ts';
import { releaseDhcpClient, startDhcpClient } from './dhcp-client.ts';
import { releaseDhcpcd, startDhcpcd, startNetworkd } from './dhcp-programs.ts';
import { down, up } from './lab.ts';
import { ping } from './measure.ts';
import { processesIn } from './network.ts';
import { inState } from './paths.ts';
import { isAlive, logTail, stop } from './process.ts';
import { FAR_HOST, FAR_SUBNET, raiseRelayedLink, removeRelayedLink, startRelay } from './relayed-link.ts';
import { hostIn, type LabProcess, readState } from './state.ts';
import { NAMESPACE_PREFIX, SITES } from './topology.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const [site] = SITES;
/** Seconds until clients renew. */
const T1 = 3;
const LIFETIME = 60;

interface Address {
  readonly local: string;
  readonly prefixlen: number;
  readonly valid_life_time: number;
}

async function addressesOf(namespace: string): Promise<readonly Address[]> {
  const { stdout } = await runIn(namespace, [
    'ip',
    '-6',
    '-j',
    'address',
    'show',
    'dev',
    'eth0',
    'scope',
    'global',
  ]);
  const [link] = JSON.parse(stdout) as { addr_info?: Address[] }[];
  return (link?.addr_info ?? []).filter(({ local }) => local !== undefined);
}

const count = async (name: string): Promise<number> => (await boxStatus(site)).counters[`dhcp.${name}`] ?? 0;
const has = (namespace: string, address: string) => async () =>
  (await addressesOf(namespace)).some(({ local }) => local === address);
const processOf = (name: string): LabProcess => readState()!.processes.findLast((row) => row.name === name)!;

/** A host whose power failed: the client tells nobody, the kernel forgets. */
async function crash(client: LabProcess): Promise<void> {
  // dhcpcd is several processes.
  const program = readFileSync(`/proc/${client.pid}/comm`, 'utf8');
  for (const pid of await processesIn(client.namespace))
    if (readFileSync(`/proc/${pid}/comm`, 'utf8') === program) process.kill(pid, 'SIGKILL');
  await until('the client is gone', async () => !isAlive(client));
  await runIn(client.namespace, ['ip', '-6', 'address', 'flush', 'dev', 'eth0', 'scope', 'global']);
}

/** Resolves when the address has lost some of its lifetime and has it again. */
async function renews(namespace: string, address: string): Promise<void> {
  const lifetime = async () =>
    (await addressesOf(namespace)).find(({ local }) => local === address)?.valid_life_time ?? 0;
  await until('the lease ages', async () => (await lifetime()) < LIFETIME - 1);
  await until('the lease is renewed', async () => (await lifetime()) >= LIFETIME - 1, 4 * T1 * 1000);
}

describe('DHCPv6 with stock clients', { skip }, () => {
  before(async () => {
    await removeRelayedLink();
    await up({ owned: true });
    editConfiguration(site, (configuration) => {
      const dhcp = configuration['dhcp'] as { subnets: object[] };
      configuration['dhcp'] = {
        ...dhcp,
        subnets: [...dhcp.subnets, { prefix: FAR_SUBNET }],
        t1: T1,
        t2: 2 * T1,
        lifetimes: { preferred: 40, valid: LIFETIME },
      };
    });
    await stop([boxProcess(site)!]);
    await startBox(site);
    await stop([processOf('dhclient-h1b')]);
    await runIn('h1b', ['ip', '-6', 'address', 'flush', 'dev', 'eth0', 'scope', 'global']);
  });
  after(async () => {
    await down();
    await removeRelayedLink();
  });

  it('every host of the lab has its address, default route and resolver from the box', async () => {
    const h1 = hostIn('h1');
    const [address] = await addressesOf('h1');
    assert.deepEqual([address?.local, address?.prefixlen], [h1.cmula, 128]);
    const { stdout: route } = await runIn('h1', ['ip', '-6', 'route', 'show', 'default']);
    assert.match(route, /^default via fe80::.* proto ra .*expires/);
    const { stdout: onLink } = await runIn('h1', ['ip', '-6', 'route', 'show', site.subnet]);
    assert.match(onLink, /proto kernel .*expires/);
    const resolver = readFileSync(`/etc/netns/${NAMESPACE_PREFIX}h1/resolv.conf`, 'utf8');
    assert.equal(resolver, `nameserver ${site.router}\nsearch ${site.domain}\n`);
    assert.equal((await ping(h1, 'h2.foo.com', 3)).received, 3);
  });

  it('router advertisements: managed, with prefix, resolver and search list', async () => {
    const capture = runIn('h1b', [
      ...[
        'timeout',
        '60',
        'tshark',
        '-i',
        'eth0',
        '-f',
        'icmp6 and ip6[40] == 134',
        '-c',
        '1',
        '-T',
        'fields',
      ],
      ...['flag.m', 'flag.o', 'router_lifetime'].flatMap((field) => ['-e', `icmpv6.nd.ra.${field}`]),
      ...['prefix', 'prefix.flag.l', 'prefix.flag.a', 'rdnss', 'dnssl'].flatMap((field) => [
        '-e',
        `icmpv6.opt.${field}`,
      ]),
    ]);
    // A host whose IPv6 starts asks for one, and is answered alone; the capture takes a while to begin.
    let heard = false;
    void capture.finally(() => {
      heard = true;
    });
    while (!heard) {
      await delay(1000);
      for (const disabled of [1, 0])
        await runIn('h1b', ['sysctl', '-qw', `net.ipv6.conf.eth0.disable_ipv6=${disabled}`]);
    }
    const { stdout } = await capture;
    const [managed, other, lifetime, prefix, onLink, autonomous, resolver, search] = stdout
      .trim()
      .split('\t');
    const isSet = (flag: string | undefined) => flag === '1' || flag === 'True';
    assert.deepEqual([managed, other, onLink, autonomous].map(isSet), [true, true, true, false]);
    assert.equal(lifetime, '600');
    assert.equal(prefix, 'fc00:db8:1::');
    assert.equal(resolver, site.router);
    assert.match(search ?? '', /^bar\.com\.?$/);
  });

  it('dhclient: bound, renewed, confirmed after a crash, released', async () => {
    const host = hostIn('h1b');
    await startDhcpClient(host);
    await until('bound', has('h1b', host.cmula), 30_000);
    await renews('h1b', host.cmula);
    await crash(processOf('dhclient-h1b'));
    const confirmed = await count('Confirm');
    await startDhcpClient(host, { again: true });
    await until('bound again', has('h1b', host.cmula), 30_000);
    assert.equal(await count('Confirm'), confirmed + 1);
    await releaseDhcpClient('h1b');
    assert.equal(await count('Release'), 1);
    assert.deepEqual(await addressesOf('h1b'), []);
  });

  it('dhcpcd: bound, renewed, confirmed or rebound after a crash, released', async () => {
    const host = hostIn('h1b');
    const client = await startDhcpcd(host);
    await until('bound', has('h1b', host.cmula), 15_000);
    await renews('h1b', host.cmula);
    await crash(client);
    const asked = async () => (await count('Confirm')) + (await count('Rebind'));
    const before = await asked();
    const again = await startDhcpcd(host);
    await until('bound again', has('h1b', host.cmula), 15_000);
    assert.ok((await asked()) > before, logTail('dhcpcd-h1b'));
    const released = await count('Release');
    await releaseDhcpcd(again);
    await until('released', async () => (await count('Release')) === released + 1);
  });

  const networkd = existsSync('/lib/systemd/systemd-networkd') ? false : 'systemd-networkd is not installed';
  it('systemd-networkd: bound, renewed, bound again after a crash', { skip: networkd }, async () => {
    const host = hostIn('h1b');
    const client = await startNetworkd(host);
    await until('bound', has('h1b', host.cmula), 15_000);
    await renews('h1b', host.cmula);
    // It keeps no DHCPv6 lease over a restart, and so confirms none; nor does it release one (systemd 252).
    await crash(client);
    const again = await startNetworkd(host);
    await until('bound again', has('h1b', host.cmula), 15_000);
    await stop([again]);
  });

  it('through a relay agent: an address of the link behind it, renewed, with the name asked for', async () => {
    await raiseRelayedLink();
    await startRelay();
    mkdirSync(inState(FAR_HOST), { recursive: true });
    const duid = '00030001020000000077';
    const resolver = inState(FAR_HOST, 'resolv.conf');
    await startDhcpClient({ namespace: FAR_HOST, duid }, { resolver, name: 'far' });
    const bound = () => addressesOf(FAR_HOST).then(([address]) => address);
    const address = await until('bound', bound);
    assert.ok(containsAddress(parsePrefix(FAR_SUBNET), parseAddress(address.local)));
    const { name, locators } = (await boxHosts(site)).find(({ ulid }) => ulid === address.local)!;
    assert.equal(name, 'far.bar.com');
    assert.equal(locators.length, 2);
    assert.equal(readFileSync(resolver, 'utf8'), `nameserver ${site.router}\nsearch ${site.domain}\n`);
    await renews(FAR_HOST, address.local);
    await releaseDhcpClient(FAR_HOST);
    assert.equal(await bound(), undefined);
    const served = async () => (await boxHosts(site)).find(({ ulid }) => ulid === address.local)?.served;
    await until('the box serves it no more', async () => (await served()) === false);
  });
});
