/** Hears of packets that were too big for the way to an exit router (RFC 2473 §7.1): the kernel has them, as they are the box's own. */
import { Icmp6Socket } from '../../native/linux/index.ts';
import { ICMP6_ERROR_HEADER_LENGTH, Icmp6Type } from '../wire/icmp6/received-error.ts';
import { type TunnelEnds, tunnelOf } from '../wire/ipv6/tunnel.ts';

export class TunnelErrors {
  readonly #socket: Icmp6Socket;

  /** `onTooBig`: the MTU that a router reported, octets of the packet around the packet. Throws SyscallError. */
  constructor(onTooBig: (ends: TunnelEnds, mtu: number) => void) {
    this.#socket = Icmp6Socket.open(Icmp6Type.packetTooBig, (message) => {
      if (message.length < ICMP6_ERROR_HEADER_LENGTH) return;
      const ends = tunnelOf(message.subarray(ICMP6_ERROR_HEADER_LENGTH));
      const mtu = new DataView(message.buffer, message.byteOffset).getUint32(4);
      if (ends !== undefined) onTooBig(ends, mtu);
    });
  }

  close(): void {
    this.#socket.close();
  }
}
