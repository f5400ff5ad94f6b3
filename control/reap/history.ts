/** What lately happened to the contexts that needed attention, for people to read. Bounded in every respect. */
import type { EventName, State } from './behaviour.ts';
import type { LocatorPair, Subject } from './subject.ts';

export interface ProbeRecord {
  /** Milliseconds. */
  readonly at: number;
  readonly direction: 'sent' | 'received';
  /** Of its sender. */
  readonly state: State;
  readonly pair: LocatorPair;
}

export interface SwitchRecord {
  readonly at: number;
  readonly from: LocatorPair | undefined;
  readonly to: LocatorPair;
  /** What led to the exploration that found the pair. */
  readonly because: EventName;
}

export interface ContextHistory {
  readonly switches: readonly SwitchRecord[];
  readonly probes: readonly ProbeRecord[];
  /** All of them. */
  readonly explorations: number;
  readonly probesSent: number;
  readonly probesReceived: number;
}

const SWITCHES_KEPT = 8;
const PROBES_KEPT = 16;

class History implements ContextHistory {
  readonly switches: SwitchRecord[] = [];
  readonly probes: ProbeRecord[] = [];
  explorations = 0;
  probesSent = 0;
  probesReceived = 0;
}

export class Histories {
  readonly #most: number;
  /** Those that something happened to last come last. */
  readonly #histories = new Map<Subject, History>();

  constructor(most: number) {
    this.#most = most;
  }

  find(subject: Subject): ContextHistory | undefined {
    return this.#histories.get(subject);
  }

  forget(subject: Subject): void {
    this.#histories.delete(subject);
  }

  noteExploration(subject: Subject): void {
    this.#of(subject).explorations++;
  }

  noteSwitch(subject: Subject, record: SwitchRecord): void {
    push(this.#of(subject).switches, record, SWITCHES_KEPT);
  }

  noteProbe(subject: Subject, record: ProbeRecord): void {
    const history = this.#of(subject);
    if (record.direction === 'sent') history.probesSent++;
    else history.probesReceived++;
    push(history.probes, record, PROBES_KEPT);
  }

  #of(subject: Subject): History {
    const known = this.#histories.get(subject);
    if (known !== undefined) return known;
    const history = new History();
    this.#histories.set(subject, history);
    if (this.#histories.size > this.#most) {
      const [oldest] = this.#histories.keys();
      this.#histories.delete(oldest!);
    }
    return history;
  }
}

function push<T>(records: T[], record: T, most: number): void {
  if (records.length === most) records.shift();
  records.push(record);
}
