/** DNSSEC (RFC 6147 §5.5): a signed foo.com at BIND, unbound that validates, the ALG, and delv and dig as judges. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DnsServer } from '../../control/adapters/dns-server.ts';
import { DnsAlg } from '../../control/naming/dns-alg.ts';
import { formatUlidRecord } from '../../control/naming/ulid-record.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { endpoint } from '../naming/harness.ts';
import { delvAnchors, execute, type Program, signZone, startBind, startUnbound } from './dns-programs.ts';

const CMULA = 'fc00:db8:2::1';
const LOCATORS = ['2001:db8:21::1', '2001:db8:22::1'];
const text = (name: string) => `$TTL 300
@ SOA ns.${name}. hostmaster.${name}. 1 3600 600 86400 60
@ NS ns.${name}.
ns AAAA ::1
${LOCATORS.map((locator) => `h2 AAAA ${locator}`).join('\n')}
h2 A 192.0.2.2
${formatUlidRecord('h2', 300, parseAddress(CMULA))}
www CNAME h2
plain AAAA 2001:db8:99::1
`;

describe('a signed foo.com', () => {
  const programs: Program[] = [];
  let box: DnsServer;
  let anchors: string;
  let alg: DnsAlg;
  const ask = async (...words: string[]): Promise<string> =>
    (await execute('dig', ['@::1', '-p', String(box.ports[0]), '+tries=1', ...words])).stdout;
  const delv = async (...words: string[]): Promise<string> => {
    const options = ['@::1', '-p', String(box.ports[0]), '-a', anchors, '+root=foo.com', ...words];
    const { stdout, stderr } = await execute('delv', options).catch(
      (error: { stdout: string; stderr: string }) => error,
    );
    return stdout + stderr;
  };
  const addresses = (answer: string): string[] =>
    [...answer.matchAll(/\sAAAA\s+([0-9a-f]\S+)$/gm)].map((match) => match[1]!).sort();

  before(async () => {
    const [foo, bogus, other] = await Promise.all(
      ['foo.com', 'bogus.com', 'bogus.com'].map((name) => signZone({ name, text: text(name) })),
    );
    const unsigned = { name: 'unsigned.com', text: text('unsigned.com') };
    const server = await startBind([foo!, bogus!, unsigned]);
    programs.push(server);
    const validator = await startUnbound({
      delegations: ['foo.com', 'bogus.com', 'unsigned.com'].map((name) => ({ name, port: server.port })),
      anchors: [foo!.ds, other!.ds],
    });
    programs.push(validator);
    anchors = join(server.directory, 'anchors.conf');
    await writeFile(anchors, delvAnchors([foo!.ds]));
    alg = new DnsAlg({ random: randomBytes, resolvers: [endpoint('::1', validator.port)] });
    box = new DnsServer({ listen: [endpoint('::1', 0)], alg, onLearned: () => undefined });
    await box.start();
  });
  after(() => Promise.all([...programs.map((program) => program.stop()), box?.close()]));

  it('tells the ULID, with AD to who asks with DO, and without signatures', async () => {
    const answer = await ask('+dnssec', 'h2.foo.com', 'AAAA');
    assert.match(answer, /flags: qr rd ra ad;/);
    assert.deepEqual(addresses(answer), [CMULA]);
    assert.doesNotMatch(answer, /RRSIG/);
  });

  it('tells it without AD to who asks without DO', async () => {
    const answer = await ask('h2.foo.com', 'AAAA');
    assert.match(answer, /flags: qr rd ra;/);
    assert.deepEqual(addresses(answer), [CMULA]);
  });

  it('follows a signed alias', async () => {
    const answer = await ask('+dnssec', 'www.foo.com', 'AAAA');
    assert.match(answer, /flags: qr rd ra ad;/);
    assert.deepEqual(addresses(answer), [CMULA]);
  });

  it('answers NODATA for A, without the AD that would make a proof of it', async () => {
    const answer = await ask('+dnssec', 'h2.foo.com', 'A');
    assert.match(answer, /status: NOERROR/);
    assert.match(answer, /flags: qr rd ra;.*ANSWER: 0,/);
  });

  it('delv, which validates for itself (DO and CD), is given what is published, and finds it authentic', async () => {
    const answer = await delv('+cdflag', 'h2.foo.com', 'AAAA');
    assert.match(answer, /; fully validated/);
    assert.deepEqual(addresses(answer), LOCATORS);
    for (const type of ['TYPE65280', 'A']) {
      assert.match(await delv('+cdflag', 'h2.foo.com', type), /; fully validated/);
    }
  });

  it('delv without CD is not deceived: what was changed is not signed', async () => {
    const answer = await delv('+nocdflag', 'h2.foo.com', 'AAAA');
    assert.match(answer, /resolution failed: (?!.*success)/);
    assert.doesNotMatch(answer, /fully validated/);
    assert.match(await delv('+nocdflag', 'plain.foo.com', 'AAAA'), /; fully validated/);
  });

  it('what does not validate is SERVFAIL; without validation (CD) it is told', async () => {
    for (const type of ['AAAA', 'A', 'ANY', 'HTTPS']) {
      assert.match(await ask('h2.bogus.com', type), /status: SERVFAIL/, type);
    }
    assert.deepEqual(addresses(await ask('+cdflag', 'h2.bogus.com', 'AAAA')), [CMULA]);
    assert.match(await ask('h2.bogus.com', 'AAAA'), /status: SERVFAIL/, 'nothing of it was remembered');
  });

  it('an unsigned zone works as ever, without AD', async () => {
    const answer = await ask('+dnssec', 'h2.unsigned.com', 'AAAA');
    assert.match(answer, /flags: qr rd ra;/);
    assert.deepEqual(addresses(answer), [CMULA]);
  });
});
