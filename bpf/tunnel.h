/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * IPv6-in-IPv6 tunnels to exit routers (RFC 2473): packets by a tunnelled uplink get
 * an IPv6 header around them, those that an exit router sends lose it. Congestion
 * marks go with them in RFC 6040's normal mode.
 *
 * The functions here are not inlined: the way of packets by direct uplinks stays as
 * it is, and the verifier sees these once.
 */
#ifndef PSHIM6_TUNNEL_H
#define PSHIM6_TUNNEL_H

#include "context.h"
#include "parse.h"
#include "rewrite.h"
#include "transport.h"

enum tunnel_header {
	TUNNEL_HOP_LIMIT = 64,
	HEAD_ECN = 52, /* where the two bits begin; see enum head */
	ECN_MASK = 3,
};

/* RFC 6040 §4.2, figure 4: two bits by inner and outer ECN, which are four of the index.
 * Not-ECT inside and CE outside, the one that is to be dropped, is told apart before. */
#define ECN_ENTRY(inner, outer, result) ((__u64)(result) << (((inner) << 2 | (outer)) * 2))
static const __u64 decapsulated_ecn = ECN_ENTRY(1, 0, 1) | ECN_ENTRY(1, 1, 1) | ECN_ENTRY(1, 2, 1) |
				      ECN_ENTRY(1, 3, 3) | ECN_ENTRY(2, 0, 2) | ECN_ENTRY(2, 1, 1) |
				      ECN_ENTRY(2, 2, 2) | ECN_ENTRY(2, 3, 3) | ECN_ENTRY(3, 0, 3) |
				      ECN_ENTRY(3, 1, 3) | ECN_ENTRY(3, 2, 3) | ECN_ENTRY(3, 3, 3);

/*
 * Puts the tunnel's header between the Ethernet header, `link_length` octets, and the
 * packet that is to leave by `uplink`. Traffic class and flow label are the packet's own
 * (RFC 6040 §4.1, RFC 6438). False if there is no headroom.
 */
__noinline int encapsulate(struct xdp_md *xdp, __u32 uplink, __u32 link_length)
{
	__u32 link = known_length(link_length);
	struct ipv6_header *outer, *inner;
	const struct tunnel *tunnel;
	void *data, *end;
	__u64 head;

	if (uplink >= MAX_UPLINKS || bpf_xdp_adjust_head(xdp, -IPV6_LENGTH))
		return 0;
	tunnel = &tunnels.tunnel[uplink];
	data = (void *)(long)xdp->data;
	end = (void *)(long)xdp->data_end;
	outer = data + link;
	inner = outer + 1;
	/* Never: the verifier does not know that both headers are there. */
	if ((void *)(inner + 1) > end)
		return 0;
	write_link(data, uplinks[uplink].link, link, uplinks[uplink].link);
	head = bpf_be64_to_cpu(inner->head);
	head &= ~((0xffffull << HEAD_PAYLOAD_LENGTH) | 0xffff);
	head |= ((bpf_be64_to_cpu(inner->head) >> HEAD_PAYLOAD_LENGTH & 0xffff) + IPV6_LENGTH)
		<< HEAD_PAYLOAD_LENGTH;
	head |= NEXT_IPV6 << HEAD_NEXT_HEADER | TUNNEL_HOP_LIMIT << HEAD_HOP_LIMIT;
	outer->head = bpf_cpu_to_be64(head);
	copy_address(&outer->address[0], &tunnel->local);
	copy_address(&outer->address[1], &tunnel->remote);
	return 1;
}

/* May the packet have come through a tunnel? Options may precede (RFC 2473 §5.1). */
static __always_inline int may_be_tunnelled(const struct frame *frame)
{
	return (next_header(frame) == NEXT_IPV6 ||
		next_header(frame) == NEXT_DESTINATION_OPTIONS) &&
	       tunnels.used;
}

static __always_inline int is_tunnel(const struct address pair[2])
{
	/* Between tunnels there are direct uplinks, whose ends are all zero: that is nobody's. */
	if (!(half(&pair[1], 0) | half(&pair[1], 1)))
		return 0;
	for (int i = 0; i < MAX_UPLINKS && i < tunnels.used; i++)
		if (equal_address(&tunnels.tunnel[i].remote, &pair[0]) &&
		    equal_address(&tunnels.tunnel[i].local, &pair[1]))
			return 1;
	return 0;
}

enum decapsulation {
	NOT_TUNNELLED, /* the frame is as it was */
	DECAPSULATED,
	TUNNEL_MALFORMED,
	TUNNEL_CONGESTION, /* RFC 6040 §4.2: lost to congestion that its sender cannot hear of */
};

/* Opens the packet, if it is an exit router's to this box: an enum decapsulation. */
__noinline int decapsulate(struct xdp_md *xdp)
{
	struct ipv6_header *inner;
	struct position at;
	struct frame frame;
	__u8 segments_left;
	__u64 head, ecn;
	void *to;

	if (parse_frame(xdp, &frame) != PARSED_IPV6 || !is_tunnel(frame.ipv6->address))
		return NOT_TUNNELLED;
	start_walk(&frame, &at);
	if (at.next_header == NEXT_DESTINATION_OPTIONS &&
	    step(&frame, &at, &segments_left) != WALK_DONE)
		return TUNNEL_MALFORMED;
	if (at.next_header != NEXT_IPV6)
		return NOT_TUNNELLED;
	inner = (void *)frame.ipv6 + opaque(at.offset);
	if (at.offset + IPV6_LENGTH > frame.length || (void *)(inner + 1) > frame.end)
		return TUNNEL_MALFORMED;

	head = bpf_be64_to_cpu(inner->head);
	if (at.offset + IPV6_LENGTH + (__u16)(head >> HEAD_PAYLOAD_LENGTH) > frame.length)
		return TUNNEL_MALFORMED;
	ecn = (head >> HEAD_ECN & ECN_MASK) << 2 | (frame.head >> HEAD_ECN & ECN_MASK);
	if (ecn == ECN_MASK)
		return TUNNEL_CONGESTION;
	head &= ~((__u64)ECN_MASK << HEAD_ECN);
	head |= (decapsulated_ecn >> ecn * 2 & ECN_MASK) << HEAD_ECN;
	inner->head = bpf_cpu_to_be64(head);
	to = (void *)inner - LINK_LENGTH;
	if (frame.link_length == TAGGED_LINK_LENGTH)
		to -= TAGGED_LINK_LENGTH - LINK_LENGTH;
	if (to < frame.data || to + TAGGED_LINK_LENGTH > frame.end)
		return TUNNEL_MALFORMED;
	/* The two places are at least 40 octets apart. */
	__builtin_memcpy(to, frame.data, LINK_LENGTH);
	if (frame.link_length == TAGGED_LINK_LENGTH)
		*(__u32 *)(to + LINK_LENGTH) = *(__u32 *)(frame.data + LINK_LENGTH);
	if (bpf_xdp_adjust_head(xdp, at.offset))
		return TUNNEL_MALFORMED;
	return DECAPSULATED;
}

#endif
