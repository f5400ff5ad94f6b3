/**
 * A disk under a process: what record-writes.c wrote down, and what a power cut at any moment could leave of it. A file's
 * writes since its last sync may each be there, or not, or in part; so may names since their directory's last sync, though
 * names change in order.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { SeededRandom } from '../shim6/random.ts';

interface Entry {
  readonly kind: 'w' | 't' | 's' | 'u' | 'r';
  readonly path: string;
  /** Offset of a write, length after a truncation. */
  readonly number: number;
  /** Data of a write, new path of a rename. */
  readonly data: Uint8Array;
}

export function readRecord(file: string): Entry[] {
  const bytes = readFileSync(file);
  const entries: Entry[] = [];
  for (let at = 0; at < bytes.length; ) {
    const kind = String.fromCharCode(bytes[at]!) as Entry['kind'];
    const length = bytes.readUInt16LE(at + 1);
    const path = bytes.toString('utf8', at + 3, at + 3 + length);
    at += 3 + length;
    const number = Number(bytes.readBigUInt64LE(at));
    const count = bytes.readUInt32LE(at + 8);
    entries.push({ kind, path, number, data: bytes.subarray(at + 12, at + 12 + count) });
    at += 12 + count;
  }
  return entries;
}

const SECTOR = 512;

class File {
  #synced = Buffer.alloc(0);
  #pending: Entry[] = [];

  add(entry: Entry): void {
    this.#pending.push(entry);
  }

  sync(): void {
    for (const entry of this.#pending) this.#synced = apply(this.#synced, entry);
    this.#pending = [];
  }

  /** `luck` says what of the writes that were not synced is there. */
  after(luck: SeededRandom): Buffer {
    // The disk's mood: from having written nothing to having written everything.
    const mood = luck.number() * 1.5 - 0.25;
    return this.#pending.reduce((content, entry) => {
      if (luck.number() > mood) return content;
      const whole = luck.number() < 0.8 || entry.kind !== 'w';
      const sectors = Math.floor((luck.number() * entry.data.length) / SECTOR);
      return apply(content, whole ? entry : { ...entry, data: entry.data.subarray(0, sectors * SECTOR) });
    }, this.#synced);
  }
}

function apply(content: Buffer, { kind, number, data }: Entry): Buffer<ArrayBuffer> {
  if (kind === 't')
    return Buffer.concat([content, Buffer.alloc(Math.max(0, number - content.length))], number);
  const result = Buffer.alloc(Math.max(content.length, number + data.length));
  result.set(content);
  result.set(data, number);
  return result;
}

/** The directory of one store, and the record applied to it entry by entry. */
export class Disk {
  readonly #directory: string;
  readonly #files = new Map<string, File>();
  /** Names as the directory's last sync left them, and each set of names since. */
  #names: Map<string, File>[] = [new Map()];

  constructor(directory: string) {
    this.#directory = directory;
  }

  play({ kind, path, ...entry }: Entry): void {
    if (path === this.#directory) {
      this.#names = [new Map(this.#files)];
      return;
    }
    const known = this.#files.get(path);
    if (kind === 'u') this.#files.delete(path);
    else if (kind === 'r') {
      this.#files.delete(path);
      this.#files.set(Buffer.from(entry.data).toString(), known!);
    } else if (kind === 's') {
      known?.sync();
      return;
    } else {
      const file = known ?? new File();
      file.add({ kind, path, ...entry });
      this.#files.set(path, file);
      if (known !== undefined) return;
    }
    this.#names.push(new Map(this.#files));
  }

  /** Puts into `target` what a power cut now may leave. */
  cut(target: string, luck: SeededRandom): void {
    mkdirSync(target, { recursive: true });
    const names = this.#names[Math.floor(luck.number() * this.#names.length)]!;
    for (const [path, file] of names) writeFileSync(join(target, basename(path)), file.after(luck));
  }
}
