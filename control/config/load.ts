/** Reading a configuration file. Every mistake names its key, the value found and what would be valid. */
import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { errnoText } from '../observe/errno.ts';
import { formatAddress } from '../wire/ipv6/address.ts';
import { combine, containsAddress, formatPrefix } from '../wire/ipv6/prefix.ts';
import { dhcpContradictions } from './dhcp-contradictions.ts';
import { type Config, configSchema, type HostConfig } from './schema.ts';
import { steeringContradictions } from './steering.ts';
import { tunnelMistakes } from './tunnel.ts';

export class ConfigError extends Error {
  readonly mistakes: readonly string[];
  constructor(file: string, mistakes: readonly string[]) {
    super(
      `${file}: ${mistakes.length === 1 ? mistakes[0] : `${mistakes.length} mistakes\n  ${mistakes.join('\n  ')}`}`,
    );
    this.name = 'ConfigError';
    this.mistakes = mistakes;
  }
}

/** Throws ConfigError. */
export function loadConfig(file: string): Config {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(file, [`cannot be read: ${errnoText(error)}`]);
  }
  return parseConfig(text, file);
}

/** Throws ConfigError; `file` is only for its text. */
export function parseConfig(text: string, file = 'configuration'): Config {
  const document = parseDocument(text, { uniqueKeys: true });
  if (document.errors.length > 0)
    throw new ConfigError(
      file,
      // Of the lines that the error shows, the first says what and where.
      document.errors.map((error) => error.message.split('\n')[0]!.replace(/:$/, '')),
    );
  let tree: unknown;
  try {
    tree = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    // ReferenceError: an alias without an anchor, or aliases of aliases without measure.
    if (!(error instanceof ReferenceError)) throw error;
    throw new ConfigError(file, [error.message]);
  }
  if (tree === null) throw new ConfigError(file, ['says nothing: it is empty, or comments only']);
  const config = checkTree(configSchema, tree, file);
  const mistakes = [...contradictions(config)];
  if (mistakes.length > 0) throw new ConfigError(file, mistakes);
  return config;
}

/** What the tree says by a schema. Throws ConfigError; `file` is only for its text. */
export function checkTree<Schema extends z.ZodType>(
  schema: Schema,
  tree: unknown,
  file: string,
): z.output<Schema> {
  const result = schema.safeParse(tree);
  if (result.success) return result.data;
  throw new ConfigError(
    file,
    result.error.issues.map(
      (issue) => `${keyText(issue.path)}: ${issueText(issue)}${foundText(tree, issue.path)}`,
    ),
  );
}

/** A key that is not there is no invalid input. */
function issueText(issue: z.core.$ZodIssue): string {
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return missing
    ? `is missing, where there must be ${KINDS[issue.expected] ?? issue.expected}`
    : issue.message;
}

const KINDS: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'an object',
  string: 'a string',
  number: 'a number',
  boolean: 'true or false',
};

/** As much of a wrong value as helps to find it: it may be a whole file that is no configuration. */
const FOUND_LENGTH = 80;

const keyText = (path: readonly PropertyKey[]) => (path.length === 0 ? 'top level' : path.join('.'));

function foundText(tree: unknown, path: readonly PropertyKey[]): string {
  let value = tree;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
  if (value === undefined || typeof value === 'object') return '';
  const text = JSON.stringify(value);
  return ` (found ${text.length <= FOUND_LENGTH ? text : `${text.slice(0, FOUND_LENGTH)}…`})`;
}

function* contradictions(config: Config): Generator<string> {
  yield* steeringContradictions(
    config.steering.rules,
    config.providers.map((provider) => provider.name),
  );
  yield* duplicates(
    'providers',
    'name',
    config.providers.map((provider) => provider.name),
  );
  yield* duplicates(
    'providers',
    'prefix',
    config.providers.map((provider) => formatPrefix(provider.prefix)),
  );
  yield* duplicates(
    'hosts',
    'name',
    config.hosts.map((host) => host.name),
  );
  yield* dhcpContradictions(config);
  const insides = new Set(config.inside.map((inside) => inside.interface));
  for (const [index, provider] of config.providers.entries()) {
    const key = `providers.${index}`;
    if (insides.has(provider.interface)) {
      yield `${key}.interface: ${provider.interface} is an inside interface; an interface is inside or outside`;
    }
    for (const mistake of tunnelMistakes(provider.tunnel, config.ulids)) yield `${key}.${mistake}`;
    if (provider.prefix.length > 64)
      yield `${key}.prefix: must be /64 or shorter, found ${formatPrefix(provider.prefix)}`;
  }
  for (const [index, host] of config.hosts.entries()) {
    if (!config.site.prefixes.some((prefix) => containsAddress(prefix, host.subnet.address))) {
      const valid = config.site.prefixes.map(formatPrefix).join(', ');
      yield `hosts.${index}.subnet: ${formatPrefix(host.subnet)} is in none of site.prefixes (${valid})`;
    }
    yield* hbaContradictions(config, host, `hosts.${index}.hba`);
  }
  const keys = config.publication?.keys.map((key) => key.name) ?? [];
  for (const [index, { key }] of config.publication?.zones.entries() ?? []) {
    if (!keys.includes(key))
      yield `publication.zones.${index}.key: ${key} is none of publication.keys (${keys.join(', ')})`;
  }
  if (config.site.locators === 'hba' && config.site.identity === 'cga')
    yield 'site.locators: hba needs site.identity hba (found cga)';
  for (const [index, prefix] of config.site.prefixes.entries()) {
    if (config.ulids.some((ulids) => containsAddress(ulids, prefix.address))) continue;
    yield `site.prefixes.${index}: ${formatAddress(prefix.address)} is in none of ulids (${config.ulids.map(formatPrefix).join(', ')})`;
  }
}

function* hbaContradictions(config: Config, { subnet, hba }: HostConfig, key: string): Generator<string> {
  if (config.site.identity === 'cga') {
    if (hba !== undefined) yield `${key}: site.identity is cga; it must be hba for a host to have an HBA set`;
    return;
  }
  if (hba === undefined) {
    yield `${key}: is missing, and site.identity is hba; pshim6 hba makes a set`;
    return;
  }
  const prefixes = hba.prefixes.map(formatPrefix);
  yield* duplicates(`${key}.prefixes`, '', prefixes);
  if (!prefixes.includes(formatPrefix(subnet))) {
    yield `${key}.prefixes: the host's subnet ${formatPrefix(subnet)} is not among them (${prefixes.join(', ')})`;
  }
  if (hba['extended-modifier'] === undefined) return;
  for (const { name, prefix } of config.providers) {
    const locators = { address: combine(prefix, subnet.address), length: 64 };
    if (prefixes.includes(formatPrefix(locators))) continue;
    yield `${key}.prefixes: ${formatPrefix(locators)} of provider ${name} is not among them, and without a key only they can be proven`;
  }
}

/** `key` is that of the value in an entry of the list; empty when the entry is the value. */
function* duplicates(list: string, key: string, values: readonly string[]): Generator<string> {
  const place = (index: number) => [list, index, key].filter((part) => part !== '').join('.');
  for (const [index, value] of values.entries()) {
    const first = values.indexOf(value);
    if (first < index) yield `${place(index)}: ${value} is also ${place(first)}`;
  }
}
