/**
 * Keeps the name servers of the site's zones up to date with its hosts. What a server has acknowledged is in the store, so
 * that a restart publishes only what changed meanwhile; what a server does not take is tried again, later and later.
 */

import {
  type NameRecords,
  namesIn,
  type PublicationSettings,
  type PublishedHost,
  parseRecords,
  printRecords,
} from '../naming/publication.ts';
import type { Log } from '../observe/log.ts';
import type { SiteHost } from '../site/hosts.ts';
import type { Site } from '../site/site.ts';
import { formatName, type Name, nameKey, parseName } from '../wire/dns/name.ts';
import { UpdateError, type UpdateOutcome, type ZoneServer } from './zone-server.ts';

export interface PublishedZone {
  readonly zone: Name;
  readonly server: Pick<ZoneServer, 'publish'>;
}

export interface ZonePublisherOptions {
  readonly site: Site;
  readonly zones: readonly PublishedZone[];
  readonly settings: PublicationSettings;
  readonly log: Log;
}

/** Milliseconds: changes that come together are looked at once. */
const GATHERING = 50;
const FIRST_RETRY = 1_000;
const LAST_RETRY = 300_000;

interface ZoneState extends PublishedZone {
  working: boolean;
  /** Failures since the last success. */
  failures: number;
  lastError: string | undefined;
  timer: NodeJS.Timeout | undefined;
}

interface WantedName extends NameRecords {
  readonly lines: readonly string[];
}

interface Published {
  readonly zone: Name;
  readonly name: Name;
  readonly lines: readonly string[];
}

export interface ZoneReport {
  readonly zone: string;
  /** Names that the server has as they are to be, and that it has yet to be told. */
  readonly published: number;
  readonly pending: number;
  /** Names that are somebody else's there. */
  readonly taken: readonly string[];
  readonly lastError: string | null;
}

export class ZonePublisher {
  readonly settings: PublicationSettings;
  readonly #options: ZonePublisherOptions;
  readonly #zones: readonly ZoneState[];
  /** What servers have acknowledged, by nameKey. */
  readonly #published = new Map<string, Published>();
  /** Names that are somebody else's, with what we wanted of them. */
  readonly #taken = new Map<string, string>();
  #wanted: ReadonlyMap<string, WantedName> = new Map();
  /** Milliseconds that the last look took. */
  #lookTook = 0;
  #gathering: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ZonePublisherOptions) {
    this.#options = options;
    this.settings = options.settings;
    this.#zones = options.zones.map((zone) => ({
      ...zone,
      working: false,
      failures: 0,
      lastError: undefined,
      timer: undefined,
    }));
  }

  /** Reads what was published before and begins to follow the site. Rejects with StoreError. */
  async start(): Promise<void> {
    const { site } = this.#options;
    for (const { name, state } of (await site.store.contents()).publications) {
      const { zone, lines } = JSON.parse(state) as { zone: string; lines: string[] };
      const owner = parseName(name);
      this.#published.set(nameKey(owner), { zone: parseName(zone), name: owner, lines });
    }
    const gather = () => this.#gather();
    site.hosts.listen({ onHost: gather, onGone: gather });
    site.listen({ onProviderAdded: gather, onProviderChanged: gather, onProviderRemoved: gather });
    this.#look();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#gathering);
    for (const { timer } of this.#zones) clearTimeout(timer);
  }

  /** The names and records that the world is to see. */
  get wanted(): ReadonlyMap<string, NameRecords> {
    return this.#wanted;
  }

  /** Names that a server has yet to be told of; those that are somebody else's do not count. */
  get pending(): number {
    if (this.#gathering !== undefined) this.#look();
    return this.#zones.reduce((sum, zone) => sum + [...this.#changes(zone)].length, 0);
  }

  report(): readonly ZoneReport[] {
    if (this.#gathering !== undefined) this.#look();
    return this.#zones.map((state) => {
      const isHere = ({ zone }: { readonly zone: Name }) => nameKey(zone) === nameKey(state.zone);
      const taken = [...this.#taken.keys()].flatMap((key) => this.#wanted.get(key) ?? []).filter(isHere);
      return {
        zone: formatName(state.zone),
        published: [...this.#published.values()].filter(isHere).length,
        pending: [...this.#changes(state)].length,
        taken: taken.map(({ name }) => formatName(name)),
        lastError: state.lastError ?? null,
      };
    });
  }

  #gather(): void {
    if (this.#closed || this.#gathering !== undefined) return;
    // Looking takes longer the more hosts there are: it is to have a tenth of the time at most.
    const delay = Math.max(GATHERING, 9 * this.#lookTook);
    this.#gathering = setTimeout(() => this.#look(), delay);
  }

  #look(): void {
    const start = performance.now();
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    const zones = this.#zones.map(({ zone }) => zone);
    const names = namesIn(zones, publishedHosts(this.#options.site), this.settings);
    const entries = [...names].map(
      ([key, name]) => [key, { ...name, lines: printRecords(name.records) }] as const,
    );
    this.#wanted = new Map(entries);
    this.#lookTook = performance.now() - start;
    for (const zone of this.#zones) void this.#work(zone);
  }

  /** Names of the zone whose records there are not what they are to be. */
  *#changes({ zone }: ZoneState): Generator<Name> {
    const here = nameKey(zone);
    for (const [key, { name, zone: its }] of this.#wanted)
      if (nameKey(its) === here && this.#differs(key)) yield name;
    for (const [key, { name, zone: its }] of this.#published)
      if (nameKey(its) === here && !this.#wanted.has(key)) yield name;
  }

  /** Whether the server has yet to be told of a name; not where the name was found to be somebody else's. */
  #differs(key: string): boolean {
    const wanted = this.#wanted.get(key)?.lines.join('\n');
    if (wanted !== undefined && this.#taken.get(key) === wanted) return false;
    return (this.#published.get(key)?.lines.join('\n') ?? '') !== (wanted ?? '');
  }

  /** One update after another: an old state must not overtake a new one. */
  async #work(state: ZoneState): Promise<void> {
    if (state.working || state.timer !== undefined) return;
    state.working = true;
    try {
      for (let names = [...this.#changes(state)]; names.length > 0; names = [...this.#changes(state)]) {
        for (const name of names) {
          if (this.#closed) return;
          await this.#update(state, name);
        }
      }
    } catch (error) {
      this.#retryLater(state, error as Error);
    } finally {
      state.working = false;
    }
  }

  /** Tells the server what a name's records are to be now, if that is news still. */
  async #update(state: ZoneState, name: Name): Promise<void> {
    const key = nameKey(name);
    if (!this.#differs(key)) return;
    const place = { zone: state.zone, name };
    const before = parseRecords(name, this.#published.get(key)?.lines ?? []);
    const after = this.#wanted.get(key)?.records ?? [];
    const outcome = await state.server.publish(place, before, after);
    await this.#note(key, place, after, outcome);
    state.failures = 0;
    state.lastError = undefined;
  }

  async #note(
    key: string,
    { zone, name }: { zone: Name; name: Name },
    after: NameRecords['records'],
    outcome: UpdateOutcome,
  ): Promise<void> {
    const { site, log } = this.#options;
    const lines = printRecords(after);
    if (outcome === 'taken') {
      this.#taken.set(key, lines.join('\n'));
      log.warn('name-taken', { name: formatName(name), zone: formatName(zone) });
      return;
    }
    this.#taken.delete(key);
    const row = { name: formatName(name), state: JSON.stringify({ zone: formatName(zone), lines }) };
    const change =
      lines.length > 0
        ? ({ table: 'publications', put: row } as const)
        : ({ table: 'publications', remove: row } as const);
    await site.store.commit([change]);
    if (lines.length > 0) this.#published.set(key, { zone, name, lines });
    else this.#published.delete(key);
  }

  #retryLater(state: ZoneState, error: Error): void {
    if (this.#closed) return;
    const { log } = this.#options;
    state.lastError = error.message;
    const level = error instanceof UpdateError ? 'warn' : 'error';
    if (state.failures === 0)
      log[level]('zone-not-updated', { zone: formatName(state.zone), reason: error.message });
    const delay = Math.min(FIRST_RETRY * 2 ** state.failures, LAST_RETRY);
    state.failures++;
    state.timer = setTimeout(() => {
      state.timer = undefined;
      void this.#work(state);
    }, delay);
  }
}

/** Served hosts that have a name, with the locators that are to be found: not those of a provider that drains. */
export function* publishedHosts({ hosts, providers }: Site): Generator<PublishedHost> {
  const isOpen = ({ provider }: SiteHost['locators'][number]) => providers.find(provider)?.draining === false;
  for (const { name, ulid, locators } of hosts.live.values()) {
    if (name === undefined) continue;
    yield { name, ulid, locators: locators.filter(isOpen).map(({ address }) => address) };
  }
}
