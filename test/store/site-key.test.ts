import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import {
  createSiteKey,
  loadSiteKey,
  openSiteKey,
  readPassphrase,
  SiteKeyFileError,
} from '../../control/store/site-key.ts';
import { minimalConfig } from '../config/minimal.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pshim6-key-'));
  file = join(directory, 'keys', 'site.pem');
});
afterEach(() => rmSync(directory, { recursive: true }));

const refused = (text: RegExp) => (error: unknown) =>
  error instanceof SiteKeyFileError && text.test(error.message);
const secretFile = (name: string, text: string): string => {
  const path = join(directory, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
};

describe('the site key', () => {
  it('is made at the first start, for its owner alone, and the same ever after', () => {
    const made = openSiteKey({ file, type: 'p256', isFirstStart: true });
    assert.equal(made.type, 'p256');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(join(directory, 'keys')).mode & 0o077, 0);
    assert.ok(!existsSync(`${file}.new`));
    for (const isFirstStart of [true, false])
      assert.deepEqual(openSiteKey({ file, type: 'rsa', isFirstStart }).publicKey, made.publicKey);
  });

  it('that is lost is never replaced', () => {
    assert.throws(() => openSiteKey({ file, isFirstStart: false }), refused(/cannot be read/));
    assert.ok(!existsSync(file));
  });

  it('is encrypted at rest where there is a passphrase', () => {
    const made = createSiteKey(file, { type: 'ed25519', passphrase: 'open sesame' });
    assert.match(readFileSync(file, 'utf8'), /^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    assert.deepEqual(loadSiteKey(file, 'open sesame').publicKey, made.publicKey);
    assert.throws(() => loadSiteKey(file), refused(/encrypted, and no passphrase/));
    assert.throws(() => loadSiteKey(file, 'open barley'), refused(/passphrase is wrong/));
  });

  it('takes its passphrase from a file that its owner alone can read, or from the environment', () => {
    const secret = secretFile('passphrase', 'open sesame\n');
    assert.equal(readPassphrase(secret, {}), 'open sesame');
    assert.equal(readPassphrase(undefined, { PSHIM6_KEY_PASSPHRASE: 'barley' }), 'barley');
    assert.equal(readPassphrase(undefined, {}), undefined);
    assert.throws(() => readPassphrase(secretFile('empty', '\n'), {}), refused(/is empty/));
    chmodSync(secret, 0o644);
    assert.throws(() => readPassphrase(secret, {}), refused(/others may read it/));
  });
});

describe('pshim6 keys', () => {
  const main = join(resolve(import.meta.dirname, '../..'), 'control/cli/main.ts');
  const keys = (...words: string[]) =>
    spawnSync(process.execPath, [main, 'keys', ...words], { encoding: 'utf8' });
  const configuration = (name: string, key: string, more = '') => {
    const path = join(directory, name);
    writeFileSync(path, minimalConfig.replace('key: /k', `key: ${key}${more}`));
    return path;
  };

  it('carries the key to another box: export, import, and both show the same', () => {
    createSiteKey(file, { type: 'p256' });
    const [here, there] = [file, join(directory, 'other', 'site.pem')];
    const secret = secretFile('passphrase', 'open sesame');
    const [first, second] = [
      configuration('a.yaml', here),
      configuration('b.yaml', there, `, key-passphrase-file: ${secret}`),
    ];
    const copy = join(directory, 'copy.pem');
    assert.equal(keys('export', copy, '--config', first, '--passphrase-file', secret).status, 0);
    assert.match(readFileSync(copy, 'utf8'), /ENCRYPTED/);
    const imported = keys('import', copy, '--config', second, '--passphrase-file', secret);
    assert.equal(imported.status, 0, imported.stderr);
    const shown = [first, second].map((config) =>
      JSON.parse(keys('show', '--json', '--config', config).stdout),
    );
    assert.equal(shown[0].fingerprint, shown[1].fingerprint);
    assert.deepEqual(
      shown.map(({ encrypted }) => encrypted),
      [false, true],
    );
    assert.match(keys('show', '--config', first).stdout, /type: p256[\s\S]*BEGIN PUBLIC KEY/);
    const again = keys('import', copy, '--config', second, '--passphrase-file', secret);
    assert.equal(again.status, 1);
    assert.match(again.stderr, /EEXIST/);
  });
});
