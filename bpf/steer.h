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

enum steering_head {
	HEAD_TRAFFIC_CLASS = 52, /* in ipv6_header.head: where the field begins */
};

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

/* Fragments have no ports, not even the first: all of a packet go the same way. */
static __always_inline void describe(const struct frame *frame, struct flow *flow)
{
	const __be16 *upper;
	struct position at;

	flow->traffic_class = frame->head >> HEAD_TRAFFIC_CLASS;
	flow->protocol = 0;
	flow->has_ports = 0;
	flow->source_port = 0;
	flow->destination_port = 0;
	if (find_shim6(frame, &at) != WALK_DONE)
		return;
	upper = (void *)frame->ipv6 + at.offset;
	flow->protocol = at.next_header;
	if ((void *)(upper + 2) > frame->end || at.offset + 4 > frame->length)
		return;
	if (at.next_header == NEXT_FRAGMENT) {
		flow->protocol = *(const __u8 *)upper;
	} else if (begins_with_ports(at.next_header)) {
		flow->has_ports = 1;
		flow->source_port = bpf_ntohs(upper[0]);
		flow->destination_port = bpf_ntohs(upper[1]);
	}
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

	describe(frame, &flow);
	for (int i = 0; i < MAX_STEERING_RULES && i < steering.rules; i++)
		if (matches(&steering.rule[i], frame, &flow))
			return steering.rule[i].fork & (MAX_FORKS - 1);
	return 0;
}

/*
 * The context for a packet of a steered pair. Until the fork is there the default
 * one carries its packets, and the controller is told that it is wanted.
 */
static __always_inline struct egress_entry *steer(struct xdp_md *xdp, const struct frame *frame,
						  struct egress_entry *entry)
{
	__u32 fork = choose_fork(frame);
	struct egress_entry *forked;
	struct punt wish;

	if (!fork)
		return entry;
	forked = find_fork(frame->ipv6->address, fork);
	if (forked)
		return forked;
	want_punt(&wish, frame, EVENT_FORK);
	wish.fork = fork;
	notify(xdp, &wish);
	return entry;
}

#endif
