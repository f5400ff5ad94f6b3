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

/* An address: 64 bits that are the same in all packets, and an identifier that follows from the
 * context's number, or is the same, too (factors of 0). */
struct end {
	__be32 prefix[2];
	__u32 factor[2];
	__be32 fixed[2];
};

enum {
	LENGTHS = 16,
};

struct generator {
	__u32 cursor; /* of the next choice */
	__u32 mask;   /* choices - 1 */
	__u32 lane;   /* key in `lanes` */
	__u32 turn;   /* of the next length */
	__u32 turns;  /* how many of length[] are set */
	__u32 frame;  /* octets of the longest frame, which is what the kernel hands over */
	__u32 vlan;   /* identifier of an 802.1Q tag; 0: none */
	__u32 sum;    /* of what the checksum covers but length and identifiers, as 16-bit words */
	__be32 ports;
	__u32 reserved;
	struct end source;
	struct end destination;
	__u32 length[LENGTHS];	   /* of the UDP datagrams, in turn */
	struct in6_addr tunnel[2]; /* source and destination of the outer header */
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

static __always_inline __u32 next_length(struct generator *state)
{
	__u32 turn = state->turn;

	state->turn = turn + 1 < state->turns ? turn + 1 : 0;
	return state->length[turn & (LENGTHS - 1)];
}

static __always_inline void write_ethernet(struct ethhdr *ethernet, __u32 vlan)
{
	__be16 *behind = (__be16 *)(ethernet + 1);

	__builtin_memcpy(ethernet->h_dest, "\x02\x00\x00\x00\x00\x0b", ETH_ALEN);
	__builtin_memcpy(ethernet->h_source, "\x02\x00\x00\x00\x00\x0a", ETH_ALEN);
	ethernet->h_proto = vlan ? bpf_htons(ETH_P_8021Q) : bpf_htons(ETH_P_IPV6);
	if (vlan) {
		behind[0] = bpf_htons(vlan);
		behind[1] = bpf_htons(ETH_P_IPV6);
	}
}

static __always_inline void write_ipv6(struct ipv6hdr *ipv6, __u8 next_header, __u16 length)
{
	*(__be32 *)ipv6 = bpf_htonl(FIRST_WORD);
	ipv6->payload_len = bpf_htons(length);
	ipv6->nexthdr = next_header;
	ipv6->hop_limit = HOP_LIMIT;
}

/* As the exit router puts it before a packet of `length` octets (RFC 2473 §3.1). */
static __always_inline void write_outer(struct ipv6hdr *outer, const struct generator *state,
					__u16 length)
{
	write_ipv6(outer, IPPROTO_IPV6, length);
	outer->saddr = state->tunnel[0];
	outer->daddr = state->tunnel[1];
}

/* Returns the sum of the identifier. */
static __always_inline __u64 write_address(struct in6_addr *address, const struct end *end,
					   __u32 context)
{
	__be32 high = bpf_htonl(context * end->factor[0]) ^ end->fixed[0];
	__be32 low = bpf_htonl(context * end->factor[1]) ^ end->fixed[1];

	address->in6_u.u6_addr32[0] = end->prefix[0];
	address->in6_u.u6_addr32[1] = end->prefix[1];
	address->in6_u.u6_addr32[2] = high;
	address->in6_u.u6_addr32[3] = low;
	return (__u64)high + low;
}

/* The rest of a longer datagram is zeros, as the kernel was given the frame. */
static __always_inline void write_datagram(struct datagram *datagram, const struct generator *state,
					   __u32 length, __u64 identifiers)
{
	__u64 sum = state->sum + 2ull * bpf_htons(length) + identifiers;

	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	*(__be32 *)&datagram->udp.source = state->ports;
	datagram->udp.len = bpf_htons(length);
	datagram->udp.check = sum == 0xffff ? 0xffff : (__u16)~sum;
	datagram->payload = bpf_htons(PAYLOAD);
}

static __always_inline int generate(struct xdp_md *xdp, struct generator *state,
				    const __u32 outer_length, const __u32 shim_length)
{
	__u32 context = next_choice(state), length = next_length(state);
	__u32 link = state->vlan ? sizeof(struct ethhdr) + VLAN_TAG : sizeof(struct ethhdr);
	__u32 inner_length = sizeof(struct ipv6hdr) + shim_length + length;
	__u32 cut = state->frame - link - outer_length - inner_length;
	struct payload_header *shim;
	struct datagram *datagram;
	struct ipv6hdr *ipv6;
	__u64 identifiers;
	void *data;

	if (cut && bpf_xdp_adjust_tail(xdp, -(int)cut))
		return XDP_ABORTED;
	data = (void *)(long)xdp->data;
	ipv6 = data + link + outer_length;
	shim = (void *)(ipv6 + 1);
	datagram = (void *)shim + shim_length;
	if ((void *)(datagram + 1) > (void *)(long)xdp->data_end)
		return XDP_ABORTED;
	write_ethernet(data, state->vlan);
	if (outer_length)
		write_outer(data + link, state, inner_length);
	write_ipv6(ipv6, shim_length ? IPPROTO_SHIM6 : IPPROTO_UDP, shim_length + length);
	identifiers = write_address(&ipv6->saddr, &state->source, context) +
		      write_address(&ipv6->daddr, &state->destination, context);
	if (shim_length) {
		__u32 tag = context * TAG_LOW;

		shim->next_header = IPPROTO_UDP;
		shim->length = 0;
		shim->tag_high = bpf_htons(0x8000 | tag >> 17);
		shim->tag_low = bpf_htonl(tag);
	}
	write_datagram(datagram, state, length, identifiers);
	return bpf_redirect_map(&lanes, state->lane, XDP_ABORTED);
}

SEC("xdp")
int generate_plain(struct xdp_md *xdp)
{
	struct generator *state = the_generator();

	return state ? generate(xdp, state, 0, 0) : XDP_ABORTED;
}

/* With a payload header, and ends that are locators: the checksum covers the ULIDs, which have
 * the same identifiers. */
SEC("xdp")
int generate_shimmed(struct xdp_md *xdp)
{
	struct generator *state = the_generator();

	return state ? generate(xdp, state, 0, sizeof(struct payload_header)) : XDP_ABORTED;
}

/* The same within a tunnel. */
SEC("xdp")
int generate_tunnelled(struct xdp_md *xdp)
{
	struct generator *state = the_generator();

	return state ? generate(xdp, state, sizeof(struct ipv6hdr), sizeof(struct payload_header))
		     : XDP_ABORTED;
}

char _license[] SEC("license") = "Dual BSD/GPL";
