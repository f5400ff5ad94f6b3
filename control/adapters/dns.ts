/** The DNS ALG of a box: its server, and what it learns given to the box. */
import type { Box } from '../box.ts';
import type { Config } from '../config/schema.ts';
import { DnsAlg } from '../naming/dns-alg.ts';
import type { Log } from '../observe/log.ts';
import { formatAddress } from '../wire/ipv6/address.ts';
import type { Prefix } from '../wire/ipv6/prefix.ts';
import type { Clock } from './core-driver.ts';
import { DnsServer } from './dns-server.ts';

export interface DnsOptions {
  readonly box: Box;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: (length: number) => Uint8Array;
  /** Where ULIDs may lie. */
  readonly ulids: readonly Prefix[];
}

export interface RunningDns {
  readonly counters: Readonly<Record<string, number>>;
  close(): Promise<void>;
}

const RESOLVER_PORT = 53;

/** Throws a typed error when an address cannot be bound. */
export async function startDns(config: NonNullable<Config['dns']>, options: DnsOptions): Promise<RunningDns> {
  const { box, log, clock, random } = options;
  const alg = new DnsAlg({
    random,
    resolvers: config.resolvers.map((address) => ({ address, port: RESOLVER_PORT })),
    settings: { ulidType: config['ulid-type'], ulidPrefixes: options.ulids },
  });
  const server = new DnsServer({
    listen: config.listen.map((address) => ({ address, port: config.port })),
    alg,
    clock,
    onLearned: ({ host, ulid, locators }) => box.establish(host, ulid, locators),
  });
  await server.start();
  box.peerLocators = (peer) => alg.locators.lookup(clock(), peer)?.locators;
  log.info('dns-listening', { addresses: config.listen.map(formatAddress), port: config.port });
  return { counters: alg.counters, close: () => server.close() };
}
