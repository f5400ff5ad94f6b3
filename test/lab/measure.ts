/** Traffic between hosts and what it says: transfers, probe streams, sessions that stay. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { CommandError, LabError, runIn, spawnIn } from './command.ts';
import { PROBE } from './paths.ts';
import type { ProbeReport } from './probe.ts';
import { SSH_OPTIONS } from './services.ts';
import type { LabHost } from './state.ts';

export interface Transfer {
  readonly octets: number;
  readonly sha256: string;
  readonly seconds: number;
  /** Seconds from the start to the name's address, and to the connection. */
  readonly nameLookup: number;
  readonly connect: number;
}

export interface RunningTransfer {
  /** Octets that have arrived so far. */
  received(): number;
  readonly done: Promise<Transfer>;
}

/** `curl URL` on a host; `rate` octets a second at most. */
export function startTransfer(host: LabHost, url: string, rate?: number): RunningTransfer {
  const argv = ['curl', '-sS', '--fail', '--max-time', '90', '-w', '%{stderr}%{json}'];
  if (rate !== undefined) argv.push('--limit-rate', String(rate));
  argv.push(url);
  const child = spawnIn(host.namespace, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  const digest = createHash('sha256');
  let octets = 0;
  let figures = '';
  child.stdout!.on('data', (chunk: Buffer) => {
    octets += chunk.length;
    digest.update(chunk);
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    figures += text;
  });
  const finish = async (): Promise<Transfer> => {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    if (code !== 0) throw new CommandError(argv, code ?? signal!, '', figures.split('{')[0]!);
    const times = JSON.parse(figures) as {
      time_total: number;
      time_namelookup: number;
      time_connect: number;
    };
    return {
      octets,
      sha256: digest.digest('hex'),
      seconds: times.time_total,
      nameLookup: times.time_namelookup,
      connect: times.time_connect,
    };
  };
  const done = finish();
  // Whoever awaits it later sees the failure; until then it is not an unhandled one.
  done.catch(() => {});
  return { received: () => octets, done };
}

export const download = (host: LabHost, url: string): Promise<Transfer> => startTransfer(host, url).done;

export interface Probe {
  /** Datagrams have begun to arrive here. */
  readonly arriving: Promise<void>;
  /** Begins a new phase of the report. */
  mark(): void;
  /** Ends the stream and returns what this side received. */
  stop(): Promise<ProbeReport>;
}

function startProbe(host: LabHost, peer: LabHost, port: number): Probe {
  const argv = [process.execPath, PROBE, peer.cmula, String(port)];
  const child = spawnIn(host.namespace, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  const { promise: arriving, resolve } = Promise.withResolvers<void>();
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    resolve();
  });
  const closed = once(child, 'close');
  void closed.then(() => resolve());
  child.stdin!.on('error', () => {});
  return {
    arriving,
    mark() {
      child.stdin!.write('\n');
    },
    async stop() {
      child.stdin!.end();
      await closed;
      if (output.trim() === '') throw new LabError(`the probe on ${host.name} reported nothing`);
      return JSON.parse(output) as ProbeReport;
    },
  };
}

/** A datagram every millisecond each way between two hosts. */
export function startProbes(first: LabHost, second: LabHost, port = 7777) {
  const probes = [startProbe(first, second, port), startProbe(second, first, port)] as const;
  return {
    /** Both ends hear each other: programs start slowly where much else runs. */
    async arriving(): Promise<void> {
      await Promise.all(probes.map((probe) => probe.arriving));
    },
    /** Begins a new phase at both ends. */
    mark() {
      for (const probe of probes) probe.mark();
    },
    /** What `first` received from `second`, and `second` from `first`. */
    async stop(): Promise<{ atFirst: ProbeReport; atSecond: ProbeReport }> {
      const [atFirst, atSecond] = await Promise.all(probes.map((probe) => probe.stop()));
      return { atFirst: atFirst!, atSecond: atSecond! };
    },
  };
}

/** An ssh session with `cat` at the other end: a line sent comes back while the session lives. */
export class SshSession {
  readonly #child;
  readonly #argv: readonly string[];
  #output = '';
  #errors = '';
  #wake: () => void = () => {};
  #ended = false;

  constructor(host: LabHost, peerName: string) {
    this.#argv = ['ssh', ...SSH_OPTIONS, `root@${peerName}`, 'cat'];
    this.#child = spawnIn(host.namespace, this.#argv, { stdio: 'pipe' });
    this.#child.stdin!.on('error', () => {});
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
      this.#wake();
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
    this.#child.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** Sends a line and returns the milliseconds until it is back. Throws LabError after `timeout` milliseconds. */
  async echo(line: string, timeout = 20_000): Promise<number> {
    const start = performance.now();
    this.#output = '';
    this.#child.stdin!.write(`${line}\n`);
    const timer = setTimeout(() => this.#wake(), timeout);
    try {
      while (!this.#output.includes(line)) {
        if (this.#ended || performance.now() - start >= timeout) {
          throw new LabError(
            `${this.#argv.join(' ')}: no echo of ${JSON.stringify(line)}: ${this.#errors.trim()}`,
          );
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
    }
    return performance.now() - start;
  }

  close(): void {
    this.#child.stdin!.end();
    this.#child.kill();
  }
}

/** `iperf3` for some seconds; octets a second received at the other end. */
export async function throughput(
  host: LabHost,
  peerName: string,
  seconds: number,
  reverse: boolean,
): Promise<number> {
  const argv = ['iperf3', '-6', '-J', '-c', peerName, '-t', String(seconds), ...(reverse ? ['-R'] : [])];
  const { stdout } = await runIn(host.namespace, argv);
  const { end } = JSON.parse(stdout) as { end: { sum_received: { bits_per_second: number } } };
  return end.sum_received.bits_per_second / 8;
}

export interface PingReport {
  readonly sent: number;
  readonly received: number;
  /** Milliseconds: the first reply and the median of the others. */
  readonly first: number;
  readonly median: number;
}

/** `ping`, ten a second. Throws CommandError when nothing comes back. */
export async function ping(host: LabHost, peerName: string, count: number): Promise<PingReport> {
  const argv = ['ping', '-6', '-n', '-i', '0.1', '-W', '10', '-c', String(count), peerName];
  const { stdout } = await runIn(host.namespace, argv);
  const times = [...stdout.matchAll(/time=([\d.]+) ms/g)].map((match) => Number(match[1]));
  const others = times.slice(1).sort((one, other) => one - other);
  return {
    sent: count,
    received: times.length,
    first: times[0] ?? Number.NaN,
    median: others[others.length >> 1] ?? Number.NaN,
  };
}
