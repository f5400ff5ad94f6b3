/** Sends the controller's own packets: control messages by an uplink, ICMPv6 errors to a host. */
import { PacketSocket } from '../../native/linux/index.ts';
import type { WaitingFrame } from '../dataplane/first-packets.ts';
import type { HostEthernet } from '../site/host-links.ts';
import type { Uplink } from '../site/uplinks.ts';
import { encodeIcmp6Error, type Icmp6Error } from '../wire/icmp6/errors.ts';
import type { Address } from '../wire/ipv6/address.ts';
import { encodeFrame, encodeIpv6, NextHeader } from '../wire/ipv6/header.ts';
import { encapsulate } from '../wire/ipv6/tunnel.ts';
import { encodeTcpReset } from '../wire/tcp/reset.ts';

/** Hop limit of SHIM6 control messages. */
const HOP_LIMIT = 64;

export class FrameSender {
  readonly #sockets = new Map<number, PacketSocket>();
  /** Control messages for which no usable uplink was found. */
  withoutUplink = 0;
  /** Frames the kernel did not take. */
  failed = 0;

  /** Sends a SHIM6 control message by an uplink, whose router is its next hop. */
  sendControl(uplink: Uplink | undefined, source: Address, destination: Address, message: Uint8Array): void {
    if (!uplink?.up) {
      this.withoutUplink++;
      return;
    }
    const header = { source, destination, nextHeader: NextHeader.shim6, hopLimit: HOP_LIMIT };
    this.sendByUplink(uplink, encodeIpv6(header, message));
  }

  /** Sends an IPv6 packet by an uplink, though it be down, if only it has a router. */
  sendByUplink({ link, gateway, provider: { tunnel } }: Uplink, packet: Uint8Array): void {
    if (link === undefined || gateway === undefined) {
      this.withoutUplink++;
      return;
    }
    const sent = tunnel === undefined ? packet : encapsulate(tunnel, packet);
    // On a VLAN interface it is the kernel that tags.
    this.#send(link.ifindex, encodeFrame({ destination: gateway, source: link.mac, vlan: 0 }, sent));
  }

  /** Tells the sender of a punted frame about an error; `source` is the box's address on that link. */
  sendError(invoking: WaitingFrame, source: Address, error: Icmp6Error): void {
    this.#answer(invoking, encodeIcmp6Error(source, invoking.frame.subarray(invoking.networkOffset), error));
  }

  /** Ends the TCP connection that a punted frame is a segment of. */
  sendReset(invoking: WaitingFrame): void {
    this.#answer(invoking, encodeTcpReset(invoking.frame.subarray(invoking.networkOffset)));
  }

  #answer({ frame, networkOffset, ifindex }: WaitingFrame, packet: Uint8Array | undefined): void {
    if (packet === undefined || networkOffset < 14) return;
    const answer = new Uint8Array(networkOffset + packet.length);
    // Back the way it came: addresses swapped, VLAN tag and EtherType as they were.
    answer.set(frame.subarray(6, 12), 0);
    answer.set(frame.subarray(0, 6), 6);
    answer.set(frame.subarray(12, networkOffset), 12);
    answer.set(packet, networkOffset);
    this.#send(ifindex, answer);
  }

  /** Sends a whole IPv6 packet to a host. */
  sendToHost({ ifindex, ...link }: HostEthernet, packet: Uint8Array): void {
    this.#send(ifindex, encodeFrame(link, packet));
  }

  #send(ifindex: number, frame: Uint8Array): void {
    try {
      const socket = this.#sockets.get(ifindex) ?? PacketSocket.open(ifindex);
      this.#sockets.set(ifindex, socket);
      socket.send(frame);
    } catch {
      this.failed++;
      // An interface that was made anew, even under the same number, needs another socket.
      this.#sockets.get(ifindex)?.close();
      this.#sockets.delete(ifindex);
    }
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.close();
  }
}
