/** The same tables and frames for the programs and the model: do verdict, reason, event and every octet agree? */

import { SlotState } from '../../control/dataplane/layout.generated.ts';
import { SteeringRules } from '../../control/steering/rules.ts';
import { formatAddress } from '../../control/wire/ipv6/address.ts';
import { formatMac } from '../../control/wire/ipv6/header.ts';
import { DataPath, type PuntedFrame } from '../bpf/data-path.ts';
import { LOOPBACK } from '../bpf/tables.ts';
import { inside } from './inside.ts';
import { describeOutcome, type Outcome } from './outcome.ts';
import { outside } from './outside.ts';
import { Choices } from './random.ts';
import type { SteeringRule, Tables } from './tables.ts';
import { type Direction, randomFrame } from './traffic.ts';
import { randomTables } from './world.ts';

const tagOf = (tag: bigint) => ({ high: Number(tag >> 32n), low: Number(tag & 0xffff_ffffn) });

/** Frames that meet the same tables; flows that NATv6 remembers live as long. */
const FRAMES_PER_TABLES = 250;
const VERDICTS = { drop: 1, pass: 2, transmit: 3, redirect: 4 } as const;

export interface Disagreement {
  readonly seed: number;
  readonly index: number;
  readonly direction: Direction;
  readonly frame: string;
  readonly expected: string;
  readonly found: string;
}

export type Model = Readonly<Record<Direction, (tables: Tables, frame: Uint8Array) => Outcome>>;

export class Comparison {
  readonly #dataPath = new DataPath();
  readonly #model: Model;
  /** How often each outcome came, by direction, verdict and reason: what was really compared. */
  readonly outcomes = new Map<string, number>();

  constructor(model: Model = { inside, outside }) {
    this.#model = model;
  }

  close(): void {
    this.#dataPath.close();
  }

  /** Runs cases from `first` on; the first that disagrees is returned. Seeds name batches of FRAMES_PER_TABLES. */
  run(seed: number, cases: number): Disagreement | undefined {
    for (let done = 0, batch = 0; done < cases; batch++) {
      const choices = new Choices(seed + batch);
      const tables = randomTables(choices);
      this.#write(tables);
      for (let index = 0; index < FRAMES_PER_TABLES && done < cases; index++, done++) {
        const direction: Direction = choices.once(2) ? 'inside' : 'outside';
        const frame = randomFrame(choices, direction);
        const outcome = this.#model[direction](tables, frame);
        const found = this.#run(direction, frame, outcome.opened ?? frame);
        const expected = describeOutcome(outcome);
        this.#count(direction, outcome);
        if (expected !== found)
          return {
            seed: seed + batch,
            index,
            direction,
            frame: Buffer.from(frame).toString('hex'),
            expected,
            found,
          };
      }
    }
    return undefined;
  }

  #count(direction: Direction, { verdict, because = '', wanted }: Outcome): void {
    const keys = [`${direction} ${verdict} ${because}`.trim()];
    if (wanted !== undefined) keys.push(`${direction} punted fork`);
    for (const key of keys) this.outcomes.set(key, (this.outcomes.get(key) ?? 0) + 1);
  }

  /**
   * What the program did, as the model would describe it; whatever does not fit together is said, too. `frame`: what the
   * program goes on with, which differs from what was sent where that came by a tunnel.
   */
  #run(direction: Direction, sent: Uint8Array, frame: Uint8Array): string {
    const { verdict, data, counts, events: all } = this.#dataPath.run(direction, sent);
    // Of a packet that should have taken a fork the controller is told besides.
    const [wish, ...wishes] = all.filter(({ kind }) => kind === 'fork');
    const events = all.filter(({ kind }) => kind !== 'fork');
    const { 'punt fork': wished = 0, ...others } = counts;
    const names = Object.keys(others).sort();
    const [became = 'nothing'] = names.flatMap((name) => name.match(`^${direction} (.*)`)?.[1] ?? []);
    const reason = names.flatMap((name) => name.match(/^(?:drop|punt) (.*)/)?.[1] ?? []);
    const expectedNames = 1 + (became === 'dropped' || became === 'punted' ? 1 : 0);
    const code = {
      passed: VERDICTS.pass,
      'to-kernel': VERDICTS.pass,
      forwarded: VERDICTS.redirect,
      answered: VERDICTS.transmit,
    }[became];
    const isRewritten = became === 'forwarded' || became === 'to-kernel' || became === 'answered';
    const same = became === 'dropped' || Buffer.compare(data, frame) === 0;
    const [event] = events;
    const wrong = [
      names.length === expectedNames ? '' : `counted ${names.join(', ')}`,
      verdict === (code ?? VERDICTS.drop) ? '' : `verdict ${verdict}`,
      isRewritten || same ? '' : 'frame changed',
      (event !== undefined) === (became === 'punted') && events.length < 2 ? '' : `${events.length} events`,
      event === undefined || isPartOf(event, frame, MOST_PUNTED) ? '' : 'event of another frame',
      wish === undefined || isPartOf(wish, frame, MOST_TOLD) ? '' : 'wish of another frame',
      wished === (wish === undefined ? 0 : 1) && wishes.length === 0 ? '' : `${wished} forks counted`,
    ].filter((text) => text !== '');
    const text = describeOutcome({
      verdict: became as Outcome['verdict'],
      ...(reason[0] === undefined ? {} : { because: reason[0] }),
      ...(event === undefined ? {} : { uplink: event.uplink, mtu: event.mtu }),
      ...(wish === undefined ? {} : { wanted: wish.fork }),
      ...(isRewritten ? { frame: data } : {}),
    });
    return wrong.length === 0 ? text : `${text} (${wrong.join('; ')})`;
  }

  #write(model: Tables): void {
    const { tables, nat } = this.#dataPath;
    tables.reset();
    this.#dataPath.resetNat();
    const text = ({ address, length }: { address: Uint8Array; length: number }) =>
      `${formatAddress(address)}/${length}`;
    tables.settings({
      site: model.site.map(text),
      ulids: model.ulids.map(text),
      strictSource: model.strictSource,
      clampMss: model.clampMss,
      injection: model.fromInjection ? LOOPBACK : 0,
    });
    tables.routerAddresses(
      [...model.addresses].map(([vlan, address]) => ({ vlan, address: formatAddress(address) })),
    );
    for (const [index, port] of model.ports)
      tables.port(index, { ...port, mac: formatMac(port.mac), redirect: port.present });
    for (const [index, uplink] of model.uplinks)
      tables.uplink(index, {
        ...uplink,
        gateway: formatMac(uplink.gateway),
        tunnel: uplink.tunnel && {
          local: formatAddress(uplink.tunnel.local),
          remote: formatAddress(uplink.tunnel.remote),
        },
      });
    for (const [key, mtu] of model.pathMtus) {
      const [uplink, destination] = key.split(' ') as [string, string];
      tables.pathMtu({
        uplink: Number(uplink),
        destination: formatAddress(Buffer.from(destination, 'hex')),
        mtu,
      });
    }
    this.#writeContexts(model);
    tables.steering(model.rules.map(asConfigured));
    if (model.nat === undefined) return;
    nat.setProviderPrefixes(model.nat.providerPrefixes);
    nat.setChoices(model.nat.choices);
    for (const { ulid, locators, link } of model.nat.hosts) nat.setHost(ulid, locators, link);
    nat.enable({ silent: model.nat.silent, hashKey: BigUint64Array.from(model.nat.hashKey) });
  }

  #writeContexts({ egress, ingress, rules }: Tables): void {
    const { tables } = this.#dataPath;
    const steering = new SteeringRules(rules.map(asConfigured));
    for (const { source, destination, fork, tag, paths, active, state } of egress)
      tables.addEgress({
        source: formatAddress(source),
        destination: formatAddress(destination),
        fork,
        // As the controller does: other pairs' packets do not meet the rules.
        steered: fork === 0 && steering.concerns(source, destination),
        tag: tagOf(tag),
        paths: paths.map((path) => ({
          uplink: path.uplink,
          source: formatAddress(path.source),
          destination: formatAddress(path.destination),
        })),
        active,
        state: state === 'live' ? SlotState.SLOT_LIVE : SlotState.SLOT_DRAINING,
      });
    for (const { tag, peer, local, peerLocators, anySource, link } of ingress)
      tables.addIngress({
        tag: tagOf(tag),
        peer: formatAddress(peer),
        local: formatAddress(local),
        peerLocators: peerLocators.map(formatAddress),
        anySource,
        ...(link === undefined ? {} : { port: link.port, hostMac: formatMac(link.mac) }),
      });
  }
}

const ANYWHERE = { address: new Uint8Array(16), length: 0 };
const asConfigured = ({ from = ANYWHERE, to = ANYWHERE, ...rule }: SteeringRule) => ({
  ...rule,
  source: from,
  destination: to,
  prefer: [],
});

const MOST_PUNTED = 3504;
/** Of a frame that goes on. */
const MOST_TOLD = 240;

function isPartOf(event: PuntedFrame, frame: Uint8Array, most: number): boolean {
  const network = ((frame[12]! << 8) | frame[13]!) === 0x86dd ? 14 : 18;
  return (
    Buffer.compare(event.frame, frame.subarray(0, most)) === 0 &&
    event.networkOffset === network &&
    event.ifindex === LOOPBACK
  );
}
