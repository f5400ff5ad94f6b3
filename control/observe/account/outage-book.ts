/**
 * Outages: what failed, when, how many contexts it concerned, and how long each phase took. An outage of an uplink
 * lasts until it is used again; one of a peer's provider until its contexts are back, or as long as others follow.
 * Pure: what happens comes in with its time; finished reports go out to who keeps them.
 */

export interface OutagePhase {
  readonly name: string;
  /** From the beginning of the outage to the end of the phase. */
  readonly milliseconds: number;
  /** How many were concerned: messages, or contexts. */
  readonly count?: number;
}

export interface OutageReport {
  readonly number: number;
  readonly what: 'uplink' | 'peer' | 'path';
  /** The uplink's name, or the prefixes of locators. */
  readonly subject: string;
  readonly because: string;
  /** ISO 8601; `ended` is null while it lasts. */
  readonly began: string;
  readonly ended: string | null;
  /** null: not counted yet. */
  readonly contexts: number | null;
  readonly phases: readonly OutagePhase[];
}

interface Outage {
  readonly number: number;
  readonly what: OutageReport['what'];
  readonly subject: string;
  readonly because: string;
  readonly began: number;
  ended: number | undefined;
  contexts: number | undefined;
  /** By name: when it ended last, and how many. */
  readonly phases: Map<string, { at: number; count: number | undefined }>;
}

export interface OutageBookOptions {
  readonly kept: number;
  readonly dateOf: (moment: number) => string;
  /** The number of the first outage: those before it are in a file. */
  readonly first?: number;
  /** An outage has ended. */
  readonly onEnd: (outage: OutageReport) => void;
}

export class OutageBook {
  readonly #options: OutageBookOptions;
  readonly #outages: Outage[] = [];
  #next: number;

  constructor(options: OutageBookOptions) {
    this.#options = options;
    this.#next = options.first ?? 1;
  }

  /** Begins an outage, or returns the number of the one under way. */
  begin(now: number, what: OutageReport['what'], subject: string, because: string): number {
    const known = this.#open(what, subject);
    if (known !== undefined) return known.number;
    const outage: Outage = {
      number: this.#next++,
      what,
      subject,
      because,
      began: now,
      ended: undefined,
      contexts: undefined,
      phases: new Map(),
    };
    this.#outages.push(outage);
    if (this.#outages.length > this.#options.kept) this.#outages.shift();
    return outage.number;
  }

  /** A phase of an outage under way has ended, or has ended again: the last time counts. */
  reach(now: number, number: number, phase: string, count?: number): void {
    const outage = this.#outages.find((one) => one.number === number && one.ended === undefined);
    outage?.phases.set(phase, { at: now, count });
  }

  count(number: number, contexts: number): void {
    const outage = this.#outages.find((one) => one.number === number);
    if (outage !== undefined) outage.contexts = contexts;
  }

  end(now: number, what: OutageReport['what'], subject: string): OutageReport | undefined {
    const outage = this.#open(what, subject);
    if (outage === undefined) return undefined;
    outage.ended = now;
    const report = this.#report(outage);
    this.#options.onEnd(report);
    return report;
  }

  isOpen(what: OutageReport['what'], subject: string): boolean {
    return this.#open(what, subject) !== undefined;
  }

  /** The oldest first. */
  reports(): readonly OutageReport[] {
    return this.#outages.map((outage) => this.#report(outage));
  }

  #open(what: OutageReport['what'], subject: string): Outage | undefined {
    return this.#outages.findLast(
      (outage) => outage.ended === undefined && outage.what === what && outage.subject === subject,
    );
  }

  #report({ number, what, subject, because, began, ended, contexts, phases }: Outage): OutageReport {
    const { dateOf } = this.#options;
    return {
      number,
      what,
      subject,
      because,
      began: dateOf(began),
      ended: ended === undefined ? null : dateOf(ended),
      contexts: contexts ?? null,
      phases: [...phases].map(([name, { at, count }]) => ({
        name,
        milliseconds: Math.round((at - began) * 1000) / 1000,
        ...(count !== undefined && { count }),
      })),
    };
  }
}
