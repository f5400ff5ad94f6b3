/** Changing what the lab has configured for a box, before it starts or before it starts again. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { configurationOf } from './box.ts';
import type { Provider, Site } from './topology.ts';

/** As it is in the file. */
export interface Configuration {
  providers: ({ name: string } & Record<string, unknown>)[];
  [key: string]: unknown;
}

export function changeConfiguration(site: Site, change: (configuration: Configuration) => void): void {
  const configuration = parse(readFileSync(configurationOf(site), 'utf8')) as Configuration;
  change(configuration);
  writeFileSync(configurationOf(site), stringify(configuration), { mode: 0o600 });
}

/** Sets more keys of each of the site's providers. */
export function configureProviders(site: Site, keys: (provider: Provider) => Record<string, unknown>): void {
  changeConfiguration(site, ({ providers }) => {
    for (const [index, provider] of site.providers.entries())
      Object.assign(providers[index]!, keys(provider));
  });
}
