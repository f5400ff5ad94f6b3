import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { claim, release } from './shared-directory.ts';

describe('a directory that several labs use', () => {
  let parent: string;
  let directory: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'shared-directory-'));
    directory = join(parent, 'sshd');
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  it('is made where it is missing, stays until the last has gone, and goes then', () => {
    claim(directory, 'a');
    claim(directory, 'b');
    assert.equal(statSync(directory).mode & 0o777, 0o755);
    release(directory, 'a');
    assert.equal(existsSync(directory), true, 'its maker has gone');
    assert.throws(() => rmdirSync(directory), { code: 'ENOTEMPTY' });
    claim(directory, 'c');
    release(directory, 'b');
    release(directory, 'c');
    assert.deepEqual(readdirSync(parent), []);
  });

  it('that was there before stays as it was', () => {
    mkdirSync(directory);
    claim(directory, 'a');
    claim(directory, 'b');
    release(directory, 'a');
    release(directory, 'b');
    assert.deepEqual(readdirSync(directory), []);
  });

  it('is claimed and released any number of times', () => {
    claim(directory, 'a');
    claim(directory, 'a');
    release(directory, 'a');
    release(directory, 'a');
    assert.deepEqual(readdirSync(parent), []);
  });
});
