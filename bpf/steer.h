/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Steering: pairs of ULIDs that a rule names may have forked contexts beside their
 * default one (RFC 5533 §4.2, Forked Instance Identifier), and their packets take
 * the context that the first matching rule says. Other pairs never come here.
 */
#ifndef PSHIM6_STEER_H
#define PSHIM6_STEER_H

#include "context.h"
#include "events.h"
#include "parse.h"
#include "transport.h"

enum steering_slot {
	STEERED_NONE = 0xffffffff, /* no slot */
};

enum steering_head {
	HEAD_TRAFFIC_CLASS = 52, /* in ipv6_header.head: where the field begins */
};

/* The slot of a live forked context, or STEERED_NONE. */
static __always_inline __u32 find_fork(const struct address pair[2], __u32 fork)
{
	__u32 slot = fork_hash(pair, settings.hash_key, fork) >> settings.egress_shift;
	__u32 wanted = fork << CONTROL_FORK_SHIFT | SLOT_LIVE;

	for (int i = 0; i < PROBE_LIMIT; i++) {
		const struct egress_entry *entry = bpf_map_lookup_elem(&egress, &slot);
		__u32 found;

		if (!entry)
			break;
		found = READ_ONCE(entry->control) & (CONTROL_STATE_MASK | CONTROL_FORK_MASK);
		if (found == wanted && equal_address(&entry->destination_ulid, &pair[1]) &&
		    equal_address(&entry->source_ulid, &pair[0]))
			return slot;
		if ((found & CONTROL_STATE_MASK) == SLOT_EMPTY)
			break;
		slot = (slot + 1) & settings.egress_mask;
	}
	return STEERED_NONE;
}

/* What rules look at besides the addresses. Ports in host order. */
struct flow {
	__u8 protocol;
	__u8 traffic_class;
	__u8 has_ports;
	__u16 source_port;
	__u16 destination_port;
};

static __always_inline int begins_with_ports(__u8 protocol)
{
	return protocol == NEXT_TCP || protocol == NEXT_UDP || protocol == NEXT_SCTP ||
	       protocol == NEXT_DCCP || protocol == NEXT_UDP_LITE;
}

/* Fragments have no ports, not even the first: all of a packet go the same way. False for what
 * is malformed. */
static __always_inline int describe(const struct frame *frame, struct flow *flow)
{
	const __be16 *upper;
	struct position at;

	flow->traffic_class = frame->head >> HEAD_TRAFFIC_CLASS;
	flow->has_ports = 0;
	flow->source_port = 0;
	flow->destination_port = 0;
	if (follow_chain(frame, &at, 0) != WALK_DONE)
		return 0;
	upper = (void *)frame->ipv6 + at.offset;
	flow->protocol = at.next_header;
	if (at.next_header == NEXT_FRAGMENT) {
		if ((void *)(upper + 4) > frame->end || at.offset + 8 > frame->length)
			return 0;
		flow->protocol = *(const __u8 *)upper;
	} else if (begins_with_ports(at.next_header) && (void *)(upper + 2) <= frame->end &&
		   at.offset + 4 <= frame->length) {
		flow->has_ports = 1;
		flow->source_port = bpf_ntohs(upper[0]);
		flow->destination_port = bpf_ntohs(upper[1]);
	}
	return 1;
}

static __always_inline int in_range(const __u16 range[2], __u16 port)
{
	return range[0] <= port && port <= range[1];
}

static __always_inline int matches(const struct steering_rule *rule, const struct frame *frame,
				   const struct flow *flow)
{
	if (rule->protocol != ANY_PROTOCOL && rule->protocol != flow->protocol)
		return 0;
	if ((flow->traffic_class & rule->traffic_class_mask) != rule->traffic_class)
		return 0;
	if (rule->has_ports &&
	    (!flow->has_ports || !in_range(rule->source_port, flow->source_port) ||
	     !in_range(rule->destination_port, flow->destination_port)))
		return 0;
	return in_prefix(&rule->source, &frame->ipv6->address[0]) &&
	       in_prefix(&rule->destination, &frame->ipv6->address[1]);
}

/* The fork of the first rule that matches, or 0, the default context. */
static __always_inline __u32 choose_fork(const struct frame *frame)
{
	struct flow flow;

	if (!describe(frame, &flow))
		return 0;
	for (int i = 0; i < MAX_STEERING_RULES && i < steering.rules; i++)
		if (matches(&steering.rule[i], frame, &flow))
			return steering.rule[i].fork & (MAX_FORKS - 1);
	return 0;
}

/*
 * The slot of the context for a packet of a steered pair, or STEERED_NONE: the default
 * one. Until the fork is there that carries its packets, and the controller is told
 * that it is wanted. A function of its own, which parses the frame anew: the verifier
 * then sees one number come out of it, and not what each rule may have left behind.
 */
__noinline __u32 steered_slot(struct xdp_md *xdp)
{
	struct frame frame;
	struct punt wish;
	__u32 fork, slot;

	if (parse_frame(xdp, &frame) != PARSED_IPV6)
		return STEERED_NONE;
	fork = choose_fork(&frame);
	if (!fork)
		return STEERED_NONE;
	slot = find_fork(frame.ipv6->address, fork);
	if (slot != STEERED_NONE)
		return slot;
	want_punt(&wish, &frame, EVENT_FORK);
	wish.fork = fork;
	notify(xdp, &wish);
	return STEERED_NONE;
}

static __always_inline struct egress_entry *steer(struct xdp_md *xdp, struct egress_entry *entry)
{
	__u32 slot = steered_slot(xdp);
	struct egress_entry *forked;

	if (slot == STEERED_NONE)
		return entry;
	forked = bpf_map_lookup_elem(&egress, &slot);
	return forked ? forked : entry;
}

#endif
