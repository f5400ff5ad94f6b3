/**
 * Stock BIND, twice: `ns` is authoritative for everything the lab's Internet knows, from the root
 * down; `res` is a recursive resolver that starts at that root.
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

async function startNamed(server: { namespace: string; address: string }, files: Record<string, string>) {
  const { namespace, address } = server;
  const directory = inState(namespace);
  mkdirSync(directory, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(`${directory}/${file}`, text);
  const argv = [
    'named',
    '-f',
    '-6',
    '-n',
    '1',
    '-c',
    `${directory}/named.conf`,
    '-L',
    `${directory}/named.log`,
  ];
  const named = await start(`named-${namespace}`, namespace, unconfined(argv));
  await until(`${server.namespace} answers DNS`, async () => {
    assertAlive(named);
    const query = ['dig', '+short', '+tries=1', '+time=1', `@${address}`, NAME_SERVER.name, 'AAAA'];
    return (await runIn(namespace, query)).stdout.trim() === NAME_SERVER.address;
  });
}

/** Starts both and returns when they answer. */
export async function startNameServers(hosts: readonly LabHost[]): Promise<void> {
  const served = zones(hosts);
  const authority = inState(NAME_SERVER.namespace);
  const updates = (zone: Zone) => (zone.name === '.' ? '' : `allow-update { key "${UPDATE_KEY.name}"; };`);
  const clauses = [
    `key "${UPDATE_KEY.name}" { algorithm hmac-sha256; secret "${UPDATE_KEY.secret}"; };`,
    ...served.map(
      (zone) => `zone "${zone.name}" { type primary; file "${zoneFile(zone)}"; ${updates(zone)} };`,
    ),
  ];
  await startNamed(NAME_SERVER, {
    'named.conf': `${options(authority, 'no')}${clauses.join('\n')}\n`,
    ...Object.fromEntries(served.map((zone) => [zoneFile(zone), zoneText(zone)])),
  });
  await startNamed(RESOLVER, {
    'named.conf': `${options(inState(RESOLVER.namespace), 'yes')}zone "." { type hint; file "root.hints"; };\n`,
    'root.hints': `. ${TTL} NS ${NAME_SERVER.name}.\n${NAME_SERVER.name}. ${TTL} AAAA ${NAME_SERVER.address}\n`,
  });
}
