/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Where the upper-layer header of an IPv6 packet is, and which of its octets are
 * a checksum that covers the packet's addresses. Nothing here writes.
 */
#ifndef PSHIM6_TRANSPORT_H
#define PSHIM6_TRANSPORT_H

#include "icmp6.h"
#include "parse.h"

enum upper_layer {
	NEXT_IPV4 = 4,
	NEXT_TCP = 6,
	NEXT_UDP = 17,
	NEXT_DCCP = 33,
	NEXT_IPV6 = 41,
	NEXT_FRAGMENT = 44,
	NEXT_GRE = 47,
	NEXT_ESP = 50,
	NEXT_AUTHENTICATION = 51,
	NEXT_NONE = 59,
	NEXT_SCTP = 132,
	NEXT_MOBILITY = 135,
	NEXT_UDP_LITE = 136,
	NEXT_HIP = 139,
};

enum transport_limits {
	/* Extension headers followed; those of RFC 8200 §4.1 are five. */
	TRANSPORT_EXTENSIONS = 8,
	/* More than the greatest offset used, for the verifier. */
	OFFSET_MASK = 0x7ff,
};

enum fragment_field {
	FRAGMENT_OFFSET = 0xfff8,
	FRAGMENT_MORE = 1,
};

/* Offsets are from the (outer) IPv6 header. */
struct transport {
	__u32 offset;	/* of the upper-layer header; 0: not in this packet */
	__u32 checksum; /* 0: none that covers addresses, or not in this packet */
	__u32 limit;	/* where the packet ends */
	__u8 protocol;
	__u8 fragment; /* one of several */
	__u8 routed;   /* a Routing header has segments left: the destination is not the last */
	__u8 reserved;
};

/* A place in the packet, for the caller to check against frame->end. */
static __always_inline void *packet_at(const struct frame *frame, __u32 offset)
{
	return (void *)frame->ipv6 + (opaque(offset) & OFFSET_MASK);
}

/* Octets from the upper-layer header to its checksum over the pseudo-header (RFC 8200
 * §8.1), or 0. SCTP's covers no addresses. */
static __always_inline __u32 checksum_place(__u8 protocol)
{
	switch (protocol) {
	case NEXT_TCP:
		return 16;
	case NEXT_UDP:
	case NEXT_UDP_LITE:
	case NEXT_DCCP:
		return 6;
	case NEXT_ICMP6:
		return 2;
	case NEXT_MOBILITY: /* RFC 6275 §6.1.1 */
	case NEXT_HIP:	    /* RFC 7401 §5.1.1 */
		return 4;
	default:
		return 0;
	}
}

/* Is it known whether, and where, there is such a checksum? */
static __always_inline int is_known_protocol(__u8 protocol)
{
	switch (protocol) {
	case NEXT_SCTP:
	case NEXT_ESP:
	case NEXT_AUTHENTICATION:
	case NEXT_IPV4:
	case NEXT_IPV6:
	case NEXT_GRE:
	case NEXT_NONE:
		return 1;
	default:
		return checksum_place(protocol) != 0;
	}
}

/*
 * The upper-layer header of the IPv6 packet at `start`, which ends at `limit` or before.
 * Its fixed header is in the frame. Not inlined: it is used twice.
 */
static __noinline int find_transport(const struct frame *frame, __u32 start, __u32 limit,
				     struct transport *found)
{
	const struct ipv6_header *ipv6 = packet_at(frame, start);
	__u32 offset = start + IPV6_LENGTH;
	__u32 end_of_packet, place;
	__u64 head;
	__u8 next;

	found->offset = found->checksum = 0;
	found->fragment = found->routed = 0;
	if ((void *)(ipv6 + 1) > frame->end)
		return WALK_MALFORMED;
	head = bpf_be64_to_cpu(ipv6->head);
	next = head >> HEAD_NEXT_HEADER;
	end_of_packet = offset + (__u16)(head >> HEAD_PAYLOAD_LENGTH);
	if (limit > end_of_packet)
		limit = end_of_packet;
	found->limit = limit;
	for (int i = 0; i <= TRANSPORT_EXTENSIONS; i++) {
		const __u8 *header = packet_at(frame, offset);
		__u32 length = 8;

		found->protocol = next;
		if (next != NEXT_DESTINATION_OPTIONS && next != NEXT_ROUTING &&
		    next != NEXT_FRAGMENT &&
		    !(next == NEXT_HOP_BY_HOP && offset == start + IPV6_LENGTH))
			break;
		if (i == TRANSPORT_EXTENSIONS)
			return WALK_TOO_LONG;
		if (offset + 8 > limit || (void *)(header + 8) > frame->end)
			return WALK_MALFORMED;
		if (next == NEXT_FRAGMENT) {
			__u16 field = bpf_ntohs(*(const __be16 *)(header + 2));

			if (field & (FRAGMENT_OFFSET | FRAGMENT_MORE))
				found->fragment = 1;
			if (field & FRAGMENT_OFFSET) {
				found->protocol = header[0];
				return WALK_DONE;
			}
		} else {
			length += header[1] * 8;
			if (next == NEXT_ROUTING && header[3])
				found->routed = 1;
		}
		next = header[0];
		offset += length;
		if (offset > limit)
			return WALK_MALFORMED;
		if (offset > start + IPV6_LENGTH + EXTENSIONS_LENGTH)
			return WALK_TOO_LONG;
	}
	found->offset = offset;
	place = checksum_place(next);
	if (place && offset + place + 2 <= limit)
		found->checksum = offset + place;
	return WALK_DONE;
}

#endif
