// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * From the hosts to the providers: ULIDs become locators, and a Payload
 * Extension header says which context the packet belongs to (RFC 5533 §11.1).
 * rewrite.h does the writing.
 */
#define DIRECTION inside
#include "context.h"
#include "events.h"
#include "mss.h"
#include "nat-outbound.h"
#include "parse.h"
#include "plain.h"
#include "rewrite.h"
#include "stats.h"
#include "steer.h"
#include "too-big.h"
#include "tunnel.h"

/* What Packet Too Big has told of the way to a peer's locator, or no limit. */
static __always_inline __u32 learned_mtu(const struct route *route)
{
	struct path path = {.uplink = route->uplink_index};
	const __u32 *mtu;

	copy_address(&path.destination, &route->locators->destination);
	mtu = bpf_map_lookup_elem(&path_mtu, &path);
	return mtu ? *mtu : ~0u;
}

static __always_inline __u32 path_limit(const struct route *route)
{
	__u32 mtu = route->uplink->mtu;
	__u32 learned = settings.path_mtus ? learned_mtu(route) : mtu;

	return learned < mtu ? learned : mtu;
}

static __always_inline int fits(const struct frame *frame, const struct route *route, __u32 *mtu)
{
	__u32 length = frame->length + PAYLOAD_HEADER_LENGTH;

	*mtu = length > MINIMUM_MTU ? path_limit(route) : route->uplink->mtu;
	return length <= *mtu;
}

/*
 * The path takes packets of `mtu` octets. A host need not send less than 1280: what
 * only the payload header makes too big is fragmented by the controller.
 */
static __always_inline int too_big(struct punt *punt, const struct frame *frame,
				   const struct route *route, __u32 mtu)
{
	want_punt(punt, frame, frame->length > MINIMUM_MTU ? EVENT_TOO_BIG : EVENT_FRAGMENT);
	punt->uplink = route->uplink_index;
	punt->mtu = mtu - PAYLOAD_HEADER_LENGTH;
	return PUNT;
}

/*
 * No context: a packet from a CMULA of the site to a ULID elsewhere asks for one,
 * a packet to the Internet at large is for NATv6. The rest (neighbour discovery,
 * DHCPv6, DNS, traffic within the site) is the kernel's.
 */
static __always_inline int missed(struct xdp_md *xdp, const struct frame *frame, struct punt *punt)
{
	const struct address *source = &frame->ipv6->address[0];
	const struct address *destination = &frame->ipv6->address[1];
	int result;

	if (!in_site(source) || in_site(destination))
		return pass();
	if (is_ulid(destination))
		return want_punt(punt, frame, EVENT_MISS);
	result = nat_outbound(xdp);
	return is_nat_punt(result) ? want_nat_punt(punt, frame, result) : result;
}

/* TCP, or a fragment of it. */
static __always_inline int may_hold_syn(__u8 next_header)
{
	return next_header == NEXT_TCP || next_header == NEXT_FRAGMENT;
}

/* What process() does, for what is plain. */
static __always_inline int process_plain(struct xdp_md *xdp)
{
	void *data = (void *)(long)xdp->data;
	struct ipv6_header *ipv6 = data + LINK_LENGTH;
	const struct locator_pair *locators;
	const struct uplink *uplink;
	struct egress_entry *entry;
	__u32 length, path;
	__u64 index;
	__u64 *header;

	if (UNLIKELY(plain_end(data, 0) > (void *)(long)xdp->data_end || !is_plain_frame(data)))
		return NOT_PLAIN;
	length = IPV6_LENGTH + payload_length(ipv6);
	if (UNLIKELY(length > (void *)(long)xdp->data_end - (void *)ipv6 ||
		     is_option(plain_next_header(ipv6)) || plain_hop_limit(ipv6) <= 1))
		return NOT_PLAIN;
	entry = find_egress(ipv6->address);
	if (UNLIKELY(!entry))
		return NO_CONTEXT;
	if (UNLIKELY((READ_ONCE(entry->control) & (CONTROL_STATE_MASK | CONTROL_STEERED)) !=
		     SLOT_LIVE))
		return NOT_PLAIN;
	path = READ_ONCE(((const __u8 *)&entry->control)[CONTROL_ACTIVE_SHIFT / 8]) & 1;
	index = opaque(READ_ONCE(((const __u8 *)&entry->control + CONTROL_UPLINK_SHIFT / 8)[path]));
	if (UNLIKELY(index >= MAX_UPLINKS))
		return NOT_PLAIN;
	uplink = (void *)opaque((long)&uplinks[index]);
	/* Neither down nor tagged nor tunnelled. */
	if (UNLIKELY(READ_ONCE(*(const __u64 *)&uplink->link_length) != LINK_LENGTH))
		return NOT_PLAIN;
	if (UNLIKELY(length + PAYLOAD_HEADER_LENGTH > uplink->mtu ||
		     (length + PAYLOAD_HEADER_LENGTH > MINIMUM_MTU && settings.path_mtus)))
		return NOT_PLAIN;
	if (UNLIKELY(may_hold_syn(plain_next_header(ipv6)) && settings.flags & SETTING_CLAMP_MSS))
		return NOT_PLAIN;
	if (UNLIKELY(!select_port(uplink->port)))
		return NOT_PLAIN;
	if (UNLIKELY(bpf_xdp_adjust_head(xdp, -PAYLOAD_HEADER_LENGTH)))
		return NOT_PLAIN;

	data = (void *)(long)xdp->data;
	if (UNLIKELY(plain_end(data, PAYLOAD_HEADER_LENGTH) > (void *)(long)xdp->data_end))
		return drop(DROP_HEADROOM); /* never: the verifier has forgotten the length */
	locators = &entry->path[path];
	ipv6 = data + LINK_LENGTH;
	header = (__u64 *)(ipv6 + 1);
	*header = entry->payload_header |
		  NEXT_HEADER(plain_next_header((void *)ipv6 + PAYLOAD_HEADER_LENGTH));
	ipv6->head = plain_head(*(__be64 *)((void *)ipv6 + PAYLOAD_HEADER_LENGTH),
				PAYLOAD_HEADER_LENGTH, NEXT_SHIM6);
	write_plain_link(data, uplink->link, uplink->link);
	copy_address(&ipv6->address[0], &locators->source);
	copy_address(&ipv6->address[1], &locators->destination);
	entry->last_sent = settings.tick;
	entry->packets++;
	entry->bytes += length;
	return forward();
}

/* `no_context`: it has been searched for. */
static __always_inline int process(struct xdp_md *xdp, int no_context, struct punt *punt)
{
	struct position insertion;
	struct egress_entry *entry;
	struct frame frame;
	struct route route;
	__u32 mtu;

	switch (parse_frame(xdp, &frame)) {
	case PARSED_OTHER:
		return pass();
	case PARSED_MALFORMED:
		return drop(DROP_MALFORMED);
	case PARSED_IPV6:
		break;
	}

	if (is_for_routers(&frame))
		return pass();
	entry = no_context ? NULL : find_egress(frame.ipv6->address);
	if (!entry)
		return missed(xdp, &frame, punt);
	if ((READ_ONCE(entry->control) & CONTROL_STATE_MASK) == SLOT_DRAINING &&
	    xdp->ingress_ifindex != settings.injection_ifindex)
		return want_punt(punt, &frame, EVENT_MISS);
	if (hop_limit(&frame) <= 1)
		return want_punt(punt, &frame, EVENT_HOP_LIMIT);
	if (READ_ONCE(entry->control) & CONTROL_STEERED)
		entry = steer(xdp, entry);
	if (!choose_route(entry, &route))
		return want_punt(punt, &frame, EVENT_NO_UPLINK);
	if (!fits(&frame, &route, &mtu))
		return too_big(punt, &frame, &route, mtu);
	switch (find_insertion(&frame, &insertion)) {
	case WALK_MALFORMED:
		return drop(DROP_MALFORMED);
	case WALK_TOO_LONG:
		return drop(DROP_EXTENSION_HEADERS);
	case WALK_DONE:
		break;
	}
	if (!select_port(route.uplink->port))
		return drop(DROP_NO_PORT);

	if (settings.flags & SETTING_CLAMP_MSS && may_be_syn(&frame, &insertion))
		clamp_mss(xdp, path_limit(&route));
	if (!insert_payload_header(xdp, &frame, &insertion, entry, &route))
		return drop(DROP_HEADROOM);
	if (route.uplink->tunnelled && !encapsulate(xdp, route.uplink_index, route.link_length))
		return drop(DROP_HEADROOM);
	entry->last_sent = settings.tick;
	entry->packets++;
	entry->bytes += frame.length;
	return forward();
}

SEC("xdp")
int inside(struct xdp_md *xdp)
{
	struct punt punt;
	int verdict = process_plain(xdp);

	if (verdict != NOT_PLAIN && verdict != NO_CONTEXT)
		return verdict;
	verdict = process((void *)opaque((long)xdp), verdict == NO_CONTEXT, &punt);

	if (verdict == PUNT && punt.kind == EVENT_TOO_BIG)
		verdict = answer_too_big(xdp, EVENT_TOO_BIG, punt.mtu);
	return verdict == PUNT ? punt_frame(xdp, &punt) : verdict;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
