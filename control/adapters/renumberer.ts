/** Runs the one renumbering that may be under way, tells whoever listens, and goes on with it after a restart. */
import type { Box } from '../box.ts';
import { contextsByUplink } from '../observe/active-path.ts';
import type { Log } from '../observe/log.ts';
import { ProviderError } from '../site/provider-list.ts';
import {
  checkRenumbering,
  planRenumbering,
  RENUMBERING,
  Renumbering,
  type RenumberingEvent,
  type RenumberingFacts,
  type RenumberingPlan,
  type RenumberingState,
} from '../site/renumbering.ts';
import { setting } from '../site/settings.ts';
import type { ZonePublisher } from './zone-publisher.ts';

type Listener = (event: RenumberingEvent | { readonly failed: string }) => void;

export class Renumberer {
  readonly #box: Box;
  readonly #publisher: ZonePublisher | undefined;
  readonly #log: Log;
  readonly #listeners = new Set<Listener>();
  readonly #facts: RenumberingFacts;
  #running: Renumbering | undefined;
  /** The newest of each phase, for those who begin to listen later. */
  #told: RenumberingEvent[] = [];

  constructor(box: Box, publisher: ZonePublisher | undefined, log: Log) {
    this.#box = box;
    this.#publisher = publisher;
    this.#log = log;
    this.#facts = facts(box, publisher);
  }

  /** Goes on with what an earlier run began. Rejects with StoreError. */
  async start(): Promise<void> {
    const kept = setting(await this.#box.site.store.contents(), RENUMBERING);
    if (kept === undefined) return;
    const state = JSON.parse(new TextDecoder().decode(kept)) as RenumberingState;
    const { providers } = this.#box.site;
    // In `remove` the old provider may be gone already; else somebody took one of them away by another configuration.
    const isGone = providers.find(state.from) === undefined && state.phase !== 'remove';
    if (isGone || providers.find(state.to) === undefined) {
      await this.#box.site.keep(RENUMBERING, undefined);
      return;
    }
    this.#run(state);
  }

  stop(): void {
    this.#running?.stop();
  }

  /** Throws ProviderError. */
  plan(from: string, to: string, ttl: number | undefined): RenumberingPlan {
    return planRenumbering(this.#box.site, this.#facts, from, to, this.#ttl(ttl));
  }

  /** Begins, or joins the same replacement that is under way. Throws ProviderError. */
  replace(from: string, to: string, ttl: number | undefined): void {
    const { state } = this.#running ?? {};
    if (state !== undefined && state.from === from && state.to === to) return;
    if (state !== undefined)
      throw new ProviderError(`${state.from} is being replaced by ${state.to}: one at a time`);
    checkRenumbering(this.#box.site, from, to);
    if (!this.#facts.isUp(to)) throw new ProviderError(`${to} is down: pshim6 uplinks says why`);
    this.#run({ from, to, phase: 'announce', ttl: this.#ttl(ttl) });
  }

  /** Tells what was, and what comes until the end. Returns how to stop listening. */
  listen(listener: Listener): () => void {
    for (const event of this.#told) listener(event);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #ttl(asked: number | undefined): number {
    return asked ?? this.#publisher?.settings.ttl ?? USUAL_TTL;
  }

  #run(state: RenumberingState): void {
    this.#told = [];
    const running = new Renumbering(this.#box.site, this.#facts, state, (event) => this.#tell(event));
    this.#running = running;
    running.run().then(
      () => this.#end(running),
      (error: Error) => {
        this.#end(running);
        this.#log.error('renumbering', { failed: error.message });
        for (const listener of this.#listeners) listener({ failed: error.message });
      },
    );
  }

  #end(running: Renumbering): void {
    if (this.#running === running) this.#running = undefined;
  }

  #tell(event: RenumberingEvent): void {
    if (event.state !== 'waiting') this.#log.info('renumbering', event);
    this.#told = [...this.#told.filter((before) => before.state !== 'waiting'), event];
    for (const listener of this.#listeners) listener(event);
  }
}

/** Seconds: of a site whose zones somebody else keeps. */
const USUAL_TTL = 3600;

function facts(box: Box, publisher: ZonePublisher | undefined): RenumberingFacts {
  const uplink = (name: string) => box.links.uplinks.find(({ provider }) => provider.name === name);
  const count = (
    accepts: (context: Parameters<Parameters<typeof box.core.visitEstablished>[0]>[0]) => boolean,
  ) => {
    let sum = 0;
    box.core.visitEstablished((context) => {
      if (accepts(context)) sum++;
    });
    return sum;
  };
  return {
    isUp: (name) => uplink(name)?.up === true,
    contexts: () => count(() => true),
    unacknowledged: () => count(({ peerUpToDate }) => !peerUpToDate),
    contextsBy: (name) => {
      const index = uplink(name)?.index;
      return index === undefined ? 0 : (contextsByUplink(box).get(index) ?? 0);
    },
    pendingNames: () => publisher?.pending ?? 0,
    now: Date.now,
    wait: (milliseconds) => new Promise((done) => setTimeout(done, milliseconds)),
  };
}
