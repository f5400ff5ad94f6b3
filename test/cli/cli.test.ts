import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { minimalConfig } from '../config/minimal.ts';

const main = join(resolve(import.meta.dirname, '../..'), 'control/cli/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'pshim6-cli-'));
after(() => rmSync(folder, { recursive: true }));

function pshim6(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [main, ...words], { encoding: 'utf8' });
}

test('--help and --version succeed', () => {
  assert.match(pshim6('--help').stdout, /contexts/);
  assert.match(pshim6('--version').stdout, /^\d+\.\d+\.\d+/);
  assert.equal(pshim6('--version').status, 0);
  assert.match(pshim6('help').stdout, /^ {2}lab /m, 'in a checkout');
});

test('wrong arguments exit with 2 and say what is wrong', () => {
  for (const words of [
    ['frobnicate'],
    ['status', '--colour'],
    ['run'],
    ['cga', '--key', 'k'],
    ['keygen', '--out', 'f', '--bits', 'many'],
    ['keygen', '--out', 'f', '--type', 'dsa'],
    ['cga', '--key', 'k', '--subnet', 'fc00:db8:1::/48'],
    ['cga', '--key', 'k', '--subnet', 'fc00:db8:1::/64', '--sec', '3'],
    ['hba'],
    ['hba', '--prefix', 'fc00:db8:1::/64', '2001:db8::'],
  ]) {
    const run = pshim6(...words);
    assert.equal(run.status, 2, words.join(' '));
    assert.notEqual(run.stderr, '');
  }
});

test('a daemon that is not there exits with 1', () => {
  const run = pshim6('--socket', join(folder, 'none.sock'), 'status');
  assert.equal(run.status, 1);
  assert.match(run.stderr, /^pshim6: control socket .*no daemon/);
});

test('run --check accepts a good configuration and names what is wrong in a bad one', () => {
  const file = join(folder, 'box.yaml');
  writeFileSync(file, minimalConfig);
  assert.equal(pshim6('run', '--check', '--config', file).status, 0);
  writeFileSync(file, minimalConfig.replace('key: /k', 'key: 7'));
  const run = pshim6('run', '--check', '--config', file);
  assert.equal(run.status, 1);
  assert.match(run.stderr, /site\.key: .*string.*found 7/);
});

test('keygen writes an owner-readable key and never over another; cga makes an address of the subnet', () => {
  const key = join(folder, 'site.pem');
  assert.equal(pshim6('keygen', '--out', key).status, 0);
  assert.equal(statSync(key).mode & 0o777, 0o600);
  assert.match(pshim6('keygen', '--out', key).stderr, /is there already.*EEXIST/);
  const run = pshim6('cga', '--key', key, '--subnet', 'fc00:db8:1::/64', '--json');
  assert.equal(run.status, 0, run.stderr);
  const cga = JSON.parse(run.stdout);
  assert.match(cga.address, /^fc00:db8:1:0?:/);
  assert.match(cga.modifier, /^[0-9a-f]{32}$/);
});

test('keygen makes keys of each type, of a size that can sign', () => {
  for (const [type, name] of [
    ['rsa', 'RSA 2048'],
    ['p256', 'P-256'],
    ['ed25519', 'Ed25519'],
  ] as const) {
    const file = join(folder, `${type}.pem`);
    const run = pshim6('keygen', '--out', file, '--type', type);
    assert.equal(run.stdout, `${file}: ${name}\n`, run.stderr);
    assert.match(readFileSync(file, 'utf8'), /^-----BEGIN PRIVATE KEY-----/);
    const cga = pshim6('cga', '--key', file, '--subnet', 'fc00:db8:1::/64', '--sec', '0');
    assert.match(
      cga.stdout,
      /^modifier: "[0-9a-f]{32}"\nsec: 0\nsubnet: .*\naddress: "fc00:db8:1:/,
      cga.stderr,
    );
  }
  const small = pshim6('keygen', '--out', join(folder, 'small.pem'), '--bits', '512');
  assert.equal(small.status, 2);
  assert.match(small.stderr, /'512' is invalid\. must be 1024 to 8192/);
});

test('a key that cannot sign is named when it is read', () => {
  const file = join(folder, 'p384.pem');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const run = pshim6('cga', '--key', file, '--subnet', 'fc00:db8:1::/64');
  assert.equal(run.status, 1);
  assert.match(run.stderr, /p384\.pem: .*secp384r1.*P-256 or Ed25519/);
});

test('hba makes a set, with a key or without, that the configuration takes as it is', () => {
  const key = join(folder, 'hba.pem');
  assert.equal(pshim6('keygen', '--out', key, '--type', 'ed25519').status, 0);
  const set = ['--prefix', 'fc00:db8:1::/64', '2001:db8:11::/64', '--prefix', '2001:db8:12::/64'];
  for (const words of [[], ['--key', key]]) {
    const run = pshim6('hba', ...words, ...set, '--json');
    assert.equal(run.status, 0, run.stderr);
    const { address, locators, ...host } = JSON.parse(run.stdout);
    assert.match(address, /^fc00:db8:1:/);
    assert.match(locators[0], /^2001:db8:11:/);
    assert.match(locators[1], /^2001:db8:12:/);
    assert.equal('extended-modifier' in host.hba, words.length === 0);
    const file = join(folder, 'hba.yaml');
    const configuration = minimalConfig.replace('key: /k', 'key: /k, identity: hba');
    writeFileSync(file, `${configuration}hosts: [${JSON.stringify({ name: 'h', ...host })}]\n`);
    const check = pshim6('run', '--check', '--config', file);
    assert.equal(check.status, 0, check.stderr);
  }
  const host = parse(pshim6('hba', '--key', key, ...set).stdout);
  assert.deepEqual(Object.keys(host), ['modifier', 'sec', 'subnet', 'hba', 'address', 'locators']);
  assert.equal(host.hba.prefixes.length, 3);
});
