/**
 * bpf/layout.h -> clang -> BTF -> layout.generated.ts.
 * usage: node control/dataplane/generate-layout.ts [--check]
 * `--check` writes nothing and exits 1 when the committed file differs.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface BtfType {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  readonly size?: number;
  readonly type_id?: number;
  readonly nr_elems?: number;
  readonly members?: readonly { name: string; type_id: number; bits_offset: number }[];
  readonly values?: readonly { name: string; val: number }[];
}

const bpf = new URL('../../bpf/', import.meta.url).pathname;
const target = new URL('./layout.generated.ts', import.meta.url).pathname;

/** The BTF types of every structure and enumeration that layout.h names. */
function btfTypes(header: string): readonly BtfType[] {
  const names = [...header.matchAll(/^\t?(struct|enum) (\w+) \{/gm)].map(
    (match) => `${match[1]} ${match[2]}`,
  );
  // A pointer to a type makes clang describe it whole.
  const source = `#include "layout.h"\n${names.map((name, index) => `${name} *type_${index};`).join('\n')}\n`;
  const folder = mkdtempSync(join(tmpdir(), 'pshim6-layout-'));
  try {
    writeFileSync(join(folder, 'layout.c'), source);
    const multiarch = execFileSync('clang', ['-print-multiarch'], { encoding: 'utf8' }).trim();
    const include = ['-I', bpf, '-I', `/usr/include/${multiarch}`];
    const object = join(folder, 'layout.o');
    execFileSync('clang', [
      '-g',
      '-O2',
      '-target',
      'bpf',
      ...include,
      '-c',
      join(folder, 'layout.c'),
      '-o',
      object,
    ]);
    return JSON.parse(execFileSync('bpftool', ['-j', 'btf', 'dump', 'file', object], { encoding: 'utf8' }))
      .types;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const camel = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
const pascal = (name: string) => camel(`_${name}`);

/** The comment that stands beside each enumerator, for the operator's tables. */
function enumeratorComments(header: string, name: string): Map<string, string> {
  const body = header.slice(header.indexOf(`enum ${name} {`)).split('};', 1)[0]!;
  const rows = body.matchAll(/^\s+(\w+) = \d+,\s*\/\* (.*?) \*\//gm);
  return new Map([...rows].map((row) => [row[1]!, row[2]!]));
}

function generate(): string {
  const header = readFileSync(join(bpf, 'layout.h'), 'utf8');
  const types = btfTypes(header);
  const byId = new Map(types.map((type) => [type.id, type]));
  const sizeOf = (id: number): number => {
    const type = byId.get(id)!;
    if (type.kind === 'TYPEDEF') return sizeOf(type.type_id!);
    if (type.kind === 'ARRAY') return type.nr_elems! * sizeOf(type.type_id!);
    return type.size!;
  };
  const lines = [
    '// Generated from the BTF of bpf/layout.h by generate-layout.ts; `make -C bpf layout` renews it.',
    '// Offsets and sizes are in octets.',
  ];
  for (const type of types) {
    if (type.kind === 'STRUCT') {
      lines.push(
        '',
        `/** struct ${type.name} */`,
        `export const ${pascal(type.name)} = {`,
        `  size: ${type.size},`,
      );
      const members = type.members!.map(
        (member) => `  ${camel(member.name)}: ${member.bits_offset / 8}, // ${sizeOf(member.type_id)}`,
      );
      lines.push(...members, '} as const;');
    } else if (type.kind === 'ENUM') {
      lines.push('', `/** enum ${type.name} */`, `export const ${pascal(type.name)} = {`);
      lines.push(...type.values!.map((value) => `  ${value.name}: ${value.val},`), '} as const;');
    }
  }
  for (const [name, prefix] of [
    ['drop_reason', 'DROP_'],
    ['event_kind', 'EVENT_'],
  ] as const) {
    const texts = enumeratorComments(header, name);
    lines.push(
      '',
      `/** enum ${name}, by value: the name people read and what it means. */`,
      `export const ${camel(name)}s = [`,
    );
    for (const [enumerator, text] of texts) {
      const readable = enumerator.slice(prefix.length).toLowerCase().replaceAll('_', '-');
      lines.push(`  { name: '${readable}', meaning: ${JSON.stringify(text)} },`);
    }
    lines.push('] as const;');
  }
  return `${lines.join('\n')}\n`;
}

const text = generate();
if (!process.argv.includes('--check')) {
  writeFileSync(target, text);
} else if (readFileSync(target, 'utf8') !== text) {
  console.error('control/dataplane/layout.generated.ts does not match bpf/layout.h: run make -C bpf layout');
  process.exitCode = 1;
}
