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
#include "icmp6.h"
#include "nat-inbound.h"
#include "parse.h"
#include "plain.h"
#include "rewrite.h"
#include "stats.h"
#include "too-big.h"
#include "tunnel.h"

/* What to do with a SHIM6 message that is no payload of a context of ours. */
static __always_inline int unknown(struct punt *punt, const struct frame *frame,
				   const struct payload_header *header, __u32 room)
{
	if (PAYLOAD_HEADER_LENGTH + header->length * 8 > room)
		return drop(DROP_MALFORMED);
	if (!(bpf_ntohs(header->tag_high) & PAYLOAD_P))
		return want_punt(punt, frame, EVENT_CONTROL);
	if (header->length != 0)
		return drop(DROP_MALFORMED);
	return want_punt(punt, frame, EVENT_UNKNOWN_TAG);
}

/* The link to the host has this MTU: more is what a sender may send us, by the header's length. */
static __always_inline int too_big(struct punt *punt, const struct frame *frame, __u32 mtu)
{
	want_punt(punt, frame, EVENT_OUTSIDE_TOO_BIG);
	punt->mtu = mtu + PAYLOAD_HEADER_LENGTH;
	return PUNT;
}

/* What process() does, for what is plain. */
static __always_inline int process_plain(struct xdp_md *xdp)
{
	void *data = (void *)(long)xdp->data, *to = data + PAYLOAD_HEADER_LENGTH;
	struct ipv6_header *ipv6 = data + LINK_LENGTH, *moved = to + LINK_LENGTH;
	struct ingress_entry *entry;
	const struct port *port;
	__u32 length;
	__u64 header, index;

	if (UNLIKELY(plain_end(data, PAYLOAD_HEADER_LENGTH) > (void *)(long)xdp->data_end ||
		     !is_plain_frame(data)))
		return NOT_PLAIN;
	length = IPV6_LENGTH - PAYLOAD_HEADER_LENGTH + payload_length(ipv6);
	if (UNLIKELY(length < IPV6_LENGTH ||
		     length + PAYLOAD_HEADER_LENGTH > (void *)(long)xdp->data_end - (void *)ipv6 ||
		     plain_next_header(ipv6) != NEXT_SHIM6 || plain_hop_limit(ipv6) <= 1))
		return NOT_PLAIN;
	if (UNLIKELY(may_be_ulid(&ipv6->address[0]) || may_be_ulid(&ipv6->address[1])))
		return NOT_PLAIN;
	header = *(__u64 *)(ipv6 + 1);
	entry = find_ingress(header & ~NEXT_HEADER_MASK);
	if (UNLIKELY(!entry || !may_send(entry, &ipv6->address[0])))
		return NOT_PLAIN;
	index = opaque(READ_ONCE(entry->port));
	if (UNLIKELY(index >= MAX_PORTS))
		return NOT_PLAIN;
	port = (void *)opaque((long)&ports[index]);
	if (UNLIKELY(port->link_length != LINK_LENGTH || length > port->mtu || !select_port(index)))
		return NOT_PLAIN;

	moved->head = plain_head(ipv6->head, -PAYLOAD_HEADER_LENGTH, *(__u8 *)(ipv6 + 1));
	write_plain_link(to, port->link, entry->host_mac);
	copy_address(&moved->address[0], &entry->peer_ulid);
	copy_address(&moved->address[1], &entry->local_ulid);
	entry->last_received = settings.tick;
	entry->packets++;
	entry->bytes += length;
	if (UNLIKELY(bpf_xdp_adjust_head(xdp, PAYLOAD_HEADER_LENGTH)))
		return drop(DROP_MALFORMED);
	return forward();
}

static __always_inline int process(struct xdp_md *xdp, struct punt *punt)
{
	struct payload_header *header;
	struct ingress_entry *entry;
	const struct port *port;
	struct position found;
	struct frame frame;
	__u32 length;
	int result;

	switch (parse_frame(xdp, &frame)) {
	case PARSED_OTHER:
		return pass();
	case PARSED_MALFORMED:
		return drop(DROP_MALFORMED);
	case PARSED_IPV6:
		break;
	}
	if (may_be_tunnelled(&frame)) {
		switch (decapsulate(xdp)) {
		case TUNNEL_MALFORMED:
			return drop(DROP_MALFORMED);
		case TUNNEL_CONGESTION:
			return drop(DROP_TUNNEL_CONGESTION);
		}
		if (parse_frame(xdp, &frame) != PARSED_IPV6)
			return drop(DROP_MALFORMED);
	}
	if (is_ulid(&frame.ipv6->address[0]) || is_ulid(&frame.ipv6->address[1]))
		return drop(DROP_ULID_OUTSIDE);
	if (is_for_routers(&frame))
		return pass();
	switch (find_shim6(&frame, &found)) {
	case WALK_MALFORMED:
		return drop(DROP_MALFORMED);
	case WALK_TOO_LONG:
		return drop(DROP_EXTENSION_HEADERS);
	case WALK_DONE:
		break;
	}
	if (found.next_header == NEXT_ICMP6 && quotes_shim6(&frame, &found))
		return want_punt(punt, &frame, EVENT_ICMP_ERROR);
	if (found.next_header != NEXT_SHIM6)
		return is_nat_punt(result = nat_inbound(xdp)) ? want_nat_punt(punt, &frame, result)
							      : result;

	header = (void *)frame.ipv6 + found.offset;
	if ((void *)(header + 1) > frame.end || found.offset + PAYLOAD_HEADER_LENGTH > frame.length)
		return drop(DROP_MALFORMED);
	/* The tables hold whole headers, with P = 1 and a length of 0: what is found is payload. */
	entry = find_ingress(*(__u64 *)header & ~NEXT_HEADER_MASK);
	if (!entry)
		return unknown(punt, &frame, header, frame.length - found.offset);
	/* The peer may have moved: R1bis will tell (RFC 5533 §7.17, §12.2). */
	if (!may_send(entry, &frame.ipv6->address[0]))
		return want_punt(punt, &frame, EVENT_FOREIGN_SOURCE);
	length = frame.length - PAYLOAD_HEADER_LENGTH;
	port = usable_port(READ_ONCE(entry->port));
	if (port) {
		/* Otherwise the kernel sees to it. */
		if (hop_limit(&frame) <= 1)
			return want_punt(punt, &frame, EVENT_OUTSIDE_HOP_LIMIT);
		if (length > port->mtu)
			return too_big(punt, &frame, port->mtu);
		if (!select_port(entry->port))
			return drop(DROP_NO_PORT);
	}

	if (!remove_payload_header(&frame, &found, entry, port ? 1 : 0))
		return drop(DROP_MALFORMED);
	entry->last_received = settings.tick;
	entry->packets++;
	entry->bytes += length;
	if (port) {
		if (!leave_by(xdp, &frame, port, entry))
			return drop(DROP_MALFORMED);
		return forward();
	}
	if (!leave_to_kernel(xdp, &frame))
		return drop(DROP_MALFORMED);
	count(COUNT_TO_KERNEL);
	return XDP_PASS;
}

SEC("xdp")
int outside(struct xdp_md *xdp)
{
	struct punt punt;
	int verdict = process_plain(xdp);

	if (verdict != NOT_PLAIN)
		return verdict;
	verdict = process((void *)opaque((long)xdp), &punt);

	if (verdict == PUNT && punt.kind == EVENT_OUTSIDE_TOO_BIG)
		verdict = answer_too_big(xdp, EVENT_OUTSIDE_TOO_BIG, punt.mtu);
	return verdict == PUNT ? punt_frame(xdp, &punt) : verdict;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
