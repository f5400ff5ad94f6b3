// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Makes the frames of the benchmark. Runs under BPF_PROG_TEST_RUN with
 * BPF_F_TEST_XDP_LIVE_FRAMES, which resets a recycled frame's pointers but not
 * its contents: so every octet is written again for every packet.
 */
#include "packets.h"

/* Sixteen at a time: an array's elements are at least 8 octets apart. */
struct choices {
	__u32 context[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 262144); /* a power of two; set before loading */
	__type(key, __u32);
	__type(value, struct choices);
} choices SEC(".maps");

struct generator {
	__u32 cursor; /* of the next choice */
	__u32 mask;   /* choices - 1 */
	__u32 lane;   /* key in `lanes` */
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct generator);
} generator SEC(".maps");

/* Where the rows of the benchmark begin: one interface each. */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u32);
} lanes SEC(".maps");

static __always_inline struct generator *the_generator(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&generator, &zero);
}

/* The context number of the next packet. */
static __always_inline __u32 next_choice(struct generator *state)
{
	__u32 position = state->cursor++ & state->mask;
	__u32 key = position / 16;
	struct choices *line = bpf_map_lookup_elem(&choices, &key);

	return line ? line->context[position % 16] : 0;
}

static __always_inline void write_ethernet(struct ethhdr *ethernet)
{
	__builtin_memcpy(ethernet->h_dest, "\x02\x00\x00\x00\x00\x0b", ETH_ALEN);
	__builtin_memcpy(ethernet->h_source, "\x02\x00\x00\x00\x00\x0a", ETH_ALEN);
	ethernet->h_proto = bpf_htons(ETH_P_IPV6);
}

static __always_inline void write_ipv6(struct ipv6hdr *ipv6, __u8 next_header, __u16 length)
{
	*(__be32 *)ipv6 = bpf_htonl(0x60000000);
	ipv6->payload_len = bpf_htons(length);
	ipv6->nexthdr = next_header;
	ipv6->hop_limit = HOP_LIMIT;
}

static __always_inline void write_address(struct in6_addr *address, __u32 first, __u32 second,
					  __u32 high, __u32 low)
{
	address->in6_u.u6_addr32[0] = bpf_htonl(first);
	address->in6_u.u6_addr32[1] = bpf_htonl(second);
	address->in6_u.u6_addr32[2] = high;
	address->in6_u.u6_addr32[3] = low;
}

/* The interface identifiers of a context, in network order. */
struct identifiers {
	__be32 source_high, source_low, destination_high, destination_low;
};

static __always_inline struct identifiers identifiers_of(__u32 context)
{
	return (struct identifiers){
	    .source_high = bpf_htonl(context * SOURCE_HIGH),
	    .source_low = bpf_htonl(context * SOURCE_LOW),
	    .destination_high = bpf_htonl(context * DESTINATION_HIGH),
	    .destination_low = bpf_htonl(context * DESTINATION_LOW),
	};
}

/* `fixed`: the sum of the pseudo-header's words that no context changes. */
static __always_inline void write_datagram(struct datagram *datagram, __u64 fixed,
					   struct identifiers ends)
{
	__u64 sum = fixed + bpf_htonl(SOURCE_PORT << 16 | DESTINATION_PORT) +
		    bpf_htons(sizeof(*datagram)) + bpf_htons(PAYLOAD) +
		    bpf_htons(sizeof(*datagram)) + bpf_htons(IPPROTO_UDP) + ends.source_high +
		    ends.source_low + ends.destination_high + ends.destination_low;

	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	datagram->udp.source = bpf_htons(SOURCE_PORT);
	datagram->udp.dest = bpf_htons(DESTINATION_PORT);
	datagram->udp.len = bpf_htons(sizeof(*datagram));
	datagram->udp.check = sum == 0xffff ? 0xffff : (__u16)~sum;
	datagram->payload = bpf_htons(PAYLOAD);
}

/* fc00:db8:1::/48 and fc00:db8:2::/48, as the checksum sees them: it covers ULIDs
 * on both sides of the box. */
#define ULID_PREFIX_SUM                                                                            \
	(2ull * bpf_htonl(0xfc000db8) + (__u64)bpf_htonl(0x00010000) + bpf_htonl(0x00020000))

SEC("xdp")
int generate_inside(struct xdp_md *xdp)
{
	struct host_frame *frame = (void *)(long)xdp->data;
	struct generator *state = the_generator();

	if (!state || (void *)(frame + 1) > (void *)(long)xdp->data_end)
		return XDP_ABORTED;
	struct identifiers ends = identifiers_of(next_choice(state));

	write_ethernet(&frame->ethernet);
	write_ipv6(&frame->ipv6, IPPROTO_UDP, sizeof(frame->datagram));
	write_address(&frame->ipv6.saddr, 0xfc000db8, 0x00010000, ends.source_high,
		      ends.source_low);
	write_address(&frame->ipv6.daddr, 0xfc000db8, 0x00020000, ends.destination_high,
		      ends.destination_low);
	write_datagram(&frame->datagram, ULID_PREFIX_SUM, ends);
	return bpf_redirect_map(&lanes, state->lane, XDP_ABORTED);
}

/* The same traffic as it comes back: the peer's ULID is the destination of the
 * other direction, so its identifiers come first here. */
SEC("xdp")
int generate_outside(struct xdp_md *xdp)
{
	struct shim_frame *frame = (void *)(long)xdp->data;
	struct generator *state = the_generator();

	if (!state || (void *)(frame + 1) > (void *)(long)xdp->data_end)
		return XDP_ABORTED;
	__u32 context = next_choice(state);
	struct identifiers ends = identifiers_of(context);
	__u32 tag = context * TAG_LOW;

	write_ethernet(&frame->ethernet);
	write_ipv6(&frame->ipv6, IPPROTO_SHIM6, sizeof(frame->shim) + sizeof(frame->datagram));
	write_address(&frame->ipv6.saddr, 0x20010db8, 0x00210000, ends.destination_high,
		      ends.destination_low);
	write_address(&frame->ipv6.daddr, 0x20010db8, 0x00110000, ends.source_high,
		      ends.source_low);
	frame->shim.next_header = IPPROTO_UDP;
	frame->shim.length = 0;
	frame->shim.tag_high = bpf_htons(0x8000 | tag >> 17);
	frame->shim.tag_low = bpf_htonl(tag);
	write_datagram(&frame->datagram, ULID_PREFIX_SUM, ends);
	return bpf_redirect_map(&lanes, state->lane, XDP_ABORTED);
}

char _license[] SEC("license") = "Dual BSD/GPL";
