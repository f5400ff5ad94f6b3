/** Asking a resolver that is down, less and less often, whether it is back. */
import { CLASS_IN, FLAG, TYPE } from '../wire/dns/constants.ts';
import { MessageWriter } from '../wire/dns/writer.ts';
import type { Lookup, TaskBase } from './lookup.ts';
import type { Services } from './services.ts';

export interface Probe extends TaskBase {
  readonly kind: 'probe';
  readonly resolver: number;
  /** Milliseconds until the next question. */
  interval: number;
}

/** The root's name servers: every resolver that works knows them. */
const QUESTION = new MessageWriter(0, FLAG.RD)
  .question({ name: Uint8Array.of(0), type: TYPE.NS, class: CLASS_IN })
  .finish();

export class Probes {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  begin(now: number, resolver: number): void {
    const interval = this.#services.settings.probeInterval;
    const deadline = now + interval;
    this.#services.arm({
      kind: 'probe',
      resolver,
      interval,
      lookups: [],
      deadline,
      alarm: undefined,
    });
  }

  /** Any answer will do: it works. */
  answered(probe: Probe, lookup: Lookup): void {
    this.#services.lookups.close(lookup);
    this.#services.disarm(probe);
  }

  /** Time for the next question, unless other traffic has shown that the resolver is back. */
  advance(now: number, probe: Probe): void {
    const { lookups, settings, counters } = this.#services;
    if (!lookups.resolvers.isDown(probe.resolver)) return this.#end(probe);
    if (now < probe.deadline) return this.#services.arm(probe);
    for (const lookup of probe.lookups.splice(0)) lookups.close(lookup);
    counters.probes++;
    lookups.start(now, probe, 'probe', { transport: 'udp', message: QUESTION, pinned: probe.resolver });
    probe.interval = Math.min(2 * probe.interval, settings.probeIntervalMax);
    probe.deadline = now + probe.interval;
    this.#services.arm(probe);
  }

  #end(probe: Probe): void {
    for (const lookup of probe.lookups) this.#services.lookups.close(lookup);
    this.#services.disarm(probe);
  }
}
