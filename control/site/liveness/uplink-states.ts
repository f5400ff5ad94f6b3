/**
 * The states of all uplinks together: each by its own sources, and a last resort when none is up. Liveness may make a
 * site avoid an uplink, but a source that lies must not cut the site off: while nothing else is left, packets go where
 * they can at least leave. Pure: reports and time come in, transitions come out.
 */
import type { SourceReport } from './source.ts';
import { type Hysteresis, UplinkHealth, type UplinkPhase } from './uplink-health.ts';

export interface UplinkTransition {
  /** Index of the uplink. */
  readonly uplink: number;
  readonly state: 'up' | 'down';
  /** `SOURCE: DETAIL` of what took it down; or why it is up. */
  readonly reason: string;
  /** Milliseconds of the box's clock. */
  readonly at: number;
}

interface Entry {
  readonly health: UplinkHealth;
  /** As the rest of the box sees it. */
  up: boolean;
  lastResort: boolean;
}

export class UplinkStates {
  /** By index of the uplink. */
  readonly #entries = new Map<number, Entry>();

  constructor(hystereses: readonly Hysteresis[]) {
    for (const [uplink, hysteresis] of hystereses.entries()) this.add(uplink, hysteresis);
  }

  add(uplink: number, hysteresis: Hysteresis): void {
    this.#entries.set(uplink, { health: new UplinkHealth(hysteresis), up: false, lastResort: false });
  }

  /** What becomes of the others without it is told by the next `advance`. */
  remove(uplink: number): void {
    this.#entries.delete(uplink);
  }

  isUp(uplink: number): boolean {
    return this.#entry(uplink).up;
  }

  health(uplink: number): UplinkHealth {
    return this.#entry(uplink).health;
  }

  phase(uplink: number, at: number): UplinkPhase | 'last-resort' {
    const { health, lastResort } = this.#entry(uplink);
    return lastResort ? 'last-resort' : health.phase(at);
  }

  /** What a source says of an uplink now. Losses first, so that whoever acts on them finds the rest as it was. */
  report(at: number, uplink: number, report: SourceReport): readonly UplinkTransition[] {
    this.#entry(uplink).health.report(at, report);
    return this.advance(at);
  }

  /** Does what is due. */
  advance(at: number): readonly UplinkTransition[] {
    for (const { health } of this.#entries.values()) health.advance(at);
    const isLost = [...this.#entries.values()].every(({ health }) => !health.up);
    const resorts = isLost ? this.#resorts() : new Set<Entry>();
    const transitions: UplinkTransition[] = [];
    for (const [uplink, entry] of this.#entries) {
      entry.lastResort = resorts.has(entry);
      const up = entry.health.up || entry.lastResort;
      if (up === entry.up) continue;
      entry.up = up;
      transitions.push({ uplink, state: up ? 'up' : 'down', reason: reasonOf(entry), at });
    }
    return transitions.sort((first, second) => Number(first.state === 'up') - Number(second.state === 'up'));
  }

  /** When `advance` is to be called; undefined when nothing waits. */
  nextDeadline(at: number): number | undefined {
    const deadlines = [...this.#entries.values()].flatMap(({ health }) => health.upAt(at) ?? []);
    return deadlines.length === 0 ? undefined : Math.min(...deadlines);
  }

  #entry(uplink: number): Entry {
    return this.#entries.get(uplink)!;
  }

  /** Uplinks that only wait or are damped, else all that can send. */
  #resorts(): ReadonlySet<Entry> {
    const able = [...this.#entries.values()].filter(({ health }) => health.canSend);
    const well = able.filter(({ health }) => health.complaint === undefined);
    return new Set(well.length > 0 ? well : able);
  }
}

function reasonOf({ health, up, lastResort }: Entry): string {
  if (lastResort) return 'nothing else is left';
  if (up) return 'all sources are content';
  const complaint = health.complaint;
  return complaint === undefined ? 'another uplink is up again' : `${complaint.source}: ${complaint.detail}`;
}
