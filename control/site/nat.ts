/** NATv6's tables kept in step with the site: its providers, its hosts, and where they are. */
import { createHash } from 'node:crypto';
import { NatLimits, SettingsLimits } from '../dataplane/layout.generated.ts';
import type { NatTable } from '../dataplane/nat-table.ts';
import { natChoices } from '../steering/nat-choices.ts';
import type { SiteHost } from './hosts.ts';
import type { Site } from './site.ts';
import type { SiteLinks } from './site-links.ts';

export class SiteNat {
  readonly #site: Site;
  readonly #table: NatTable;
  readonly #links: SiteLinks;

  /** Follows the site from now on; `links` must hear of its providers first. */
  constructor(site: Site, table: NatTable, links: SiteLinks) {
    this.#site = site;
    this.#table = table;
    this.#links = links;
    const policy = site.config.nat;
    if (!policy.enabled) return;
    this.#setProviders();
    for (const host of site.hosts.live.values()) this.setHost(host);
    site.hosts.listen({
      onHost: (host) => this.setHost(host),
      onGone: ({ ulid }) => table.removeHost(ulid),
    });
    site.listen({
      onProviderAdded: () => this.#setProviders(),
      onProviderChanged: () => this.#setProviders(),
      onProviderRemoved: () => this.#setProviders(),
    });
    table.flush();
    table.enable({
      silent: policy['on-provider-loss'] === 'silent',
      hashKey: natHashKey(site.key.publicKey),
    });
  }

  /** The host is new, has other locators, or was found elsewhere. */
  setHost(host: SiteHost): void {
    if (!this.#site.config.nat.enabled) return;
    const { uplinks } = this.#links;
    const locators = host.locators.flatMap(({ provider, address }) => {
      const uplink = uplinks.find((candidate) => candidate.provider.name === provider);
      return uplink === undefined ? [] : [{ address, uplink: uplink.index }];
    });
    this.#table.setHost(host.ulid, locators, this.#links.hostLink(host.ulid));
  }

  #setProviders(): void {
    const { uplinks } = this.#links;
    this.#table.setProviderPrefixes(uplinks.map(({ provider }) => provider.prefix));
    const candidates = uplinks.map(({ index, provider }) => ({ ...provider, index }));
    this.#table.setChoices(natChoices(candidates, NatLimits.NAT_BUCKETS, NatLimits.NAT_CHOICES));
  }
}

/** All boxes of a site send a pair's packets by the same provider, before and after a restart. */
function natHashKey(publicKey: Uint8Array): BigUint64Array {
  const digest = createHash('sha256').update('pshim6 NATv6 provider choice').update(publicKey).digest();
  const words = new BigUint64Array(Uint8Array.from(digest).buffer);
  return words.subarray(0, SettingsLimits.HASH_WORDS).map((word) => word | 1n);
}
