/** pshim6 zone: the zones that the site's hosts are published in. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { ZoneReport } from '../adapters/zone-publisher.ts';
import { askDaemon } from '../api/client.ts';
import type { ZoneFile } from '../naming/zone-file.ts';
import { formatTable } from './table.ts';

/** Adds the commands; their actions throw ControlError. */
export function registerZoneCommands(program: Command): void {
  const socket = () => program.opts<{ socket: string }>().socket;
  const zone = program
    .command('zone')
    .description("names of the site's hosts in the DNS: what is published, zone files");
  zone
    .command('list')
    .description('zones kept up to date, names yet to be told, the last error')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const rows = (await askDaemon(socket(), 'zones')) as readonly ZoneReport[];
      console.log(options.json ? JSON.stringify(rows, null, 2) : zoneTable(rows));
    });
  zone
    .command('export [zone...]')
    .description(
      'records as zone files; without a zone all that are configured and the reverse ones of the site',
    )
    .option('--ttl <seconds>', "the configuration's, or 300", seconds)
    .option('--json', 'print JSON')
    .action(async (zones: string[], { ttl, json }: { ttl?: number; json?: boolean }) => {
      const files = (await askDaemon(socket(), 'zone-export', {
        zones,
        ...(ttl && { ttl }),
      })) as readonly ZoneFile[];
      for (const file of files)
        if (file.text === '') console.error(`pshim6: nothing of this site is in zone ${file.zone}`);
      const text = () => files.map((file) => `; ${file.zone}\n${file.text}`).join('\n');
      process.stdout.write(json ? `${JSON.stringify(files, null, 2)}\n` : text());
    });
}

function seconds(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('must be a number of seconds');
  return Number(text);
}

function zoneTable(rows: readonly ZoneReport[]): string {
  if (rows.length === 0) return 'no zones: the configuration has no publication';
  return formatTable<ZoneReport>(
    [
      { title: 'ZONE', text: (row) => row.zone },
      { title: 'PUBLISHED', align: 'right', text: (row) => row.published },
      { title: 'PENDING', align: 'right', text: (row) => row.pending },
      { title: 'TAKEN BY OTHERS', text: (row) => row.taken.join(' ') || '-' },
      { title: 'LAST ERROR', text: (row) => row.lastError ?? '-' },
    ],
    rows,
  );
}
