/** Tells the data path which of the box's addresses its ICMPv6 errors come from on each link (RFC 4443 §2.2). */
import { SyscallError } from '../../native/linux/index.ts';
import type { LinkAddress, RouterAddressMap } from '../dataplane/router-address-map.ts';
import type { Log } from '../observe/log.ts';
import type { RouterAddresses } from './router-addresses.ts';
import type { SiteLinks } from './site-links.ts';

export interface ErrorSourcesOptions {
  readonly links: Pick<SiteLinks, 'linkAddresses'>;
  /** The box's own toward the providers. */
  readonly addresses: Pick<RouterAddresses, 'of'>;
  readonly table: Pick<RouterAddressMap, 'replace'>;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
  readonly log: Pick<Log, 'debug'>;
}

/** Ticks between two looks at what the kernel has: addresses on the providers' links come and go. */
const LOOK_TICKS = 10;

export class ErrorSources {
  readonly #options: ErrorSourcesOptions;
  #ticks = 0;

  constructor(options: ErrorSourcesOptions) {
    this.#options = options;
  }

  tick(): void {
    if (this.#ticks++ % LOOK_TICKS === 0) this.#publish();
  }

  #publish(): void {
    const { links, addresses, table, clock, log } = this.#options;
    const now = clock();
    let found: readonly LinkAddress[];
    try {
      found = links.linkAddresses((ifindex) => addresses.of(now, ifindex));
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      // What was published stays; the next look is soon.
      log.debug('kernel-refused', { reason: error.message });
      return;
    }
    table.replace(found);
  }
}
