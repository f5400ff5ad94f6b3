/** RFC 3972 §5 and §7.4: every Sec gets an answer, and keys are used for signatures only. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { generateCga, verifyCga } from '../../control/identity/cga.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { exampleKey } from '../fuzz/example-cga.ts';

const control = join(import.meta.dirname, '../../control');

test('every Sec from 0 to 7 is processed: the address of a lower Sec that says to have a higher fails at step 7', () => {
  const { address, parameters } = generateCga({
    publicKey: exampleKey,
    subnetPrefix: parseAddress('fc00:db8:1::'),
    sec: 0,
    modifier: new Uint8Array(16).fill(0x5a),
  });
  assert.deepEqual(verifyCga(address, parameters), { valid: true });
  for (let sec = 1; sec <= 7; sec++) {
    const claimed = address.slice();
    claimed[8] = (claimed[8]! & 0x1f) | (sec << 5);
    assert.deepEqual(verifyCga(claimed, parameters), { valid: false, step: 7 }, `Sec ${sec}`);
  }
});

test('no key encrypts: nothing in the program calls an encryption or key agreement function', () => {
  const calls =
    /\b(publicEncrypt|publicDecrypt|privateEncrypt|privateDecrypt|createCipheriv|diffieHellman|getSharedSecret)\b/;
  const files = globSync('**/*.ts', { cwd: control });
  assert.ok(files.length > 50);
  for (const file of files) assert.doesNotMatch(readFileSync(join(control, file), 'utf8'), calls, file);
});

test('what daemon and command line use as randomness is node:crypto’s generator', () => {
  for (const [file, generator] of [
    ['adapters/random.ts', /import \{[^}]*\brandomFillSync\b[^}]*\} from 'node:crypto'/],
    ['daemon.ts', /const random = systemRandom\(\);/],
    ['cli/keys.ts', /import \{[^}]*\brandomBytes\b[^}]*\} from 'node:crypto'/],
  ] as const) {
    assert.match(readFileSync(join(control, file), 'utf8'), generator, file);
  }
  const files = globSync('**/*.ts', { cwd: control });
  for (const file of files)
    assert.doesNotMatch(readFileSync(join(control, file), 'utf8'), /Math\.random/, file);
});
