/** Names as unmodified hosts use them: what they look up, how, with what; and addresses that they never looked up. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { askDaemon } from '../../control/api/client.ts';
import type { DnsReport } from '../../control/api/protocol.ts';
import { contextBetween, editConfiguration, socketOf, startBox } from './box.ts';
import { CommandError, runIn, together, until } from './command.ts';
import { down, up } from './lab.ts';
import { download } from './measure.ts';
import { findResolved, runWithResolver, STUB, startResolved } from './names/resolved.ts';
import { ANCHORS, startValidator, VALIDATOR } from './names/validator.ts';
import { inState } from './paths.ts';
import { logTail, start } from './process.ts';
import { GREETING, SSH_OPTIONS } from './services.ts';
import { hostIn, type LabHost, type LabProcess } from './state.ts';
import { NAMESPACE_PREFIX, RESOLVER, SITES } from './topology.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
/** Where a server on h2 notes who asks. */
const NOTING_PORT = 8081;
const NOTING_SERVER = `require('node:http').createServer((request, response) => {
  console.log(request.socket.remoteAddress);
  response.end(${JSON.stringify(GREETING)});
}).listen(${NOTING_PORT}, '::')`;

describe('names', { skip }, () => {
  const [site] = SITES;
  let h1: LabHost;
  let h1b: LabHost;
  let h2: LabHost;
  let unbound: LabProcess;
  const report = () => askDaemon(socketOf(site), 'dns') as Promise<DnsReport>;
  const on = async (host: LabHost, ...argv: string[]) => (await runIn(host.namespace, argv)).stdout.trim();
  const milliseconds = (seconds: number) => `${(seconds * 1000).toFixed(1)} ms`;

  before(async () => {
    await up({ owned: true, boxes: false });
    unbound = await startValidator();
    editConfiguration(site, (configuration) => {
      configuration['dns'] = {
        ...configuration['dns'],
        resolvers: [VALIDATOR, RESOLVER.address],
        'early-contexts': { wait: 1000, unused: 5 },
      };
    });
    await together(SITES.map((one) => startBox(one)));
    [h1, h1b, h2] = [hostIn('h1'), hostIn('h1b'), hostIn('h2')];
    await start('noting', h2.namespace, [process.execPath, '-e', NOTING_SERVER]);
  });
  after(down);

  /** The address that the noting server saw last. */
  const lastClient = (): string | undefined => logTail('noting', 1);

  it('/etc/hosts alone: the reverse tree tells the locators while the first packet waits', async (test) => {
    const hosts = `/etc/netns/${NAMESPACE_PREFIX}${h1b.namespace}/hosts`;
    writeFileSync(hosts, `::1 localhost\n${h2.cmula} h2-by-file\n`);
    const page = await download(h1b, 'http://h2-by-file/');
    assert.equal(page.octets, GREETING.length);
    assert.equal((await report()).counters['searchesFound'], 1);
    const context = await contextBetween(h1b, h2);
    assert.equal(context?.state, 'ESTABLISHED');
    assert.notEqual(context.firstPacketMilliseconds, null);
    test.diagnostic(
      `a SYN that waits for search and handshake: ${milliseconds(page.connect - page.nameLookup)}`,
    );
  });

  it('a CMULA that no name has is unreachable, soon, and sooner the second time', async (test) => {
    const nobody = 'fc00:db8:2::dead';
    for (const attempt of ['first', 'second']) {
      const since = performance.now();
      await assert.rejects(
        on(h1b, 'curl', '-sS', '--max-time', '20', `http://[${nobody}]/`),
        (error) => error instanceof CommandError && error.status === 7,
      );
      const elapsed = performance.now() - since;
      assert.ok(elapsed < 4000, `${attempt}: ${elapsed} ms`);
      test.diagnostic(`${attempt} attempt refused after ${elapsed.toFixed(0)} ms`);
    }
    const { counters } = await report();
    assert.equal(counters['searchesNotFound'], 1);
    assert.ok(counters['searchesKnownNotFound']! >= 1);
  });

  it('a context that a name brought about and nobody used goes', async () => {
    assert.equal(await on(h1, 'dig', '+short', h2.name, 'AAAA'), h2.cmula);
    await until(
      'the early context stands',
      async () => (await contextBetween(h1, h2))?.state === 'ESTABLISHED',
    );
    await until('it is gone', async () => (await contextBetween(h1, h2)) === undefined, 20_000);
    assert.equal((await report()).counters['earlyContextsUnused'], 1);
  });

  it('an answer waits for the context: who connects at once finds it', async (test) => {
    const { answersHeld = 0 } = (await report()).counters;
    const page = await download(h1, `http://${h2.name}/`);
    assert.equal(page.octets, GREETING.length);
    const { counters } = await report();
    assert.equal(counters['answersHeld'], answersHeld + 1);
    assert.equal(counters['answersHeldInVain'], 0);
    assert.equal((await contextBetween(h1, h2))!.firstPacketMilliseconds, null);
    test.diagnostic(
      `name after ${milliseconds(page.nameLookup)}, connection after another ${milliseconds(page.connect - page.nameLookup)}`,
    );
  });

  it('getaddrinfo of glibc, with search domains', async () => {
    const ask = async (name: string, ...words: string[]) =>
      (await on(h1, ...words, 'getent', 'ahosts', name)).split('\n').map((line) => line.split(/\s+/)[0]);
    assert.deepEqual([...new Set(await ask(h2.name))], [h2.cmula]);
    assert.deepEqual([...new Set(await ask('h1b'))], [h1b.cmula]);
    assert.deepEqual([...new Set(await ask('h2', 'env', 'LOCALDOMAIN=foo.com'))], [h2.cmula]);
  });

  it('curl goes from CMULA to CMULA', async () => {
    const words = ['-sS', '-o', '/dev/null', '-w', '%{local_ip} %{remote_ip}'];
    assert.equal(await on(h1, 'curl', ...words, `http://${h2.name}/`), `${h1.cmula} ${h2.cmula}`);
    const searched = await on(h1, 'env', 'LOCALDOMAIN=foo.com', 'curl', ...words, 'http://h2/');
    assert.equal(searched, `${h1.cmula} ${h2.cmula}`);
  });

  it('ssh, too', async () => {
    const connection = await on(h1, 'ssh', ...SSH_OPTIONS, h2.name, 'echo $SSH_CONNECTION');
    const [client, , server] = connection.split(' ');
    assert.deepEqual([client, server], [h1.cmula, h2.cmula]);
  });

  it('a browser, too', async () => {
    const words = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${inState('chromium')}`];
    const page = await on(h1, 'chromium', ...words, '--dump-dom', `http://${h2.name}:${NOTING_PORT}/`);
    assert.ok(page.includes(GREETING.trim()), page);
    assert.equal(lastClient(), h1.cmula);
  });

  it('systemd-resolved’s stub, too', async (test) => {
    const binary = await findResolved();
    if (binary === undefined) return test.skip('systemd-resolved is not installed, its package out of reach');
    await startResolved(h1, binary, { nameserver: site.router, search: site.domain });
    assert.equal(await on(h1, 'dig', '+short', `@${STUB}`, h2.name, 'AAAA'), h2.cmula);
    assert.equal(await on(h1, 'dig', '+short', `@${STUB}`, h2.name, 'A'), '');
    const words = ['-sS', '-o', '/dev/null', '-w', '%{local_ip} %{remote_ip}'];
    const { stdout } = await runWithResolver(h1, STUB, ['curl', ...words, `http://${h2.name}/`]);
    assert.equal(stdout, `${h1.cmula} ${h2.cmula}`);
  });

  it('a host that asks another resolver is told locators, and reaches them by NATv6', async () => {
    const words = ['-sS', '-w', '%{local_ip} %{remote_ip}', `http://${h2.name}/`];
    const { stdout } = await runWithResolver(h1, RESOLVER.address, ['curl', ...words]);
    const [local, remote] = stdout.slice(GREETING.length).split(' ');
    assert.equal(stdout.slice(0, GREETING.length), GREETING);
    assert.equal(local, h1.cmula);
    assert.ok(h2.locators.includes(remote!), remote);
  });

  it('a signed name: AD to who asks with DO, and delv finds what is published authentic', async () => {
    const answer = await on(h1, 'dig', '+dnssec', h2.name, 'AAAA');
    assert.match(answer, /flags: qr rd ra ad;/);
    assert.match(answer, new RegExp(`\\sAAAA\\s+${h2.cmula}$`, 'm'));
    assert.doesNotMatch(answer, /RRSIG/);
    const words = ['-a', ANCHORS, '+root=foo.com', '+cdflag', `@${site.router}`, h2.name, 'AAAA'];
    const validated = await on(h1, 'delv', ...words);
    assert.match(validated, /; fully validated/);
    for (const locator of h2.locators) assert.ok(validated.includes(locator), validated);
  });

  it('a resolver that falls silent is left for the next, and comes back', async (test) => {
    process.kill(unbound.pid, 'SIGSTOP');
    try {
      const since = performance.now();
      await on(h1, 'dig', '+tries=1', '+time=5', 'web.example.net', 'MX');
      test.diagnostic(`the second resolver answered after ${(performance.now() - since).toFixed(0)} ms`);
      assert.deepEqual(
        (await report()).resolvers.map(({ state }) => state),
        ['down', 'up'],
      );
      const again = performance.now();
      assert.equal(await on(h1, 'dig', '+short', '+tries=1', h2.name, 'AAAA'), h2.cmula);
      assert.ok(performance.now() - again < 700, 'without waiting for the first');
    } finally {
      process.kill(unbound.pid, 'SIGCONT');
    }
    const back = async () => (await report()).resolvers.every(({ state }) => state === 'up');
    await until('the first resolver is used again', back, 15_000);
  });
});
