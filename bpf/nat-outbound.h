/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* NATv6 from a host to a peer without SHIM6: a locator takes the place of its CMULA. */
#ifndef PSHIM6_NAT_OUTBOUND_H
#define PSHIM6_NAT_OUTBOUND_H

#include "nat.h"
#include "tunnel.h"

static __always_inline int is_legacy_peer(const struct address *destination)
{
	if (!is_routable(destination))
		return 0;
	for (int i = 0; i < MAX_UPLINKS && i < nat.provider_prefixes; i++)
		if (in_prefix(&nat.provider_prefix[i], destination))
			return 0;
	return 1;
}

/* How a host's packets to a legacy peer leave. */
struct nat_route {
	const struct nat_locator *locator; /* NULL: the host has none */
	const struct uplink *uplink;
	__u32 uplink_index;
	__u32 link_length; /* 0: no uplink is up */
	int lost;	   /* the flow's packets should have taken one that is down */
};

static __always_inline void choose_nat_route(const struct nat_flow *flow, struct nat_route *route)
{
	const __u32 *known = bpf_map_lookup_elem(&nat_flows, flow);
	__u64 choices = *(const __u64 *)nat_choices(flow);
	__u64 candidate = known ? *known : UPLINK_NONE;
	struct nat_locator_key key;

	copy_address(&key.ulid, &flow->host);
	route->locator = NULL;
	route->link_length = 0;
	route->lost = 0;
	for (int i = 0; i <= NAT_CHOICES; i++, candidate = choices & 0xff, choices >>= 8) {
		const struct nat_locator *locator;

		candidate = opaque(candidate);
		if (candidate >= MAX_UPLINKS)
			continue;
		key.uplink = candidate;
		locator = bpf_map_lookup_elem(&nat_locators, &key);
		if (!locator)
			continue;
		route->locator = locator;
		route->uplink_index = candidate;
		route->uplink = &uplinks[candidate];
		route->link_length = READ_ONCE(uplinks[candidate].link_length);
		if (route->link_length)
			return;
		route->lost = 1;
	}
}

/* Does the segment belong to a connection that exists and is not ending? */
static __always_inline int is_in_connection(const struct frame *frame, const struct transport *at)
{
	const __u8 *tcp = packet_at(frame, at->offset);

	return at->protocol == NEXT_TCP && at->offset && at->offset + TCP_FLAGS + 1 <= at->limit &&
	       (void *)(tcp + TCP_FLAGS + 1) <= frame->end &&
	       !(tcp[TCP_FLAGS] & (TCP_SYN | TCP_RST));
}

/* A host's packet to an address that is neither ULID nor in the site: an XDP action, or nat_punt().
 */
__noinline int nat_outbound(struct xdp_md *xdp)
{
	struct nat_route route;
	struct nat_plan plan;
	struct nat_flow flow;
	struct frame frame;
	__u32 link;

	if (!(nat.flags & NAT_ENABLED) || parse_frame(xdp, &frame) != PARSED_IPV6 ||
	    !is_legacy_peer(&frame.ipv6->address[DESTINATION]))
		return pass();
	switch (plan_translation(&frame, SOURCE, &plan, &flow)) {
	case WALK_MALFORMED:
		return drop(DROP_MALFORMED);
	case WALK_TOO_LONG:
		return drop(DROP_EXTENSION_HEADERS);
	case WALK_DONE:
		break;
	}
	choose_nat_route(&flow, &route);
	if (!route.locator)
		return pass();
	if (hop_limit(&frame) <= 1)
		return nat_punt(EVENT_HOP_LIMIT, 0, 0);
	if (!route.link_length)
		return nat_punt(EVENT_NO_UPLINK, 0, 0);
	if (route.lost && !(nat.flags & NAT_SILENT) && is_in_connection(&frame, &plan.outer))
		return nat_punt(EVENT_NAT_LOST, 0, 0);
	if (frame.length > route.uplink->mtu)
		return nat_punt(EVENT_TOO_BIG, route.uplink_index, route.uplink->mtu);
	if (!select_port(route.uplink->port))
		return drop(DROP_NO_PORT);

	link = known_length(route.link_length);
	if (!replace_link(xdp, &frame, route.uplink->link, link, route.uplink->link))
		return drop(DROP_HEADROOM);
	if (!translate(xdp, link, &plan, SOURCE, &route.locator->locator, route.locator->delta, 1))
		return drop(DROP_MALFORMED);
	if (route.uplink->tunnelled && !encapsulate(xdp, route.uplink_index, route.link_length))
		return drop(DROP_HEADROOM);
	count_nat(NAT_OUTBOUND);
	return forward();
}

#endif
