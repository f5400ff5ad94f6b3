/** Numbers of an enumeration by name and back; an unknown number is its decimal text. */
export class Names<Name extends string> {
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #names: ReadonlyMap<number, Name>;

  constructor(numbers: Readonly<Record<Name, number>>) {
    const entries = Object.entries(numbers) as [Name, number][];
    this.#numbers = new Map(entries);
    this.#names = new Map(entries.map(([name, number]) => [number, name]));
  }

  name(number: number): Name | `${number}` {
    return this.#names.get(number) ?? `${number}`;
  }

  /** Throws RangeError for a text that is neither a name nor a number. */
  number(name: Name | `${number}`): number {
    const number = this.#numbers.get(name) ?? Number(name);
    if (!Number.isInteger(number))
      throw new RangeError(`${JSON.stringify(name)} is not one of ${[...this.#numbers.keys()].join(', ')}`);
    return number;
  }
}
