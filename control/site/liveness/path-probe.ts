/**
 * Active probes of a path: one echo to each target, round after round. The path is down when no target at all has
 * answered for some rounds: one target that is down says nothing about the provider. Pure: rounds and answers come in.
 */
import type { SourceReport, SourceState } from './source.ts';

export class PathProbe {
  /** Rounds in a row without any answer that are a failure. */
  readonly #loss: number;
  #round = 0;
  /** The newest round that was answered. */
  #answered: number | undefined;

  constructor(loss: number) {
    this.#loss = loss;
  }

  /** Begins the next round; returns its number, which the answers will name, and what is known by now. */
  begin(): { readonly round: number; readonly report: SourceReport } {
    this.#round++;
    return { round: this.#round, report: this.#report() };
  }

  /** A target answered a request of that round. */
  answer(round: number): SourceReport {
    // Whoever answers what was not asked yet knows no token: this is for a round begun before a restart.
    if (round <= this.#round) this.#answered = Math.max(this.#answered ?? 0, round);
    return this.#report();
  }

  #report(): SourceReport {
    const say = (state: SourceState, detail: string): SourceReport => ({ source: 'probe', state, detail });
    if (this.#answered === undefined) return say('unknown', 'no target has answered yet');
    // The round that has just begun, or whose answer this is, does not count as unanswered.
    const unanswered = this.#round - this.#answered - 1;
    if (unanswered < this.#loss) return say('up', 'targets answer');
    return say('down', `no target answered for ${this.#loss} rounds`);
  }
}
