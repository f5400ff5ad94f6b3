/**
 * Modifiers mined ahead (RFC 3972 §4, steps 1 to 3). Hash2 leaves the prefix out, so one pool serves every subnet, and an
 * address costs one hash when it is wanted. An HBA set hashes its prefixes (RFC 5535 §6): each has modifiers of its own.
 */
import { findModifier, type SecurityParameter } from '../identity/cga.ts';
import type { HbaParts, PooledModifier } from '../store/records.ts';
import type { Change } from '../store/store.ts';
import { MODIFIER_LENGTH } from '../wire/cga/parameters.ts';
import { formatPrefix } from '../wire/ipv6/prefix.ts';
import { minedFields } from './hosts.ts';

/** What finds modifiers while the box does other things. */
export interface Miner {
  /** Looks for `count` modifiers; each is told to `onFound`. Jobs are done one after another. */
  mine(job: MiningJob, onFound: (modifier: Uint8Array) => void): void;
}

export interface MiningJob {
  readonly publicKey: Uint8Array;
  readonly extensions: readonly { readonly type: number; readonly data: Uint8Array }[];
  readonly sec: SecurityParameter;
  readonly count: number;
}

export interface ModifierPoolOptions {
  readonly publicKey: Uint8Array;
  readonly sec: SecurityParameter;
  /** Modifiers kept ready for each set. */
  readonly size: number;
  readonly random: (length: number) => Uint8Array;
  readonly miner: Miner;
  /** Mined before, for whatever key, Sec and set. */
  readonly stored: readonly PooledModifier[];
  /** What was found is kept; failing that, it is found again after the next start. */
  readonly keep: (changes: readonly Change[]) => void;
}

interface Set {
  readonly hba: HbaParts | undefined;
  readonly ready: Uint8Array[];
  /** Being mined. */
  wanted: number;
}

/** Of a CGA: no set. */
const NO_SET = '';
const setKey = (hba: HbaParts | undefined) => hba?.prefixes.map(formatPrefix).join(' ') ?? NO_SET;

export class ModifierPool {
  readonly #options: ModifierPoolOptions;
  readonly #sets = new Map<string, Set>();
  /** Times that a set had none left. */
  exhausted = 0;

  constructor(options: ModifierPoolOptions) {
    this.#options = options;
  }

  /** Takes over what was mined before, as far as it is of this key, Sec and set; begins to fill the set. */
  prepare(hba: HbaParts | undefined): void {
    const key = setKey(hba);
    if (this.#sets.has(key)) return;
    const { publicKey, sec, stored } = this.#options;
    const fields = minedFields({ ...(hba && { hba }) }, publicKey);
    const fit = ({ modifier, set, sec: minedFor }: PooledModifier) =>
      set === key && minedFor === sec && 'found' in findModifier({ ...fields, sec, modifier }, 1);
    this.#sets.set(key, { hba, ready: stored.filter(fit).map(({ modifier }) => modifier), wanted: 0 });
    this.#fill(key);
  }

  /** A modifier that nothing else was made of, or undefined when none is ready. Never waits. */
  take(hba: HbaParts | undefined): Uint8Array | undefined {
    const { sec, random } = this.#options;
    // Every modifier is one of Sec 0.
    if (sec === 0) return random(MODIFIER_LENGTH);
    this.prepare(hba);
    const key = setKey(hba);
    const modifier = this.#sets.get(key)!.ready.pop();
    if (modifier === undefined) this.exhausted++;
    this.#fill(key);
    return modifier;
  }

  /** Of a modifier that was taken and that nothing was made of after all. */
  giveBack(hba: HbaParts | undefined, modifier: Uint8Array): void {
    if (this.#options.sec !== 0) this.#sets.get(setKey(hba))?.ready.push(modifier);
  }

  get sec(): SecurityParameter {
    return this.#options.sec;
  }

  ready(hba?: HbaParts): number {
    return this.#sets.get(setKey(hba))?.ready.length ?? 0;
  }

  #fill(key: string): void {
    const { sec, size, publicKey, miner, keep } = this.#options;
    const set = this.#sets.get(key)!;
    const count = size - set.ready.length - set.wanted;
    if (sec === 0 || count <= 0) return;
    set.wanted += count;
    miner.mine(
      { ...minedFields({ ...(set.hba && { hba: set.hba }) }, publicKey), sec, count },
      (modifier) => {
        set.wanted--;
        set.ready.push(modifier);
        keep([{ table: 'modifiers', put: { modifier, sec, set: key } }]);
      },
    );
  }
}
