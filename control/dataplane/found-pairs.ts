/** The pair that was found for a context, put before what preferences would choose: by REAP, or before it began. */
import type { ContextView } from '../shim6/context.ts';
import { type LocatorChoice, sameChoice } from '../steering/choose-paths.ts';
import { equalAddress } from '../wire/ipv6/address.ts';

export class FoundPairs {
  readonly #pairs = new WeakMap<ContextView, LocatorChoice>();
  /** Those that REAP has not moved. */
  readonly #beginnings = new WeakSet<ContextView>();

  set(context: ContextView, pair: LocatorChoice): void {
    this.#pairs.set(context, pair);
    this.#beginnings.delete(context);
  }

  /** Where it begins, as far as REAP finds nothing else. */
  setBeginning(context: ContextView, pair: LocatorChoice): void {
    this.#pairs.set(context, pair);
    this.#beginnings.add(context);
  }

  /** The context goes by preferences again. */
  forget(context: ContextView): void {
    this.#pairs.delete(context);
    this.#beginnings.delete(context);
  }

  /** As `forget`, unless the pair is REAP's. */
  forgetBeginning(context: ContextView): void {
    if (this.#beginnings.delete(context)) this.#pairs.delete(context);
  }

  find(context: ContextView): LocatorChoice | undefined {
    return this.#pairs.get(context);
  }

  /**
   * `choices` with the pair that was found at the head, as long as both its ends are locators that work: the alternate is
   * then the best choice with another source.
   */
  before(context: ContextView, choices: readonly LocatorChoice[]): readonly LocatorChoice[] {
    const found = this.#pairs.get(context);
    if (found === undefined) return choices;
    const local = context.localLocators.find(({ address }) => equalAddress(address, found.source));
    const peer = context.peerLocators.find(({ address }) => equalAddress(address, found.destination));
    if (local?.acknowledged !== true || local.usable === false) return choices;
    if (peer === undefined || peer.broken) return choices;
    const others = choices.filter((choice) => !sameChoice(choice, found));
    const elsewhere = others.find(({ source }) => !equalAddress(source, found.source));
    const alternate = elsewhere ?? others[0];
    return alternate === undefined ? [found] : [found, alternate];
  }
}
