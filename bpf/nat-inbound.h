/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* NATv6 from a peer without SHIM6 to a host: its CMULA takes the place of its locator. */
#ifndef PSHIM6_NAT_INBOUND_H
#define PSHIM6_NAT_INBOUND_H

#include "nat.h"

/* Has the flow's packets leave by the uplink that it came by, if they would not do so anyway. */
static __always_inline void remember_flow(const struct nat_flow *flow, __u32 uplink)
{
	const __u32 *known;

	if (nat_choices(flow)[0] == uplink)
		return;
	known = bpf_map_lookup_elem(&nat_flows, flow);
	if (known && *known == uplink)
		return;
	bpf_map_update_elem(&nat_flows, flow, &uplink, BPF_ANY);
	count_nat(NAT_REMEMBERED);
}

/* A packet from a provider that is no SHIM6 message: an XDP action, or nat_punt(). */
__noinline int nat_inbound(struct xdp_md *xdp)
{
	const struct port *port;
	struct nat_host *host;
	struct nat_plan plan;
	struct nat_flow flow;
	struct frame frame;
	__u32 link;

	if (!(nat.flags & NAT_ENABLED) || parse_frame(xdp, &frame) != PARSED_IPV6 ||
	    !is_routable(&frame.ipv6->address[SOURCE]))
		return pass();
	copy_address(&flow.host, &frame.ipv6->address[DESTINATION]);
	host = bpf_map_lookup_elem(&nat_hosts, &flow.host);
	if (!host)
		return pass();
	switch (plan_translation(&frame, DESTINATION, &plan, &flow)) {
	case WALK_MALFORMED:
		return drop(DROP_MALFORMED);
	case WALK_TOO_LONG:
		return drop(DROP_EXTENSION_HEADERS);
	case WALK_DONE:
		break;
	}
	/* A host is the destination of what it gets, not a hop; and the packet in an error
	 * about a shimmed packet is not what the host sent. */
	if (plan.outer.routed || (plan.quoted_header && plan.quoted.protocol == NEXT_SHIM6))
		return pass();
	port = usable_port(READ_ONCE(host->port));
	if (port) {
		if (hop_limit(&frame) <= 1)
			return nat_punt(EVENT_OUTSIDE_HOP_LIMIT, 0, 0);
		if (frame.length > port->mtu)
			return nat_punt(EVENT_OUTSIDE_TOO_BIG, 0, port->mtu);
		if (!select_port(host->port))
			return drop(DROP_NO_PORT);
	}
	if (!plan.quoted_header) {
		copy_address(&flow.host, &host->ulid);
		remember_flow(&flow, host->uplink);
	}

	link = known_length(frame.link_length);
	if (port) {
		link = known_length(port->link_length);
		if (!replace_link(xdp, &frame, port->link, link, host->host_mac))
			return drop(DROP_HEADROOM);
	}
	if (!translate(xdp, link, &plan, DESTINATION, &host->ulid, host->delta, port ? 1 : 0))
		return drop(DROP_MALFORMED);
	count_nat(NAT_INBOUND);
	if (port)
		return forward();
	count(COUNT_TO_KERNEL);
	return XDP_PASS;
}

#endif
