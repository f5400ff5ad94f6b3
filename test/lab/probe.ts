/**
 * Runs inside a host: sends a numbered UDP datagram every millisecond to its counterpart and notes
 * when the counterpart's arrive. `node probe.ts ADDRESS PORT`; every line of input begins a new
 * phase. Prints an empty line when the first arrives. Ends when its input ends, after two minutes at the latest, and
 * prints a ProbeReport.
 */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

export interface ProbeReport {
  readonly sent: number;
  /** Different ones; those that came again are counted apart. */
  readonly received: number;
  readonly duplicates: number;
  /** Datagrams missing between the first and the last that arrived; and by phase. */
  readonly lost: number;
  readonly losses: readonly number[];
  /** By phase: those that a later one overtook, reordered as RFC 4737 §3.3 has it. */
  readonly late: readonly number[];
  /** By how many numbers the latest of them was too late (RFC 4737 §4.2.1). */
  readonly latest: number;
  /** Of the missing ones, those that reached the host: its kernel had no room for them when this program was busy. */
  readonly overflowed: number;
  /** Milliseconds from the start of this side's stream to the first arrival; null when nothing came. */
  readonly firstArrival: number | null;
  /** By phase: the longest time between two arrivals, milliseconds, the first of them in the phase. */
  readonly longestGaps: readonly number[];
  /** By phase: the longest time in which this program itself did not run, milliseconds: a gap may be no more than that. */
  readonly pauses: readonly number[];
}

const INTERVAL = 1;
const LIMIT = 120_000;
/** Octets; the kernel gives what net.core.rmem_max allows. */
const RECEIVE_BUFFER = 4 * 1024 * 1024;

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
const pauses = [0];
let lastTick = 0;
let tickPhase = 0;
const late = [0];
let latest = 0;
/** The highest number that had arrived when each phase began. */
const reached = [-1];

/** Datagrams of this namespace's that no socket had room for. */
const overflows = (): number =>
  Number(/^Udp6RcvbufErrors\s+(\d+)/m.exec(readFileSync('/proc/self/net/snmp6', 'utf8'))?.[1] ?? 0);
const overflowsBefore = overflows();

socket.on('message', (message) => {
  const now = performance.now();
  const number = message.readUInt32BE(0);
  if (firstArrival === null) {
    firstArrival = now - start;
    process.stdout.write('\n');
  }
  if (seen[number] === 1) duplicates++;
  else {
    received++;
    if (number < last) {
      late[late.length - 1]! += 1;
      latest = Math.max(latest, last - number);
    }
  }
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

/** One that began in the phase before counts in both. */
function notePause(): void {
  const now = performance.now();
  const phase = pauses.length - 1;
  for (const each of new Set([tickPhase, phase]))
    pauses[each] = Math.max(pauses[each]!, now - lastTick - INTERVAL);
  lastTick = now;
  tickPhase = phase;
}

/** Missing numbers from `from` to before `to`. */
const missing = (from: number, to: number): number =>
  seen.subarray(from, Math.max(from, to)).reduce((count, was) => count + 1 - was, 0);

function report(): ProbeReport {
  const begins = reached.map((number) => Math.max(number + 1, Math.min(first, last + 1)));
  const losses = begins.map((from, phase) => missing(from, begins[phase + 1] ?? last + 1));
  const lost = losses.reduce((sum, count) => sum + count, 0);
  const overflowed = overflows() - overflowsBefore;
  return {
    sent,
    received,
    duplicates,
    lost,
    losses,
    late,
    latest,
    overflowed,
    firstArrival,
    longestGaps,
    pauses,
  };
}

socket.bind(port, () => {
  socket.setRecvBufferSize(RECEIVE_BUFFER);
  start = performance.now();
  lastTick = start;
  const timer = setInterval(() => {
    notePause();
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
    .on('line', () => {
      longestGaps.push(0);
      pauses.push(0);
      late.push(0);
      reached.push(last);
    })
    .once('close', stop);
});
