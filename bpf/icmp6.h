/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* ICMPv6 errors (RFC 4443 §2.1, §3): which of them are about packets that a box sent. */
#ifndef PSHIM6_ICMP6_H
#define PSHIM6_ICMP6_H

#include "context.h"
#include "parse.h"

enum icmp6_protocol {
	NEXT_ICMP6 = 58,
	/* This bit is 0 in the type of an error. Hosts get those of unknown types, too (§2.4 (a)).
	 */
	ICMP6_INFORMATIONAL = 128,
};

struct icmp6_error {
	__u8 type;
	__u8 code;
	__be16 checksum;
	__be32 word; /* MTU, Pointer, or unused */
	struct ipv6_header invoking;
};

/*
 * Is the ICMPv6 message at `at` an error about a SHIM6 packet that its destination
 * sent? Of the packet in error there may be no more than its beginning.
 */
static __always_inline int quotes_shim6(const struct frame *frame, const struct position *at)
{
	const struct icmp6_error *error = (void *)frame->ipv6 + at->offset;
	struct frame invoking = *frame;
	struct position found;

	if ((void *)(error + 1) > frame->end || at->offset + sizeof(*error) > frame->length)
		return 0;
	if (error->type & ICMP6_INFORMATIONAL)
		return 0;
	invoking.ipv6 = (struct ipv6_header *)&error->invoking;
	invoking.head = bpf_be64_to_cpu(invoking.ipv6->head);
	invoking.length =
	    frame->length - at->offset - __builtin_offsetof(struct icmp6_error, invoking);
	if (!equal_address(&invoking.ipv6->address[0], &frame->ipv6->address[1]))
		return 0;
	return find_shim6(&invoking, &found) == WALK_DONE && found.next_header == NEXT_SHIM6;
}

#endif
