import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DnsServer } from '../../control/adapters/dns-server.ts';
import { DnsAlg } from '../../control/naming/dns-alg.ts';
import type { Resolver, TlsIdentity } from '../../control/naming/lookup.ts';
import { formatUlidRecord } from '../../control/naming/ulid-record.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { endpoint } from '../naming/harness.ts';
import { execute, type Program, startBind, startUnbound } from './dns-programs.ts';

const NAME = 'dns.example.net';
const ZONE = {
  name: 'foo.com',
  text: `$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns AAAA ::1
h2 AAAA 2001:db8:21::1
${formatUlidRecord('h2', 200, parseAddress('fc00:db8:2::1'))}
many TXT ${Array.from({ length: 12 }, (_, index) => `"${String(index % 10).repeat(200)}"`).join(' ')}
`,
};

describe('DNS over TLS to unbound', () => {
  let directory: string;
  let authorities: string;
  const programs: Program[] = [];
  const boxes: DnsServer[] = [];
  let port: number;

  const box = async (resolvers: readonly Resolver[]): Promise<{ alg: DnsAlg; ask: Ask }> => {
    const alg = new DnsAlg({ random: randomBytes, resolvers });
    const server = new DnsServer({ listen: [endpoint('::1', 0)], alg, onLearned: () => undefined });
    await server.start();
    boxes.push(server);
    const ask: Ask = async (...words) => {
      const at = ['@::1', '-p', String(server.ports[0]), '+tries=1', '+time=6'];
      return (await execute('dig', [...at, ...words])).stdout;
    };
    return { alg, ask };
  };
  const resolver = (name: string, at = port): Resolver => ({
    ...endpoint('::1', at),
    tls: { name, authorities } satisfies TlsIdentity,
  });

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pshim6-tls-'));
    const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
    const request = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=${NAME}`;
    const names = ['-addext', `subjectAltName=DNS:${NAME}`, '-keyout', key, '-out', certificate];
    await execute('openssl', [...request.split(' '), ...names]);
    authorities = await readFile(certificate, 'utf8');
    const server = await startBind([ZONE]);
    const delegations = [{ name: 'foo.com', port: server.port }];
    const unbound = await startUnbound({ delegations, tls: { key, certificate } });
    programs.push(server, unbound);
    port = unbound.port;
  });
  after(async () => {
    await Promise.all([...programs.map((program) => program.stop()), ...boxes.map((one) => one.close())]);
    await rm(directory, { recursive: true, force: true });
  });

  it('answers, rewritten and passed; what is too long for UDP with TC, and whole over TCP', async () => {
    const { alg, ask } = await box([resolver(NAME)]);
    assert.equal((await ask('+short', 'h2.foo.com', 'AAAA')).trim(), 'fc00:db8:2::1');
    assert.match(await ask('+ignore', '+bufsize=1232', 'many.foo.com', 'TXT'), /flags: qr tc/);
    assert.equal((await ask('+short', 'many.foo.com', 'TXT')).trim().length, 12 * 203 - 1);
    assert.equal(alg.counters.upstreamFailures, 0);
  });

  it('does not ask a resolver that is not who it should be', async () => {
    const { alg, ask } = await box([resolver('other.example.net')]);
    assert.match(await ask('h2.foo.com', 'AAAA'), /status: SERVFAIL/);
    assert.ok(alg.counters.upstreamFailures > 0);
    assert.deepEqual(
      alg.resolvers.map(({ state }) => state),
      ['down'],
    );
  });

  it('asks nobody in clear who does not speak TLS; the next resolver answers', async () => {
    const octets: Buffer[] = [];
    const plain = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        octets.push(chunk);
        socket.destroy();
      });
    }).listen(0, '::1');
    await once(plain, 'listening');
    const { port: at } = plain.address() as { port: number };
    const { ask } = await box([resolver(NAME, at), resolver(NAME)]);
    assert.equal((await ask('+short', 'h2.foo.com', 'AAAA')).trim(), 'fc00:db8:2::1');
    plain.close();
    assert.ok(octets.length > 0);
    for (const chunk of octets) {
      assert.equal(chunk[0], 22, 'a TLS handshake record');
      assert.equal(chunk.includes(Buffer.from('\x03foo')), false);
    }
  });
});

type Ask = (...words: string[]) => Promise<string>;
