/**
 * What is around the box: hosts that send, two providers' routers that receive. `node outside.ts CONTEXTS MAC HOSTS
 * FIRST SECOND`, the box's Ethernet address and three interfaces' numbers. A packet a millisecond, each of another
 * context. Orders: `fail` cuts the link of the provider in use and answers how long no packet came, `heal` mends it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { encodeFrame, encodeIpv6 } from '../../../control/wire/ipv6/header.ts';
import { PacketSocket } from '../../../native/linux/index.ts';
import { seededRandom } from '../random.ts';
import { contextOf, PROVIDERS } from './site.ts';

const [contexts, mac, hosts, first, second] = process.argv.slice(2);
const box = Uint8Array.from(mac!.split(':'), (octet) => Number.parseInt(octet, 16));
const host = Uint8Array.of(2, 0, 0, 0, 0, 1);
const random = seededRandom(1);
const DISTINCT = 1024;
/** Milliseconds of traffic before and after the cut. */
const AROUND = 300;
/** Milliseconds between events of a link: within a second of one the kernel puts off telling of the next. */
const CALM = 1_500;
const NO_NEXT_HEADER = 59;
const SHIM6 = 140;
const NEXT_HEADER_OFFSET = 14 + 6;

/** Frames of contexts from all over the table. */
const frames = Array.from({ length: Math.min(Number(contexts), DISTINCT) }, () => {
  const { local, peer } = contextOf(Math.floor(random() * Number(contexts)));
  const header = { source: local, destination: peer, nextHeader: NO_NEXT_HEADER, hopLimit: 64 };
  return encodeFrame({ destination: box, source: host, vlan: 0 }, encodeIpv6(header, new Uint8Array(64)));
});

/** When the last payload came to each provider, and the first at each since it was reset. */
const last = [0, 0];
const firstSince = [0, 0];
/** The longest time between two packets, by whatever provider. */
let [longest, newest] = [0, 0];

const arrived = (provider: 0 | 1) => (frame: Uint8Array) => {
  if (frame[NEXT_HEADER_OFFSET] !== SHIM6) return;
  const now = performance.now();
  last[provider] = now;
  if (firstSince[provider] === 0) firstSince[provider] = now;
  if (newest !== 0) longest = Math.max(longest, now - newest);
  newest = now;
};
const sockets = [
  PacketSocket.open(Number(hosts)),
  PacketSocket.open(Number(first), { receive: arrived(0), protocol: 0x86dd }),
  PacketSocket.open(Number(second), { receive: arrived(1), protocol: 0x86dd }),
];

let sent = 0;
const start = performance.now();
const sender = setInterval(() => {
  for (const due = performance.now() - start; sent < due; sent++)
    sockets[0]!.send(frames[sent % frames.length]!);
}, 1);

async function setLink(provider: 0 | 1, state: 'up' | 'down'): Promise<void> {
  const name = PROVIDERS[provider];
  const [code] = await once(spawn('ip', ['link', 'set', 'dev', name, state]), 'exit');
  if (code !== 0) throw new TypeError(`ip link set ${name} ${state}: exit status ${code}`);
}

const say = (answer: object) => process.stdout.write(`${JSON.stringify(answer)}\n`);

say({ sending: frames.length });
/** The provider whose link was cut. */
let failed: 0 | 1 = 0;
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'fail') {
    await wait(CALM);
    longest = 0;
    await wait(AROUND);
    const before = longest;
    failed = last[0]! > last[1]! ? 0 : 1;
    const other = failed === 0 ? 1 : 0;
    const cut = last[failed]!;
    firstSince[other] = 0;
    await setLink(failed, 'down');
    await wait(AROUND);
    for (let waited = 0; firstSince[other] === 0 && waited < 10_000; waited += 10) await wait(10);
    const gap = firstSince[other] === 0 ? null : firstSince[other]! - Math.max(cut, last[failed]!);
    say({ before, gap });
  } else if (line === 'heal') {
    await setLink(failed, 'up');
    say({ healed: PROVIDERS[failed] });
  } else break;
}
clearInterval(sender);
for (const socket of sockets) socket.close();
process.exit(0);
