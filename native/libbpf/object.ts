/** A compiled BPF object file: its programs and maps, from open to close. */
import { Descriptor } from '../linux/descriptor.ts';
import { ClosedHandleError, ERRNO } from '../linux/errors.ts';
import { BpfError } from './errors.ts';
import { checkBpf, checkPointer, libbpf, type Pointer } from './library.ts';
import { BpfMap, type MapShape } from './map.ts';
import { mapType } from './map-types.ts';
import { capturePrint } from './print-log.ts';
import { Program } from './program.ts';

export interface MapOptions {
  /** Replaces the number of entries written in the object file (bytes, for a ring buffer). */
  readonly maxEntries?: number;
  /** Uses this map instead of creating one; type, key size and value size must match. */
  readonly reuse?: BpfMap;
}

export interface ObjectOptions {
  /** By map name; a name that the object does not have throws ENOENT. */
  readonly maps?: Readonly<Record<string, MapOptions>>;
}

export class BpfObject {
  readonly path: string;
  readonly #programs = new Map<string, Program>();
  readonly #maps = new Map<string, BpfMap>();
  readonly #descriptors: Descriptor[] = [];
  #object: bigint | undefined;
  #loaded = false;

  private constructor(path: string, object: bigint) {
    this.path = path;
    this.#object = object;
  }

  /** Parses the object file. Throws BpfError: no such file, no BPF object, no such map. */
  static open(path: string, { maps = {} }: ObjectOptions = {}): BpfObject {
    const { result, log } = capturePrint(() => libbpf.objectOpenFile(path, null));
    const object = new BpfObject(path, checkPointer(`bpf_object__open(${path})`, result, log));
    try {
      for (const [name, options] of Object.entries(maps)) object.#configure(name, options);
    } catch (error) {
      object.close();
      throw error;
    }
    return object;
  }

  /** Creates the maps and has the verifier check the programs. Throws BpfError with the log; then only close() is left. */
  load(): this {
    const object = this.#pointer('load');
    if (this.#loaded) throw this.#error('load', ERRNO.EINVAL, 'already loaded');
    const { result, log } = capturePrint(() => libbpf.objectLoad(object));
    if (result < 0) throw new BpfError(`bpf_object__load(${this.path})`, -result, { log });
    this.#loaded = true;
    for (const [name, program] of enumerate(object, libbpf.nextProgram, libbpf.programName))
      this.#programs.set(name, new Program(this.#adopt(libbpf.programFd(program), `Program ${name}`), name));
    for (const [name, map] of enumerate(object, libbpf.nextMap, libbpf.mapName))
      this.#maps.set(name, new BpfMap(this.#adopt(libbpf.mapFd(map), `BpfMap ${name}`), shapeOf(map, name)));
    return this;
  }

  /** Throws BpfError ENOENT unless the loaded object has the program. */
  program(name: string): Program {
    return this.#find('program', this.#programs, name);
  }

  /** Throws BpfError ENOENT unless the loaded object has the map. */
  map(name: string): BpfMap {
    return this.#find('map', this.#maps, name);
  }

  /** Unloads what no link, pin or other program holds. Its programs and maps throw from now on. Idempotent. */
  close(): void {
    const object = this.#object;
    if (object === undefined) return;
    this.#object = undefined;
    for (const descriptor of this.#descriptors) descriptor.close();
    libbpf.objectClose(object);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #configure(name: string, { maxEntries, reuse }: MapOptions): void {
    const found = [...enumerate(this.#pointer('open'), libbpf.nextMap, libbpf.mapName)];
    const map = found.find(([candidate]) => candidate === name)?.[1];
    if (map === undefined)
      throw this.#error(`map ${name}`, ERRNO.ENOENT, `maps are: ${found.map(([known]) => known).join(', ')}`);
    if (reuse !== undefined) {
      const expected = shapeOf(map, name);
      for (const field of ['type', 'keySize', 'valueSize'] as const)
        if (reuse[field] !== expected[field]) {
          const detail = `${field} is ${reuse[field]}, the program needs ${expected[field]}`;
          throw this.#error(`reuse of map ${name}`, ERRNO.EINVAL, detail);
        }
      checkBpf(`bpf_map__reuse_fd(${name})`, libbpf.mapReuseFd(map, reuse.fd));
    }
    if (maxEntries !== undefined)
      checkBpf(`bpf_map__set_max_entries(${name})`, libbpf.mapSetMaxEntries(map, maxEntries));
  }

  /** libbpf closes the descriptor with the object, so ours is only a guarded copy of its number. */
  #adopt(fd: number, label: string): Descriptor {
    const descriptor = new Descriptor(checkBpf(label, fd), label, false);
    this.#descriptors.push(descriptor);
    return descriptor;
  }

  #find<Item>(kind: string, items: ReadonlyMap<string, Item>, name: string): Item {
    this.#pointer(`${kind} ${name}`);
    if (!this.#loaded) throw this.#error(`${kind} ${name}`, ERRNO.EINVAL, 'not loaded yet');
    const item = items.get(name);
    if (item === undefined)
      throw this.#error(`${kind} ${name}`, ERRNO.ENOENT, `there are: ${[...items.keys()].join(', ')}`);
    return item;
  }

  #pointer(operation: string): bigint {
    if (this.#object === undefined) throw new ClosedHandleError(`BpfObject ${this.path} ${operation}`);
    return this.#object;
  }

  #error(operation: string, errno: number, detail: string): BpfError {
    return new BpfError(`BpfObject ${this.path} ${operation}`, errno, { detail });
  }
}

function* enumerate(
  object: bigint,
  next: (object: Pointer, previous: Pointer) => Pointer,
  nameOf: (item: Pointer) => string,
): Generator<[string, bigint]> {
  for (let item = next(object, null); item !== null; item = next(object, item)) yield [nameOf(item), item];
}

const shapeOf = (map: bigint, name: string): MapShape => ({
  name,
  type: mapType(libbpf.mapType(map)),
  keySize: libbpf.mapKeySize(map),
  valueSize: libbpf.mapValueSize(map),
  maxEntries: libbpf.mapMaxEntries(map),
});
