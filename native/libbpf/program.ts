/** A loaded BPF program and the kernel's way to run it on given packets. */
import type { Descriptor } from '../linux/descriptor.ts';
import { ERRNO } from '../linux/errors.ts';
import { check, libc } from '../linux/libc.ts';
import { checkBpf, libbpf, TEST_RUN_OPTIONS_SIZE, type TestRunOptions } from './library.ts';

const BPF_F_TEST_XDP_LIVE_FRAMES = 2;
/** A program may prepend up to the XDP headroom. */
const HEADROOM = 256;
const CPU_MASK_BYTES = 128;
const ATTEMPTS = 8;

export interface TestRun {
  /** The frame from its Ethernet header, at least 14 bytes. */
  readonly data: Uint8Array;
  /** Times to run (default 1). Without live frames all runs see the same, already changed buffer. */
  readonly repeat?: number;
  /** Bytes wanted of the resulting frame (default: all); 0 skips the copy. A longer result throws ENOSPC. */
  readonly dataOut?: number;
  /** Frames are really transmitted: verdicts TX, REDIRECT and PASS take effect (kernel 5.18). No data comes back. */
  readonly liveFrames?: boolean;
  /** Live frames per batch, at most 256 (default 64). */
  readonly batchSize?: number;
  /** struct xdp_md: data, data_end, data_meta, ingress_ifindex, rx_queue_index (kernel 5.14). */
  readonly context?: Uint8Array;
  /** Processor to run on; the thread's affinity is restored afterwards. */
  readonly cpu?: number;
}

export interface TestRunResult {
  /** The program's return value; meaningless for live frames. */
  readonly verdict: number;
  /** The frame after the run. */
  readonly data: Uint8Array;
  /** Nanoseconds per run, as the kernel measured. */
  readonly duration: number;
}

export class Program {
  readonly name: string;
  readonly #descriptor: Descriptor;

  /** Programs come from BpfObject.program. */
  constructor(descriptor: Descriptor, name: string) {
    this.#descriptor = descriptor;
    this.name = name;
  }

  /** Throws ClosedHandleError once the object is closed. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /**
   * Runs the program with BPF_PROG_TEST_RUN, synchronously and in the network namespace of the calling thread
   * (whose loopback device is the ingress unless `context` says otherwise). Throws BpfError.
   *
   * The kernel looks for signals between runs, for live frames between batches, and then abandons the rest. Such a
   * call is started over, so that the program runs `repeat` times or more; exactly so often when `repeat` is 1 or
   * the live frames fit one batch.
   */
  testRun(run: TestRun): TestRunResult {
    return run.cpu === undefined ? this.#run(run) : onCpu(run.cpu, () => this.#run(run));
  }

  #run({ data, repeat = 1, dataOut, liveFrames = false, batchSize = 0, context }: TestRun): TestRunResult {
    const length = liveFrames ? 0 : (dataOut ?? data.length + HEADROOM);
    const result = new Uint8Array(length);
    const options: TestRunOptions = {
      sz: TEST_RUN_OPTIONS_SIZE,
      data_in: data,
      data_out: length === 0 ? null : result,
      data_size_in: data.length,
      data_size_out: length,
      ctx_in: context ?? null,
      ctx_out: null,
      ctx_size_in: context?.length ?? 0,
      ctx_size_out: 0,
      retval: 0,
      repeat,
      duration: 0,
      flags: liveFrames ? BPF_F_TEST_XDP_LIVE_FRAMES : 0,
      cpu: 0,
      batch_size: batchSize,
    };
    let outcome = libbpf.testRun(this.fd, options);
    for (let attempt = 1; outcome === -ERRNO.EINTR && attempt < ATTEMPTS; attempt++)
      outcome = libbpf.testRun(this.fd, options);
    checkBpf(`bpf_prog_test_run(${this.name})`, outcome);
    return {
      verdict: options.retval,
      data: result.subarray(0, length === 0 ? 0 : options.data_size_out),
      duration: options.duration,
    };
  }
}

/** Runs `call` with this thread bound to one processor. */
function onCpu<Result>(cpu: number, call: () => Result): Result {
  const thread = 0;
  const previous = new Uint8Array(CPU_MASK_BYTES);
  const wanted = new Uint8Array(CPU_MASK_BYTES);
  if (cpu < 0 || cpu >= CPU_MASK_BYTES * 8) throw new RangeError(`cpu ${cpu} is out of range`);
  wanted[cpu >> 3] = 1 << (cpu & 7);
  const operation = `sched_setaffinity(cpu ${cpu})`;
  check('sched_getaffinity', libc.schedGetAffinity(thread, CPU_MASK_BYTES, previous));
  check(operation, libc.schedSetAffinity(thread, CPU_MASK_BYTES, wanted));
  try {
    return call();
  } finally {
    check(operation, libc.schedSetAffinity(thread, CPU_MASK_BYTES, previous));
  }
}
