/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Clamping the Maximum Segment Size that a host announces (RFC 9293 §3.7.1) to what
 * fits with the payload header, for hosts or paths where Packet Too Big gets lost.
 * The one case where an upper-layer header changes; its checksum, which covers the
 * ULIDs, is made up for (RFC 1624).
 */
#ifndef PSHIM6_MSS_H
#define PSHIM6_MSS_H

#include "nat.h"
#include "parse.h"
#include "transport.h"

enum tcp_layout {
	TCP_LENGTH = 20,
	TCP_DATA_OFFSET = 12, /* where the octet is whose upper 4 bits are the header's length */
	TCP_CHECKSUM = 16,
	TCP_OPTIONS = 40,  /* octets of them there can be, and options of one octet */
	OPTION_PLACE = 63, /* bits of an option's place in the header */
	OPTION_END = 0,
	OPTION_NO_OPERATION = 1,
	OPTION_MSS = 2,
	OPTION_MSS_LENGTH = 4,
};

/* What makes up in a checksum for `after` instead of `before` at `place` in the TCP header: at an
 * odd one the octets stand in the other halves of the words that are summed up. */
static __always_inline __u16 mss_delta(__u32 place, __u16 before, __u16 after)
{
	__u32 delta = (__u16)~before + (__u32)after;
	__u16 folded = (delta & 0xffff) + (delta >> 16);

	return place & 1 ? folded : bpf_htons(folded);
}

/*
 * Every MSS option of the SYN whose header begins `tcp` octets into the frame announces `most` at
 * the most: of several a receiver may take any. The packet ends `end` octets into the frame. A
 * function of its own, so that the verifier walks the options once. Returns 0.
 */
__noinline int limit_segments(struct xdp_md *xdp, __u32 tcp, __u32 end, __u32 most)
{
	__u8 *header = (void *)(long)xdp->data + (opaque(tcp) & OFFSET_MASK);
	void *end_of_frame = (void *)(long)xdp->data_end, *end_of_header;
	__u32 place = TCP_LENGTH, length;

	if ((void *)header + TCP_LENGTH > end_of_frame)
		return 0;
	length = (header[TCP_DATA_OFFSET] >> 4) * 4;
	if (!(header[TCP_FLAGS] & TCP_SYN) || tcp + length > end)
		return 0;
	/* The verifier draws no conclusions from where one packet pointer is to another. */
	end_of_header = (void *)opaque((long)(header + length));
	for (int i = 0; i < TCP_OPTIONS; i++) {
		__u8 *option = header + place;
		__u32 has_length, announced;

		if ((void *)option + OPTION_MSS_LENGTH > end_of_header ||
		    (void *)option + OPTION_MSS_LENGTH > end_of_frame || option[0] == OPTION_END)
			return 0;
		/* 0 for No-Operation. Not a branch: the verifier would follow every combination. */
		has_length = ((option[0] ^ OPTION_NO_OPERATION) + 255) >> 8;
		/* Behind a length that cannot be nothing can be told (RFC 9293 §3.1). */
		if (option[1] < 2 * has_length)
			return 0;
		announced = option[2] << 8 | option[3];
		if (option[0] == OPTION_MSS && option[1] == OPTION_MSS_LENGTH && announced > most) {
			option[2] = most >> 8;
			option[3] = most;
			adjust_checksum((__be16 *)(header + TCP_CHECKSUM), NEXT_TCP,
					mss_delta(place, announced, most));
		}
		place += 1 + has_length * (option[1] - 1);
		if (place & ~OPTION_PLACE)
			return 0;
		place = opaque(place) & OPTION_PLACE;
	}
	return 0;
}

/* May the packet whose payload header goes to `at` be a SYN? Most that are not are told apart here.
 */
static __always_inline int may_be_syn(const struct frame *frame, const struct position *at)
{
	const __u8 *flags = (void *)frame->ipv6 + at->offset + TCP_FLAGS;

	if (at->next_header != NEXT_TCP)
		return at->next_header == NEXT_DESTINATION_OPTIONS ||
		       at->next_header == NEXT_FRAGMENT;
	return (void *)(flags + 1) <= frame->end && *flags & TCP_SYN;
}

/* A SYN announces no more than fits with the payload header into `mtu` octets. Returns 0. */
__noinline int clamp_mss(struct xdp_md *xdp, __u32 mtu)
{
	struct transport at;
	struct frame frame;

	if (parse_frame(xdp, &frame) != PARSED_IPV6 ||
	    find_transport(&frame, 0, frame.length, &at) != WALK_DONE)
		return 0;
	if (at.protocol == NEXT_TCP && at.offset)
		limit_segments(xdp, frame.link_length + at.offset, frame.link_length + at.limit,
			       mtu - PAYLOAD_HEADER_LENGTH - IPV6_LENGTH - TCP_LENGTH);
	return 0;
}

#endif
