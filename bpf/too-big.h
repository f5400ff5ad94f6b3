/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Packet Too Big (RFC 4443 §3.2), written over the packet that it is about and sent
 * back by the link that it came by. No link takes less than 1280 octets, so the packet
 * has more: the error has exactly as many, and quotes all that they hold.
 *
 * What cannot be answered here is punted, and the controller answers: where it has
 * named no address for the link, the frame was sent to more than one station, or the
 * extension headers are more than are followed.
 */
#ifndef PSHIM6_TOO_BIG_H
#define PSHIM6_TOO_BIG_H

#include "events.h"
#include "icmp6.h"
#include "rewrite.h"

/* Every link carries this much, and hosts need not believe in less (RFC 8200 §5). */
enum mtu_limits {
	MINIMUM_MTU = 1280,
};

struct too_big {
	struct ipv6_header ipv6;
	__u8 type;
	__u8 code;
	__u16 checksum;
	__be32 mtu;
};

enum too_big_fields {
	ICMP6_TOO_BIG = 2,
	ICMP6_FIRST_INFORMATIONAL = 128,
	TOO_BIG_HOP_LIMIT = 64,
	TOO_BIG_LENGTH = MINIMUM_MTU - IPV6_LENGTH,
	VLAN_IDENTIFIER = 0xfff, /* of a tag's second half */
	MULTICAST = 0xff,	 /* first octet of an IPv6 address */
	/* More is not taken by bpf_csum_diff() at once. */
	SUMMED_AT_ONCE = 512,
};

/* The box's address where the frame came in, or NULL. */
static __always_inline const struct address *router_address(const struct xdp_md *xdp,
							    const struct frame *frame)
{
	const __be16 *tag = frame->data + LINK_LENGTH - 2;
	struct link link = {.ifindex = xdp->ingress_ifindex};

	if (frame->link_length == TAGGED_LINK_LENGTH) {
		if (tag[0] != bpf_htons(TYPE_CUSTOMER_TAG))
			return NULL;
		link.vlan = bpf_ntohs(tag[1]) & VLAN_IDENTIFIER;
	}
	return bpf_map_lookup_elem(&router_addresses, &link);
}

/* What is behind all options and the payload header, if there is one: of 8 octets, it is
 * stepped over like them. */
static __always_inline enum walk_result find_upper_layer(const struct frame *frame,
							 struct position *at)
{
	__u8 segments_left;

	start_walk(frame, at);
	for (int i = 0; i <= EXTENSIONS; i++) {
		enum walk_result result;

		if (!may_step(at) && at->next_header != NEXT_SHIM6)
			return WALK_DONE;
		result = step(frame, at, &segments_left);
		if (result != WALK_DONE)
			return result;
	}
	return may_step(at) ? WALK_TOO_LONG : WALK_DONE;
}

/* Is it an ICMPv6 error, or its source no single node's address (RFC 4443 §2.4 e)? */
static __always_inline int draws_no_error(const struct frame *frame, const struct position *at)
{
	const struct address *source = &frame->ipv6->address[0];
	const __u8 *type = (void *)frame->ipv6 + opaque(at->offset);

	if (*(const __u8 *)source == MULTICAST || (!half(source, 0) && !half(source, 1)))
		return 1;
	return at->next_header == NEXT_ICMP6 && (void *)(type + 1) <= frame->end &&
	       *type < ICMP6_FIRST_INFORMATIONAL;
}

/* Of the error, whose length and next header make up the rest of the pseudo-header. */
static __always_inline __u16 too_big_checksum(struct too_big *error)
{
	__u32 *octets = error->ipv6.address[0].word;
	const __u32 rest = MINIMUM_MTU - __builtin_offsetof(struct ipv6_header, address);
	__u32 sum = bpf_htons(TOO_BIG_LENGTH + NEXT_ICMP6);

	sum = bpf_csum_diff(NULL, 0, octets, SUMMED_AT_ONCE, sum);
	octets += SUMMED_AT_ONCE / sizeof(*octets);
	sum = bpf_csum_diff(NULL, 0, octets, SUMMED_AT_ONCE, sum);
	octets += SUMMED_AT_ONCE / sizeof(*octets);
	sum = bpf_csum_diff(NULL, 0, octets, rest - 2 * SUMMED_AT_ONCE, sum);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* Writes the error before the packet, which the frame holds whole behind 48 octets of room.
 * False is never returned, but the verifier wants it. */
static __always_inline int write_too_big(struct xdp_md *xdp, __u32 link, const struct address *own,
					 __u32 mtu)
{
	void *data = (void *)(long)xdp->data;
	void *end = (void *)(long)xdp->data_end;
	void *before = data + sizeof(struct too_big);
	struct too_big *error = data + link;
	struct ipv6_header *quoted = (void *)(error + 1);

	if (before + TAGGED_LINK_LENGTH > end || (void *)error + MINIMUM_MTU > end)
		return 0;
	/* Addresses swapped, tag and type as they were. */
	*(__u32 *)data = *(__u32 *)(before + 6);
	*(__u16 *)(data + 4) = *(__u16 *)(before + 10);
	*(__u32 *)(data + 6) = *(__u32 *)before;
	*(__u16 *)(data + 10) = *(__u16 *)(before + 4);
	*(__u16 *)(data + 12) = *(__u16 *)(before + 12);
	if (link == TAGGED_LINK_LENGTH)
		*(__u32 *)(data + 14) = *(__u32 *)(before + 14);

	error->ipv6.head =
	    bpf_cpu_to_be64(6ull << HEAD_VERSION | TOO_BIG_LENGTH << HEAD_PAYLOAD_LENGTH |
			    NEXT_ICMP6 << HEAD_NEXT_HEADER | TOO_BIG_HOP_LIMIT << HEAD_HOP_LIMIT);
	copy_address(&error->ipv6.address[0], own);
	copy_address(&error->ipv6.address[1], &quoted->address[0]);
	error->type = ICMP6_TOO_BIG;
	error->code = 0;
	error->checksum = 0;
	error->mtu = bpf_htonl(mtu);
	error->checksum = too_big_checksum(error);
	return 1;
}

/*
 * Tells the sender of the packet, which wanted a punt of `kind`, that no more than `mtu`
 * octets get through: an XDP action, or PUNT. A function of its own, which parses the
 * frame anew and of whose work the verifier sees one number.
 */
__noinline int answer_too_big(struct xdp_md *xdp, __u32 kind, __u32 mtu)
{
	const struct address *own;
	struct position upper;
	struct frame frame;
	__u32 link;
	__u64 length;

	if (parse_frame(xdp, &frame) != PARSED_IPV6 || frame.length <= MINIMUM_MTU)
		return PUNT;
	own = router_address(xdp, &frame);
	if (!own || find_upper_layer(&frame, &upper) != WALK_DONE)
		return PUNT;
	kind = kind == EVENT_TOO_BIG ? EVENT_TOO_BIG : EVENT_OUTSIDE_TOO_BIG;
	if (draws_no_error(&frame, &upper) || !within_limits(kind, &frame.ipv6->address[0]))
		return drop(limited_reason(kind));

	link = known_length(frame.link_length);
	if (bpf_xdp_adjust_head(xdp, -(int)sizeof(struct too_big)))
		return PUNT;
	length = opaque((void *)(long)xdp->data_end - (void *)(long)xdp->data);
	if (bpf_xdp_adjust_tail(xdp, (int)(link + MINIMUM_MTU) - (int)length))
		return drop(DROP_MALFORMED);
	if (!write_too_big(xdp, link, own, mtu < MINIMUM_MTU ? MINIMUM_MTU : mtu))
		return drop(DROP_MALFORMED);
	return answer();
}

#endif
