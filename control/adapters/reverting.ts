/** Settling contexts where they went, and having them go back: what decides, with the box's tables and uplinks. */
import type { InstalledContexts } from '../dataplane/contexts.ts';
import type { Dataplane } from '../dataplane/dataplane.ts';
import { Reversion } from '../dataplane/reversion.ts';
import { Settling } from '../dataplane/settling.ts';
import type { ContextView } from '../shim6/context.ts';
import type { SiteLinks } from '../site/site-links.ts';
import type { Uplink } from '../site/uplinks.ts';

export interface RevertingOptions {
  readonly dataplane: Dataplane;
  /** Both are there before the first call of any method. */
  readonly links: () => SiteLinks;
  readonly contexts: () => InstalledContexts;
  readonly all: () => IterableIterator<ContextView>;
  /** Milliseconds. */
  readonly clock: () => number;
}

export class Reverting {
  readonly #options: RevertingOptions;
  readonly #settling: Settling;
  readonly #reversion: Reversion;

  constructor(options: RevertingOptions) {
    this.#options = options;
    const { egress, links } = options.dataplane;
    this.#settling = new Settling({
      slots: egress.mask + 1,
      settle: (first, end) => egress.settle(first, end, (uplink) => links.isUp(uplink)),
      defer: (next) => void setImmediate(next),
    });
    this.#reversion = new Reversion({
      contexts: options.all,
      wants: (context) => this.#wants(context),
      lastSent: (context) => options.contexts().lastSent(context),
      revert: (context) =>
        options
          .contexts()
          .update(context, { to: 'revert', because: 'the preferred provider has been stable' }),
    });
  }

  /** Contexts that went back to what is preferred. */
  get reverted(): number {
    return this.#reversion.reverted;
  }

  beforeUp(): void {
    this.#settling.finish();
  }

  uplinkChanged(state: 'up' | 'down'): void {
    if (state === 'down') this.#settling.start();
    else this.#reversion.want();
  }

  /** What is preferred may have changed: of one context, or of many. */
  preferencesChanged(): void {
    this.#reversion.want();
  }

  step(): void {
    this.#reversion.step(this.#options.dataplane.now);
  }

  #wants(context: ContextView): 'no' | 'later' | 'now' {
    const preferred = this.#options.contexts().preferredElsewhere(context);
    const uplink = preferred && this.#options.links().uplink(preferred.uplink);
    if (uplink === undefined) return 'no';
    // A provider that is being replaced is left without waiting for what proves stable.
    if (this.#leavesDraining(context)) return uplink.up ? 'now' : 'later';
    if (uplink.provider.revert === 'never') return 'no';
    return this.#upFor(uplink) >= uplink.provider.revert * 1000 ? 'now' : 'later';
  }

  #leavesDraining(context: ContextView): boolean {
    const inUse = this.#options.contexts().uplinkInUse(context);
    return inUse !== undefined && this.#options.links().isDraining(inUse);
  }

  /** Milliseconds. */
  #upFor({ up, switches }: Uplink): number {
    return up ? this.#options.clock() - (switches.at(-1)?.at ?? 0) : 0;
  }
}
