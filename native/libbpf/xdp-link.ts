/** An XDP program on an interface, as a bpf_link (kernel 5.9). */
import { Descriptor } from '../linux/descriptor.ts';
import { BpfError } from './errors.ts';
import { checkBpf, LINK_CREATE_OPTIONS_SIZE, libbpf } from './library.ts';
import type { Program } from './program.ts';

/** `native`: in the driver. `generic`: in the network stack, for any driver, slower. */
export type XdpMode = 'native' | 'generic';

const BPF_XDP = 37;
const XDP_FLAGS_SKB_MODE = 2;
const XDP_FLAGS_DRV_MODE = 4;

/** struct bpf_link_info of linux/bpf.h: type, id, program id, then what the type adds. */
const INFO_LENGTH = 64;

export class XdpLink {
  /** The kernel's number of the link, as `bpftool link` shows it. */
  readonly id: number;
  readonly #descriptor: Descriptor;

  private constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor;
    this.id = information(descriptor).id;
  }

  /**
   * Runs `program` on every frame that arrives at the interface, in the calling thread's network namespace. Throws
   * BpfError: EBUSY where another program is attached, EOPNOTSUPP where the driver has no native mode, EINVAL where
   * there is no such interface.
   */
  static attach(program: Program, ifindex: number, mode: XdpMode): XdpLink {
    const flags = mode === 'native' ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
    const options = { sz: LINK_CREATE_OPTIONS_SIZE, flags, unused: 0 };
    const operation = `bpf_link_create(${program.name}, interface ${ifindex}, ${mode})`;
    const fd = checkBpf(operation, libbpf.linkCreate(program.fd, ifindex, BPF_XDP, options));
    return XdpLink.#adopt(fd, `XdpLink of interface ${ifindex}`);
  }

  /** Takes over the link pinned at `path`: an earlier process attached it. Throws BpfError. */
  static openPinned(path: string): XdpLink {
    return XdpLink.#adopt(
      checkBpf(`bpf_obj_get(${path})`, libbpf.openPin(path)),
      `XdpLink pinned at ${path}`,
    );
  }

  static #adopt(fd: number, label: string): XdpLink {
    const descriptor = new Descriptor(fd, label);
    try {
      return new XdpLink(descriptor);
    } catch (error) {
      descriptor.close();
      throw error;
    }
  }

  get fd(): number {
    return this.#descriptor.fd;
  }

  /** The kernel's number of the running program. */
  get programId(): number {
    return information(this.#descriptor).programId;
  }

  /** Exchanges the running program: every frame is seen by the old one or the new one. Throws BpfError. */
  replace(program: Program): void {
    checkBpf(`bpf_link_update(${program.name})`, libbpf.linkUpdate(this.fd, program.fd, null));
  }

  /** Keeps the program attached after this process, until `path`, in a BPF file system, is unlinked. */
  pin(path: string): void {
    checkBpf(`bpf_obj_pin(${path})`, libbpf.pin(this.fd, path));
  }

  /** Takes the program off the interface, pinned or not, and closes. */
  detach(): void {
    checkBpf('bpf_link_detach', libbpf.linkDetach(this.fd));
    this.close();
  }

  /** Lets go of the link: it ends here unless it is pinned. Idempotent. */
  close(): void {
    this.#descriptor.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function information(descriptor: Descriptor): { id: number; programId: number } {
  const info = new Uint32Array(INFO_LENGTH / 4);
  const result = libbpf.info(descriptor.fd, info, Uint32Array.of(INFO_LENGTH));
  if (result < 0) throw new BpfError('bpf_obj_get_info_by_fd(link)', -result);
  return { id: info[1]!, programId: info[2]! };
}
