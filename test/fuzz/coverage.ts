/** How much of the code that matters ran, from V8's precise block coverage. */
import { Session } from 'node:inspector';

interface Taken {
  readonly result: readonly {
    readonly url: string;
    readonly scriptId: string;
    /** Outer functions before those in them, and outer ranges before inner ones, which count anew. */
    readonly functions: readonly {
      readonly ranges: readonly {
        readonly startOffset: number;
        readonly endOffset: number;
        readonly count: number;
      }[];
    }[];
  }[];
}

/** One octet per character of a script. */
type Marks = Uint8Array;
const SEEN = 1;
const NEW = 2;

export class BlockCoverage {
  readonly #session = new Session();
  readonly #scripts = new Map<string, Marks>();
  #size = 0;
  /** What the URLs of the scripts that matter contain one of. */
  watched: readonly string[] = ['/control/'];

  /** Functions compiled before this are seen as a whole only: call it before the code to watch is loaded. */
  start(): void {
    this.#session.connect();
    this.#post('Profiler.enable');
    // Without counts V8 tells of a function without branches only the first time that it ran.
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  stop(): void {
    this.#session.disconnect();
  }

  /** Characters of code reached so far. */
  get size(): number {
    return this.#size;
  }

  /** Takes what ran since anything was last taken: how much of it never ran before. */
  takeNew(): number {
    const before = this.#size;
    this.#take((seen, index) => {
      if (seen[index] !== 0) return;
      seen[index] = NEW;
      this.#size++;
    });
    return this.#size - before;
  }

  /** Takes what ran since anything was last taken: whether it is new by the last `takeNew` and not claimed yet. */
  claim(): boolean {
    let claimed = false;
    this.#take((seen, index) => {
      if (seen[index] !== NEW) return;
      seen[index] = SEEN;
      claimed = true;
    });
    return claimed;
  }

  /** Calls `visit` for each character that ran. */
  #take(visit: (seen: Marks, index: number) => void): void {
    const { result } = this.#post('Profiler.takePreciseCoverage') as Taken;
    for (const { url, scriptId, functions } of result) {
      if (!this.watched.some((part) => url.includes(part))) continue;
      const ranges = functions.flatMap((one) => one.ranges);
      const length = Math.max(...ranges.map((range) => range.endOffset));
      const ran = new Uint8Array(length);
      for (const { startOffset, endOffset, count } of ranges)
        ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
      const seen = this.#marks(scriptId, length);
      for (let index = 0; index < length; index++) if (ran[index] === 1) visit(seen, index);
    }
  }

  #marks(scriptId: string, length: number): Marks {
    let marks = this.#scripts.get(scriptId);
    if (marks === undefined || marks.length < length) {
      const longer = new Uint8Array(length);
      if (marks !== undefined) longer.set(marks);
      marks = longer;
      this.#scripts.set(scriptId, marks);
    }
    return marks;
  }

  /** A session on its own thread answers before `post` returns. */
  #post(method: string, parameters: object = {}): unknown {
    let answer: unknown;
    this.#session.post(method, parameters, (error, result) => {
      if (error) throw error;
      answer = result;
    });
    return answer;
  }
}
