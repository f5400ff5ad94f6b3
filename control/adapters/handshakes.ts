/** Which handshakes this box begins, for whom, and what becomes of contexts that were made for nothing. */
import type { InstalledContexts } from '../dataplane/contexts.ts';
import type { Shim6 } from '../shim6/shim6.ts';
import type { SiteHost } from '../site/hosts.ts';
import { type Address, addressKey } from '../wire/ipv6/address.ts';
import { containsAddress, type Prefix } from '../wire/ipv6/prefix.ts';
import type { ContextCarrier } from './context-carrier.ts';
import type { CoreDriver } from './core-driver.ts';

export interface HandshakesOptions {
  readonly core: Pick<Shim6, 'context'>;
  readonly driver: Pick<CoreDriver, 'run'>;
  readonly contexts: Pick<InstalledContexts, 'reserve' | 'view'>;
  readonly carrier: Pick<ContextCarrier, 'mayHold' | 'refuse'>;
  /** By addressKey of the CMULA. */
  readonly hosts: () => ReadonlyMap<string, SiteHost>;
  /** A host of the site is there. */
  readonly onHost: (ulid: Address) => void;
  /** Prefixes of ULIDs that nobody can route. */
  readonly ulids: readonly Prefix[];
}

export class Handshakes {
  readonly #options: HandshakesOptions;

  constructor(options: HandshakesOptions) {
    this.#options = options;
  }

  /** A host was told of a peer, or sent it a packet: begin the handshake unless it is under way. */
  begin(local: Address, peer: Address, locators: readonly Address[]): void {
    const { hosts, onHost, carrier, contexts, driver } = this.#options;
    // The site's own hosts reach each other without a context.
    if (!hosts().has(addressKey(local)) || hosts().has(addressKey(peer))) return;
    onHost(local);
    // Packets to a routable ULID would be the kernel's until the context stands; let them wait, too.
    if (this.isRoutable(peer) && carrier.mayHold(local, peer)) contexts.reserve(local, peer);
    driver.run((core, now) => core.establish(now, local, peer, locators));
  }

  /** A packet of an established pair would take a fork: begin its handshake unless it is under way, or failed. */
  beginFork(local: Address, peer: Address, fork: number): void {
    const { core, driver } = this.#options;
    const standing = core.context(local, peer);
    if (standing?.state !== 'ESTABLISHED' || core.context(local, peer, fork) !== undefined) return;
    const locators = standing.peerLocators.map(({ address }) => address);
    driver.run((it, now) => it.establish(now, local, peer, locators, { fork }));
  }

  /** Begun, and neither established nor given up. */
  isUnderWay(local: Address, peer: Address): boolean {
    const context = this.#options.core.context(local, peer);
    return context !== undefined && context.state !== 'ESTABLISHED';
  }

  /** Whether packets get to a ULID without a context: a single host's, which is one of its locators. */
  isRoutable(peer: Address): boolean {
    return !this.#options.ulids.some((prefix) => containsAddress(prefix, peer));
  }

  /** Nothing was found of a peer that a host sent packets to. */
  giveUp(local: Address, peer: Address): void {
    const { core, carrier } = this.#options;
    if (core.context(local, peer) === undefined) carrier.refuse(local, peer);
  }

  /** Discards the context between two hosts if it never carried a packet, and says whether it did. */
  discardUnused(local: Address, peer: Address): boolean {
    const { core, contexts, driver } = this.#options;
    const context = core.context(local, peer);
    const installed = context && contexts.view(context);
    if (context === undefined || installed === undefined) return false;
    if (installed.egress.packets > 0 || installed.ingress.packets > 0) return false;
    let discarded = false;
    driver.run((it) => {
      discarded = it.discard(context);
    });
    return discarded;
  }
}
