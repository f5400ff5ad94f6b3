/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The maps. Both objects declare all of them: user space creates them once and
 * hands them to the second object by name. The sizes of `egress` and `ingress`
 * are user space's choice, made before the load.
 */
#ifndef PSHIM6_MAPS_H
#define PSHIM6_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "layout.h"

enum map_sizes {
	DEFAULT_SLOTS = 131072,
	/* Per event kind: one bucket for all sources together, then SOURCE_BUCKETS. */
	BUCKETS_PER_KIND = 1 + SOURCE_BUCKETS,
};

/*
 * Global variables: each section is an mmapable array of one element whose
 * address the loader writes into the program. Four look-ups a packet less, which
 * the bench rows insert and strip show at 1 and at 1,024 contexts.
 */
struct settings settings SEC(".bss.settings");
struct port ports[MAX_PORTS] SEC(".bss.ports");
struct uplink uplinks[MAX_UPLINKS] SEC(".bss.uplinks");
struct tunnels tunnels SEC(".bss.tunnels");
struct steering steering SEC(".bss.steering");
struct statistics statistics[MAX_PROCESSORS] SEC(".bss.statistics");
struct nat nat SEC(".bss.nat");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, DEFAULT_SLOTS);
	__type(key, __u32);
	__type(value, struct egress_entry);
} egress SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, DEFAULT_SLOTS);
	__type(key, __u32);
	__type(value, struct ingress_entry);
} ingress SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, MAX_PORTS);
	__type(key, __u32);
	__type(value, __u32);
} ports_redirect SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, EVENT_RING_BYTES);
} events SEC(".maps");

/* Octets of the largest packet that a path carries, where Packet Too Big has told (RFC 8201). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_PATH_MTUS);
	__type(key, struct path);
	__type(value, __u32);
} path_mtu SEC(".maps");

/* The box's own addresses, by link: what its ICMPv6 errors come from (RFC 4443 §2.2). None of a
 * link with tunnels: what came out of one cannot be answered on the link itself. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_PORTS);
	__type(key, struct link);
	__type(value, struct address);
} router_addresses SEC(".maps");

/* Theoretical arrival times, nanoseconds of bpf_ktime_get_ns; see events.h. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EVENT_KINDS *BUCKETS_PER_KIND);
	__type(key, __u32);
	__type(value, __u64);
} punt_buckets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, NAT_LOCATORS);
	__type(key, struct nat_locator_key);
	__type(value, struct nat_locator);
} nat_locators SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, NAT_LOCATORS);
	__type(key, struct address);
	__type(value, struct nat_host);
} nat_hosts SEC(".maps");

/* The value is the uplink. The programs write it, the least recently used goes first. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, NAT_FLOWS);
	__type(key, struct nat_flow);
	__type(value, __u32);
} nat_flows SEC(".maps");

#endif
