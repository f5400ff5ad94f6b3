/** The commands about the zones that the site's hosts are published in. */
import { z } from 'zod';
import { publishedHosts, type ZonePublisher } from '../adapters/zone-publisher.ts';
import { reverseZone } from '../naming/publication.ts';
import { type ZoneFile, zoneFiles } from '../naming/zone-file.ts';
import type { Site } from '../site/site.ts';
import { isDomainName, type Name, nameKey, parseName } from '../wire/dns/name.ts';
import { type Commands, RefusalError } from './server.ts';

const exportSchema = z.strictObject({
  zones: z.array(z.string().refine(isDomainName, 'is not a domain name')).default([]),
  ttl: z.int().min(1).max(604_800).optional(),
});

/** Of a site that publishes nothing itself. */
const USUAL_TTL = 300;

export function zoneCommands(site: Site, publisher: ZonePublisher | undefined, ulidType: number): Commands {
  return {
    zones: () => publisher?.report() ?? [],
    'zone-export': (args) => {
      const result = exportSchema.safeParse(args);
      if (!result.success)
        throw new RefusalError(result.error.issues.map(({ message }) => message).join('; '));
      return exportZones(site, result.data.zones.map(parseName), {
        ttl: result.data.ttl ?? publisher?.settings.ttl ?? USUAL_TTL,
        ulidType,
      });
    },
  };
}

/** The zones asked for; or all of the configuration, and the reverse zones of the site's own prefixes. */
function exportZones(
  site: Site,
  asked: readonly Name[],
  settings: { ttl: number; ulidType: number },
): readonly ZoneFile[] {
  const { publication, site: own } = site.config;
  const configured = publication?.zones.map(({ zone }) => parseName(zone)) ?? [];
  const reverse = own.prefixes.filter(({ length }) => length % 4 === 0).map(reverseZone);
  const zones = asked.length > 0 ? asked : [...configured, ...reverse];
  const distinct = [...new Map(zones.map((zone) => [nameKey(zone), zone])).values()];
  return zoneFiles(distinct, publishedHosts(site), settings);
}
