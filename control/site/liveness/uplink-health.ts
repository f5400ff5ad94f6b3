/**
 * Whether one uplink is to be used, from what its sources say. Down at once, on the word of a single source; up when
 * all have been content for a while, longer when it flaps. Pure: reports and time come in.
 */
import { type DampingSettings, FlapDamping } from './flap-damping.ts';
import { NEEDED_SOURCES, type SourceName, type SourceReport, type SourceStatus } from './source.ts';

export interface Hysteresis {
  /** Milliseconds that all must be well before an uplink that was lost is up again. */
  readonly upAfter: number;
  readonly damping: DampingSettings;
}

/**
 * `down`: a source says so. `waiting`: all is well, but not for long enough. `damped`: all is well, but it was lost too
 * often.
 */
export type UplinkPhase = 'up' | 'down' | 'waiting' | 'damped';

export class UplinkHealth {
  readonly #hysteresis: Hysteresis;
  readonly #damping: FlapDamping;
  readonly #sources = new Map<SourceName, SourceStatus>();
  #up = false;
  /** Since when all sources are content. */
  #wellSince: number | undefined;
  #wasEverWell = false;

  constructor(hysteresis: Hysteresis) {
    this.#hysteresis = hysteresis;
    this.#damping = new FlapDamping(hysteresis.damping);
  }

  get sources(): readonly SourceStatus[] {
    return [...this.#sources.values()];
  }

  /** Up by its own merits. */
  get up(): boolean {
    return this.#up;
  }

  /** Since when all sources are content; undefined while one is not. */
  get wellSince(): number | undefined {
    return this.#wellSince;
  }

  /** The first source that says the uplink is down, or that is needed and does not say it is up. */
  get complaint(): SourceReport | undefined {
    return this.#lacking() ?? this.sources.find(({ state }) => state === 'down');
  }

  /** Packets can leave, whether or not they arrive. */
  get canSend(): boolean {
    return this.#lacking() === undefined;
  }

  report(at: number, { source, state, detail }: SourceReport): void {
    const known = this.#sources.get(source);
    const since = known?.state === state ? known.since : at;
    this.#sources.set(source, { source, state, detail, since });
    this.advance(at);
  }

  /** Does what is due. */
  advance(at: number): void {
    if (this.complaint !== undefined) {
      if (this.#wellSince !== undefined) this.#damping.lose(at);
      this.#wellSince = undefined;
      this.#up = false;
      return;
    }
    this.#wellSince ??= at;
    this.#up ||= at >= this.#due(at);
    this.#wasEverWell = true;
  }

  phase(at: number): UplinkPhase {
    if (this.#up) return 'up';
    if (this.#wellSince === undefined) return 'down';
    return this.#damping.suppressedUntil(at) === undefined ? 'waiting' : 'damped';
  }

  /** When the uplink will be up if nothing happens until then; undefined unless it waits. */
  upAt(at: number): number | undefined {
    return this.#up || this.#wellSince === undefined ? undefined : this.#due(at);
  }

  #due(at: number): number {
    // What has never been lost need not prove that it is back.
    if (!this.#wasEverWell) return at;
    const stable = this.#wellSince! + this.#hysteresis.upAfter;
    return Math.max(stable, this.#damping.suppressedUntil(at) ?? stable);
  }

  #lacking(): SourceReport | undefined {
    for (const source of NEEDED_SOURCES) {
      const status = this.#sources.get(source);
      if (status === undefined) return { source, state: 'unknown', detail: 'not known yet' };
      if (status.state !== 'up') return status;
    }
    return undefined;
  }
}
