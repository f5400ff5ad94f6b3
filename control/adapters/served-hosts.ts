/** Makes the site's hosts and providers, as they come and go, known to whatever serves them. */
import type { SiteIdentity } from '../identity/site-identity.ts';
import type { SiteHost } from '../site/hosts.ts';
import type { KernelGuard } from '../site/kernel-guard.ts';
import type { Site } from '../site/site.ts';
import type { SiteLinks } from '../site/site-links.ts';
import { addressKey } from '../wire/ipv6/address.ts';
import type { CoreDriver } from './core-driver.ts';

export interface ServedHostsOptions {
  readonly site: Site;
  readonly identity: SiteIdentity;
  readonly driver: CoreDriver;
  readonly links: SiteLinks;
  readonly guard: KernelGuard;
}

/** Begins with the hosts that there are. Throws BindingError when the store or the configuration holds a wrong one. */
export function serveHosts({ site, identity, driver, links, guard }: ServedHostsOptions): void {
  const bound = new Set<string>();
  const serve = (host: SiteHost) => {
    const key = addressKey(host.ulid);
    if (!bound.has(key)) {
      identity.bind(host.ulid, host.parameters);
      bound.add(key);
    }
    const local = links.localHost(host);
    // Between two providers, when one has gone and the other's locators come with the next change.
    if (local.locators.length > 0) driver.run((core, now) => core.setHost(now, local));
  };
  for (const host of site.hosts.live.values()) serve(host);
  site.hosts.listen({
    onHost: serve,
    onGone: ({ ulid }) => {
      driver.run((core) => core.removeHost(ulid));
      links.hostLinks.forget(ulid);
      identity.unbind(ulid);
      bound.delete(addressKey(ulid));
    },
  });
  site.listen({
    onProviderAdded: (provider) => {
      links.addProvider(provider);
      guard.addProvider(provider.config.prefix);
    },
    onProviderChanged: ({ config, draining }) => links.setDraining(config.name, draining),
    onProviderRemoved: ({ config }) => {
      links.removeProvider(config.name);
      guard.removeProvider(config.prefix);
    },
  });
}
