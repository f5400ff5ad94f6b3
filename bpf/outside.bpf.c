// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * From the providers to the hosts: the context tag of the Payload Extension
 * header names the ULIDs, which replace the locators (RFC 5533 §12.2).
 * rewrite.h does the writing.
 *
 * P = 1 is payload, as RFC 5533 §5.2 and §5.3 define it; §12 says the opposite
 * by mistake.
 */
#define DIRECTION outside
#include "context.h"
#include "events.h"
#include "parse.h"
#include "rewrite.h"
#include "stats.h"

static __always_inline int wants_locator(const struct settings *settings,
					 const struct ingress_entry *entry)
{
	return settings->flags & SETTING_STRICT_SOURCE &&
	       !(entry->control >> CONTROL_FLAGS_SHIFT & INGRESS_ANY_SOURCE);
}

/* The port toward the host, if its next hop is known and the packet fits it. */
static __always_inline const struct port *host_port(const struct ingress_entry *entry, __u32 length)
{
	const struct port *port = find_port(entry->port); /* PORT_NONE lies outside the array */

	return port && length <= port->mtu ? port : NULL;
}

static __always_inline int process(struct xdp_md *xdp, struct statistics *statistics,
				   const struct settings *settings, struct punt *punt)
{
	struct payload_header *header;
	struct delivery delivery;
	struct ingress_entry *entry;
	struct position found;
	struct frame frame;
	__u32 length;
	__u32 high;

	switch (parse_frame(xdp, &frame)) {
	case PARSED_OTHER:
		return pass(statistics);
	case PARSED_MALFORMED:
		return drop(statistics, DROP_MALFORMED);
	case PARSED_IPV6:
		break;
	}
	if (is_ulid(settings, &frame.ipv6->address[0]) ||
	    is_ulid(settings, &frame.ipv6->address[1]))
		return drop(statistics, DROP_ULID_OUTSIDE);
	switch (find_shim6(&frame, &found)) {
	case WALK_MALFORMED:
		return drop(statistics, DROP_MALFORMED);
	case WALK_TOO_LONG:
		return drop(statistics, DROP_EXTENSION_HEADERS);
	case WALK_DONE:
		break;
	}
	if (found.next_header != NEXT_SHIM6)
		return pass(statistics);

	header = (void *)frame.ipv6 + found.offset;
	if ((void *)(header + 1) > frame.end ||
	    found.offset + PAYLOAD_HEADER_LENGTH + header->length * 8 > frame.length)
		return drop(statistics, DROP_MALFORMED);
	high = bpf_ntohs(header->tag_high);
	if (!(high & PAYLOAD_P))
		return want_punt(punt, &frame, EVENT_CONTROL);
	if (header->length != 0)
		return drop(statistics, DROP_MALFORMED);

	entry = find_ingress(settings, high ^ PAYLOAD_P, bpf_ntohl(header->tag_low));
	if (!entry)
		return want_punt(punt, &frame, EVENT_UNKNOWN_TAG);
	if (wants_locator(settings, entry) && !is_peer_locator(entry, &frame.ipv6->address[0]))
		return drop(statistics, DROP_SOURCE_NOT_LOCATOR);
	length = frame.length - PAYLOAD_HEADER_LENGTH;
	delivery.entry = entry;
	delivery.port = host_port(entry, length);
	if (delivery.port) {
		/* Otherwise the kernel sees to it. */
		if (frame.ipv6->hop_limit <= 1)
			return drop(statistics, DROP_OUTSIDE_HOP_LIMIT);
		if (!select_port(entry->port))
			return drop(statistics, DROP_NO_PORT);
	}

	if (!remove_payload_header(xdp, &frame, &found, &delivery))
		return drop(statistics, DROP_MALFORMED);
	entry->last_received = settings->tick;
	entry->packets++;
	entry->bytes += length;
	if (delivery.port)
		return forward(statistics);
	count(statistics, COUNT_TO_KERNEL);
	return XDP_PASS;
}

SEC("xdp")
int outside(struct xdp_md *xdp)
{
	struct statistics *statistics = find_statistics();
	const struct settings *settings = find_settings();
	struct punt punt;
	int verdict;

	if (!statistics || !settings)
		return XDP_ABORTED;
	count(statistics, COUNT_RECEIVED);
	verdict = process(xdp, statistics, settings, &punt);
	return verdict == PUNT ? punt_frame(xdp, statistics, settings, &punt) : verdict;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
