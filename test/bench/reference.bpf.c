// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * What the rows are held against. `bare` is the harness: nothing but the
 * redirect. `limit` adds what no table of this size can avoid: one slot of 128
 * octets, found by a hash of the packet, read whole, and one word of each of
 * its two cache lines written.
 */
#include "packets.h"
#include "../../bpf/hash.h"

enum departure {
	DEPARTURE_LIMIT = 0, /* what the zeroed slots hold */
	DEPARTURE_BARE = 1,
};

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} departures SEC(".maps");

struct slot {
	__u64 word[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2097152); /* a power of two; set before loading */
	__type(key, __u32);
	__type(value, struct slot);
} footprint SEC(".maps");

struct footprint_settings {
	__u32 shift; /* from a 64-bit hash to a slot */
	__u32 reserved;
	__u64 hash_key[HASH_WORDS];
};

struct footprint_settings footprint_settings SEC(".bss.footprint");

SEC("xdp")
int bare(struct xdp_md *xdp)
{
	return bpf_redirect_map(&departures, DEPARTURE_BARE, XDP_ABORTED);
}

SEC("xdp")
int limit(struct xdp_md *xdp)
{
	void *data = (void *)(long)xdp->data, *end = (void *)(long)xdp->data_end;
	struct host_frame *frame = data;

	if ((void *)(frame + 1) > end)
		return XDP_ABORTED;
	if (frame->ethernet.h_proto == bpf_htons(ETH_P_8021Q)) {
		frame = data + VLAN_TAG;
		if ((void *)(frame + 1) > end)
			return XDP_ABORTED;
	}
	const struct address *addresses = (const struct address *)&frame->ipv6.saddr;
	/* The hash of the egress table. */
	__u32 key = egress_hash(addresses, footprint_settings.hash_key) >> footprint_settings.shift;
	struct slot *slot = bpf_map_lookup_elem(&footprint, &key);

	if (!slot)
		return XDP_ABORTED;
	__u64 departure = 0;

#pragma unroll
	for (int i = 1; i < 15; i++)
		departure |= slot->word[i];
	slot->word[0]++;
	slot->word[15] += sizeof(*frame);
	/* The way out depends on what was read, as in a real table. */
	return bpf_redirect_map(&departures, departure, XDP_ABORTED);
}

char _license[] SEC("license") = "Dual BSD/GPL";
