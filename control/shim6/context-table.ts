/** Contexts and the keys that find them: ULID pair, CT(local), CT(peer), Initiator Nonce (RFC 5533 §12.4). */
import { type Address, addressKey } from '../wire/ipv6/address.ts';
import { Context, NO_TAG } from './context.ts';
import type { Handshake } from './handshake.ts';
import type { Host } from './local-host.ts';
import { NO_LOCATORS, Peer } from './peer.ts';

export class ContextTable {
  readonly hosts = new Map<string, Host>();
  /** Handshakes under way by their Initiator Nonce, which R1 and R2 repeat. */
  readonly handshakes = new Map<number, Handshake>();
  readonly #peers = new Map<string, Peer>();
  readonly #byLocalTag = new Map<number, Context>();
  /** CT(peer) is the peers' choice: two may choose the same. */
  readonly #byPeerTag = new Map<number, Context | Context[]>();
  #size = 0;

  /** Contexts in any state. */
  get size(): number {
    return this.#size;
  }

  host(ulid: Address): Host | undefined {
    return this.hosts.get(addressKey(ulid));
  }

  find(host: Host, peerUlid: Address): Context | undefined {
    const peer = this.#peers.get(addressKey(peerUlid));
    return peer && host.contexts.get(peer);
  }

  withLocalTag(tag: number): Context | undefined {
    return this.#byLocalTag.get(tag);
  }

  withPeerTag(tag: number): readonly Context[] {
    const found = this.#byPeerTag.get(tag);
    if (found === undefined) return [];
    return Array.isArray(found) ? found : [found];
  }

  *contexts(): IterableIterator<Context> {
    for (const host of this.hosts.values()) yield* host.contexts.values();
  }

  /** A new context in IDLE; there is none yet for the pair. */
  add(host: Host, peerUlid: Address, now: number): Context {
    const key = addressKey(peerUlid);
    let peer = this.#peers.get(key);
    if (peer === undefined) {
      peer = new Peer(peerUlid);
      this.#peers.set(key, peer);
    }
    const context = new Context(host, peer, now);
    host.contexts.set(peer, context);
    peer.contexts++;
    this.#size++;
    return context;
  }

  remove(context: Context): void {
    const peer = context.peerHost;
    this.forget(context);
    context.state = 'IDLE';
    context.host.contexts.delete(peer);
    this.#size--;
    if (--peer.contexts === 0) this.#peers.delete(peer.key);
  }

  /** Gives up what identified the context to its peer; the ULID pair still finds it. */
  forget(context: Context): void {
    this.setLocalTag(context, NO_TAG);
    this.setPeerTag(context, NO_TAG);
    context.peerList = NO_LOCATORS;
  }

  /** R1 and R2 for this handshake are no longer awaited; another may have taken the nonce since. */
  forgetNonce(handshake: Handshake): void {
    const nonce = handshake.initiatorNonce;
    if (this.handshakes.get(nonce) === handshake) this.handshakes.delete(nonce);
  }

  setLocalTag(context: Context, tag: number): void {
    this.#byLocalTag.delete(context.localTagNumber);
    context.localTagNumber = tag;
    if (tag !== NO_TAG) this.#byLocalTag.set(tag, context);
  }

  setPeerTag(context: Context, tag: number): void {
    const old = context.peerTagNumber;
    if (old === tag) return;
    if (old !== NO_TAG) {
      const others = this.withPeerTag(old).filter((other) => other !== context);
      if (others.length === 0) this.#byPeerTag.delete(old);
      else this.#byPeerTag.set(old, others.length === 1 ? others[0]! : others);
    }
    context.peerTagNumber = tag;
    if (tag === NO_TAG) return;
    const others = this.withPeerTag(tag);
    this.#byPeerTag.set(tag, others.length === 0 ? context : [...others, context]);
  }
}
