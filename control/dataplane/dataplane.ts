/** The XDP programs and their tables, loaded and attached. */
import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  BpfObject,
  type Program,
  RingBuffer,
  SharedArray,
  SyscallError,
  XdpLink,
} from '../../native/libbpf/index.ts';
import { BPF_FILE_SYSTEM } from '../../native/linux/index.ts';
import type { SteeringRule } from '../steering/rules.ts';
import type { Prefix } from '../wire/ipv6/prefix.ts';
import { EgressTable } from './egress-table.ts';
import { decodeEvent, type PuntedFrame } from './events.ts';
import { IngressTable } from './ingress-table.ts';
import { Settings, SettingsLimits } from './layout.generated.ts';
import { LinkTables, type PortFields } from './links.ts';
import { NatTable } from './nat-table.ts';
import { PathMtuMap } from './path-mtu-map.ts';
import { PathMtus } from './path-mtus.ts';
import { RouterAddressMap } from './router-address-map.ts';
import { type PuntRates, setInjection, writeSettings } from './settings.ts';
import { addStatistics, type StatisticsReport } from './statistics.ts';
import { writeSteering } from './steering-table.ts';
import { TunnelTable } from './tunnels.ts';

export type AttachMode = 'native' | 'generic';

export type ProgramName = 'inside' | 'outside';

interface Attachment {
  readonly ifindex: number;
  readonly link: XdpLink;
  /** May stay when the controller goes. */
  readonly lasting: boolean;
}

export interface DataplaneOptions {
  /** Directory of inside.bpf.o and outside.bpf.o. */
  readonly objects: string;
  /** Most contexts. */
  readonly capacity: number;
  readonly mode: AttachMode;
  readonly strictSource: boolean;
  readonly clampMss: boolean;
  readonly sitePrefixes: readonly Prefix[];
  readonly ulidPrefixes: readonly Prefix[];
  readonly punts: PuntRates;
  readonly random: (length: number) => Uint8Array;
}

/** Milliseconds of settings.tick, the clock of last_sent and last_received. */
export const TICK_MILLISECONDS = 100;

const PIN_DIRECTORY = join(BPF_FILE_SYSTEM, 'pshim6');

/** Interface numbers are a network namespace's own; its inode tells namespaces apart. */
const pinOf = (ifindex: number) => join(PIN_DIRECTORY, `${statSync('/proc/self/ns/net').ino}-${ifindex}`);

/** Slots for a capacity: a power of two, at most half full. */
const slotsFor = (capacity: number) => 2 ** Math.ceil(Math.log2(capacity * 2));

export class Dataplane {
  readonly egress: EgressTable;
  readonly ingress: IngressTable;
  readonly links: LinkTables;
  readonly pathMtus: PathMtus;
  readonly nat: NatTable;
  readonly routerAddresses: RouterAddressMap;
  /** Ring records that were no events. */
  undecodable = 0;
  readonly #options: DataplaneOptions;
  readonly #objects: readonly BpfObject[];
  readonly #inside: Program;
  readonly #outside: Program;
  readonly #arrays: readonly SharedArray[];
  readonly #settings: SharedArray;
  readonly #statistics: SharedArray;
  readonly #steering: SharedArray;
  readonly #attached: Attachment[] = [];
  #ring: RingBuffer | undefined;

  /** Loads both programs over one set of maps. Throws BpfError, with the verifier's words. */
  constructor(options: DataplaneOptions) {
    this.#options = options;
    const slots = slotsFor(options.capacity);
    const inside = BpfObject.open(join(options.objects, 'inside.bpf.o'), {
      maps: { egress: { maxEntries: slots }, ingress: { maxEntries: slots } },
    });
    inside.load();
    const shared = [
      '.bss.settings',
      'egress',
      'ingress',
      '.bss.ports',
      'ports_redirect',
      '.bss.uplinks',
      '.bss.tunnels',
      'events',
      '.bss.steering',
      '.bss.statistics',
      'punt_buckets',
      'path_mtu',
      'router_addresses',
      '.bss.nat',
      'nat_locators',
      'nat_hosts',
      'nat_flows',
    ] as const;
    const outside = BpfObject.open(join(options.objects, 'outside.bpf.o'), {
      maps: Object.fromEntries(shared.map((name) => [name, { reuse: inside.map(name) }])),
    });
    outside.load();
    this.#objects = [inside, outside];
    this.#inside = inside.program('inside');
    this.#outside = outside.program('outside');

    const map = (name: (typeof shared)[number]) => SharedArray.map(inside.map(name));
    this.#settings = map('.bss.settings');
    const [egress, ingress] = [map('egress'), map('ingress')];
    const [ports, uplinks] = [map('.bss.ports'), map('.bss.uplinks')];
    this.#statistics = map('.bss.statistics');
    this.#steering = map('.bss.steering');
    const [nat, tunnels] = [map('.bss.nat'), map('.bss.tunnels')];
    const tables = [egress, ingress, ports, uplinks, tunnels, nat];
    this.#arrays = [this.#settings, this.#statistics, this.#steering, ...tables];
    // Random, so that nobody can choose addresses that collide; odd, as hash.ts asks.
    const hashKey = new BigUint64Array(options.random(SettingsLimits.HASH_WORDS * 8).slice().buffer).map(
      (word) => word | 1n,
    );
    this.egress = new EgressTable(egress.words.subarray(0, slots * 32), hashKey, options.capacity);
    this.ingress = new IngressTable(ingress.words.subarray(0, slots * 32), options.capacity);
    this.links = new LinkTables(ports.bytes, uplinks.bytes, new TunnelTable(tunnels.bytes));
    const pathMtus = new PathMtuMap(inside.map('path_mtu'), this.#settings.bytes);
    this.pathMtus = new PathMtus(pathMtus, SettingsLimits.MAX_PATH_MTUS);
    // Before the answers of this turn leave: a host may use its address from then on.
    this.nat = new NatTable(nat.bytes, inside.map('nat_locators'), inside.map('nat_hosts'), process.nextTick);
    this.routerAddresses = new RouterAddressMap(inside.map('router_addresses'));
    writeSettings(this.#settings.bytes, {
      strictSource: options.strictSource,
      clampMss: options.clampMss,
      sitePrefixes: options.sitePrefixes,
      ulidPrefixes: options.ulidPrefixes,
      punts: options.punts,
      egress: this.egress,
      ingress: this.ingress,
      hashKey,
    });
  }

  /** Whether payload is delivered only from locators of its context's peer. */
  get strictSource(): boolean {
    return this.#options.strictSource;
  }

  /** Replaces the steering rules. Which pairs they are asked about is in the egress table. */
  setSteering(rules: readonly SteeringRule[]): void {
    writeSteering(this.#steering.bytes, rules);
  }

  /** Makes an interface one that frames may leave by. Throws BpfError when it cannot be redirected to. */
  setPort(index: number, port: PortFields): void {
    this.links.setPort(index, port);
    const key = new Uint8Array(new Uint32Array([index]).buffer);
    this.#objects[0]!.map('ports_redirect').set(key, new Uint8Array(new Uint32Array([port.ifindex]).buffer));
  }

  /** Throws BpfError when the driver refuses, for instance a mode it lacks. */
  attach(program: ProgramName, ifindex: number): void {
    const link = this.#takeOver(program, ifindex) ?? this.#link(program, ifindex);
    this.#attached.push({ ifindex, link, lasting: true });
  }

  /** Of a program, for the kernel. */
  descriptor(program: ProgramName): number {
    return this.#program(program).fd;
  }

  /** The interface's packets are the kernel's alone again. */
  detach(ifindex: number): void {
    const index = this.#attached.findIndex((attachment) => attachment.ifindex === ifindex);
    if (index >= 0) this.#attached.splice(index, 1)[0]!.link.close();
  }

  /**
   * Attaches a program to an interface of the controller's own, by which it hands frames back. Those
   * that come in by the inside one pass while a context's queue drains.
   */
  attachInjection(program: ProgramName, ifindex: number): void {
    this.#attached.push({ ifindex, link: this.#link(program, ifindex), lasting: false });
    if (program === 'inside') setInjection(this.#settings.bytes, ifindex);
  }

  /** The link that an earlier run left, now with our program: no packet meets an interface without one. */
  #takeOver(program: ProgramName, ifindex: number): XdpLink | undefined {
    const pin = pinOf(ifindex);
    if (!existsSync(pin)) return undefined;
    try {
      const link = XdpLink.openPinned(pin);
      link.replace(this.#program(program));
      return link;
    } catch (error) {
      // Its interface is gone, or was attached in another way: begin afresh.
      if (error instanceof SyscallError) return undefined;
      throw error;
    } finally {
      rmSync(pin, { force: true });
      if (readdirSync(PIN_DIRECTORY).length === 0) rmdirSync(PIN_DIRECTORY);
    }
  }

  #program(name: ProgramName): Program {
    return name === 'inside' ? this.#inside : this.#outside;
  }

  #link(program: ProgramName, ifindex: number): XdpLink {
    return XdpLink.attach(this.#program(program), ifindex, this.#options.mode);
  }

  /** Begins to hand out events. Each is a copy. */
  start(onEvent: (event: PuntedFrame) => void): void {
    this.#ring = RingBuffer.open(this.#objects[0]!.map('events'), (record) => {
      const event = decodeEvent(record);
      if (event === undefined) this.undecodable++;
      else onEvent(event);
    });
    this.#ring.start();
  }

  /** Hands out, now, every event that is in the ring. */
  drainEvents(): void {
    this.#ring?.consume();
  }

  /** The coarse clock's next step; call every TICK_MILLISECONDS. */
  tick(): void {
    const words = new Uint32Array(
      this.#settings.bytes.buffer,
      this.#settings.bytes.byteOffset,
      Settings.size / 4,
    );
    Atomics.add(words, Settings.tick / 4, 1);
    this.egress.flush();
  }

  get now(): number {
    return new DataView(this.#settings.bytes.buffer, this.#settings.bytes.byteOffset).getUint32(
      Settings.tick,
      true,
    );
  }

  statistics(): StatisticsReport {
    return addStatistics(this.#statistics.bytes);
  }

  /** Detaches the programs, or leaves them running, pinned, when `keep`. */
  close(keep: boolean): void {
    this.nat.close();
    this.#ring?.close();
    for (const { ifindex, link, lasting } of this.#attached) {
      if (keep && lasting) {
        mkdirSync(PIN_DIRECTORY, { recursive: true });
        link.pin(pinOf(ifindex));
      }
      link.close();
    }
    for (const array of this.#arrays) array.close();
    for (const object of this.#objects) object.close();
  }
}
