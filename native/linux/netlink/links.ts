/** One-off changes of links, without a Netlink to keep. They act in the calling thread's network namespace. */
import type { LinkChange } from './link.ts';
import { Netlink } from './netlink.ts';

function withNetlink<Result>(use: (netlink: Netlink) => Result): Result {
  using netlink = Netlink.open();
  return use(netlink);
}

/** Creates a pair of Ethernet interfaces: what is sent by one arrives at the other. Throws SyscallError EEXIST. */
export const createVeth = (name: string, peerName: string): void =>
  withNetlink((netlink) => netlink.createVeth(name, peerName));

/** Deletes a link, a veth with its peer. False if there is none of that name. */
export const deleteLink = (name: string): boolean => withNetlink((netlink) => netlink.deleteLink(name));

/** Changes what is given. Throws SyscallError ENODEV. */
export const setLink = (name: string, change: LinkChange): void =>
  withNetlink((netlink) => netlink.setLink(name, change));
