/**
 * Replacing one provider by another under live connections: the new locators are announced before the old ones are given
 * up, and nothing of the old provider ends before everybody has had the time to learn of it. Each phase is durable before
 * it begins, and a daemon that was restarted goes on where it was.
 */
import { ProviderError } from './provider-list.ts';
import type { Site } from './site.ts';

/**
 * - `announce`: peers learn the new locators, and name servers.
 * - `move`: peers and name servers learn to prefer the new ones; contexts leave the old provider.
 * - `drain`: answers with old addresses live on in caches for as long as their TTL says.
 * - `withdraw`: the old locators are taken back, peers are told.
 * - `remove`: the old provider's interface, routes and locators are given up.
 */
export const PHASES = ['announce', 'move', 'drain', 'withdraw', 'remove'] as const;
export type Phase = (typeof PHASES)[number];

export interface RenumberingState {
  readonly from: string;
  readonly to: string;
  readonly phase: Phase;
  /** Seconds: the TTL of the records that may be in caches. */
  readonly ttl: number;
  /** Milliseconds since the epoch: when the old addresses were last to be found. */
  readonly withdrawnAt?: number;
}

export interface RenumberingEvent {
  readonly from: string;
  readonly to: string;
  readonly phase: Phase | 'finished';
  readonly state: 'begun' | 'waiting' | 'done' | 'gave-up';
  readonly detail: string;
  /** ISO 8601. */
  readonly at: string;
}

/** What the site itself does not know of how far its peers and name servers are. */
export interface RenumberingFacts {
  isUp(provider: string): boolean;
  /** Established contexts. */
  contexts(): number;
  /** Of these, those whose peer has not acknowledged our locators as they are. */
  unacknowledged(): number;
  /** Of these, those whose packets leave by the provider. */
  contextsBy(provider: string): number;
  /** Names whose records a name server has yet to take. */
  pendingNames(): number;
  /** Milliseconds since the epoch. */
  now(): number;
  wait(milliseconds: number): Promise<void>;
}

export interface RenumberingPlan {
  readonly from: string;
  readonly to: string;
  readonly ttl: number;
  readonly isUp: boolean;
  readonly hosts: readonly {
    readonly name: string | null;
    readonly ulid: Uint8Array;
    readonly from: Uint8Array | null;
    readonly to: Uint8Array | null;
  }[];
  readonly contexts: number;
  readonly contextsToMove: number;
}

/** Setting that keeps the state. */
export const RENUMBERING = 'renumbering';

/** Milliseconds between looks. */
const LOOK = 250;
/** Milliseconds that peers are waited for who do not answer: they may be gone. Name servers are waited for without end. */
const PATIENCE = 60_000;
/** Milliseconds that contexts get to move: they do so in their pauses, and not all at once. */
const MOVING = 600_000;

/** Throws ProviderError when one cannot replace the other. */
export function checkRenumbering(site: Site, from: string, to: string): void {
  const [old, fresh] = [site.providers.get(from), site.providers.get(to)];
  if (old === fresh) throw new ProviderError(`${from} cannot replace itself`);
  if (fresh.draining) throw new ProviderError(`${to} is being replaced itself`);
}

/** What a replacement would change. Throws ProviderError. */
export function planRenumbering(
  site: Site,
  facts: RenumberingFacts,
  from: string,
  to: string,
  ttl: number,
): RenumberingPlan {
  checkRenumbering(site, from, to);
  const hosts = [...site.hosts.live.values()].map(({ name, ulid }) => ({
    name: name ?? null,
    ulid,
    from: site.hosts.locators.find(ulid, from) ?? null,
    to: site.hosts.locators.find(ulid, to) ?? null,
  }));
  return {
    from,
    to,
    ttl,
    isUp: facts.isUp(to),
    hosts,
    contexts: facts.contexts(),
    contextsToMove: facts.contextsBy(from),
  };
}

export class Renumbering {
  readonly #site: Site;
  readonly #facts: RenumberingFacts;
  readonly #tell: (event: RenumberingEvent) => void;
  #state: RenumberingState;
  #stopped = false;

  constructor(
    site: Site,
    facts: RenumberingFacts,
    state: RenumberingState,
    tell: (event: RenumberingEvent) => void,
  ) {
    this.#site = site;
    this.#facts = facts;
    this.#state = state;
    this.#tell = tell;
  }

  get state(): RenumberingState {
    return this.#state;
  }

  /** The process ends: the next one goes on. */
  stop(): void {
    this.#stopped = true;
  }

  /** Resolves when the old provider is gone, or after `stop`. Rejects with ProviderError and StoreError. */
  async run(): Promise<void> {
    const first = PHASES.indexOf(this.#state.phase);
    for (const phase of PHASES.slice(first)) {
      await this.#enter({ phase });
      if (this.#stopped) return;
      this.#say('begun', BEGINNINGS[phase]);
      await this.#do(phase);
      if (this.#stopped) return;
      this.#say('done', '');
    }
    await this.#site.keep(RENUMBERING, undefined);
    const { from, to } = this.#state;
    this.#tell({
      from,
      to,
      phase: 'finished',
      state: 'done',
      detail: `${to} has replaced ${from}`,
      at: this.#time(),
    });
  }

  async #do(phase: Phase): Promise<void> {
    const { from, to, ttl } = this.#state;
    switch (phase) {
      case 'announce':
        await this.#until(() => (this.#facts.isUp(to) ? undefined : `${to} is down`));
        await this.#peersKnow();
        return this.#namesKnown();
      case 'move':
        await this.#site.setDraining(from, true);
        await this.#peersKnow();
        await this.#until(() => counted(this.#facts.contextsBy(from), `contexts use ${from}`), MOVING);
        await this.#namesKnown();
        return this.#enter({ withdrawnAt: this.#state.withdrawnAt ?? this.#facts.now() });
      case 'drain': {
        const end = this.#state.withdrawnAt! + ttl * 1000;
        return this.#until(() => {
          const left = Math.ceil((end - this.#facts.now()) / 1000);
          return left > 0 ? `${left} s until no cache holds an address of ${from}` : undefined;
        });
      }
      case 'withdraw':
        await this.#site.withdrawProvider(from);
        return this.#peersKnow();
      case 'remove':
        // The process may have ended right after this.
        if (this.#site.providers.find(from) !== undefined) await this.#site.removeProvider(from);
    }
  }

  #peersKnow(): Promise<void> {
    const waiting = () => counted(this.#facts.unacknowledged(), 'peers have not acknowledged');
    return this.#until(waiting, PATIENCE);
  }

  /** A name that still leads to addresses that are gone is worse than waiting. */
  #namesKnown(): Promise<void> {
    return this.#until(() => counted(this.#facts.pendingNames(), 'names are not at their servers'));
  }

  /** Looks until nothing is waited for, telling what is; at most for `patience` milliseconds. */
  async #until(waiting: () => string | undefined, patience = Number.POSITIVE_INFINITY): Promise<void> {
    const end = this.#facts.now() + patience;
    let told: string | undefined;
    for (;;) {
      const detail = waiting();
      if (detail === undefined || this.#stopped) return;
      if (this.#facts.now() >= end) return this.#say('gave-up', detail);
      if (detail !== told) this.#say('waiting', detail);
      told = detail;
      await this.#facts.wait(LOOK);
    }
  }

  async #enter(change: Partial<RenumberingState>): Promise<void> {
    const next = { ...this.#state, ...change };
    await this.#site.keep(RENUMBERING, next);
    this.#state = next;
  }

  #say(state: RenumberingEvent['state'], detail: string): void {
    const { from, to, phase } = this.#state;
    this.#tell({ from, to, phase, state, detail, at: this.#time() });
  }

  #time(): string {
    return new Date(this.#facts.now()).toISOString();
  }
}

const BEGINNINGS: Readonly<Record<Phase, string>> = {
  announce: 'peers and name servers learn the new locators',
  move: 'contexts leave the old provider; its addresses leave the DNS',
  drain: 'both providers receive while caches hold old addresses',
  withdraw: 'the old locators are taken back, peers are told',
  remove: 'the old provider is given up',
};

const counted = (count: number, what: string): string | undefined =>
  count === 0 ? undefined : `${count} ${what}`;
