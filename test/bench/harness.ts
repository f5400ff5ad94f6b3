/** Generator and sink: what goes in, what comes out, and how fast. */
import { BpfObject, type Program, SharedArray, XdpLink } from '../../native/libbpf/index.ts';
import { objectPath } from './build.ts';
import type { Row } from './row.ts';
import type { Lane, Topology } from './topology.ts';
import { GENERATOR, type Generator, generatorOf, longestFrame, writeTraffic } from './traffic.ts';

export interface Measurement {
  /** Frames that the generator made. */
  readonly sent: number;
  /** Frames that reached the far end. */
  readonly delivered: number;
  readonly seconds: number;
}

/** Packets choose among this many prepared choices, in order, then again from the first. */
export const CHOICES = 1 << 22;
const CHOICES_PER_ELEMENT = 16;

/** A batch fits the 256 frames of a veth ring with room to spare. */
const BATCH = 64;

/** struct capture_request and captured_frame of sink.bpf.c; 32-bit words. */
const CAPTURE = { wanted: 0, taken: 1 };
const CAPTURED_HEADER = 8;

/** What must be known of a row to send it packets. */
export type Sending = Pick<Row, 'lane' | 'traffic' | 'vlan'>;

export class Harness {
  /** The context numbers of the packets to come. */
  readonly choices: Uint32Array;
  readonly #topology: Topology;
  readonly #cpu: number;
  /** Of all packets' UDP datagrams, in turn, octets. */
  readonly lengths: readonly number[];
  readonly #generator: BpfObject;
  readonly #sink: BpfObject;
  readonly #links: XdpLink[] = [];
  readonly #arrays: SharedArray[] = [];
  readonly #state: Uint32Array;
  readonly #capture: Uint32Array;
  readonly #captured: SharedArray;
  readonly #programs: Record<Generator, Program>;

  /** `cpu` does all the work: generator, row under test and sink. Throws BpfError. */
  constructor(topology: Topology, cpu: number, lengths: readonly number[]) {
    this.#topology = topology;
    this.#cpu = cpu;
    this.lengths = lengths;
    this.#generator = BpfObject.open(objectPath('generator'), {
      maps: { choices: { maxEntries: CHOICES / CHOICES_PER_ELEMENT } },
    });
    this.#sink = BpfObject.open(objectPath('sink'));
    this.#generator.load();
    this.#sink.load();
    this.choices = this.#map(this.#generator, 'choices').words.subarray(0, CHOICES);
    this.#state = this.#map(this.#generator, 'generator').words;
    this.#capture = this.#map(this.#sink, 'capture_request').words;
    this.#captured = this.#map(this.#sink, 'captured');
    this.#state[GENERATOR.mask] = CHOICES - 1;
    this.#programs = {
      plain: this.#generator.program('generate_plain'),
      shimmed: this.#generator.program('generate_shimmed'),
      tunnelled: this.#generator.program('generate_tunnelled'),
    };
  }

  /** Wires the lane's two ends. */
  connect({ index, interfaces }: Lane): void {
    this.#topology.generator.run(() => this.#generator.map('lanes').set(word(index), word(interfaces.a)));
    this.#topology.sink.run(() => {
      this.#links.push(XdpLink.attach(this.#sink.program('sink'), interfaces.d, 'native'));
    });
  }

  /**
   * Sends `packets` along the row's lane, choices from the first one on, and waits for the last. The kernel may run
   * the generator for some batches more when it is rescheduled: they count as sent.
   */
  send({ lane, traffic, vlan }: Sending, packets: number): Measurement {
    const program = this.#programs[generatorOf(traffic)];
    // Zeros, which the generator leaves behind the headers that it writes.
    const wire = { lengths: this.lengths, vlan };
    const data = new Uint8Array(longestFrame(traffic, wire));
    writeTraffic(this.#state, traffic, wire);
    this.#state[GENERATOR.lane] = lane.index;
    const run = { data, repeat: packets, liveFrames: true, batchSize: BATCH, cpu: this.#cpu };
    const before = this.#delivered();
    const start = process.hrtime.bigint();
    program.testRun(run);
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    return { sent: this.#state[GENERATOR.cursor]!, delivered: this.#delivered() - before, seconds };
  }

  /** Sends `packets` (at most 16) and returns those that came out, from their Ethernet header on. */
  capture(row: Sending, packets: number): Uint8Array[] {
    this.#capture[CAPTURE.taken] = 0;
    this.#capture[CAPTURE.wanted] = packets;
    this.send(row, packets);
    this.#capture[CAPTURE.wanted] = 0;
    const { bytes, words, stride } = this.#captured;
    return Array.from({ length: this.#capture[CAPTURE.taken]! }, (_, index) => {
      const start = index * stride + CAPTURED_HEADER;
      return bytes.slice(start, start + words[(index * stride) / 4]!);
    });
  }

  close(): void {
    for (const link of this.#links.splice(0)) link.close();
    for (const array of this.#arrays.splice(0)) array.close();
    this.#generator.close();
    this.#sink.close();
  }

  #delivered(): number {
    const counts = this.#sink.map('delivered').getPerCpu(word(0)) ?? [];
    return counts.reduce(
      (sum, count) => sum + Number(new DataView(count.buffer, count.byteOffset).getBigUint64(0, true)),
      0,
    );
  }

  #map(object: BpfObject, name: string): SharedArray {
    const array = SharedArray.map(object.map(name));
    this.#arrays.push(array);
    return array;
  }
}

/** A map's 32-bit key or value. */
export const word = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
