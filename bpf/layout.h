/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Every structure, constant and enumeration that the XDP programs share with
 * the controller. control/dataplane/layout.generated.ts is generated from the
 * BTF of these (make -C bpf layout): change them here and nowhere else.
 *
 * Addresses are 16 octets in network order, MAC addresses 6 octets in wire
 * order; every other field is in host order unless it says otherwise.
 */
#ifndef PSHIM6_LAYOUT_H
#define PSHIM6_LAYOUT_H

#include <linux/types.h>

struct address {
	__u32 word[4];
};

/* ---- context tables (shared memory: the controller writes through mmap) ---- */

/*
 * Both tables are open-addressed with linear probing. The upper bits of a key's
 * hash name the first slot; at most PROBE_LIMIT slots are examined from there,
 * the first following the last. SLOT_EMPTY ends the search, SLOT_TOMBSTONE does
 * not. The controller is the only writer of everything but the counters and
 * ticks; it fills a slot and then publishes it by one aligned 32-bit store of
 * `control`.
 */
enum table_limits {
	PROBE_LIMIT = 128,
	PATHS = 2,
	PEER_LOCATORS = 4,
	ANY_SOURCE = 255,
	UPLINK_NONE = 255,
	PORT_NONE = 255,
};

enum slot_state {
	SLOT_EMPTY = 0,
	SLOT_TOMBSTONE = 1,
	/* Packets waiting for the handshake are being released through the
	 * injection port: frames from any other port are punted, to wait behind. */
	SLOT_DRAINING = 2,
	SLOT_LIVE = 3,
};

/* egress_entry.control: bits 0..7 slot_state, bit 8 the active path, bit 9 whether
 * steering rules may name the pair, bits 10..15 the fork, bits 16..23 and 24..31 for
 * each path the index into uplinks, or UPLINK_NONE: no such path. */
enum control_word {
	CONTROL_STATE_MASK = 0xff,
	CONTROL_ACTIVE_SHIFT = 8,
	CONTROL_STEERED = 0x200,
	CONTROL_FORK_SHIFT = 10,
	CONTROL_FORK_MASK = 0xfc00,
	CONTROL_UPLINK_SHIFT = 16,
};

struct locator_pair {
	struct address source;
	struct address destination;
};

/* Egress table: (source ULID, destination ULID, fork) -> where and how to send. */
struct egress_entry {
	struct address source_ulid;
	struct address destination_ulid;
	/* The payload header with CT(peer) as it is on the wire, its Next Header 0. */
	__u64 payload_header;
	__u32 control;
	__u32 last_sent; /* settings.tick when the last packet left; data path writes */
	__u64 packets;	 /* data path writes, without atomics: a statistic */
	__u64 bytes;	 /* IPv6 octets as sent by the host */
	struct locator_pair path[PATHS];
};
_Static_assert(sizeof(struct egress_entry) == 128, "two cache lines");

/*
 * Ingress table: local context tag -> whose packet it is. `control` and `tag_low`
 * are the payload header with CT(local) as it is on the wire, but for its first
 * octet, which is the slot_state.
 */
struct ingress_entry {
	__u32 control;
	__u32 tag_low;
	__u32 last_received;	   /* settings.tick; data path writes */
	__u8 host_mac[6];	   /* next hop toward the host, valid when port != PORT_NONE */
	__u8 port;		   /* index into ports, or PORT_NONE: leave it to the kernel */
	__u8 peer_locators;	   /* how many of peer_locator[] are set, or ANY_SOURCE will do */
	__u32 packets;		   /* data path writes; wraps, the controller's scan extends it */
	__u64 bytes;		   /* IPv6 octets as delivered to the host */
	struct address peer_ulid;  /* becomes the source */
	struct address local_ulid; /* becomes the destination */
	struct address peer_locator[PEER_LOCATORS];
};
_Static_assert(sizeof(struct ingress_entry) == 128, "two cache lines");

/* ---- small tables ---- */

/* An interface that frames leave by. Its index is also its key in the devmap
 * `ports_redirect`. */
struct port {
	__u8 link[18]; /* the Ethernet header of frames that leave, but for its destination */
	__u16 mtu;     /* largest IPv6 packet, octets */
	__u32
	    link_length; /* octets of link[] used: 14, or 18 with an 802.1Q tag; 0: no such port */
	__u32 reserved[2];
};

/* A provider. Flipping `link_length` moves every context that uses it in the next packet. */
struct uplink {
	__u8 link[18];	       /* the Ethernet header of frames to the provider's router */
	__u16 mtu;	       /* largest IPv6 packet toward this provider, octets */
	__u32 port;	       /* index into ports */
	__u32 link_length;     /* as of its port while the provider is up, 0 while it is down */
	__u32 tunnelled;       /* 1: by tunnels.tunnel[], under the same index */
} __attribute__((aligned(8))); /* link_length and tunnelled are read as one word, too */

/* The way to an exit router: both ends' addresses, in the header around each packet. */
struct tunnel {
	struct address local;
	struct address remote;
};

struct prefix {
	struct address address;
	__u32 length; /* bits, 0..128 */
	__u32 reserved[3];
};

enum settings_limits {
	MAX_PORTS = 64,
	MAX_UPLINKS = 32,
	MAX_PATH_MTUS = 4096,
	MAX_SITE_PREFIXES = 8,
	MAX_ULID_PREFIXES = 4,
	HASH_WORDS = 4,
	SOURCE_BUCKETS = 256,
	MAX_PROCESSORS = 1024,
};

enum settings_flags {
	/* Do not deliver payload whose outer source is not one of the peer's locators. */
	SETTING_STRICT_SOURCE = 1,
	/* Hosts' TCP SYNs announce no larger segments than fit with the payload header. */
	SETTING_CLAMP_MSS = 2,
};

struct tunnels {
	__u32 used; /* of tunnel[], from the first; those of direct uplinks are zeros */
	__u32 reserved[3];
	struct tunnel tunnel[MAX_UPLINKS]; /* by uplink */
};

/* ---- NATv6: packets between hosts of the site and peers without SHIM6 ---- */

enum nat_limits {
	/* A pair of addresses falls into one of these, by the upper bits of its hash. */
	NAT_BUCKETS = 256,
	NAT_CHOICES = 8,
	NAT_FLOWS = 65536,
	NAT_LOCATORS = 262144,
};

enum nat_flags {
	NAT_ENABLED = 1,
	/* A TCP segment whose provider is down takes another one, unannounced. */
	NAT_SILENT = 2,
};

/* The policy, written by the controller. */
struct nat {
	__u32 flags;
	__u32 provider_prefixes; /* how many of provider_prefix[] are set */
	/* As settings.hash_key, but the same for ever: a pair keeps its provider. */
	__u64 hash_key[HASH_WORDS];
	/* Uplinks for the packets of a bucket, best first; UPLINK_NONE ends the list. */
	__u8 choice[NAT_BUCKETS][NAT_CHOICES];
	/* What providers delegated: destinations in here are no legacy peers. */
	struct prefix provider_prefix[MAX_UPLINKS];
};

/* Key of nat_locators: a host's locator by one provider. */
struct nat_locator_key {
	struct address ulid;
	__u32 uplink;
};

/* Deltas are added to a checksum's complement, both as 16-bit words in network order
 * (RFC 1624): 0 where the addresses have the same sum (RFC 6296 §3.1). */
struct nat_locator {
	struct address locator;
	__u16 delta; /* of the CMULA's replacement by the locator */
	__u16 reserved;
};

/* Of nat_hosts, by locator. */
struct nat_host {
	struct address ulid;
	__u16 delta;	  /* of the locator's replacement by the CMULA */
	__u8 host_mac[6]; /* next hop toward the host, valid when port != PORT_NONE */
	__u8 port;	  /* index into ports, or PORT_NONE: leave it to the kernel */
	__u8 uplink;	  /* whose locator it is */
	__u16 reserved;
};

/* Key of nat_flows, a cache: flows that use another uplink than choice[][0]. Ports are in
 * network order; the identifier stands for both in an echo; 0 where there are none. */
struct nat_flow {
	struct address host; /* its CMULA */
	struct address peer;
	__u16 host_port;
	__u16 peer_port;
	__u8 protocol; /* of a fragmented packet 44, without ports */
	__u8 reserved[3];
};

/* ---- steering: which packets take a forked context ---- */

enum steering_limits {
	MAX_STEERING_RULES = 32,
	MAX_FORKS = 64, /* the default context, 0, among them */
	ANY_PROTOCOL = 255,
};

struct steering_rule {
	struct prefix source;
	struct prefix destination;
	__u16 source_port[2]; /* first and last, host order */
	__u16 destination_port[2];
	__u8 has_ports; /* 0: packets without ports match, too */
	__u8 protocol;	/* of the header behind all options, or ANY_PROTOCOL */
	__u8 traffic_class;
	__u8 traffic_class_mask;
	__u32 fork;
};

/* The first rule that matches counts. */
struct steering {
	__u32 rules; /* how many of rule[] are set */
	__u32 reserved[3];
	struct steering_rule rule[MAX_STEERING_RULES];
};

/* Why a frame is handed to the controller. */
enum event_kind {
	EVENT_CONTROL = 0,	     /* a SHIM6 control message arrived (P = 0) */
	EVENT_MISS = 1,		     /* a host's packet to a ULID without a context */
	EVENT_UNKNOWN_TAG = 2,	     /* payload for a context tag that is not ours */
	EVENT_TOO_BIG = 3,	     /* a host's packet too big for its path, not answered */
	EVENT_HOP_LIMIT = 4,	     /* a host's packet whose hop limit ran out */
	EVENT_NO_UPLINK = 5,	     /* a host's packet whose paths are all down */
	EVENT_FOREIGN_SOURCE = 6,    /* payload of a context of ours from no locator of its peer */
	EVENT_ICMP_ERROR = 7,	     /* an ICMPv6 error about a packet that was shimmed here */
	EVENT_OUTSIDE_TOO_BIG = 8,   /* a packet too big for the link to its host, not answered */
	EVENT_OUTSIDE_HOP_LIMIT = 9, /* payload whose hop limit ran out on arrival */
	EVENT_FRAGMENT = 10, /* a host's packet that every path must take and this one does not */
	EVENT_NAT_LOST = 11, /* a host's segment of a TCP connection whose provider is down */
	EVENT_FORK = 12,     /* a packet for a forked context that is not there: it goes on */
	EVENT_KINDS = 13,
};

/* Of a packet on its way by an uplink to a peer's locator: key of the map `path_mtu`. */
struct path {
	struct address destination;
	__u32 uplink;
};

/* Where a frame came in: key of the map `router_addresses`. */
struct link {
	__u32 ifindex;
	__u32 vlan; /* 802.1Q VLAN identifier, 0: untagged */
};

/* What the programs must know of the site. */
struct settings {
	__u32 tick; /* the controller's coarse clock, steps of 100 ms */
	__u32 flags;
	__u32 egress_mask; /* slots - 1, a power of two less one */
	__u32 ingress_mask;
	__u64 hash_key[HASH_WORDS]; /* random and odd; see hash.h */
	__u32 egress_shift;	    /* hash >> shift is the first slot */
	__u32 ingress_shift;
	/* Bits in which all of ulid_prefix[] agree, of an address's first 4 octets as
	 * they are in memory: an address whose bits differ is no ULID. */
	__u32 ulid_mask;
	__u32 ulid_bits;
	__u32 injection_ifindex; /* frames from here pass SLOT_DRAINING; 0: none */
	__u32 site_prefixes;	 /* how many of site_prefix[] are set */
	__u32 ulid_prefixes;
	__u32 path_mtus; /* entries of the map path_mtu; 0: it need not be asked */
	struct prefix site_prefix[MAX_SITE_PREFIXES]; /* the site's own CMULA prefixes */
	struct prefix
	    ulid_prefix[MAX_ULID_PREFIXES]; /* destinations that are ULIDs: punted when unknown */
	/* Punt limits by event_kind, in all and per source bucket (SOURCE_BUCKETS by
	 * hashed IPv6 source): nanoseconds between punts, and the burst in nanoseconds.
	 * They hold as well for what is answered in place of a punt. */
	struct punt_limit {
		__u64 interval;
		__u64 burst;
		__u64 source_interval;
		__u64 source_burst;
	} punt_limit[EVENT_KINDS];
};

/* ---- events (ring buffer `events`): frames handed to the controller ---- */

enum event_limits {
	/* The most of a frame that is punted, octets. EVENT_CONTROL, EVENT_MISS,
	 * EVENT_ICMP_ERROR and EVENT_FRAGMENT need all of it (longer: DROP_PUNT_TOO_LONG), of the
	 * others the rest is cut off. Nearly what fits a page (4096 octets) beside the kernel's
	 * own, which is 3520: native XDP can be given no more. */
	EVENT_FRAME_MAX = 3504,
	EVENT_RING_BYTES = 4194304,
};

/* The record of a short frame ends earlier: `length` says how much of frame[] there is. */
struct event {
	__u8 kind;	      /* enum event_kind */
	__u8 path_uplink;     /* TOO_BIG: the uplink whose MTU it exceeds */
	__u16 length;	      /* of frame[], octets */
	__u32 ifindex;	      /* where it came in */
	__u16 mtu;	      /* TOO_BIG: the largest packet its sender gets through, octets */
	__u16 network_offset; /* of the IPv6 header in frame[] */
	__u32 fork;	      /* FORK: the one wanted */
	__u8 frame[EVENT_FRAME_MAX];
};
_Static_assert(sizeof(struct event) == 3520, "the longest ring record");

/* ---- statistics ---- */

enum drop_reason {
	DROP_MALFORMED = 0,	     /* truncated, wrong version, or lengths that disagree */
	DROP_EXTENSION_HEADERS = 1,  /* an extension header chain too long to follow */
	DROP_HEADROOM = 2,	     /* the driver left no room for the header */
	DROP_TOO_BIG = 3,	     /* exceeds the path's MTU, and its sender is not told */
	DROP_HOP_LIMIT = 4,	     /* hop limit ran out, above the punt limit */
	DROP_NO_UPLINK = 5,	     /* every path is down, above the punt limit */
	DROP_SOURCE_NOT_LOCATOR = 6, /* payload from no locator of the peer, above the punt limit */
	DROP_UNKNOWN_TAG = 7,	     /* payload for no context, above the punt limit */
	DROP_MISS_LIMITED = 8,	     /* no context yet, above the punt limit */
	DROP_CONTROL_LIMITED = 9,    /* control messages above the punt limit */
	DROP_RING_FULL = 10,	     /* the controller did not keep up */
	DROP_PUNT_TOO_LONG = 11,     /* frame too long to hand over whole */
	DROP_ULID_OUTSIDE = 12,	     /* a ULID as address on a provider's link */
	DROP_OUTSIDE_HOP_LIMIT = 13, /* payload with a spent hop limit, above the punt limit */
	DROP_NO_PORT = 14,	     /* the interface to leave by has gone */
	DROP_ICMP_LIMITED = 15,	     /* ICMPv6 errors about shimmed packets, above the punt limit */
	DROP_OUTSIDE_TOO_BIG = 16,   /* too big for its host, and its sender is not told */
	DROP_FRAGMENT_LIMITED = 17,  /* packets to be fragmented here, above the punt limit */
	DROP_NAT_LOST = 18,	     /* NATv6: its provider is down, above the punt limit */
	DROP_TUNNEL_CONGESTION = 19, /* marked CE in a tunnel, its sender knows no ECN */
	DROP_REASONS = 20,
};

/* What became of a frame: exactly one of these is counted for each. */
enum verdict_count {
	COUNT_FORWARDED = 0, /* rewritten and redirected */
	COUNT_TO_KERNEL = 1, /* restored, next hop left to the kernel */
	COUNT_PASSED = 2,    /* not ours: to the kernel unchanged */
	COUNT_PUNTED = 3,
	COUNT_DROPPED = 4,
	COUNT_ANSWERED = 5, /* its sender was told: Packet Too Big */
	COUNTS = 6,
};

/* What NATv6 did: these packets are also counted by their verdict. */
enum nat_count {
	NAT_OUTBOUND = 0,	  /* CMULA became locator */
	NAT_INBOUND = 1,	  /* locator became CMULA */
	NAT_UNKNOWN_PROTOCOL = 2, /* of them: addresses alone, since checksums are unknown */
	NAT_REMEMBERED = 3, /* flows noted because they came by another than their first provider */
	NAT_COUNTS = 4,
};

/* One for each processor. */
struct statistics {
	__u64 inside[COUNTS];
	__u64 outside[COUNTS];
	__u64 drops[DROP_REASONS];
	__u64 punts[EVENT_KINDS];
	__u64 nat[NAT_COUNTS];
	__u64 reserved[7];
};
_Static_assert(sizeof(struct statistics) == 448, "whole cache lines for each processor");

#endif
