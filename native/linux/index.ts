/** What Node.js lacks of Linux: packet sockets, rtnetlink, poll on a descriptor, network namespaces. */
export { BPF_FILE_SYSTEM, mountBpfFileSystem } from './bpf-file-system.ts';
export type { UdpEndpoint } from './datagram-block.ts';
export { ClosedHandleError, errnoCode, SyscallError } from './errors.ts';
export { Icmp6Socket } from './icmp6-socket.ts';
export type { AddressInfo } from './netlink/address.ts';
export type { NetlinkEvent, NetlinkGroup } from './netlink/events.ts';
export type { LinkChange, LinkInfo } from './netlink/link.ts';
export { createVeth, deleteLink, setLink } from './netlink/links.ts';
export { NetlinkDecodeError } from './netlink/message.ts';
export type { NeighbourInfo, NeighbourSpecification, NeighbourState } from './netlink/neighbour.ts';
export { Netlink } from './netlink/netlink.ts';
export type { Ipv6Prefix } from './netlink/prefix.ts';
export type { NextHop, RouteInfo, RouteSpecification, RouteType } from './netlink/route.ts';
export type { RuleAction, RuleInfo, RuleSpecification } from './netlink/rule.ts';
export { NetworkNamespace } from './network-namespace.ts';
export { PacketSocket, type PacketSocketOptions } from './packet-socket.ts';
export { interfaceIndex, UdpSocket, type UdpSocketOptions } from './udp-socket.ts';
export { watch } from './watch.ts';
