/** Who is measured, and the one upstream of all: stock BIND with wildcards, so that every name can be new. */
import { NODE_FLAGS } from '../../../control/cli/node-flags.ts';
import { bindArgv, bindOptions, type Program, startBind, startProgram } from '../../adapters/dns-programs.ts';

const ULID = 'fc000db8000200000000000000000001';

/** `0`: nobody may keep the answers. `300`: everybody may, also that there are none. */
const zone = (name: string, ttl: 0 | 300) => ({
  name,
  text: `$TTL 300
@ 300 SOA ns hostmaster 1 3600 600 86400 ${ttl}
@ NS ns
ns AAAA ::1
*.plain ${ttl} TXT "some text, as there is in the world"
*.plain ${ttl} AAAA 2001:db8:99::1
*.ulid ${ttl} AAAA 2001:db8:21::1
*.ulid ${ttl} AAAA 2001:db8:22::1
*.ulid ${ttl} TYPE65280 \\# 16 ${ULID}
*.ipv4 ${ttl} A 192.0.2.1
`,
});

const ZONES = [zone('bench', 0), zone('kept.bench', 300)];

/** Runs on one processor, where there are several. */
const pinned = (cpu: number | undefined, argv: readonly string[]): readonly string[] =>
  cpu === undefined ? argv : ['taskset', '-c', String(cpu), ...argv];

export const startUpstream = (cpu: number | undefined): Promise<Program> =>
  startBind(ZONES, (argv) => pinned(cpu, argv));

export const CONTENDERS = ['alg', 'unbound', 'bind'] as const;
export type Contender = (typeof CONTENDERS)[number];

export const CONTENDER_TITLES: Readonly<Record<Contender, string>> = {
  alg: 'this ALG',
  unbound: 'unbound, dns64',
  bind: 'BIND, dns64',
};

/** One thread, on one processor, which asks `upstream`. */
export function startContender(
  contender: Contender,
  upstream: number,
  cpu: number | undefined,
): Promise<Program> {
  const probe = 'bench';
  switch (contender) {
    case 'alg': {
      const program = new URL('alg-process.ts', import.meta.url).pathname;
      return startProgram({
        probe,
        argv: (_directory, port) =>
          pinned(cpu, [process.execPath, ...NODE_FLAGS, program, String(port), String(upstream)]),
        files: () => ({}),
      });
    }
    case 'unbound':
      return startProgram({
        probe,
        argv: (directory) => pinned(cpu, ['unbound', '-d', '-p', '-c', `${directory}/unbound.conf`]),
        files: (directory, port) => ({ 'unbound.conf': unboundConfiguration(directory, port, upstream) }),
      });
    case 'bind':
      return startProgram({
        probe,
        argv: (directory) => pinned(cpu, bindArgv(directory)),
        files: (directory, port) => ({
          'named.conf': `${bindOptions(
            directory,
            port,
            'recursion yes; allow-query { any; }; dnssec-validation no; dns64 64:ff9b::/96 { clients { any; }; };',
          )}zone "bench" { type forward; forward only; forwarders { ::1 port ${upstream}; }; };\n`,
        }),
      });
  }
}

const unboundConfiguration = (directory: string, port: number, upstream: number): string => `server:
  interface: ::1@${port}
  port: ${port}
  num-threads: 1
  directory: "${directory}"
  chroot: ""
  username: ""
  use-syslog: no
  do-daemonize: no
  do-not-query-localhost: no
  do-ip4: no
  access-control: ::1 allow
  module-config: "dns64 iterator"
  qname-minimisation: no
  outgoing-range: 900
  num-queries-per-thread: 1024
remote-control:
  control-enable: no
forward-zone:
  name: "bench"
  forward-addr: ::1@${upstream}
`;
