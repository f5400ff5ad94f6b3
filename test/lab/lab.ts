/** Raising, inspecting, disturbing and removing the lab. */
import { existsSync, mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import {
  configurationOf,
  editConfiguration,
  socketOf,
  startBox,
  uplinks,
  writeConfiguration,
} from './box.ts';
import { LabError, together, until } from './command.ts';
import { configureHost } from './dhcp-client.ts';
import { type NameServerKind, startNameServers } from './dns.ts';
import { createIdentities, type IdentityPlan } from './identity.ts';
import { LAB_NAME } from './name.ts';
import {
  buildNetwork,
  cutUplink,
  existingNamespaces,
  findProvider,
  healUplink,
  inspectProvider,
  namespacesMounted,
  type ProviderLink,
  processesIn,
  removeNetwork,
} from './network.ts';
import { inState, STATE_DIRECTORY } from './paths.ts';
import { identify, isAlive, stop } from './process.ts';
import { PRIVILEGE_SEPARATION, startServices } from './services.ts';
import { release } from './shared-directory.ts';
import { currentBootId, type LabHost, type LabState, readState, updateState, writeState } from './state.ts';
import { NAMESPACE_PREFIX, NAMESPACES, PROVIDERS, RESOLVER_OF, SITES } from './topology.ts';
import { wireOf } from './vlans.ts';

const NETNS_CONFIGURATION = '/etc/netns';

export interface UpOptions {
  /** false: everything but the daemons in p1 and p2, for running them by hand. */
  readonly boxes?: boolean;
  /** Whether the calling process uses the lab: another `up` is refused while it lives, not after. */
  readonly owned?: boolean;
  /** Hosts have their addresses from here, no DHCPv6, and serve nothing: for slow machines. */
  readonly bare?: boolean;
  /** Boxes meet hosts and providers on 802.1Q VLANs: their interfaces are VLAN interfaces. */
  readonly vlans?: boolean;
  /** How sites prove their locators, by name of the site; by CGAs of an RSA key when absent. */
  readonly identities?: Readonly<Record<string, IdentityPlan>>;
  /** What the authoritative name server is; BIND when absent. */
  readonly nameServer?: NameServerKind;
  readonly progress?: (line: string) => void;
}

/** Raises the lab. Throws LabError when it is up already; on any failure nothing stays behind. */
export async function up(options: UpOptions = {}): Promise<void> {
  refuseSecondLab();
  const progress = options.progress ?? (() => {});
  await down();
  try {
    await raise(options, progress);
  } catch (error) {
    await down();
    throw error;
  }
}

function refuseSecondLab(): void {
  if (process.getuid?.() !== 0) throw new LabError('the lab needs root: it makes network namespaces');
  const state = readState();
  if (state === undefined) return;
  if (state.owner !== undefined && isAlive(state.owner)) {
    throw new LabError(`the lab is in use by process ${state.owner.pid}`);
  }
  if (state.owner === undefined && state.processes.some(isAlive)) {
    throw new LabError('the lab is up already: pshim6 lab down');
  }
}

async function raise(options: UpOptions, progress: (line: string) => void): Promise<void> {
  writeState({
    bootId: currentBootId(),
    ...(options.owned === true ? { owner: identify(process.pid) } : {}),
    unmountNamespaces: !namespacesMounted(),
    createdDirectories: [],
    hosts: [],
    processes: [],
  });
  mkdirSync(inState('log'), { mode: 0o700 });

  progress('site keys, and a CMULA for every host that is a CGA of its site');
  const hosts = SITES.flatMap((site) => createIdentities(site, options.identities?.[site.name]));
  updateState(() => ({ hosts }));

  progress(`network: ${NAMESPACES.length} namespaces, ingress filters at ${PROVIDERS.length} providers`);
  writeResolverFiles();
  // Without boxes there is nobody to tell hosts their addresses.
  const isStatic = options.boxes === false || options.bare === true;
  await buildNetwork(
    isStatic ? new Map(hosts.map(({ namespace, cmula }) => [namespace, cmula])) : 'advertised',
    options.vlans === true ? wireOf : undefined,
  );

  const services = options.bare ? '' : '; nginx, sshd and iperf3 on the hosts';
  progress(`${options.nameServer ?? 'BIND'} as name server, BIND as resolver${services}`);
  const servers = startNameServers(hosts, options.nameServer);
  await together(options.bare ? [servers] : [servers, startServices()]);

  for (const site of SITES) {
    writeConfiguration(site, hosts);
    if (options.bare) editConfiguration(site, withoutDhcp);
  }
  if (options.boxes === false) return;
  progress('the boxes p1 and p2');
  await together(SITES.map((site) => startBox(site)));
  if (options.bare) return;
  progress('every host gets address, router and resolver: dhclient, router advertisements');
  await together(hosts.map(configureHost));
}

function withoutDhcp(configuration: Record<string, object>): void {
  delete configuration['dhcp'];
  for (const host of configuration['hosts'] as { duid?: string }[]) delete host.duid;
}

/** `ip netns exec` puts the files of /etc/netns/NAME over those of /etc. */
function writeResolverFiles(): void {
  if (!existsSync(NETNS_CONFIGURATION)) {
    mkdirSync(NETNS_CONFIGURATION);
    updateState((state) => ({ createdDirectories: [...state.createdDirectories, NETNS_CONFIGURATION] }));
  }
  for (const [namespace, { nameserver, search }] of RESOLVER_OF) {
    const directory = `${NETNS_CONFIGURATION}/${NAMESPACE_PREFIX}${namespace}`;
    mkdirSync(directory, { recursive: true });
    writeFileSync(`${directory}/resolv.conf`, `nameserver ${nameserver}\nsearch ${search}\n`);
    // The machine's own name service, if it has one, must not answer for the lab.
    writeFileSync(
      `${directory}/nsswitch.conf`,
      'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n',
    );
  }
}

let removal: Promise<void> | undefined;

/**
 * Removes whatever there is of the lab, after a crash too. Does nothing where there is nothing.
 * Calls that overlap share one removal.
 */
export function down(): Promise<void> {
  removal ??= remove().finally(() => {
    removal = undefined;
  });
  return removal;
}

async function remove(): Promise<void> {
  const state = readState();
  // The boxes first: they detach their programs while their namespace still stands.
  if (state !== undefined) await stop(state.processes);
  // Then all else that lives in the lab's own namespaces, like sessions of sshd.
  const inside = await Promise.all(existingNamespaces().map(processesIn));
  await stop(inside.flat().map(identify));
  await removeNetwork({ unmount: state?.unmountNamespaces ?? false });
  for (const namespace of RESOLVER_OF.keys()) {
    rmSync(`${NETNS_CONFIGURATION}/${NAMESPACE_PREFIX}${namespace}`, { recursive: true, force: true });
  }
  for (const directory of state?.createdDirectories ?? []) removeIfEmpty(directory);
  release(PRIVILEGE_SEPARATION, LAB_NAME);
  rmSync(STATE_DIRECTORY, { recursive: true, force: true });
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

export interface LabStatus {
  readonly up: boolean;
  readonly namespaces: readonly string[];
  readonly hosts: readonly LabHost[];
  /** Boxes whose daemons can be asked, and the configuration that each has. */
  readonly boxes: readonly { namespace: string; socket: string; configuration: string }[];
  readonly processes: readonly { name: string; namespace: string; pid: number; alive: boolean }[];
  readonly providers: readonly ProviderLink[];
}

export async function status(): Promise<LabStatus> {
  const state: LabState | undefined = readState();
  const namespaces = existingNamespaces();
  const present = PROVIDERS.filter(({ provider }) => namespaces.includes(provider.name));
  return {
    up: state !== undefined && NAMESPACES.every((name) => namespaces.includes(name)),
    namespaces,
    hosts: state?.hosts ?? [],
    boxes: SITES.filter((site) => existsSync(socketOf(site))).map((site) => ({
      namespace: site.box,
      socket: socketOf(site),
      configuration: configurationOf(site),
    })),
    processes: (state?.processes ?? []).map((program) => ({
      name: program.name,
      namespace: program.namespace,
      pid: program.pid,
      alive: isAlive(program),
    })),
    providers: await Promise.all(present.map(({ provider }) => inspectProvider(provider.name))),
  };
}

/** Cuts a provider's uplink: the provider's router takes its interface down, the box loses carrier. */
export async function fail(provider: string): Promise<void> {
  findProvider(provider);
  assertUp();
  await cutUplink(provider);
}

export async function heal(provider: string): Promise<void> {
  findProvider(provider);
  assertUp();
  await healUplink(provider);
}

/** Resolves when the box itself reports the uplink in that state. */
export async function uplinkReaches(provider: string, wanted: 'up' | 'down'): Promise<void> {
  const { site } = findProvider(provider);
  await until(`${site.box} sees ${provider} ${wanted}`, async () =>
    (await uplinks(site)).some(({ name, state }) => name === provider && state === wanted),
  );
}

export function assertUp(): void {
  if (readState() === undefined) throw new LabError('the lab is not up: pshim6 lab up');
}
