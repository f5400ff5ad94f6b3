/** BPF maps by key and value bytes. */
import { Descriptor } from '../linux/descriptor.ts';
import { ERRNO } from '../linux/errors.ts';
import { BpfError } from './errors.ts';
import { checkBpf, libbpf } from './library.ts';
import { isPerCpu, type MapType, mapType } from './map-types.ts';

export interface MapShape {
  readonly name: string;
  readonly type: MapType;
  /** Bytes of a key; 0 where the type has none. */
  readonly keySize: number;
  /** Bytes of a value (of one processor's value, for a per-CPU map). */
  readonly valueSize: number;
  readonly maxEntries: number;
}

const BPF_ANY = 0;

/** struct bpf_map_info of linux/bpf.h: six 32-bit words, then the name. */
const INFO_LENGTH = 80;
const INFO_NAME = { start: 24, end: 40 };

export class BpfMap implements MapShape {
  readonly name: string;
  readonly type: MapType;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly #descriptor: Descriptor;

  /** Maps come from BpfObject.map or BpfMap.openPinned. */
  constructor(descriptor: Descriptor, shape: MapShape) {
    this.#descriptor = descriptor;
    this.name = shape.name;
    this.type = shape.type;
    this.keySize = shape.keySize;
    this.valueSize = shape.valueSize;
    this.maxEntries = shape.maxEntries;
  }

  /** Opens the map pinned at `path` in a BPF file system. Throws BpfError. */
  static openPinned(path: string): BpfMap {
    const fd = checkBpf(`bpf_obj_get(${path})`, libbpf.openPin(path));
    const descriptor = new Descriptor(fd, `BpfMap pinned at ${path}`);
    const info = new Uint32Array(INFO_LENGTH / 4);
    const result = libbpf.info(fd, info, Uint32Array.of(INFO_LENGTH));
    if (result < 0) {
      descriptor.close();
      throw new BpfError(`bpf_obj_get_info_by_fd(${path})`, -result);
    }
    const [type, , keySize, valueSize, maxEntries] = info;
    return new BpfMap(descriptor, {
      name: Buffer.from(info.buffer).toString('latin1', INFO_NAME.start, INFO_NAME.end).replace(/\0.*$/s, ''),
      type: mapType(type!),
      keySize: keySize!,
      valueSize: valueSize!,
      maxEntries: maxEntries!,
    });
  }

  /** Throws ClosedHandleError once the map or its object is closed. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /** A copy of the value at `key`, undefined if there is none. Throws BpfError; RangeError for a wrong length. */
  get(key: Uint8Array): Uint8Array | undefined {
    this.#require('get', !isPerCpu(this.type), 'getPerCpu reads a per-CPU map');
    return this.#lookup('get', key, this.valueSize);
  }

  /** One copy per possible processor, in processor order. */
  getPerCpu(key: Uint8Array): Uint8Array[] | undefined {
    this.#require('getPerCpu', isPerCpu(this.type), `the map's type is ${this.type}`);
    const stride = this.#perCpuStride();
    const values = this.#lookup('getPerCpu', key, stride * possibleCpus());
    if (values === undefined) return undefined;
    return Array.from({ length: possibleCpus() }, (_, cpu) =>
      values.subarray(cpu * stride, cpu * stride + this.valueSize),
    );
  }

  /** Stores `value` at `key`; in a per-CPU map for every processor. */
  set(key: Uint8Array, value: Uint8Array): void {
    this.#requireLength('set', 'key', key, this.keySize);
    this.#requireLength('set', 'value', value, this.valueSize);
    const stored = isPerCpu(this.type) ? this.#forEveryCpu(value) : value;
    checkBpf(this.#operation('set'), libbpf.mapUpdate(this.fd, key, stored, BPF_ANY));
  }

  /**
   * Stores the first `count` of `values` at the first of `keys`, which stand one behind the other, in one system call.
   * Kernels before 5.6 cannot, and arrays of some kinds: EINVAL, EOPNOTSUPP. Throws BpfError; some may be stored then.
   */
  setBatch(keys: Uint8Array, values: Uint8Array, count: number): void {
    this.#require('setBatch', !isPerCpu(this.type), `the map's type is ${this.type}`);
    if (keys.length < count * this.keySize || values.length < count * this.valueSize)
      throw new RangeError(`BpfMap ${this.name}: setBatch: ${count} do not stand in so few octets`);
    const result = libbpf.mapUpdateBatch(this.fd, keys, values, Uint32Array.of(count), null);
    checkBpf(this.#operation('setBatch'), result);
  }

  /** False if there was no such key. Elements of arrays cannot be deleted: EINVAL. */
  delete(key: Uint8Array): boolean {
    this.#requireLength('delete', 'key', key, this.keySize);
    const result = libbpf.mapDelete(this.fd, key);
    if (result === -ERRNO.ENOENT) return false;
    checkBpf(this.#operation('delete'), result);
    return true;
  }

  /** The keys present now, copied, in the kernel's order. A map that changes meanwhile may show some of the changes. */
  keys(): Uint8Array[] {
    const keys: Uint8Array[] = [];
    let previous: Uint8Array | null = null;
    // Deletion of `previous` restarts the kernel's iteration: the bound makes it end under any load.
    while (keys.length < this.maxEntries) {
      const key = new Uint8Array(this.keySize);
      const result = libbpf.mapNextKey(this.fd, previous, key);
      if (result === -ERRNO.ENOENT) break;
      checkBpf(this.#operation('keys'), result);
      keys.push(key);
      previous = key;
    }
    return keys;
  }

  /** Keeps the map alive beyond this process, at `path` in a BPF file system; unlink the file to let go of it. */
  pin(path: string): void {
    checkBpf(`bpf_obj_pin(${this.name}, ${path})`, libbpf.pin(this.fd, path));
  }

  /** Closes a map opened from a pin. A map of a BpfObject closes with its object. Idempotent. */
  close(): void {
    this.#descriptor.close();
  }

  #lookup(operation: string, key: Uint8Array, length: number): Uint8Array | undefined {
    this.#requireLength(operation, 'key', key, this.keySize);
    const value = new Uint8Array(length);
    const result = libbpf.mapLookup(this.fd, key, value);
    if (result === -ERRNO.ENOENT) return undefined;
    checkBpf(this.#operation(operation), result);
    return value;
  }

  #perCpuStride(): number {
    return (this.valueSize + 7) & ~7;
  }

  #forEveryCpu(value: Uint8Array): Uint8Array {
    const stride = this.#perCpuStride();
    const values = new Uint8Array(stride * possibleCpus());
    for (let offset = 0; offset < values.length; offset += stride) values.set(value, offset);
    return values;
  }

  #operation(name: string): string {
    return `BpfMap ${this.name} ${name}`;
  }

  #require(operation: string, condition: boolean, detail: string): void {
    if (!condition) throw new BpfError(this.#operation(operation), ERRNO.EINVAL, { detail });
  }

  /** The kernel reads and writes by the map's sizes: a shorter buffer would be overrun. */
  #requireLength(operation: string, what: string, bytes: Uint8Array, length: number): void {
    if (bytes.length !== length)
      throw new RangeError(`${this.#operation(operation)}: ${what} has ${bytes.length} bytes, not ${length}`);
  }
}

let cpus = 0;

/** Processors that the kernel counts in per-CPU maps: those possible, online or not. */
export function possibleCpus(): number {
  if (cpus === 0) cpus = checkBpf('libbpf_num_possible_cpus', libbpf.possibleCpus());
  return cpus;
}
