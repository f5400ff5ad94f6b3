/** The rows of a comparison, each wired into a lane of its own. */
import { Box } from './box-rows.ts';
import type { Comparison } from './comparisons.ts';
import { CommandError } from './errors.ts';
import {
  masqueradeInRow,
  masqueradeRow,
  type Peers,
  prefixTranslationInRow,
  prefixTranslationRow,
  routeRow,
} from './kernel-rows.ts';
import { referenceRow } from './reference-rows.ts';
import type { Place, Row, RowName } from './row.ts';
import { STEERING, type SteeredName } from './steering.ts';
import type { Topology } from './topology.ts';

export interface RowsOptions {
  readonly comparison: Comparison;
  /** Most contexts, and slots of the limit's footprint. */
  readonly capacity: number;
  readonly slots: number;
  readonly hashKey: BigUint64Array;
  readonly random: (length: number) => Uint8Array;
}

/** A context is in a box once: each way to insert or strip needs its own. */
type BoxName = 'main' | 'untagged' | 'tunnel' | 'strip-fourth' | 'strip-any' | SteeredName;

export class Rows {
  readonly rows: Row[] = [];
  /** Rows that this kernel does not offer, and why. */
  readonly unavailable: Partial<Record<RowName, string>> = {};
  readonly #topology: Topology;
  readonly #options: RowsOptions;
  readonly #boxes = new Map<BoxName, Box>();

  /** Throws BpfError; what a command of the kernel's refuses is noted in `unavailable`. */
  constructor(topology: Topology, options: RowsOptions) {
    this.#topology = topology;
    this.#options = options;
    try {
      for (const name of options.comparison.rows) this.#add(name);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The last first, as each gives back what it found. */
  close(): void {
    for (const row of this.rows.splice(0).reverse()) row.close?.();
    for (const box of this.#boxes.values()) box.close();
    this.#boxes.clear();
  }

  #add(name: RowName): void {
    try {
      this.rows.push(...this.#make(name));
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      this.unavailable[name] = error.message.split('\n', 1)[0]!;
    }
  }

  #make(name: RowName): readonly Row[] {
    const { comparison, capacity, slots, hashKey } = this.#options;
    const peers: Peers = comparison.rows.includes('nat') ? 'legacy' : 'inside';
    const place = (row = name): Place => ({
      lane: this.#topology.addLane(row),
      vlan: row.startsWith('untagged') ? 0 : comparison.vlan,
    });
    switch (name) {
      case 'bare':
      case 'limit':
        return [referenceRow(name, place(), slots, hashKey)];
      case 'insert':
        return [this.#box('main').insertRow(name, place())];
      case 'insert-rules':
      case 'insert-unmatched-1':
      case 'insert-unmatched':
      case 'insert-fork':
        return [this.#box(name).insertRow(name, place())];
      case 'strip':
        return [this.#box('main').stripRow(name, place())];
      case 'untagged':
        return [this.#box('untagged').insertRow(name, place())];
      case 'untagged-in':
        return [this.#box('untagged').stripRow(name, place())];
      case 'tunnel':
        return [this.#box('tunnel').insertRow(name, place())];
      case 'tunnel-in': // behind `tunnel`, whose exit router it needs
        return [this.#box('tunnel').stripRow(name, place())];
      case 'strip-fourth':
      case 'strip-any':
        return [this.#box(name).stripRow(name, place())];
      case 'nat':
        return this.#box('main').natRows(place(), place('nat-in'));
      case 'nat-in': // comes with `nat`, whose hosts it needs
        return [];
      case 'route':
        return [routeRow(place())];
      case 'nptv6':
        return [prefixTranslationRow(place(), peers)];
      case 'nptv6-in':
        return [prefixTranslationInRow(place())];
      case 'masquerade':
        return [masqueradeRow(place(), capacity, peers)];
      case 'masquerade-in':
        return [masqueradeInRow(place(), capacity)];
    }
  }

  #box(name: BoxName): Box {
    const existing = this.#boxes.get(name);
    if (existing !== undefined) return existing;
    const { capacity, random } = this.#options;
    const strictSource = name !== 'strip-any';
    const steering = isSteered(name) ? STEERING[name] : [];
    // A context with a fork is two entries.
    const entries = name === 'insert-fork' ? 2 * capacity : capacity;
    const box = new Box({ capacity: entries, strictSource, steering, random });
    this.#boxes.set(name, box);
    return box;
  }
}

const isSteered = (name: BoxName): name is SteeredName => name in STEERING;
