// Generated from the BTF of bpf/layout.h by generate-layout.ts; `make -C bpf layout` renews it.
// Offsets and sizes are in octets.

/** struct address */
export const Address = {
  size: 16,
  word: 0, // 16
} as const;

/** enum table_limits */
export const TableLimits = {
  PROBE_LIMIT: 128,
  PATHS: 2,
  PEER_LOCATORS: 4,
  ANY_SOURCE: 255,
  UPLINK_NONE: 255,
  PORT_NONE: 255,
} as const;

/** enum slot_state */
export const SlotState = {
  SLOT_EMPTY: 0,
  SLOT_TOMBSTONE: 1,
  SLOT_DRAINING: 2,
  SLOT_LIVE: 3,
} as const;

/** enum control_word */
export const ControlWord = {
  CONTROL_STATE_MASK: 255,
  CONTROL_ACTIVE_SHIFT: 8,
  CONTROL_STEERED: 512,
  CONTROL_FORK_SHIFT: 10,
  CONTROL_FORK_MASK: 64512,
  CONTROL_UPLINK_SHIFT: 16,
} as const;

/** struct locator_pair */
export const LocatorPair = {
  size: 32,
  source: 0, // 16
  destination: 16, // 16
} as const;

/** struct egress_entry */
export const EgressEntry = {
  size: 128,
  sourceUlid: 0, // 16
  destinationUlid: 16, // 16
  payloadHeader: 32, // 8
  control: 40, // 4
  lastSent: 44, // 4
  packets: 48, // 8
  bytes: 56, // 8
  path: 64, // 64
} as const;

/** struct ingress_entry */
export const IngressEntry = {
  size: 128,
  control: 0, // 4
  tagLow: 4, // 4
  lastReceived: 8, // 4
  hostMac: 12, // 6
  port: 18, // 1
  peerLocators: 19, // 1
  packets: 20, // 4
  bytes: 24, // 8
  peerUlid: 32, // 16
  localUlid: 48, // 16
  peerLocator: 64, // 64
} as const;

/** struct port */
export const Port = {
  size: 32,
  link: 0, // 18
  mtu: 18, // 2
  linkLength: 20, // 4
  reserved: 24, // 8
} as const;

/** struct uplink */
export const Uplink = {
  size: 32,
  link: 0, // 18
  mtu: 18, // 2
  port: 20, // 4
  linkLength: 24, // 4
  tunnelled: 28, // 4
} as const;

/** struct tunnel */
export const Tunnel = {
  size: 32,
  local: 0, // 16
  remote: 16, // 16
} as const;

/** struct prefix */
export const Prefix = {
  size: 32,
  address: 0, // 16
  length: 16, // 4
  reserved: 20, // 12
} as const;

/** enum settings_limits */
export const SettingsLimits = {
  MAX_PORTS: 64,
  MAX_UPLINKS: 32,
  MAX_PATH_MTUS: 4096,
  MAX_SITE_PREFIXES: 8,
  MAX_ULID_PREFIXES: 4,
  HASH_WORDS: 4,
  SOURCE_BUCKETS: 256,
  MAX_PROCESSORS: 1024,
} as const;

/** enum settings_flags */
export const SettingsFlags = {
  SETTING_STRICT_SOURCE: 1,
  SETTING_CLAMP_MSS: 2,
} as const;

/** struct tunnels */
export const Tunnels = {
  size: 1040,
  used: 0, // 4
  reserved: 4, // 12
  tunnel: 16, // 1024
} as const;

/** enum nat_limits */
export const NatLimits = {
  NAT_BUCKETS: 256,
  NAT_CHOICES: 8,
  NAT_FLOWS: 65536,
  NAT_LOCATORS: 262144,
} as const;

/** enum nat_flags */
export const NatFlags = {
  NAT_ENABLED: 1,
  NAT_SILENT: 2,
} as const;

/** struct nat */
export const Nat = {
  size: 3112,
  flags: 0, // 4
  providerPrefixes: 4, // 4
  hashKey: 8, // 32
  choice: 40, // 2048
  providerPrefix: 2088, // 1024
} as const;

/** struct nat_locator_key */
export const NatLocatorKey = {
  size: 20,
  ulid: 0, // 16
  uplink: 16, // 4
} as const;

/** struct nat_locator */
export const NatLocator = {
  size: 20,
  locator: 0, // 16
  delta: 16, // 2
  reserved: 18, // 2
} as const;

/** struct nat_host */
export const NatHost = {
  size: 28,
  ulid: 0, // 16
  delta: 16, // 2
  hostMac: 18, // 6
  port: 24, // 1
  uplink: 25, // 1
  reserved: 26, // 2
} as const;

/** struct nat_flow */
export const NatFlow = {
  size: 40,
  host: 0, // 16
  peer: 16, // 16
  hostPort: 32, // 2
  peerPort: 34, // 2
  protocol: 36, // 1
  reserved: 37, // 3
} as const;

/** enum steering_limits */
export const SteeringLimits = {
  MAX_STEERING_RULES: 32,
  MAX_FORKS: 64,
  ANY_PROTOCOL: 255,
} as const;

/** struct steering_rule */
export const SteeringRule = {
  size: 80,
  source: 0, // 32
  destination: 32, // 32
  sourcePort: 64, // 4
  destinationPort: 68, // 4
  hasPorts: 72, // 1
  protocol: 73, // 1
  trafficClass: 74, // 1
  trafficClassMask: 75, // 1
  fork: 76, // 4
} as const;

/** struct steering */
export const Steering = {
  size: 2576,
  rules: 0, // 4
  reserved: 4, // 12
  rule: 16, // 2560
} as const;

/** enum event_kind */
export const EventKind = {
  EVENT_CONTROL: 0,
  EVENT_MISS: 1,
  EVENT_UNKNOWN_TAG: 2,
  EVENT_TOO_BIG: 3,
  EVENT_HOP_LIMIT: 4,
  EVENT_NO_UPLINK: 5,
  EVENT_FOREIGN_SOURCE: 6,
  EVENT_ICMP_ERROR: 7,
  EVENT_OUTSIDE_TOO_BIG: 8,
  EVENT_OUTSIDE_HOP_LIMIT: 9,
  EVENT_FRAGMENT: 10,
  EVENT_NAT_LOST: 11,
  EVENT_FORK: 12,
  EVENT_KINDS: 13,
} as const;

/** struct path */
export const Path = {
  size: 20,
  destination: 0, // 16
  uplink: 16, // 4
} as const;

/** struct link */
export const Link = {
  size: 8,
  ifindex: 0, // 4
  vlan: 4, // 4
} as const;

/** struct settings */
export const Settings = {
  size: 880,
  tick: 0, // 4
  flags: 4, // 4
  egressMask: 8, // 4
  ingressMask: 12, // 4
  hashKey: 16, // 32
  egressShift: 48, // 4
  ingressShift: 52, // 4
  ulidMask: 56, // 4
  ulidBits: 60, // 4
  injectionIfindex: 64, // 4
  sitePrefixes: 68, // 4
  ulidPrefixes: 72, // 4
  pathMtus: 76, // 4
  sitePrefix: 80, // 256
  ulidPrefix: 336, // 128
  puntLimit: 464, // 416
} as const;

/** struct punt_limit */
export const PuntLimit = {
  size: 32,
  interval: 0, // 8
  burst: 8, // 8
  sourceInterval: 16, // 8
  sourceBurst: 24, // 8
} as const;

/** enum event_limits */
export const EventLimits = {
  EVENT_FRAME_MAX: 3504,
  EVENT_RING_BYTES: 4194304,
} as const;

/** struct event */
export const Event = {
  size: 3520,
  kind: 0, // 1
  pathUplink: 1, // 1
  length: 2, // 2
  ifindex: 4, // 4
  mtu: 8, // 2
  networkOffset: 10, // 2
  fork: 12, // 4
  frame: 16, // 3504
} as const;

/** enum drop_reason */
export const DropReason = {
  DROP_MALFORMED: 0,
  DROP_EXTENSION_HEADERS: 1,
  DROP_HEADROOM: 2,
  DROP_TOO_BIG: 3,
  DROP_HOP_LIMIT: 4,
  DROP_NO_UPLINK: 5,
  DROP_SOURCE_NOT_LOCATOR: 6,
  DROP_UNKNOWN_TAG: 7,
  DROP_MISS_LIMITED: 8,
  DROP_CONTROL_LIMITED: 9,
  DROP_RING_FULL: 10,
  DROP_PUNT_TOO_LONG: 11,
  DROP_ULID_OUTSIDE: 12,
  DROP_OUTSIDE_HOP_LIMIT: 13,
  DROP_NO_PORT: 14,
  DROP_ICMP_LIMITED: 15,
  DROP_OUTSIDE_TOO_BIG: 16,
  DROP_FRAGMENT_LIMITED: 17,
  DROP_NAT_LOST: 18,
  DROP_TUNNEL_CONGESTION: 19,
  DROP_REASONS: 20,
} as const;

/** enum verdict_count */
export const VerdictCount = {
  COUNT_FORWARDED: 0,
  COUNT_TO_KERNEL: 1,
  COUNT_PASSED: 2,
  COUNT_PUNTED: 3,
  COUNT_DROPPED: 4,
  COUNT_ANSWERED: 5,
  COUNTS: 6,
} as const;

/** enum nat_count */
export const NatCount = {
  NAT_OUTBOUND: 0,
  NAT_INBOUND: 1,
  NAT_UNKNOWN_PROTOCOL: 2,
  NAT_REMEMBERED: 3,
  NAT_COUNTS: 4,
} as const;

/** struct statistics */
export const Statistics = {
  size: 448,
  inside: 0, // 48
  outside: 48, // 48
  drops: 96, // 160
  punts: 256, // 104
  nat: 360, // 32
  reserved: 392, // 56
} as const;

/** enum drop_reason, by value: the name people read and what it means. */
export const dropReasons = [
  { name: 'malformed', meaning: "truncated, wrong version, or lengths that disagree" },
  { name: 'extension-headers', meaning: "an extension header chain too long to follow" },
  { name: 'headroom', meaning: "the driver left no room for the header" },
  { name: 'too-big', meaning: "exceeds the path's MTU, and its sender is not told" },
  { name: 'hop-limit', meaning: "hop limit ran out, above the punt limit" },
  { name: 'no-uplink', meaning: "every path is down, above the punt limit" },
  { name: 'source-not-locator', meaning: "payload from no locator of the peer, above the punt limit" },
  { name: 'unknown-tag', meaning: "payload for no context, above the punt limit" },
  { name: 'miss-limited', meaning: "no context yet, above the punt limit" },
  { name: 'control-limited', meaning: "control messages above the punt limit" },
  { name: 'ring-full', meaning: "the controller did not keep up" },
  { name: 'punt-too-long', meaning: "frame too long to hand over whole" },
  { name: 'ulid-outside', meaning: "a ULID as address on a provider's link" },
  { name: 'outside-hop-limit', meaning: "payload with a spent hop limit, above the punt limit" },
  { name: 'no-port', meaning: "the interface to leave by has gone" },
  { name: 'icmp-limited', meaning: "ICMPv6 errors about shimmed packets, above the punt limit" },
  { name: 'outside-too-big', meaning: "too big for its host, and its sender is not told" },
  { name: 'fragment-limited', meaning: "packets to be fragmented here, above the punt limit" },
  { name: 'nat-lost', meaning: "NATv6: its provider is down, above the punt limit" },
  { name: 'tunnel-congestion', meaning: "marked CE in a tunnel, its sender knows no ECN" },
] as const;

/** enum event_kind, by value: the name people read and what it means. */
export const eventKinds = [
  { name: 'control', meaning: "a SHIM6 control message arrived (P = 0)" },
  { name: 'miss', meaning: "a host's packet to a ULID without a context" },
  { name: 'unknown-tag', meaning: "payload for a context tag that is not ours" },
  { name: 'too-big', meaning: "a host's packet too big for its path, not answered" },
  { name: 'hop-limit', meaning: "a host's packet whose hop limit ran out" },
  { name: 'no-uplink', meaning: "a host's packet whose paths are all down" },
  { name: 'foreign-source', meaning: "payload of a context of ours from no locator of its peer" },
  { name: 'icmp-error', meaning: "an ICMPv6 error about a packet that was shimmed here" },
  { name: 'outside-too-big', meaning: "a packet too big for the link to its host, not answered" },
  { name: 'outside-hop-limit', meaning: "payload whose hop limit ran out on arrival" },
  { name: 'fragment', meaning: "a host's packet that every path must take and this one does not" },
  { name: 'nat-lost', meaning: "a host's segment of a TCP connection whose provider is down" },
  { name: 'fork', meaning: "a packet for a forked context that is not there: it goes on" },
] as const;
