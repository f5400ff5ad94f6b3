/** Who holds a name, those included whose lease is being recorded. */
import { octetKey } from './octet-key.ts';

interface Names {
  nameHolder(name: string): Uint8Array | undefined;
}

export class NamesUnderWay implements Names {
  readonly #book: Names;
  readonly #holders = new Map<string, Uint8Array>();
  readonly #names = new Map<string, string>();

  constructor(book: Names) {
    this.#book = book;
  }

  nameHolder(name: string): Uint8Array | undefined {
    return this.#holders.get(name) ?? this.#book.nameHolder(name);
  }

  claim(name: string, duid: Uint8Array): void {
    this.settled(duid);
    this.#holders.set(name, duid);
    this.#names.set(octetKey(duid), name);
  }

  /** What the client claimed was recorded, or was not: from now on the book tells. */
  settled(duid: Uint8Array): void {
    if (this.#names.size === 0) return;
    const key = octetKey(duid);
    const name = this.#names.get(key);
    if (name === undefined) return;
    this.#names.delete(key);
    this.#holders.delete(name);
  }
}
