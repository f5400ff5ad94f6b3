/**
 * Stock name servers: `ns`, BIND or Knot, is authoritative for everything the lab's Internet knows, from the root
 * down; `res`, BIND, is a recursive resolver that starts at that root.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { type Address, parseAddress } from '../../control/wire/ipv6/address.ts';
import { parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import { runIn, until } from './command.ts';
import { inState } from './paths.ts';
import { assertAlive, start } from './process.ts';
import { unconfined } from './services.ts';
import type { LabHost } from './state.ts';
import {
  NAME_SERVER,
  PRETENDER,
  PROVIDERS,
  RESOLVER,
  SERVERS,
  SITES,
  ULID_RECORD_TYPE,
  WEB_SERVER,
} from './topology.ts';

const TTL = 60;

/** With it the boxes may update every zone but the root (RFC 2136, RFC 8945). */
export const UPDATE_KEY = { name: 'lab', secret: Buffer.alloc(32, 'lab').toString('base64') } as const;

interface Zone {
  /** Absolute, with its final dot. */
  readonly name: string;
  readonly records: readonly string[];
}

const hexadecimal = (address: Address): string => Buffer.from(address).toString('hex');

/** The ip6.arpa name of an address' first `bits` bits (RFC 3596 §2.5). */
function reverseName(address: Address, bits = 128): string {
  const nibbles = [...hexadecimal(address).slice(0, bits / 4)].reverse();
  return `${nibbles.join('.')}.ip6.arpa.`;
}

/** Opaque RDATA as RFC 3597 §5 writes it: any server serves it, whatever the type. */
const ulidRecord = ({ name, cmula }: LabHost): string =>
  `${name}. TYPE${ULID_RECORD_TYPE} \\# 16 ${hexadecimal(parseAddress(cmula))}`;

const aaaa = (name: string, address: string): string => `${name}. AAAA ${address}`;
const pointer = (address: string, name: string): string =>
  `${reverseName(parseAddress(address))} PTR ${name}.`;

function zones(hosts: readonly LabHost[]): Zone[] {
  const forward = SITES.map(({ domain }) => ({
    name: `${domain}.`,
    records: hosts
      .filter(({ name }) => name.endsWith(`.${domain}`))
      .flatMap((host) => [...host.locators.map((locator) => aaaa(host.name, locator)), ulidRecord(host)]),
  }));
  const servers = {
    name: 'example.net.',
    records: [
      ...SERVERS.map(({ name, address }) => aaaa(name, address)),
      // This server's name says that it speaks SHIM6 itself, with its address as ULID. It does not.
      aaaa(PRETENDER, WEB_SERVER.address),
      `${PRETENDER}. TYPE${ULID_RECORD_TYPE} \\# 16 ${hexadecimal(parseAddress(WEB_SERVER.address))}`,
    ],
  };
  const pointers = hosts.flatMap(({ name, cmula, locators }) =>
    [cmula, ...locators].map((address) => pointer(address, name)),
  );
  const blocks = [...SITES.map(({ prefix }) => prefix), ...PROVIDERS.map(({ provider }) => provider.prefix)];
  const reverse = blocks.map((block) => {
    const { address, length } = parsePrefix(block);
    const name = reverseName(address, length);
    return { name, records: pointers.filter((record) => record.split(' ')[0]!.endsWith(`.${name}`)) };
  });
  const delegated = [...forward, servers, ...reverse];
  const root = {
    name: '.',
    records: [
      ...delegated.map(({ name }) => `${name} NS ${NAME_SERVER.name}.`),
      aaaa(NAME_SERVER.name, NAME_SERVER.address),
    ],
  };
  return [root, ...delegated];
}

const zoneFile = (zone: Zone): string =>
  `zone${zone.name === '.' ? '.root' : `.${zone.name}`}`.replace(/\.$/, '');

const zoneText = (zone: Zone): string =>
  [
    `$TTL ${TTL}`,
    `${zone.name} SOA ${NAME_SERVER.name}. hostmaster.example.net. 1 3600 600 86400 ${TTL}`,
    `${zone.name} NS ${NAME_SERVER.name}.`,
    ...zone.records,
    '',
  ].join('\n');

/** `empty-zones-enable no`: BIND answers for documentation prefixes' reverse zones otherwise. */
const options = (directory: string, recursion: 'yes' | 'no'): string => `options {
  directory "${directory}";
  pid-file none;
  lock-file none;
  session-keyfile none;
  listen-on { none; };
  listen-on-v6 { any; };
  allow-query { any; };
  recursion ${recursion};
  empty-zones-enable no;
  dnssec-validation no;
  notify no;
};
controls { };
`;

interface Answering {
  readonly namespace: string;
  readonly address: string;
}

/** Writes a server's files and starts it. Resolves when it answers. */
async function startServer(
  program: string,
  { namespace, address }: Answering,
  argv: readonly string[],
  files: Readonly<Record<string, string>>,
): Promise<void> {
  const directory = inState(namespace);
  mkdirSync(directory, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(`${directory}/${file}`, text);
  const server = await start(`${program}-${namespace}`, namespace, unconfined(argv));
  await until(`${namespace} answers DNS`, async () => {
    assertAlive(server);
    const query = ['dig', '+short', '+tries=1', '+time=1', `@${address}`, NAME_SERVER.name, 'AAAA'];
    return (await runIn(namespace, query)).stdout.trim() === NAME_SERVER.address;
  });
}

function startNamed(server: Answering, files: Readonly<Record<string, string>>): Promise<void> {
  const directory = inState(server.namespace);
  const [configuration, log] = [`${directory}/named.conf`, `${directory}/named.log`];
  const argv = ['named', '-f', '-6', '-n', '1', '-c', configuration, '-L', log];
  return startServer('named', server, argv, files);
}

const takesUpdates = (zone: Zone): boolean => zone.name !== '.';
const zoneFiles = (served: readonly Zone[]) =>
  Object.fromEntries(served.map((zone) => [zoneFile(zone), zoneText(zone)]));

function startBind(served: readonly Zone[]): Promise<void> {
  const updates = (zone: Zone) => (takesUpdates(zone) ? `allow-update { key "${UPDATE_KEY.name}"; };` : '');
  const clauses = [
    `key "${UPDATE_KEY.name}" { algorithm hmac-sha256; secret "${UPDATE_KEY.secret}"; };`,
    ...served.map(
      (zone) => `zone "${zone.name}" { type primary; file "${zoneFile(zone)}"; ${updates(zone)} };`,
    ),
  ];
  return startNamed(NAME_SERVER, {
    'named.conf': `${options(inState(NAME_SERVER.namespace), 'no')}${clauses.join('\n')}\n`,
    ...zoneFiles(served),
  });
}

function startKnot(served: readonly Zone[]): Promise<void> {
  const directory = inState(NAME_SERVER.namespace);
  const configuration = `server:
    rundir: "${directory}"
    listen: ${NAME_SERVER.address}@53
    udp-workers: 1
    tcp-workers: 1
log:
  - target: stderr
    any: info
key:
  - id: ${UPDATE_KEY.name}
    algorithm: hmac-sha256
    secret: ${UPDATE_KEY.secret}
acl:
  - id: updates
    key: ${UPDATE_KEY.name}
    action: update
database:
    storage: "${directory}"
template:
  - id: default
    storage: "${directory}"
zone:
${served
  .map(
    (zone) =>
      `  - domain: "${zone.name}"\n    file: "${zoneFile(zone)}"\n${takesUpdates(zone) ? '    acl: updates\n' : ''}`,
  )
  .join('')}`;
  const argv = ['knotd', '-c', `${directory}/knot.conf`];
  return startServer('knotd', NAME_SERVER, argv, { 'knot.conf': configuration, ...zoneFiles(served) });
}

export type NameServerKind = 'BIND' | 'Knot';
const STARTERS = { BIND: startBind, Knot: startKnot } as const;

/** Starts name server and resolver and returns when they answer. */
export async function startNameServers(
  hosts: readonly LabHost[],
  kind: NameServerKind = 'BIND',
): Promise<void> {
  await STARTERS[kind](zones(hosts));
  await startNamed(RESOLVER, {
    'named.conf': `${options(inState(RESOLVER.namespace), 'yes')}zone "." { type hint; file "root.hints"; };\n`,
    'root.hints': `. ${TTL} NS ${NAME_SERVER.name}.\n${NAME_SERVER.name}. ${TTL} AAAA ${NAME_SERVER.address}\n`,
  });
}
