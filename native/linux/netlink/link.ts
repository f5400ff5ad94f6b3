/** Network interfaces: struct ifinfomsg and IFLA_ attributes (linux/if_link.h). */
import {
  type Attribute,
  Attributes,
  attribute,
  Fields,
  nestedAttribute,
  textAttribute,
  u32Attribute,
} from './message.ts';
import { Names } from './names.ts';

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_SETLINK = 19;

const IFINFOMSG_LENGTH = 16;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_MASTER = 10;
const IFLA_OPERSTATE = 16;
const IFLA_LINKINFO = 18;
const IFLA_XDP = 43;
const IFLA_MAX_MTU = 51;
const IFLA_XDP_FD = 1;
const IFLA_XDP_FLAGS = 3;
const XDP_FLAGS_UPDATE_IF_NOEXIST = 1;
const XDP_FLAGS_SKB_MODE = 2;
const XDP_FLAGS_DRV_MODE = 4;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_VLAN_ID = 1;
const VETH_INFO_PEER = 1;
const IFF_UP = 1;
const IFF_LOWER_UP = 0x1_0000;
const MAC_LENGTH = 6;

/** RFC 2863 §6, ifOperStatus. */
const OPERATIONAL_STATES = new Names({
  unknown: 0,
  'not-present': 1,
  down: 2,
  'lower-layer-down': 3,
  testing: 4,
  dormant: 5,
  up: 6,
});

export interface LinkInfo {
  readonly index: number;
  readonly name: string;
  /** 6 octets; undefined for a link without Ethernet addresses. */
  readonly mac: Uint8Array | undefined;
  /** Bytes of the largest packet. */
  readonly mtu: number;
  /** What `mtu` can be set to at most, as it runs now: an XDP program may limit it. 0: not known. */
  readonly maxMtu: number;
  /** The administrator wants it up. */
  readonly up: boolean;
  /** The lower layer works (IFF_LOWER_UP): the cable is in, a veth's peer is up. */
  readonly carrier: boolean;
  /** RFC 2863 §6 ifOperStatus, 'unknown' for drivers that do not say. */
  readonly operationalState: ReturnType<(typeof OPERATIONAL_STATES)['name']>;
  /** As in `ip link add type`: veth, vlan, bridge, …; undefined for hardware. */
  readonly type: string | undefined;
  /** Of a veth: its other end, an index of the namespace where that is. */
  readonly peerIndex: number | undefined;
  /** Of a VLAN or another link that runs on top of one: the one below. */
  readonly lowerIndex: number | undefined;
  /** Of a VLAN: its identifier. */
  readonly vlan: number | undefined;
  /** Bridge, bond or VRF that it belongs to. */
  readonly masterIndex: number | undefined;
}

/** Undefined for messages of other families, which describe bridge ports and the like. */
export function decodeLink(payload: Uint8Array): LinkInfo | undefined {
  const fixed = new Fields(payload);
  if (fixed.u8(0) !== 0) return undefined;
  const attributes = new Attributes(payload, IFINFOMSG_LENGTH);
  const information = attributes.nested(IFLA_LINKINFO);
  const type = information?.text(IFLA_INFO_KIND);
  const related = attributes.u32(IFLA_LINK);
  const flags = fixed.u32(8);
  return {
    index: fixed.i32(4),
    name: attributes.text(IFLA_IFNAME) ?? '',
    mac: attributes.bytesOfLength(IFLA_ADDRESS, MAC_LENGTH),
    mtu: attributes.u32(IFLA_MTU) ?? 0,
    maxMtu: attributes.u32(IFLA_MAX_MTU) ?? 0,
    up: (flags & IFF_UP) !== 0,
    carrier: (flags & IFF_LOWER_UP) !== 0,
    operationalState: OPERATIONAL_STATES.name(attributes.u8(IFLA_OPERSTATE) ?? 0),
    type,
    peerIndex: type === 'veth' ? related : undefined,
    lowerIndex: type === 'veth' ? undefined : related,
    vlan: type === 'vlan' ? information?.nested(IFLA_INFO_DATA)?.u16(IFLA_VLAN_ID) : undefined,
    masterIndex: attributes.u32(IFLA_MASTER),
  };
}

export interface LinkChange {
  readonly up?: boolean;
  /** Bytes. */
  readonly mtu?: number;
  /** 6 octets. */
  readonly mac?: Uint8Array;
}

export interface Body {
  readonly fixed: Uint8Array;
  readonly attributes?: readonly Attribute[];
}

const ifinfomsg = (flags = 0, change = 0): Fields =>
  Fields.ofLength(IFINFOMSG_LENGTH).setU32(8, flags).setU32(12, change);

/** `program`: descriptor, or -1 for none. */
export function encodeXdp(ifindex: number, program: number, mode: 'native' | 'generic'): Body {
  const modeFlag = mode === 'native' ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
  const flags = program < 0 ? modeFlag : modeFlag | XDP_FLAGS_UPDATE_IF_NOEXIST;
  return {
    fixed: ifinfomsg().setU32(4, ifindex).bytes,
    attributes: [
      nestedAttribute(
        IFLA_XDP,
        u32Attribute(IFLA_XDP_FD, program >>> 0),
        u32Attribute(IFLA_XDP_FLAGS, flags),
      ),
    ],
  };
}

/** Names the link in a get, delete or dump request. */
export const encodeLinkName = (name?: string): Body => ({
  fixed: ifinfomsg().bytes,
  attributes: name === undefined ? [] : [textAttribute(IFLA_IFNAME, name)],
});

export const encodeLinkChange = (name: string, { up, mtu, mac }: LinkChange): Body => ({
  fixed: ifinfomsg(up === true ? IFF_UP : 0, up === undefined ? 0 : IFF_UP).bytes,
  attributes: [
    textAttribute(IFLA_IFNAME, name),
    ...(mtu === undefined ? [] : [u32Attribute(IFLA_MTU, mtu)]),
    ...(mac === undefined ? [] : [attribute(IFLA_ADDRESS, mac)]),
  ],
});

export function encodeVeth(name: string, peerName: string): Body {
  // The peer is described by a link message of its own inside the attribute.
  const peer = nestedAttribute(VETH_INFO_PEER, textAttribute(IFLA_IFNAME, peerName)).value;
  const description = new Uint8Array(IFINFOMSG_LENGTH + peer.length);
  description.set(peer, IFINFOMSG_LENGTH);
  return {
    fixed: ifinfomsg().bytes,
    attributes: [
      textAttribute(IFLA_IFNAME, name),
      nestedAttribute(
        IFLA_LINKINFO,
        textAttribute(IFLA_INFO_KIND, 'veth'),
        nestedAttribute(IFLA_INFO_DATA, attribute(VETH_INFO_PEER, description)),
      ),
    ],
  };
}
