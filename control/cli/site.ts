/** pshim6 hosts and pshim6 provider: what changes a running site, by the daemon's control socket. */
import { type Command, InvalidArgumentError } from 'commander';
import { askDaemon } from '../api/client.ts';
import type { Arguments, HostDetail, HostReport, ProviderReport } from '../api/protocol.ts';
import { registerReplace } from './provider-replace.ts';
import { formatTable } from './table.ts';

interface Output {
  readonly json?: boolean;
}

/** Adds the commands; their actions throw ControlError. */
export function registerSiteCommands(program: Command): void {
  const ask = (command: string, args?: Arguments) =>
    askDaemon(program.opts<{ socket: string }>().socket, command, args);
  registerHosts(program, ask);
  const provider = registerProviders(program, ask);
  registerReplace(provider, () => program.opts<{ socket: string }>().socket);
}

interface NewProvider extends Output, Readonly<Record<string, unknown>> {
  readonly tunnelLocal?: string;
  readonly tunnelRemote?: string;
}

type Ask = (command: string, args?: Arguments) => Promise<unknown>;

const print = ({ json }: Output, report: unknown, text: string): void =>
  console.log(json ? JSON.stringify(report, null, 2) : text);

function registerHosts(program: Command, ask: Ask): void {
  const list = async (options: Output) => {
    const rows = (await ask('hosts')) as readonly HostReport[];
    print(options, rows, hostTable(rows));
  };
  const hosts = program
    .command('hosts')
    .description("the site's hosts: list them, show one, reserve an address, release it")
    .option('--json', 'print JSON')
    .action(list);
  const output = (options: Output): Output => ({
    json: options.json === true || hosts.opts<Output>().json === true,
  });

  hosts
    .command('list')
    .description('CMULA, locators, Ethernet address')
    .option('--json', 'print JSON')
    .action((options: Output) => list(output(options)));
  hosts
    .command('show <host>')
    .description('everything of one host, by name, CMULA or locator')
    .option('--json', 'print JSON')
    .action(async (host: string, options: Output) => {
      const detail = (await ask('hosts-show', { host })) as HostDetail;
      print(output(options), detail, detailText(detail));
    });
  hosts
    .command('reserve <name>')
    .description(
      'keep an address for a host; without --duid and --remote-id for one that is given it by hand',
    )
    .option('--duid <hex>', 'of its DHCPv6 client (RFC 8415 §11)', octets)
    .option('--remote-id <hex>', 'of its relay: enterprise number and identifier (RFC 4649)', octets)
    .option('--subnet <prefix>', "a /64 of the site; that of the box's first inside address when absent")
    .option('--modifier <hex>', 'of its CGA; mined when absent')
    .option('--sec <n>', 'of that modifier: 0, 1 or 2', Number)
    .option('--json', 'print JSON')
    .action(async (name: string, { json, ...wanted }: Output & Record<string, unknown>) => {
      const detail = (await ask('hosts-reserve', { name, ...wanted })) as HostDetail;
      print(output({ ...(json === true && { json }) }), detail, detailText(detail));
    });
  hosts
    .command('release <host>')
    .description('forget its lease and its reservation; the address is never used again')
    .option('--json', 'print JSON')
    .action(async (host: string, options: Output) => {
      const report = (await ask('hosts-release', { host })) as { released: HostDetail };
      print(output(options), report, `${report.released.name ?? '-'} ${report.released.ulid}: released`);
    });
}

function octets(text: string): string {
  const digits = text.replaceAll(/[:-]/g, '');
  if (!/^([0-9a-f]{2}){1,130}$/i.test(digits))
    throw new InvalidArgumentError('must be 1 to 130 octets in hexadecimal, like 00:03:00:01:…');
  return digits;
}

function hostTable(rows: readonly HostReport[]): string {
  if (rows.length === 0) return 'no hosts';
  return formatTable<HostReport>(
    [
      { title: 'NAME', text: (row) => row.name ?? '-' },
      { title: 'CMULA', text: (row) => row.ulid },
      { title: 'LOCATORS', text: (row) => row.locators.join(' ') || '-' },
      { title: 'ETHERNET', text: (row) => row.mac ?? '-' },
      { title: 'FROM', text: (row) => (row.served ? row.origin : `${row.origin}, not served`) },
    ],
    rows,
  );
}

function detailText(detail: HostDetail): string {
  const { lease, reservation } = detail;
  const rows: readonly (readonly [string, string | number | null])[] = [
    ['name', detail.name],
    ['CMULA', detail.ulid],
    ...Object.entries(detail.locatorsByProvider).map(
      ([provider, address]) => [`locator, ${provider}`, address] as const,
    ),
    ['Ethernet', detail.mac],
    ['from', detail.served ? detail.origin : `${detail.origin}, not served`],
    ['subnet', detail.subnet],
    ['modifier', detail.modifier],
    ['sec', detail.sec],
    ['collision count', detail.collisionCount],
    ...(detail.hba === null ? [] : [['HBA set', detail.hba.join(' ')] as const]),
    ...(lease === null
      ? []
      : ([
          ['lease', lease.state],
          ['DUID, IAID', `${lease.duid}, ${lease.iaid}`],
          ['bound at', lease.boundAt],
          ['valid until', lease.validUntil],
        ] as const)),
    ...(reservation === null
      ? []
      : ([
          ['reserved for', reservation.duid ?? reservation.remoteId ?? 'whoever is given it by hand'],
        ] as const)),
  ];
  return formatTable(
    [
      { title: 'HOST', text: ([title]: (typeof rows)[number]) => title },
      { title: detail.name ?? detail.ulid, text: ([, value]) => value ?? '-' },
    ],
    rows,
  );
}

function registerProviders(program: Command, ask: Ask): Command {
  const provider = program
    .command('provider')
    .description("the site's providers: list, add, remove, replace one by another under live connections");
  provider
    .command('list')
    .description('prefix, state, locators, contexts')
    .option('--json', 'print JSON')
    .action(async (options: Output) => {
      const rows = (await ask('providers')) as readonly ProviderReport[];
      print(options, rows, providerTable(rows));
    });
  provider
    .command('add <name>')
    .description('begin to use a provider: every host gets a locator in its prefix, and peers are told')
    .requiredOption('--interface <name>', 'toward its router')
    .requiredOption('--prefix <prefix>', 'that it delegated')
    .requiredOption('--gateway <address>', "the provider's router on the link, or the way to its exit router")
    .option('--tunnel-remote <address>', 'an exit router that has the link to the provider (RFC 2473)')
    .option('--tunnel-local <address>', "the box's own end of that tunnel")
    .option('--priority <n>', 'lower is preferred', number)
    .option('--weight <n>', 'among equals', number)
    .option('--mtu <octets>', "the interface's own when absent", number)
    .option('--json', 'print JSON')
    .action(async (name: string, { json, tunnelLocal, tunnelRemote, ...entry }: NewProvider) => {
      const isTunnelled = tunnelLocal !== undefined || tunnelRemote !== undefined;
      const tunnel = isTunnelled && { tunnel: { local: tunnelLocal, remote: tunnelRemote } };
      const provider = { name, ...entry, ...tunnel };
      const report = (await ask('provider-add', { provider })) as ProviderReport;
      print({ ...(json === true && { json }) }, report, providerTable([report]));
    });
  provider
    .command('remove <name>')
    .description('stop using a provider at once; `replace` does it without breaking connections')
    .option('--json', 'print JSON')
    .action(async (name: string, options: Output) => {
      const report = await ask('provider-remove', { name });
      print(options, report, `${name}: removed`);
    });
  return provider;
}

function number(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('must be a whole number');
  return Number(text);
}

const providerTable = (rows: readonly ProviderReport[]): string =>
  formatTable<ProviderReport>(
    [
      { title: 'PROVIDER', text: (row) => row.name },
      { title: 'PREFIX', text: (row) => row.prefix },
      { title: 'STATE', text: (row) => (row.draining ? `${row.state}, draining` : row.state) },
      { title: 'INTERFACE', text: (row) => row.interface },
      { title: 'GATEWAY', text: (row) => (row.tunnel === null ? row.gateway : `tunnel to ${row.tunnel}`) },
      { title: 'PRIORITY', align: 'right', text: (row) => row.priority },
      { title: 'LOCATORS', align: 'right', text: (row) => row.locators },
      { title: 'CONTEXTS', align: 'right', text: (row) => row.contexts },
      { title: 'FROM', text: (row) => row.origin },
    ],
    rows,
  );
