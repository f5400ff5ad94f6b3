/** The records of the site's hosts as zone files that any server loads (RFC 1035 §5, RFC 3597 §5). */
import { formatName, type Name, nameKey } from '../wire/dns/name.ts';
import { formatRecord, namesIn, type PublicationSettings, type PublishedHost } from './publication.ts';

export interface ZoneFile {
  readonly zone: string;
  /** Records without SOA and NS: to be included by the zone's own file. */
  readonly text: string;
}

const absolute = (name: Name): string => `${formatName(name).replace(/\.$/, '')}.`;

/** One for each zone, in their order, though it be empty. */
export function zoneFiles(
  zones: readonly Name[],
  hosts: Iterable<PublishedHost>,
  settings: PublicationSettings,
): readonly ZoneFile[] {
  const names = [...namesIn(zones, hosts, settings).values()];
  return zones.map((zone) => {
    const here = names.filter((entry) => nameKey(entry.zone) === nameKey(zone));
    const records = here.flatMap((entry) => entry.records);
    const lines = records.map((record) => formatRecord(record, settings.ttl, absolute)).sort();
    return { zone: formatName(zone), text: lines.map((line) => `${line}\n`).join('') };
  });
}
