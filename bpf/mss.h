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
	TCP_LENGTH_MAX = 60,
	TCP_DATA_OFFSET = 12, /* where the octet is whose upper 4 bits are the header's length */
	TCP_CHECKSUM = 16,
	TCP_OPTIONS = 8, /* options followed; MSS comes first in practice */
	OPTION_END = 0,
	OPTION_NO_OPERATION = 1,
	OPTION_MSS = 2,
	OPTION_MSS_LENGTH = 4,
};

/* `length` octets of the TCP header at `offset` into the packet, or NULL if they are not there. */
static __always_inline __u8 *tcp_octets(const struct frame *frame, __u32 tcp, __u32 offset,
					__u32 length)
{
	__u8 *at = packet_at(frame, tcp) + (opaque(offset) & 63);

	return (void *)at + length > frame->end ? NULL : at;
}

/* Where the value of the MSS option is in the TCP header at `tcp`, or 0. */
static __always_inline __u32 find_mss(const struct frame *frame, __u32 tcp)
{
	const __u8 *fixed = tcp_octets(frame, tcp, 0, TCP_LENGTH);
	__u32 at = TCP_LENGTH, end;

	if (!fixed || !(fixed[TCP_FLAGS] & TCP_SYN))
		return 0;
	end = (fixed[TCP_DATA_OFFSET] >> 4) * 4;
	if (tcp + end > frame->length)
		return 0;
	for (int i = 0; i < TCP_OPTIONS; i++) {
		const __u8 *option = tcp_octets(frame, tcp, at, 2);

		if (!option || at + OPTION_MSS_LENGTH > end || option[0] == OPTION_END)
			return 0;
		if (option[0] == OPTION_MSS)
			return option[1] == OPTION_MSS_LENGTH ? at + 2 : 0;
		if (option[0] != OPTION_NO_OPERATION && option[1] < 2)
			return 0;
		at += option[0] == OPTION_NO_OPERATION ? 1 : option[1];
	}
	return 0;
}

/* A SYN whose TCP header is at `at` announces no more than fits into `mtu` octets. */
static __always_inline void clamp_mss(const struct frame *frame, const struct position *at,
				      __u32 mtu)
{
	__u32 place, announced, most = mtu - PAYLOAD_HEADER_LENGTH - IPV6_LENGTH - TCP_LENGTH;
	__u8 *mss;
	__be16 *checksum, before, after;
	__u32 delta;

	if (at->next_header != NEXT_TCP)
		return;
	place = find_mss(frame, at->offset);
	if (!place)
		return;
	mss = tcp_octets(frame, at->offset, place, 2);
	checksum = (__be16 *)tcp_octets(frame, at->offset, TCP_CHECKSUM, 2);
	if (!mss || !checksum)
		return;
	announced = mss[0] << 8 | mss[1];
	if (announced <= most)
		return;
	mss[0] = most >> 8;
	mss[1] = most;
	/* At an odd place its octets stand in the other halves of the words that are summed up. */
	before = place & 1 ? announced : bpf_htons(announced);
	after = place & 1 ? most : bpf_htons(most);
	delta = (__u16)~before + (__u32)after;
	adjust_checksum(checksum, NEXT_TCP, (delta & 0xffff) + (delta >> 16));
}

#endif
