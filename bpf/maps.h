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

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct settings);
} settings SEC(".maps");

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
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MAX_PORTS);
	__type(key, __u32);
	__type(value, struct port);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, MAX_PORTS);
	__type(key, __u32);
	__type(value, __u32);
} ports_redirect SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MAX_UPLINKS);
	__type(key, __u32);
	__type(value, struct uplink);
} uplinks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, EVENT_RING_BYTES);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct statistics);
} statistics SEC(".maps");

/* Theoretical arrival times, nanoseconds of bpf_ktime_get_ns; see events.h. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EVENT_KINDS *BUCKETS_PER_KIND);
	__type(key, __u32);
	__type(value, __u64);
} punt_buckets SEC(".maps");

#endif
