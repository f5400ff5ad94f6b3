/**
 * Active path probes: ICMPv6 echoes from an address of the box out of the provider's prefix, by the uplink itself,
 * whatever the kernel's routes are and whether or not the uplink is up.
 */
import { randomBytes } from 'node:crypto';
import { type AddressInfo, Icmp6Socket, Netlink } from '../../native/linux/index.ts';
import type { Report } from '../site/liveness/bfd-sessions.ts';
import { PathProbe } from '../site/liveness/path-probe.ts';
import type { Uplink } from '../site/uplinks.ts';
import { decodeEchoReply, encodeEchoRequest, TYPE_ECHO_REPLY } from '../wire/icmp6/echo.ts';
import type { Address } from '../wire/ipv6/address.ts';
import { encodeIpv6, NextHeader } from '../wire/ipv6/header.ts';
import { containsAddress } from '../wire/ipv6/prefix.ts';

const HOP_LIMIT = 64;
/** Octets of each probe that nobody can guess: who has not seen it cannot answer it. */
const TOKEN_LENGTH = 16;

export interface PathProberOptions {
  readonly report: Report;
  /** Sends an IPv6 packet by an uplink. */
  readonly send: (uplink: Uplink, packet: Uint8Array) => void;
}

interface Probed {
  readonly uplink: Uplink;
  readonly probe: PathProbe;
  readonly token: Buffer;
  readonly timer: NodeJS.Timeout;
}

export class PathProber {
  readonly #options: PathProberOptions;
  readonly #socket: Icmp6Socket;
  readonly #netlink: Netlink;
  readonly #probed: readonly Probed[];

  /** Probes by the uplinks whose configuration says so, until it is closed. Throws SyscallError. */
  constructor(uplinks: readonly Uplink[], options: PathProberOptions) {
    this.#options = options;
    this.#netlink = Netlink.open();
    this.#socket = Icmp6Socket.open(TYPE_ECHO_REPLY, (message) => this.#receive(message));
    this.#probed = uplinks.flatMap((uplink) => {
      const settings = uplink.provider.liveness.probe;
      if (settings === undefined) return [];
      const probe = new PathProbe(settings.loss);
      const timer = setInterval(() => this.#round(probed), settings.interval * 1000);
      const probed: Probed = { uplink, probe, token: randomBytes(TOKEN_LENGTH), timer };
      return [probed];
    });
  }

  close(): void {
    for (const { timer } of this.#probed) clearInterval(timer);
    this.#socket.close();
    this.#netlink.close();
  }

  #round({ uplink, probe, token }: Probed): void {
    const source = this.#source(uplink);
    if (source === undefined) {
      const detail = `the box has no address in the provider's prefix`;
      this.#options.report(uplink.index, { source: 'probe', state: 'unknown', detail });
      return;
    }
    const { round, report } = probe.begin();
    this.#options.report(uplink.index, report);
    const data = Buffer.alloc(TOKEN_LENGTH + 4);
    token.copy(data);
    data.writeUInt32BE(round, TOKEN_LENGTH);
    for (const destination of uplink.provider.liveness.probe!.targets) {
      const echo = { identifier: uplink.index, sequence: round & 0xffff, data };
      const message = encodeEchoRequest(source, destination, echo);
      const header = { source, destination, nextHeader: NextHeader.icmp6, hopLimit: HOP_LIMIT };
      this.#options.send(uplink, encodeIpv6(header, message));
    }
  }

  #receive(message: Uint8Array): void {
    const reply = decodeEchoReply(message);
    if (reply === undefined || reply.data.length !== TOKEN_LENGTH + 4) return;
    const data = Buffer.from(reply.data);
    const probed = this.#probed.find(({ token }) => token.equals(data.subarray(0, TOKEN_LENGTH)));
    if (probed === undefined) return;
    this.#options.report(probed.uplink.index, probed.probe.answer(data.readUInt32BE(TOKEN_LENGTH)));
  }

  /** Answers must come back to the box itself: an address of its own, out of what the provider delegated. */
  #source({ provider }: Uplink): Address | undefined {
    const { source } = provider.liveness.probe!;
    if (source !== undefined) return source;
    const usable = ({ address, scope, tentative, duplicate }: AddressInfo) =>
      scope === 'global' && !tentative && !duplicate && containsAddress(provider.prefix, address);
    return this.#netlink.addresses().find(usable)?.address;
  }
}
