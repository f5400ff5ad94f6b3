/** The product's own rows: the box's programs and tables, filled as the controller fills them. */
import { fileURLToPath } from 'node:url';
import { Dataplane } from '../../control/dataplane/dataplane.ts';
import { NatLimits } from '../../control/dataplane/layout.generated.ts';
import { NO_SLOT } from '../../control/dataplane/slot-table.ts';
import { type SteeringRule, SteeringRules } from '../../control/steering/rules.ts';
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import { TUNNEL_HEADER_LENGTH, type TunnelEnds } from '../../control/wire/ipv6/tunnel.ts';
import { RowError } from './errors.ts';
import {
  addressOf,
  type Context,
  forwardedFrame,
  insertedFrame,
  MAC,
  PORTS,
  strippedFrame,
  TUNNEL,
  tunnelledFrame,
} from './packets.ts';
import type { Place, Row, RowName } from './row.ts';
import { FORK, forkOf, type SteeredName } from './steering.ts';

const MTU = 1500;
const UPLINK = 0;
const EXIT_ROUTER: TunnelEnds = { local: addressOf(TUNNEL.local), remote: addressOf(TUNNEL.remote) };
/** Locators of a peer that no packet comes from. */
const ELSEWHERE = ['2001:db8:ee::1', '2001:db8:ee::2', '2001:db8:ee::3'].map(parseAddress);

export type InsertName = 'insert' | 'untagged' | 'tunnel' | SteeredName;
export type StripName = 'strip' | 'untagged-in' | 'tunnel-in' | 'strip-fourth' | 'strip-any';

export interface BoxOptions {
  /** Most contexts. */
  readonly capacity: number;
  readonly strictSource: boolean;
  readonly steering: readonly SteeringRule[];
  readonly random: (length: number) => Uint8Array;
}

/** One box, which may have several lanes, as their packets never meet in its tables. */
export class Box {
  readonly #dataplane: Dataplane;
  readonly #steering: SteeringRules;
  #ports = 0;

  constructor({ capacity, strictSource, steering, random }: BoxOptions) {
    this.#dataplane = new Dataplane({
      objects: fileURLToPath(new URL('../../bpf/build', import.meta.url)),
      capacity,
      mode: 'native',
      strictSource,
      clampMss: false,
      sitePrefixes: [parsePrefix('fc00:db8:1::/48')],
      ulidPrefixes: [parsePrefix('fc00::/8')],
      punts: { total: 1, perSource: 1 },
      random,
    });
    this.#dataplane.setSteering(steering);
    this.#steering = new SteeringRules(steering);
  }

  close(): void {
    this.#dataplane.close(false);
  }

  /** From hosts to SHIM6 peers; `tunnel`: through an exit router; `insert-fork`: by the fork beside each context. */
  insertRow(name: InsertName, place: Place): Row {
    const tunnelled = name === 'tunnel';
    const forked = name === 'insert-fork';
    const uplink = this.#addUplink(place, tunnelled ? EXIT_ROUTER : undefined);
    const inserted = tunnelled ? tunnelledFrame : insertedFrame;
    return {
      name,
      ...place,
      traffic: 'inside',
      expected: forked ? (context, length) => inserted(forkOf(context), length) : inserted,
      admit: (context) => {
        this.#addEgress(name, context, uplink, 0);
        if (forked) this.#addEgress(name, forkOf(context), uplink, FORK);
      },
    };
  }

  /**
   * From SHIM6 peers to hosts; `strip-fourth`: three locators of the peer are compared in vain; `tunnel-in`: through
   * the exit router of `tunnel`, whose row must be there.
   */
  stripRow(name: StripName, place: Place): Row {
    const host = { port: this.#attach('outside', place), mac: MAC.sink };
    const before = name === 'strip-fourth' ? ELSEWHERE : [];
    return {
      name,
      ...place,
      traffic: name === 'tunnel-in' ? 'tunnelled' : 'outside',
      expected: strippedFrame,
      admit: ({ localUlid, peerUlid, peerLocator, tag }) => {
        const locators = name === 'strip-any' ? ELSEWHERE : [...before, peerLocator];
        admitted(name, this.#dataplane.ingress.add(tag, localUlid, peerUlid, locators, host));
      },
    };
  }

  /** From hosts to peers without SHIM6. The other direction must be the next row. */
  natRows(out: Place, back: Place): [out: Row, back: Row] {
    const { nat } = this.#dataplane;
    const uplink = this.#addUplink(out);
    const link = { port: this.#attach('outside', back), mac: MAC.sink };
    nat.setChoices(Array.from({ length: NatLimits.NAT_BUCKETS }, () => [uplink]));
    nat.setProviderPrefixes([parsePrefix('2001:db8:11::/48')]);
    nat.enable({ silent: false, hashKey: BigUint64Array.of(3n, 5n, 7n, 9n) });
    const answer = [PORTS[1], PORTS[0]] as const;
    return [
      {
        name: 'nat',
        ...out,
        traffic: 'legacy',
        expected: ({ localLocator, peerLocator }, length) =>
          forwardedFrame({ source: localLocator, destination: peerLocator }, length),
        admit: ({ localUlid, localLocator: address }) => nat.setHost(localUlid, [{ address, uplink }], link),
      },
      {
        name: 'nat-in',
        ...back,
        traffic: 'to-locator',
        expected: ({ localUlid, peerLocator }, length) =>
          forwardedFrame({ source: peerLocator, destination: localUlid }, length, answer),
      },
    ];
  }

  #addEgress(row: RowName, context: Context, uplink: number, fork: number): void {
    const { egress } = this.#dataplane;
    const { localUlid, peerUlid, localLocator: source, peerLocator: destination, tag } = context;
    const slot = admitted(row, egress.add(localUlid, peerUlid, tag, [{ source, destination, uplink }], fork));
    egress.setSteered(slot, fork === 0 && this.#steering.concerns(localUlid, peerUlid));
    egress.setLive(slot);
  }

  #attach(program: 'inside' | 'outside', { lane, vlan }: Place): number {
    const { namespace, interfaces } = lane;
    const index = this.#ports++;
    namespace.run(() => {
      this.#dataplane.setPort(index, { ifindex: interfaces.c, vlan, mtu: MTU, mac: MAC.boxOut });
      this.#dataplane.attach(program, interfaces.b);
    });
    return index;
  }

  #addUplink(place: Place, tunnel?: TunnelEnds): number {
    const { links } = this.#dataplane;
    const mtu = tunnel === undefined ? MTU : MTU - TUNNEL_HEADER_LENGTH;
    links.setUplink(UPLINK, { port: this.#attach('inside', place), mtu, gateway: MAC.sink, tunnel });
    links.setUplinkState(UPLINK, true);
    return UPLINK;
  }
}

function admitted(row: RowName, slot: number): number {
  if (slot === NO_SLOT) throw new RowError(row, 'the table refused a context');
  return slot;
}
