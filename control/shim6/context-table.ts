/** Contexts and the keys that find them: ULID pair and FII, CT(local), CT(peer), Initiator Nonce (RFC 5533 §12.4). */
import { type Address, addressKey } from '../wire/ipv6/address.ts';
import { Context, ForkedContext, NO_TAG } from './context.ts';
import type { Handshake } from './handshake.ts';
import { HostTable } from './host-table.ts';
import { type Host, listsAddress } from './local-host.ts';
import { NO_LOCATORS, Peer } from './peer.ts';

export class ContextTable {
  readonly hosts = new HostTable();
  /** Handshakes under way by their Initiator Nonces, which R1 and R2 repeat. */
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

  /** The context of a ULID pair; `fork` is its Forked Instance Identifier, zero for the default one. */
  find(host: Host, peerUlid: Address, fork: number): Context | undefined {
    const peer = this.#peers.get(addressKey(peerUlid));
    return peer && host.contextWith(peer, fork);
  }

  /** How many forked contexts a ULID pair has. */
  forks(host: Host, peerUlid: Address): number {
    const peer = this.#peers.get(addressKey(peerUlid));
    return (peer && host.forks?.get(peer)?.size) ?? 0;
  }

  withLocalTag(tag: number): Context | undefined {
    return this.#byLocalTag.get(tag);
  }

  withPeerTag(tag: number): readonly Context[] {
    const found = this.#byPeerTag.get(tag);
    if (found === undefined) return [];
    return Array.isArray(found) ? found : [found];
  }

  /** The context that sends with CT(peer) between these locators, RFC 5533 §12.4: there is at most one. */
  sendingWith(tag: number, localLocator: Address, peerLocator: Address): Context | undefined {
    return this.withPeerTag(tag).find(
      (context) => context.receivesAt(localLocator) && listsAddress(context.peerList.locators, peerLocator),
    );
  }

  *contexts(): IterableIterator<Context> {
    for (const host of this.hosts.values()) yield* host.allContexts();
  }

  /** Calls `visit` for every context, which it may remove. Nothing is allocated per context. */
  visit(visit: (context: Context) => void): void {
    for (const host of this.hosts.values()) {
      host.visitContexts(visit);
      if (host.forks !== undefined) for (const forks of host.forks.values()) forks.forEach(visit);
    }
  }

  /** A new context in IDLE; there is none yet for the pair and the fork. */
  add(host: Host, peerUlid: Address, fork: number, now: number): Context {
    const key = addressKey(peerUlid);
    let peer = this.#peers.get(key);
    if (peer === undefined) {
      peer = new Peer(peerUlid);
      this.#peers.set(key, peer);
    }
    const context = fork === 0 ? new Context(host, peer, now) : new ForkedContext(host, peer, now, fork);
    host.addContext(context);
    peer.contexts++;
    this.#size++;
    return context;
  }

  /** The context is found no more. It keeps its tags and locators, for those who have yet to forget it. */
  remove(context: Context): void {
    const peer = context.peerHost;
    this.#byLocalTag.delete(context.localTagNumber);
    this.#forgetPeerTag(context);
    context.state = 'IDLE';
    context.host.deleteContext(context);
    this.#size--;
    if (--peer.contexts === 0) this.#peers.delete(peer.key);
  }

  /** Gives up what identified the context to its peer; the ULID pair still finds it. */
  forget(context: Context): void {
    this.setLocalTag(context, NO_TAG);
    this.forgetPeer(context);
  }

  /** Gives up CT(peer) and Ls(peer). */
  forgetPeer(context: Context): void {
    this.setPeerTag(context, NO_TAG);
    context.peerList = NO_LOCATORS;
  }

  /** R1 and R2 for this handshake are no longer awaited; another may have taken a nonce since. */
  forgetNonces(handshake: Handshake): void {
    for (const nonce of handshake.nonces)
      if (this.handshakes.get(nonce) === handshake) this.handshakes.delete(nonce);
  }

  setLocalTag(context: Context, tag: number): void {
    this.#byLocalTag.delete(context.localTagNumber);
    context.localTagNumber = tag;
    if (tag !== NO_TAG) this.#byLocalTag.set(tag, context);
  }

  setPeerTag(context: Context, tag: number): void {
    if (context.peerTagNumber === tag) return;
    this.#forgetPeerTag(context);
    context.peerTagNumber = tag;
    if (tag === NO_TAG) return;
    const others = this.withPeerTag(tag);
    this.#byPeerTag.set(tag, others.length === 0 ? context : [...others, context]);
  }

  #forgetPeerTag(context: Context): void {
    const tag = context.peerTagNumber;
    const others = this.withPeerTag(tag).filter((other) => other !== context);
    if (others.length === 0) this.#byPeerTag.delete(tag);
    else this.#byPeerTag.set(tag, others.length === 1 ? others[0]! : others);
  }
}
