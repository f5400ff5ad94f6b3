/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * From octets to a frame: Ethernet, at most one VLAN tag, the IPv6 header, and
 * the walk along its extension headers. Nothing here writes to the frame.
 */
#ifndef PSHIM6_PARSE_H
#define PSHIM6_PARSE_H

#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "layout.h"

enum frame_lengths {
	LINK_LENGTH = 14,
	TAGGED_LINK_LENGTH = 18, /* with one VLAN tag */
	IPV6_LENGTH = 40,
	NEXT_HEADER_OFFSET = 6, /* in the IPv6 header */
	PAYLOAD_HEADER_LENGTH = 8,
	/* How far extension headers are followed: octets in all, and number, which
	 * is Hop-by-Hop, Destination Options, Routing, Destination Options (RFC 8200 §4.1). */
	EXTENSIONS = 4,
	EXTENSIONS_LENGTH = 512,
};

enum ether_type {
	TYPE_IPV6 = 0x86dd,
	TYPE_CUSTOMER_TAG = 0x8100, /* 802.1Q */
	TYPE_SERVICE_TAG = 0x88a8,  /* 802.1ad */
};

enum next_header {
	NEXT_HOP_BY_HOP = 0,
	NEXT_ROUTING = 43,
	NEXT_DESTINATION_OPTIONS = 60,
	NEXT_SHIM6 = 140,
};

struct ipv6_header {
	__be64 head;		   /* read and written as one word; see enum head */
	struct address address[2]; /* source, destination */
};

/* Of ipv6_header.head in host order: where a field begins. */
enum head {
	HEAD_HOP_LIMIT = 0,
	HEAD_NEXT_HEADER = 8,
	HEAD_PAYLOAD_LENGTH = 16, /* 16 bits */
	HEAD_VERSION = 60,
};

/* Hop-by-Hop, Routing, Destination Options: RFC 8200 §4.3, §4.4, §4.6. */
struct extension_header {
	__u8 next_header;
	__u8 length; /* units of 8 octets, without the first 8 */
	__u8 type;
	__u8 segments_left; /* of a Routing header */
};

/* RFC 5533 §5.2; §5.3 for control messages, which begin alike with P = 0. */
struct payload_header {
	__u8 next_header;
	__u8 length;
	__be16 tag_high; /* P, then bits 46..32 of the receiver's context tag */
	__be32 tag_low;
};

enum payload_flags {
	PAYLOAD_P = 0x8000, /* of tag_high in host order */
};

/* The payload header as one 64-bit word: its first octet, and the others. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NEXT_HEADER(octet) ((__u64)(octet))
#else
#error the context tables are laid out for little-endian machines
#endif
#define NEXT_HEADER_MASK NEXT_HEADER(0xff)

/* The same value, about which the compiler knows nothing: it then keeps a bound
 * check and the use of the value in one register, as the verifier wants it. */
static __always_inline __u64 opaque(__u64 value)
{
	asm volatile("" : "+r"(value));
	return value;
}

struct frame {
	void *data;
	void *end;
	struct ipv6_header *ipv6;
	__u64 head;	   /* of the IPv6 header, in host order */
	__u32 link_length; /* octets before the IPv6 header */
	__u32 length;	   /* of the IPv6 packet; Ethernet padding may follow it */
};

enum parse_result {
	PARSED_IPV6,
	PARSED_OTHER, /* another protocol, too many tags to look further, or sent to many on the
			 link */
	PARSED_MALFORMED,
};

static __always_inline enum parse_result parse_frame(struct xdp_md *xdp, struct frame *frame)
{
	void *data = (void *)(long)xdp->data;
	void *end = (void *)(long)xdp->data_end;
	struct ipv6_header *ipv6 = data + LINK_LENGTH;
	__be16 type;

	if (data + LINK_LENGTH > end)
		return PARSED_OTHER;
	/* A router forwards nothing that came by link-layer multicast or broadcast, and tells
	 * nobody so (RFC 4443 §2.4 (e.4)). The kernel keeps to that; group addresses have this bit.
	 */
	if (*(__u8 *)data & 1)
		return PARSED_OTHER;
	type = *(__be16 *)(data + LINK_LENGTH - 2);
	frame->link_length = LINK_LENGTH;
	if (type == bpf_htons(TYPE_CUSTOMER_TAG) || type == bpf_htons(TYPE_SERVICE_TAG)) {
		if (data + TAGGED_LINK_LENGTH > end)
			return PARSED_OTHER;
		type = *(__be16 *)(data + TAGGED_LINK_LENGTH - 2);
		frame->link_length = TAGGED_LINK_LENGTH;
		ipv6 = data + TAGGED_LINK_LENGTH;
	}
	if (type != bpf_htons(TYPE_IPV6))
		return PARSED_OTHER;
	if ((void *)(ipv6 + 1) > end)
		return PARSED_MALFORMED;
	frame->head = bpf_be64_to_cpu(ipv6->head);
	frame->length = IPV6_LENGTH + (__u16)(frame->head >> HEAD_PAYLOAD_LENGTH);
	if (frame->head >> HEAD_VERSION != 6 || frame->length > end - (void *)ipv6)
		return PARSED_MALFORMED;
	frame->data = data;
	frame->end = end;
	frame->ipv6 = ipv6;
	return PARSED_IPV6;
}

static __always_inline __u8 next_header(const struct frame *frame)
{
	return frame->head >> HEAD_NEXT_HEADER;
}

static __always_inline __u8 hop_limit(const struct frame *frame)
{
	return frame->head >> HEAD_HOP_LIMIT;
}

/* A place in the extension header chain. Offsets are from the IPv6 header. */
struct position {
	__u32 offset;	  /* of the header there */
	__u32 pointer;	  /* of the Next Header octet that announces it */
	__u8 next_header; /* what that octet says */
};

enum walk_result {
	WALK_DONE,
	WALK_MALFORMED,
	WALK_TOO_LONG,
};

static __always_inline void start_walk(const struct frame *frame, struct position *at)
{
	at->offset = IPV6_LENGTH;
	at->pointer = NEXT_HEADER_OFFSET;
	at->next_header = next_header(frame);
}

/* Hop-by-Hop Options are an extension header only in the first place (RFC 8200 §4.1). */
static __always_inline int may_step(const struct position *at)
{
	return at->next_header == NEXT_DESTINATION_OPTIONS || at->next_header == NEXT_ROUTING ||
	       (at->next_header == NEXT_HOP_BY_HOP && at->offset == IPV6_LENGTH);
}

/* Steps over the extension header at `at`. `segments_left` is its fourth octet. */
static __always_inline enum walk_result step(const struct frame *frame, struct position *at,
					     __u8 *segments_left)
{
	const struct extension_header *header;
	__u64 offset = opaque(at->offset);

	if (offset > IPV6_LENGTH + EXTENSIONS_LENGTH)
		return WALK_TOO_LONG;
	header = (void *)frame->ipv6 + offset;
	if (offset + 8 > frame->length || (void *)header + 8 > frame->end)
		return WALK_MALFORMED;
	at->pointer = offset;
	at->next_header = header->next_header;
	*segments_left = header->segments_left;
	at->offset = offset + 8 + header->length * 8;
	if (at->offset > frame->length)
		return WALK_MALFORMED;
	if (at->offset > IPV6_LENGTH + EXTENSIONS_LENGTH)
		return WALK_TOO_LONG;
	return WALK_DONE;
}

/*
 * Where the payload header goes: after Hop-by-Hop Options and Routing and the
 * Destination Options before a Routing header, before all else (RFC 5533 §4.6).
 */
static __always_inline enum walk_result find_insertion(const struct frame *frame,
						       struct position *insertion)
{
	struct position at;
	__u8 segments_left;

	start_walk(frame, &at);
	*insertion = at;
#pragma unroll
	for (int i = 0; i < EXTENSIONS; i++) {
		__u8 stepped = at.next_header;
		enum walk_result result;

		if (!may_step(&at))
			return WALK_DONE;
		result = step(frame, &at, &segments_left);
		if (result != WALK_DONE)
			return result;
		if (stepped != NEXT_DESTINATION_OPTIONS)
			*insertion = at;
	}
	return may_step(&at) ? WALK_TOO_LONG : WALK_DONE;
}

/* What follows Hop-by-Hop Options, Routing and Destination Options; `to_route`: or a Routing
 * header with segments left. */
static __always_inline enum walk_result follow_chain(const struct frame *frame,
						     struct position *found, const int to_route)
{
	__u8 segments_left;

	start_walk(frame, found);
#pragma unroll
	for (int i = 0; i < EXTENSIONS; i++) {
		__u8 stepped = found->next_header;
		enum walk_result result;

		if (!may_step(found))
			return WALK_DONE;
		result = step(frame, found, &segments_left);
		if (result != WALK_DONE)
			return result;
		if (to_route && stepped == NEXT_ROUTING && segments_left != 0) {
			found->next_header = NEXT_ROUTING;
			return WALK_DONE;
		}
	}
	return may_step(found) ? WALK_TOO_LONG : WALK_DONE;
}

/*
 * The SHIM6 header, if `found->next_header` is NEXT_SHIM6 afterwards. What
 * follows a Routing header with segments left is not for this node to read.
 */
static __always_inline enum walk_result find_shim6(const struct frame *frame,
						   struct position *found)
{
	return follow_chain(frame, found, 1);
}

enum hop_by_hop_options {
	OPTION_ROUTER_ALERT = 5, /* RFC 2711 */
	OPTIONS_EXAMINED = 8,
};

/*
 * Does the packet ask every router to look at it? Such packets are the kernel's. The
 * pointers are handed over one by one, so that the caller may keep its frame in registers.
 */
static __noinline int has_router_alert(const void *ipv6, const void *end)
{
	const __u8 *header = ipv6 + IPV6_LENGTH;
	__u32 length, offset = 2;

	if ((const void *)(header + 8) > end)
		return 0;
	length = 8 + header[1] * 8;
	for (int i = 0; i < OPTIONS_EXAMINED && offset < length; i++) {
		const __u8 *option = header + (opaque(offset) & 0xfff);

		if ((const void *)(option + 2) > end)
			return 0;
		if (option[0] == OPTION_ROUTER_ALERT)
			return 1;
		/* Pad1, which is 0, has no length (RFC 8200 §4.2). Not a branch: the verifier would
		 * follow every combination of options. */
		offset += 1 + ((option[0] + 255) >> 8) * (1 + option[1]);
	}
	return 0;
}

static __always_inline int is_for_routers(const struct frame *frame)
{
	return next_header(frame) == NEXT_HOP_BY_HOP && has_router_alert(frame->ipv6, frame->end);
}

#endif
