/** The servers measured, in a network namespace: this box's daemon, and Kea with its memfile. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';
import { NODE_FLAGS } from '../../../control/cli/node-flags.ts';
import { createSiteKey } from '../../../control/store/site-key.ts';
import { RowError } from '../errors.ts';

export type ServerName = 'pshim6' | 'kea';

export interface Server {
  close(): Promise<void>;
}

const PREFIX = 'fc00:db8:1::/64';
const PATIENCE = 30_000;
const MANY = 1_000_000;

async function run(
  name: ServerName,
  namespace: string,
  argv: readonly string[],
  environment: NodeJS.ProcessEnv,
  isReady: (words: string) => boolean,
): Promise<Server> {
  const child: ChildProcess = spawn('nsenter', [`--net=/run/netns/${namespace}`, '--', ...argv], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let words = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-4000);
  });
  const ended = once(child, 'exit');
  for (let waited = 0; !isReady(words); waited += 100) {
    if (child.exitCode !== null) throw new RowError(name, `ended: ${words}`);
    if (waited > PATIENCE) throw new RowError(name, `is not ready: ${words}`);
    await delay(100);
  }
  return {
    close: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** The whole daemon, with one provider; Sec 0, so that no mining is measured. Every lease is on the disk first. */
function startBox(namespace: string, directory: string): Promise<Server> {
  const key = join(directory, 'site.pem');
  createSiteKey(key);
  const provider = { name: 'x1', interface: 'x1', prefix: '2001:db8:11::/48', gateway: 'fe80::1' };
  const configuration = {
    site: { name: 'bench', prefixes: ['fc00:db8:1::/48'], key, sec: 0 },
    inside: [{ interface: 'lan', address: 'fc00:db8:1::1' }],
    providers: [provider],
    dhcp: {
      subnets: [{ prefix: PREFIX, interface: 'lan' }],
      leases: MANY,
      offers: 100_000,
      rates: { 'per-client': MANY, 'per-relay': MANY },
    },
    store: { path: join(directory, 'site.db') },
    control: { socket: join(directory, 'socket') },
  };
  const file = join(directory, 'box.yaml');
  writeFileSync(file, stringify(configuration));
  const command = join(import.meta.dirname, '../../../control/cli/main.ts');
  return run(
    'pshim6',
    namespace,
    [process.execPath, ...NODE_FLAGS, command, 'run', '--config', file],
    {},
    (words) => words.includes('daemon-started'),
  );
}

/** As Debian has it; its memfile is written, but not forced to the disk. */
function startKea(namespace: string, directory: string): Promise<Server> {
  const leases = join(directory, 'leases.csv');
  const configuration = {
    Dhcp6: {
      'data-directory': directory,
      'interfaces-config': { interfaces: ['lan'] },
      'lease-database': { type: 'memfile', persist: true, name: leases, 'lfc-interval': 0 },
      'multi-threading': { 'enable-multi-threading': true },
      'preferred-lifetime': 43_200,
      'valid-lifetime': 86_400,
      subnet6: [{ subnet: PREFIX, interface: 'lan', pools: [{ pool: PREFIX }] }],
      loggers: [{ name: 'kea-dhcp6', severity: 'ERROR', output_options: [{ output: 'stderr' }] }],
    },
  };
  const file = join(directory, 'kea.json');
  writeFileSync(file, JSON.stringify(configuration));
  const environment = { KEA_PIDFILE_DIR: directory, KEA_LOCKFILE_DIR: directory };
  const isReady = () => existsSync(leases) && existsSync(join(directory, 'kea-dhcp6-serverid'));
  return run('kea', namespace, ['kea-dhcp6', '-c', file], environment, isReady);
}

export const start: Readonly<Record<ServerName, (namespace: string, directory: string) => Promise<Server>>> =
  {
    pshim6: startBox,
    kea: startKea,
  };
