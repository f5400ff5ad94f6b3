/**
 * The wiring of the benchmark. Each row has a lane of its own, so that nothing is reconfigured
 * between measurements:
 *
 *     generator namespace         a box's namespace         sink namespace
 *         generator -> a<lane> ==== b [row] c ==== d<lane> -> counted, dropped
 */
import { NetworkNamespace } from '../../native/linux/index.ts';
import { command } from './command.ts';
import { MAC } from './packets.ts';

export interface Lane {
  readonly index: number;
  /** The box's namespace, by its `ip netns` name. */
  readonly name: string;
  readonly namespace: NetworkNamespace;
  /** Interface indices: `a`, `d` in the outer namespaces, `b`, `c` in the box's. */
  readonly interfaces: { readonly a: number; readonly b: number; readonly c: number; readonly d: number };
}

export class Topology {
  readonly generator: NetworkNamespace;
  readonly sink: NetworkNamespace;
  readonly #prefix = `pshim6-bench-${process.pid}`;
  readonly #namespaces: NetworkNamespace[] = [];
  #lanes = 0;

  constructor() {
    try {
      this.generator = this.#addNamespace('generator');
      this.sink = this.#addNamespace('sink');
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Throws CommandError. */
  addLane(row: string): Lane {
    const index = this.#lanes++;
    const namespace = this.#addNamespace(row);
    const [generator, box, sink] = [this.generator, namespace, this.sink].map(({ name }) => name);
    addPair(
      { name: `a${index}`, namespace: generator!, mac: MAC.generator },
      { name: 'b', namespace: box!, mac: MAC.boxIn },
    );
    addPair(
      { name: 'c', namespace: box!, mac: MAC.boxOut },
      { name: `d${index}`, namespace: sink!, mac: MAC.sink },
    );
    return {
      index,
      name: namespace.name,
      namespace,
      interfaces: {
        a: interfaceIndex(generator!, `a${index}`),
        b: interfaceIndex(box!, 'b'),
        c: interfaceIndex(box!, 'c'),
        d: interfaceIndex(sink!, `d${index}`),
      },
    };
  }

  /** Removes every namespace, and the interfaces with them. Idempotent. */
  close(): void {
    for (const namespace of this.#namespaces.splice(0)) {
      namespace.close();
      command(`ip netns delete ${namespace.name}`);
    }
  }

  #addNamespace(role: string): NetworkNamespace {
    const name = `${this.#prefix}-${role}`;
    command(`ip netns add ${name}`);
    const namespace = NetworkNamespace.open(name);
    this.#namespaces.push(namespace);
    return namespace;
  }
}

interface End {
  readonly name: string;
  readonly namespace: string;
  readonly mac: Uint8Array;
}

/** A veth pair that is up and speaks only when spoken to: no address, so no discovery. */
function addPair(one: End, other: End): void {
  const [first, second] = [one, other].map(
    ({ name, namespace, mac }) => `name ${name} netns ${namespace} address ${formatMac(mac)}`,
  );
  command(`ip link add ${first} type veth peer ${second}`);
  for (const { name, namespace } of [one, other]) {
    command(
      `ip -n ${namespace} -batch -`,
      `link set dev ${name} addrgenmode none\nlink set dev ${name} up\n`,
    );
  }
}

function interfaceIndex(namespace: string, name: string): number {
  const [link] = JSON.parse(command(`ip -n ${namespace} -json link show dev ${name}`)) as {
    ifindex: number;
  }[];
  return link!.ifindex;
}

export const formatMac = (mac: Uint8Array): string =>
  Array.from(mac, (octet) => octet.toString(16).padStart(2, '0')).join(':');
