/** The libbpf 1.x functions in use. Those that return int return a negative errno on failure. */
import koffi from 'koffi';
import { ERRNO } from '../linux/errors.ts';
import { lastErrno } from '../linux/libc.ts';
import { BpfError } from './errors.ts';

const LIBRARY = 'libbpf.so.1';

function open(): ReturnType<typeof koffi.load> {
  try {
    return koffi.load(LIBRARY);
  } catch (cause) {
    const detail = `libbpf 1.x is needed (Debian: libbpf1): ${cause instanceof Error ? cause.message : cause}`;
    throw new BpfError(`dlopen(${LIBRARY})`, ERRNO.ENOENT, { detail });
  }
}

const library = open();

/** An address inside libbpf; null where C has NULL. Never used after bpf_object__close. */
export type Pointer = bigint | null;
type Memory = ArrayBufferView;
type OfPointer<Result> = (pointer: Pointer) => Result;

const opaque = 'void *';
const integerOf = (name: string) => library.func(name, 'int', [opaque]) as OfPointer<number>;
const unsignedOf = (name: string) => library.func(name, 'uint32_t', [opaque]) as OfPointer<number>;
const stringOf = (name: string) => library.func(name, 'str', [opaque]) as OfPointer<string>;
const next = (name: string) =>
  library.func(name, opaque, [opaque, opaque]) as (object: Pointer, previous: Pointer) => Pointer;

const testRunOptions = koffi.struct({
  sz: 'size_t',
  data_in: opaque,
  data_out: opaque,
  data_size_in: 'uint32_t',
  data_size_out: 'uint32_t',
  ctx_in: opaque,
  ctx_out: opaque,
  ctx_size_in: 'uint32_t',
  ctx_size_out: 'uint32_t',
  retval: 'uint32_t',
  repeat: 'int',
  duration: 'uint32_t',
  flags: 'uint32_t',
  cpu: 'uint32_t',
  batch_size: 'uint32_t',
});

/** struct bpf_test_run_opts of bpf/bpf.h. */
export interface TestRunOptions {
  sz: number;
  data_in: Memory | null;
  data_out: Memory | null;
  data_size_in: number;
  data_size_out: number;
  ctx_in: Memory | null;
  ctx_out: Memory | null;
  ctx_size_in: number;
  ctx_size_out: number;
  retval: number;
  repeat: number;
  duration: number;
  flags: number;
  cpu: number;
  batch_size: number;
}

export const TEST_RUN_OPTIONS_SIZE = koffi.sizeof(testRunOptions);

const linkCreateOptions = koffi.struct({ sz: 'size_t', flags: 'uint32_t', unused: 'uint32_t' });

export const LINK_CREATE_OPTIONS_SIZE = koffi.sizeof(linkCreateOptions);

export const libbpf = {
  objectOpenFile: library.func('bpf_object__open_file', opaque, ['str', opaque]) as (
    path: string,
    options: null,
  ) => Pointer,
  objectLoad: integerOf('bpf_object__load'),
  objectClose: library.func('bpf_object__close', 'void', [opaque]) as OfPointer<void>,
  nextProgram: next('bpf_object__next_program'),
  nextMap: next('bpf_object__next_map'),
  programName: stringOf('bpf_program__name'),
  programFd: integerOf('bpf_program__fd'),
  mapName: stringOf('bpf_map__name'),
  mapFd: integerOf('bpf_map__fd'),
  mapType: integerOf('bpf_map__type'),
  mapKeySize: unsignedOf('bpf_map__key_size'),
  mapValueSize: unsignedOf('bpf_map__value_size'),
  mapMaxEntries: unsignedOf('bpf_map__max_entries'),
  mapSetMaxEntries: library.func('bpf_map__set_max_entries', 'int', [opaque, 'uint32_t']) as (
    map: Pointer,
    maxEntries: number,
  ) => number,
  mapReuseFd: library.func('bpf_map__reuse_fd', 'int', [opaque, 'int']) as (
    map: Pointer,
    fd: number,
  ) => number,
  possibleCpus: library.func('libbpf_num_possible_cpus', 'int', []) as () => number,
  mapLookup: library.func('bpf_map_lookup_elem', 'int', ['int', opaque, opaque]) as (
    fd: number,
    key: Memory,
    value: Memory,
  ) => number,
  mapUpdate: library.func('bpf_map_update_elem', 'int', ['int', opaque, opaque, 'uint64_t']) as (
    fd: number,
    key: Memory,
    value: Memory,
    flags: number,
  ) => number,
  /** `count`: of keys and values, one behind the other; afterwards of those that were stored. */
  mapUpdateBatch: library.func('bpf_map_update_batch', 'int', ['int', opaque, opaque, opaque, opaque]) as (
    fd: number,
    keys: Memory,
    values: Memory,
    count: Uint32Array,
    options: null,
  ) => number,
  mapDelete: library.func('bpf_map_delete_elem', 'int', ['int', opaque]) as (
    fd: number,
    key: Memory,
  ) => number,
  mapNextKey: library.func('bpf_map_get_next_key', 'int', ['int', opaque, opaque]) as (
    fd: number,
    key: Memory | null,
    nextKey: Memory,
  ) => number,
  testRun: library.func('bpf_prog_test_run_opts', 'int', [
    'int',
    koffi.inout(koffi.pointer(testRunOptions)),
  ]) as (program: number, options: TestRunOptions) => number,
  linkCreate: library.func('bpf_link_create', 'int', [
    'int',
    'int',
    'int',
    koffi.pointer(linkCreateOptions),
  ]) as (
    program: number,
    target: number,
    attachType: number,
    options: { sz: number; flags: number; unused: number },
  ) => number,
  linkUpdate: library.func('bpf_link_update', 'int', ['int', 'int', opaque]) as (
    link: number,
    program: number,
    options: null,
  ) => number,
  linkDetach: library.func('bpf_link_detach', 'int', ['int']) as (link: number) => number,
  pin: library.func('bpf_obj_pin', 'int', ['int', 'str']) as (fd: number, path: string) => number,
  openPin: library.func('bpf_obj_get', 'int', ['str']) as (path: string) => number,
  info: library.func('bpf_obj_get_info_by_fd', 'int', ['int', opaque, opaque]) as (
    fd: number,
    info: Memory,
    length: Memory,
  ) => number,
  setPrint: (handler: PrintHandler): void => {
    const registered = koffi.register(handler, koffi.pointer(printFunction));
    library.func('libbpf_set_print', opaque, [opaque])(registered);
  },
};

const printFunction = koffi.proto('int', ['int', opaque, opaque]);

/** libbpf_print_fn_t: level (0 is a warning), printf format, va_list. Returns the number of characters printed. */
export type PrintHandler = (level: number, format: Pointer, parameters: Pointer) => number;

/** Returns `result`, or throws BpfError when it is a negative errno. */
export function checkBpf(operation: string, result: number): number {
  if (result < 0) throw new BpfError(operation, -result);
  return result;
}

/** Returns `pointer`, or throws BpfError with the errno that libbpf left when it is NULL. */
export function checkPointer(operation: string, pointer: Pointer, log: string): bigint {
  if (pointer === null) throw new BpfError(operation, lastErrno(), { log });
  return pointer;
}
