/** The ALG as a process of its own, like a box runs it. Arguments: the port to listen on, that of the resolver. */
import { randomBytes } from 'node:crypto';
import { DnsServer } from '../../../control/adapters/dns-server.ts';
import { DnsAlg } from '../../../control/naming/dns-alg.ts';
import { parseAddress } from '../../../control/wire/ipv6/address.ts';

const [port, resolver] = process.argv.slice(2).map(Number) as [number, number];
const address = parseAddress('::1');
const settings = { maxInFlightPerClient: 1024 };
const alg = new DnsAlg({ random: randomBytes, resolvers: [{ address, port: resolver }], settings });
await new DnsServer({ listen: [{ address, port }], alg, onLearned: () => undefined }).start();
