/** How long frames may be where XDP runs natively, and what to say of an interface that it may not run on. */
import type { LinkInfo, Netlink } from '../../native/linux/index.ts';
import type { AttachMode } from '../dataplane/dataplane.ts';

const ETHERNET_MTU = 1500;
/** The kernel's limit of any MTU (include/linux/netdevice.h, ETH_MAX_MTU). */
const UNLIMITED = 65535;

/**
 * The largest MTU, octets, that an interface can have while XDP runs on it natively. Undefined where that is not known:
 * only veth says it, of the other end; since it is the same for all, the box's own pairs tell it of every one.
 */
export function largestNativeMtu(links: readonly LinkInfo[], ifindex: number): number | undefined {
  if (links.find(({ index }) => index === ifindex)?.type !== 'veth') return undefined;
  const limits = links.flatMap(({ type, maxMtu }) =>
    type === 'veth' && maxMtu > 0 && maxMtu < UNLIMITED ? [maxMtu] : [],
  );
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/** What a driver's refusal is about. */
export interface Refusal {
  readonly link: LinkInfo;
  readonly mode: AttachMode;
  readonly code: string;
  /** The driver's or the kernel's. */
  readonly words: string;
  /** Octets, where known. */
  readonly largest: number | undefined;
}

/** Names the interface, why XDP cannot run on it, and what would change that. */
export function describeRefusal({ link, mode, code, words, largest }: Refusal): string {
  const kind = link.type === undefined ? '' : `${link.type}, `;
  const what = `${link.name} (${kind}MTU ${link.mtu}) takes no XDP program in ${mode} mode: ${words}`;
  if (mode === 'generic' || code === 'EBUSY') return what;
  // Drivers say EINVAL, ERANGE or EOPNOTSUPP of frames that are too long, and some say no more.
  if (link.mtu <= ETHERNET_MTU && !/mtu/i.test(words))
    return code === 'EOPNOTSUPP' ? `${what}; datapath.mode: generic would do, slowly` : what;
  const size =
    largest === undefined
      ? 'a smaller one (a frame must fit a page of memory: about 3500 or less)'
      : `${largest} or less`;
  const ends = link.type === 'veth' ? 'at both ends ' : '';
  return `${what}; set the MTU ${ends}to ${size}, or datapath.mode: generic`;
}

/** Why a program cannot be attached, asked of the kernel anew; undefined when now it could be. */
export function attachRefusal(
  netlink: Pick<Netlink, 'links' | 'xdpRefusal'>,
  ifindex: number,
  program: number,
  mode: AttachMode,
): string | undefined {
  const refusal = netlink.xdpRefusal(ifindex, program, mode);
  const links = netlink.links();
  const link = links.find(({ index }) => index === ifindex);
  if (refusal === undefined || link === undefined) return undefined;
  const largest = largestNativeMtu(links, ifindex);
  return describeRefusal({ link, mode, code: refusal.code, words: refusal.detail, largest });
}
