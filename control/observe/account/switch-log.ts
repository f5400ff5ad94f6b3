/**
 * Which locator pairs contexts changed to, when and why, for the contexts that did so last. A switch by an uplink's
 * state is none of them: the data path makes it for all contexts with one store, and it is told from that state.
 */
import type { Path } from '../../dataplane/egress-table.ts';
import type { ContextView } from '../../shim6/context.ts';
import { equalAddress } from '../../wire/ipv6/address.ts';

export interface PathSwitch {
  /** Milliseconds of the box's clock. */
  readonly at: number;
  readonly from: Path | undefined;
  readonly to: Path | undefined;
  readonly because: string;
}

const CONTEXTS_KEPT = 4096;
const SWITCHES_KEPT = 8;

export class SwitchLog {
  /** Those that switched last come last. */
  readonly #switches = new Map<ContextView, PathSwitch[]>();

  note(context: ContextView, change: PathSwitch): void {
    const known = this.#switches.get(context) ?? [];
    this.#switches.delete(context);
    this.#switches.set(context, known);
    if (known.length === SWITCHES_KEPT) known.shift();
    known.push(change);
    if (this.#switches.size <= CONTEXTS_KEPT) return;
    const [oldest] = this.#switches.keys();
    this.#switches.delete(oldest!);
  }

  /** The oldest first. */
  of(context: ContextView): readonly PathSwitch[] {
    return this.#switches.get(context) ?? [];
  }

  forget(context: ContextView): void {
    this.#switches.delete(context);
  }
}

/** What made the context leave `from`: the first thing that speaks against it. */
export function whyLeft(context: ContextView, from: Path | undefined, to: Path | undefined): string {
  if (to === undefined) return 'no locator pair is left';
  if (from === undefined) return 'there was none before';
  const theirs = context.peerLocators.find(({ address }) => equalAddress(address, from.destination));
  if (theirs === undefined) return 'the peer took its locator off its list';
  if (theirs.broken) return 'the peer says that its locator is broken';
  const ours = context.localLocators.find(({ address }) => equalAddress(address, from.source));
  if (ours === undefined) return 'our locator was taken away';
  if (!ours.acknowledged) return 'the peer does not know our locator yet';
  if (!ours.usable) return "our locator's uplink is down";
  const next = context.peerLocators.find(({ address }) => equalAddress(address, to.destination));
  if (next !== undefined && next.priority < theirs.priority) return 'the peer prefers another locator';
  if (equalAddress(from.destination, to.destination)) return 'another locator of ours is preferred';
  return 'a better pair is to be had again';
}
