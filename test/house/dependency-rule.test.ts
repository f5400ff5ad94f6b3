import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '../..');
const control = join(root, 'control');

/** What each core may import: itself, wire, and the cores named. All else of control/ is out of bounds. */
const cores: Readonly<Record<string, readonly string[]>> = {
  limits: [],
  wire: [],
  shim6: ['wire', 'identity'],
  reap: ['wire'],
  identity: ['wire'],
  naming: ['wire', 'limits'],
  addressing: ['wire', 'identity', 'limits'],
  steering: ['wire'],
};
/** Cores have no clock, socket, file or randomness; hashing and signing are functions. */
const allowedModules = new Set([
  'node:crypto',
  'ipaddr.js',
  '@noble/curves/ed25519.js',
  '@noble/curves/nist.js',
]);
const forbiddenWords =
  /\b(Date\.now|new Date\(|performance\.|setTimeout|setInterval|setImmediate|Math\.random|randomBytes|randomUUID|randomInt|getRandomValues|generateKeyPair\w*|process\.)/;

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

const importsOf = (text: string) =>
  [...text.matchAll(/^(?:import|export)\b[^;]*?from '([^']+)';|import\('([^']+)'\)/gm)].map(
    (match) => (match[1] ?? match[2])!,
  );

for (const [core, friends] of Object.entries(cores)) {
  test(`${core} is pure and imports nothing above it`, () => {
    const mistakes: string[] = [];
    let files: string[] = [];
    try {
      files = sources(join(control, core));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOENT');
    }
    for (const file of files) {
      const text = readFileSync(file, 'utf8');
      const name = relative(root, file);
      for (const target of importsOf(text)) {
        if (!target.startsWith('.')) {
          if (!allowedModules.has(target)) mistakes.push(`${name} imports ${target}`);
          continue;
        }
        const room = relative(control, resolve(dirname(file), target)).split('/')[0]!;
        if (![core, 'wire', ...friends].includes(room)) mistakes.push(`${name} imports ${target}`);
      }
      const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      const word = forbiddenWords.exec(code);
      if (word !== null) mistakes.push(`${name} uses ${word[0]}`);
    }
    assert.deepEqual(mistakes, []);
  });
}

test('only native/ calls foreign functions, and only adapters, dataplane, site and composition use native/', () => {
  const users = ['adapters', 'dataplane', 'site', 'box.ts', 'daemon.ts'];
  const mistakes: string[] = [];
  for (const file of sources(control)) {
    const targets = importsOf(readFileSync(file, 'utf8'));
    if (targets.some((target) => target.startsWith('koffi')))
      mistakes.push(`${relative(root, file)} imports koffi`);
    const room = relative(control, file).split('/')[0]!;
    if (targets.some((target) => target.includes('/native/')) && !users.includes(room)) {
      mistakes.push(`${relative(root, file)} imports native/`);
    }
  }
  assert.deepEqual(mistakes, []);
});
