/**
 * Runs inside a host: sends a numbered UDP datagram every millisecond to its counterpart and notes
 * when the counterpart's arrive. `node probe.ts ADDRESS PORT`; every line of input begins a new
 * phase. Prints an empty line when the first arrives. Ends when its input ends, after two minutes at the latest, and
 * prints a ProbeReport.
 */
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';

export interface ProbeReport {
  readonly sent: number;
  /** Different ones; those that came again are counted apart. */
  readonly received: number;
  readonly duplicates: number;
  /** Datagrams missing between the first and the last that arrived. */
  readonly lost: number;
  /** Milliseconds from the start of this side's stream to the first arrival; null when nothing came. */
  readonly firstArrival: number | null;
  /** By phase: the longest time between two arrivals, milliseconds, the first of them in the phase. */
  readonly longestGaps: readonly number[];
}

const INTERVAL = 1;
const LIMIT = 120_000;

const [address, port] = [process.argv[2]!, Number(process.argv[3])];
const socket = createSocket('udp6');

let sent = 0;
let received = 0;
let duplicates = 0;
const seen = new Uint8Array(LIMIT / INTERVAL + 1);
let first = Number.POSITIVE_INFINITY;
let last = -1;
let start = 0;
let firstArrival: number | null = null;
let lastArrival: number | undefined;
let arrivalPhase = 0;
const longestGaps = [0];

socket.on('message', (message) => {
  const now = performance.now();
  const number = message.readUInt32BE(0);
  if (firstArrival === null) {
    firstArrival = now - start;
    process.stdout.write('\n');
  }
  if (seen[number] === 1) duplicates++;
  else received++;
  seen[number] = 1;
  first = Math.min(first, number);
  last = Math.max(last, number);
  if (lastArrival !== undefined) {
    longestGaps[arrivalPhase] = Math.max(longestGaps[arrivalPhase]!, now - lastArrival);
  }
  lastArrival = now;
  arrivalPhase = longestGaps.length - 1;
});
// While an uplink is down the kernel may report unreachable; that is what is being measured.
socket.on('error', () => {});

function report(): ProbeReport {
  const lost = last < 0 ? 0 : last - first + 1 - received;
  return { sent, received, duplicates, lost, firstArrival, longestGaps };
}

socket.bind(port, () => {
  start = performance.now();
  const timer = setInterval(() => {
    // A timer that fires late makes up for what it missed, so that losses count milliseconds.
    const due = Math.floor((performance.now() - start) / INTERVAL);
    for (; sent < due; sent++) {
      // Sending takes the octets later: each datagram needs its own.
      const datagram = Buffer.alloc(64);
      datagram.writeUInt32BE(sent, 0);
      socket.send(datagram, port, address, () => {});
    }
  }, INTERVAL);
  const stop = () => {
    clearInterval(timer);
    clearTimeout(limit);
    // What is under way still counts.
    setTimeout(() => {
      socket.close();
      process.stdout.write(`${JSON.stringify(report())}\n`);
    }, 200);
  };
  const limit = setTimeout(stop, LIMIT);
  createInterface({ input: process.stdin })
    .on('line', () => longestGaps.push(0))
    .once('close', stop);
});
