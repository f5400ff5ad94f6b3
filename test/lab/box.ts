/** The boxes: their configuration, the daemon in their namespace, and its answers. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { askDaemon } from '../../control/api/client.ts';
import type {
  ContextReport,
  DropReport,
  HostReport,
  StatusReport,
  UplinkReport,
} from '../../control/api/protocol.ts';
import { NODE_FLAGS } from '../../control/cli/node-flags.ts';
import { LabError, ProgramEndedError, until } from './command.ts';
import { SEC, siteKeyFile } from './identity.ts';
import { CLI, inState } from './paths.ts';
import { assertAlive, logTail, start } from './process.ts';
import { type LabHost, readState } from './state.ts';
import { RESOLVER, SITES, type Site, ULID_RECORD_TYPE } from './topology.ts';

export const socketOf = (site: Site): string => inState(`${site.name}.sock`);
export const configurationOf = (site: Site): string => inState(`${site.name}.yaml`);
const programName = (site: Site): string => `pshim6-${site.box}`;

/** Writes the box's configuration file. */
export function writeConfiguration(site: Site, hosts: readonly LabHost[]): void {
  const mine = hosts.filter(({ namespace }) => site.hosts.some((host) => host.namespace === namespace));
  const configuration = {
    site: {
      name: site.name,
      prefixes: [site.prefix],
      key: siteKeyFile(site),
      identity: mine.some(({ hba }) => hba !== undefined) ? 'hba' : 'cga',
    },
    inside: [{ interface: 'lan', address: site.router }],
    providers: site.providers.map(({ name, prefix, gateway, priority }) => ({
      name,
      interface: name,
      prefix,
      gateway,
      priority,
    })),
    hosts: mine.map(({ name, duid, modifier, hba }) => ({
      name,
      duid,
      subnet: site.subnet,
      modifier,
      sec: SEC,
      ...(hba && { hba }),
    })),
    dns: { listen: [site.router], resolvers: [RESOLVER.address], 'ulid-type': ULID_RECORD_TYPE },
    dhcp: {
      subnets: [{ prefix: site.subnet, interface: 'lan' }],
      domain: site.domain,
      'domain-search': [site.domain],
      'router-advertisements': {},
    },
    store: { path: inState(`${site.name}.db`) },
    control: { socket: socketOf(site) },
  };
  writeFileSync(configurationOf(site), stringify(configuration), { mode: 0o600 });
}

/** Changes the box's configuration file; for its next start. */
export function editConfiguration(site: Site, change: (configuration: Record<string, object>) => void): void {
  const configuration = parse(readFileSync(configurationOf(site), 'utf8'));
  change(configuration);
  writeFileSync(configurationOf(site), stringify(configuration), { mode: 0o600 });
}

export const boxCommand = (site: Site): string[] => [
  process.execPath,
  ...NODE_FLAGS,
  CLI,
  'run',
  '--config',
  configurationOf(site),
];

/** Starts the daemon and returns when it answers and knows its providers' routers. `words`: more of `run`'s. */
export async function startBox(site: Site, ...words: readonly string[]): Promise<void> {
  const daemon = await start(programName(site), site.box, [...boxCommand(site), ...words]);
  const ready = async () => {
    assertAlive(daemon);
    return (await uplinks(site)).every(({ state }) => state === 'up');
  };
  try {
    await until(`${site.box} has all its uplinks`, ready, 60_000);
  } catch (error) {
    if (error instanceof ProgramEndedError) throw error;
    throw new LabError(`${(error as Error).message}\n${logTail(daemon.name)}`, { cause: error });
  }
}

export const boxProcess = (site: Site) =>
  readState()?.processes.findLast(({ name }) => name === programName(site));

export const boxStatus = (site: Site) => askDaemon(socketOf(site), 'status') as Promise<StatusReport>;
export const uplinks = (site: Site) =>
  askDaemon(socketOf(site), 'uplinks') as Promise<readonly UplinkReport[]>;
export const contexts = (site: Site) =>
  askDaemon(socketOf(site), 'contexts') as Promise<readonly ContextReport[]>;
export const boxHosts = (site: Site) => askDaemon(socketOf(site), 'hosts') as Promise<readonly HostReport[]>;
export const drops = (site: Site) => askDaemon(socketOf(site), 'drops') as Promise<readonly DropReport[]>;

/** The context between two hosts, seen from the first one's box. */
export async function contextBetween(local: LabHost, peer: LabHost): Promise<ContextReport | undefined> {
  const rows = await contexts(siteOf(local));
  return rows.find((row) => row.local === local.cmula && row.peer === peer.cmula);
}

export function siteOf(host: LabHost): Site {
  const site = SITES.find(({ hosts }) => hosts.some(({ namespace }) => namespace === host.namespace));
  if (site === undefined) throw new LabError(`${host.name} belongs to no site`);
  return site;
}
