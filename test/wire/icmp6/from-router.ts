/** ICMPv6 errors as a router between the sites sends them. */
import { parseAddress } from '../../../control/wire/ipv6/address.ts';
import { encodeIpv6, NextHeader, upperLayerChecksum } from '../../../control/wire/ipv6/header.ts';
import * as lab from '../../bpf/fixtures.ts';
import * as packets from '../../bpf/packets.ts';

export const ROUTER = '2001:db8:f::1';

/** A whole packet to the sender of what it quotes, its checksum right. `invoking`: what it quotes. */
export function fromRouter(
  invoking: Uint8Array,
  {
    type = 1,
    code = 0,
    word = 0,
    source = ROUTER,
    destination = lab.LOCATORS[0] as string,
    hopLimit = 64,
  } = {},
): Uint8Array {
  const message = packets.icmp6Error(type, invoking, code, word).octets;
  message.set([0, 0], 2);
  const [from, to] = [parseAddress(source), parseAddress(destination)];
  const checksum = upperLayerChecksum(from, to, NextHeader.icmp6, message);
  new DataView(message.buffer, message.byteOffset).setUint16(2, checksum);
  return encodeIpv6({ source: from, destination: to, nextHeader: NextHeader.icmp6, hopLimit }, message);
}
