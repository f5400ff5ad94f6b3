/** The ULID record at the servers that sites have: BIND, NSD and Knot serve it, BIND and unbound resolve it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { DnsServer } from '../../control/adapters/dns-server.ts';
import { recordLines } from '../../control/cli/records.ts';
import { DnsAlg } from '../../control/naming/dns-alg.ts';
import { formatUlidData } from '../../control/naming/ulid-record.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { endpoint } from '../naming/harness.ts';
import {
  execute,
  type Program,
  startBind,
  startBindResolver,
  startKnot,
  startNsd,
  startUnbound,
} from './dns-programs.ts';

const CMULA = 'fc00:db8:2::1';
const SERVERS = { BIND: startBind, NSD: startNsd, Knot: startKnot };
const RESOLVERS = {
  BIND: startBindResolver,
  unbound: (delegations: Parameters<typeof startBindResolver>[0]) => startUnbound({ delegations }),
};

/** Records as `pshim6 ulid-record` writes them. */
const zone = (name: string) => ({
  name,
  text: `$TTL 300
@ SOA ns.${name}. hostmaster.${name}. 1 3600 600 86400 60
@ NS ns.${name}.
ns AAAA ::1
h2 AAAA 2001:db8:21::1
h2 AAAA 2001:db8:22::1
h2 A 192.0.2.2
${recordLines(`h2.${name}.`, parseAddress(CMULA), { ttl: 300, type: 65280 }).join('\n')}
`,
});

describe('ULID records', () => {
  const programs: Program[] = [];
  const boxes: DnsServer[] = [];
  const portOf = new Map<string, number>();

  before(async () => {
    const delegations = await Promise.all(
      Object.entries(SERVERS).map(async ([server, start]) => {
        const name = `${server.toLowerCase()}.foo.com`;
        const program = await start([zone(name)]);
        programs.push(program);
        return { name, port: program.port };
      }),
    );
    for (const [resolver, start] of Object.entries(RESOLVERS)) {
      const program = await start(delegations);
      programs.push(program);
      const alg = new DnsAlg({ random: randomBytes, resolvers: [endpoint('::1', program.port)] });
      const box = new DnsServer({ listen: [endpoint('::1', 0)], alg, onLearned: () => undefined });
      await box.start();
      boxes.push(box);
      portOf.set(resolver, box.ports[0]!);
    }
  });
  after(() => Promise.all([...programs, ...boxes].map((one) => ('stop' in one ? one.stop() : one.close()))));

  for (const server of Object.keys(SERVERS)) {
    for (const resolver of Object.keys(RESOLVERS)) {
      it(`served by ${server}, resolved by ${resolver}`, async () => {
        const ask = async (...words: string[]) => {
          const port = String(portOf.get(resolver));
          const { stdout } = await execute('dig', ['@::1', '-p', port, '+short', '+tries=1', ...words]);
          return stdout.trim();
        };
        const name = `h2.${server.toLowerCase()}.foo.com`;
        assert.equal((await ask(name, 'TYPE65280')).replaceAll(' ', '').toLowerCase(), formatted);
        assert.equal(await ask(name, 'AAAA'), CMULA);
        assert.equal(await ask(name, 'A'), '');
      });
    }
  }
});

const formatted = formatUlidData(parseAddress(CMULA)).replaceAll(' ', '');
