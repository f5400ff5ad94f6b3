/** Which XDP program each Ethernet interface runs, and what keeps those from it that should and do not. */
import { BpfError } from '../../native/libbpf/index.ts';
import type { Netlink } from '../../native/linux/index.ts';
import type { AttachMode, Dataplane, ProgramName } from '../dataplane/dataplane.ts';
import type { Log } from '../observe/log.ts';
import { attachRefusal, largestNativeMtu } from './frame-sizes.ts';
import type { InterfaceFacts } from './kernel-watcher.ts';

export class SiteLinkError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SiteLinkError';
  }
}

export interface AttachmentsOptions {
  readonly mode: AttachMode;
  readonly netlink: Pick<Netlink, 'links' | 'xdpRefusal'>;
  readonly dataplane: Pick<Dataplane, 'attach' | 'detach' | 'descriptor'>;
  readonly log: Pick<Log, 'info' | 'warn'>;
}

export class Attachments {
  readonly #options: AttachmentsOptions;
  /** By number of the interface where frames are seen. */
  readonly #programs = new Map<number, ProgramName>();
  /** Why those have none that should, by name: told once. */
  readonly #refusals = new Map<string, string>();

  constructor(options: AttachmentsOptions) {
    this.#options = options;
  }

  runs(program: ProgramName, { attachIfindex }: InterfaceFacts): boolean {
    return this.#programs.get(attachIfindex) === program;
  }

  /** Nothing where the program runs already. Throws SiteLinkError. `name`: of an interface that `facts` may not have. */
  attach(program: ProgramName, name: string, facts: InterfaceFacts | undefined): void {
    const { dataplane, log, mode } = this.#options;
    if (facts === undefined) throw new SiteLinkError(`there is no interface ${name}`);
    const other = this.#programs.get(facts.attachIfindex);
    if (other === program) return;
    if (other !== undefined)
      throw new SiteLinkError(`${name} shares its Ethernet interface with VLANs of the ${other}: use two`);
    try {
      dataplane.attach(program, facts.attachIfindex);
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      throw new SiteLinkError(this.#refusal(program, facts) ?? error.message, { cause: error });
    }
    this.#programs.set(facts.attachIfindex, program);
    this.#refusals.delete(name);
    log.info('datapath-attached', { interface: name, program, mode, mtu: facts.mtu });
    this.checkMtu(facts);
  }

  /** As `attach`, but what is in the way is logged. False where the program does not run. */
  tryAttach(program: ProgramName, name: string, facts: InterfaceFacts | undefined): boolean {
    try {
      this.attach(program, name, facts);
      return true;
    } catch (error) {
      if (!(error instanceof SiteLinkError)) throw error;
      if (this.#refusals.get(name) !== error.message)
        this.#options.log.warn('interface-not-attached', { interface: name, reason: error.message });
      this.#refusals.set(name, error.message);
      return false;
    }
  }

  /** The interface's frames are the kernel's alone. False where they were anyway. */
  detach(attachIfindex: number): boolean {
    if (!this.#programs.delete(attachIfindex)) return false;
    this.#options.dataplane.detach(attachIfindex);
    return true;
  }

  /** The interface may announce more than the data path can be given. */
  checkMtu({ name, attachIfindex, mtu }: InterfaceFacts): void {
    const { mode, netlink, log } = this.#options;
    if (mode !== 'native') return;
    const largest = largestNativeMtu(netlink.links(), attachIfindex);
    if (largest === undefined || mtu <= largest) return;
    const remedy = `set the MTU to ${largest} or less, or datapath.mode: generic`;
    log.warn('mtu-too-large', { interface: name, mtu, largest, remedy });
  }

  #refusal(program: ProgramName, { attachIfindex }: InterfaceFacts): string | undefined {
    const { netlink, dataplane, mode } = this.#options;
    return attachRefusal(netlink, attachIfindex, dataplane.descriptor(program), mode);
  }
}
