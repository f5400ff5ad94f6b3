/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Inserting and removing the Payload Extension header. Everything has been
 * decided by then; ULP checksums cover the ULIDs and are never touched
 * (RFC 5533 §11.1). Ethernet padding behind the packet is carried along.
 *
 * The IPv6 header and the extension headers before the payload header move by
 * 8 octets, toward the front to make room, toward the back to close the gap.
 * The Ethernet header is written anew, tagged or not as the port says.
 */
#ifndef PSHIM6_REWRITE_H
#define PSHIM6_REWRITE_H

#include "context.h"
#include "parse.h"

static __always_inline void copy_mac(__u16 *to, const void *from)
{
	const __u16 *words = from;

	to[0] = words[0];
	to[1] = words[1];
	to[2] = words[2];
}

static __always_inline void copy_address(struct address *to, const struct address *from)
{
	((__u64 *)to)[0] = half(from, 0);
	((__u64 *)to)[1] = half(from, 1);
}

static __always_inline __u32 link_length(const struct port *port)
{
	return port->vlan ? TAGGED_LINK_LENGTH : LINK_LENGTH;
}

/* Writes link_length(port) octets at `link`, of which the caller vouches for 18. */
static __always_inline void write_link(__u16 *link, const struct port *port,
				       const __u8 destination[6])
{
	copy_mac(link, destination);
	copy_mac(link + 3, port->mac);
	if (port->vlan) {
		link[6] = bpf_htons(TYPE_CUSTOMER_TAG);
		link[7] = bpf_htons(port->vlan);
		link[8] = bpf_htons(TYPE_IPV6);
	} else {
		link[6] = bpf_htons(TYPE_IPV6);
	}
}

/*
 * Sends the frame's packet along `route`: locators for ULIDs, the payload
 * header at `insertion`. False, and the frame as it was, if there is no headroom.
 */
static __always_inline int insert_payload_header(struct xdp_md *xdp, const struct frame *frame,
						 const struct position *insertion,
						 const struct egress_entry *entry,
						 const struct route *route)
{
	__u32 link = link_length(route->port);
	__u32 version_class_flow = frame->ipv6->version_class_flow;
	__u8 hop_limit = frame->ipv6->hop_limit;
	__u8 next_header = frame->ipv6->next_header;
	__u32 length = frame->length;
	__u32 extensions = insertion->offset - IPV6_LENGTH;
	struct payload_header *header;
	struct ipv6_header *ipv6;
	void *data, *end;

	if (bpf_xdp_adjust_head(xdp, (int)frame->link_length - (int)link - PAYLOAD_HEADER_LENGTH))
		return 0;
	data = (void *)(long)xdp->data;
	end = (void *)(long)xdp->data_end;
	ipv6 = data + link;
	/* This and the checks below never fail: the verifier has forgotten the length. */
	if (data + TAGGED_LINK_LENGTH > end || (void *)(ipv6 + 1) + PAYLOAD_HEADER_LENGTH > end)
		return 0;

	header = (void *)(ipv6 + 1);
	if (extensions) {
		__u8 *pointer = (__u8 *)ipv6 + insertion->pointer;
		__u64 *word = (__u64 *)header;

		for (int i = 0; i < EXTENSIONS_LENGTH / 8 && i < extensions / 8; i++, word++) {
			if ((void *)(word + 2) > end)
				return 0;
			word[0] = word[1];
		}
		header = (struct payload_header *)word;
		if ((void *)(header + 1) > end || (void *)(pointer + 1) > end)
			return 0;
		*pointer = NEXT_SHIM6;
	} else {
		next_header = NEXT_SHIM6;
	}
	header->next_header = insertion->next_header;
	header->length = 0;
	header->tag_high = bpf_htons(PAYLOAD_P | entry->peer_tag_high);
	header->tag_low = bpf_htonl(entry->peer_tag_low);

	ipv6->version_class_flow = version_class_flow;
	ipv6->payload_length = bpf_htons(length + PAYLOAD_HEADER_LENGTH - IPV6_LENGTH);
	ipv6->next_header = next_header;
	ipv6->hop_limit = hop_limit - 1;
	copy_address(&ipv6->address[0], &route->locators->source);
	copy_address(&ipv6->address[1], &route->locators->destination);
	write_link(data, route->port, route->uplink->gateway);
	return 1;
}

/* Where a restored packet goes: out of a port, or (port NULL) to the kernel. */
struct delivery {
	const struct port *port;
	const struct ingress_entry *entry;
};

/* Removes the payload header at `found` and restores the ULIDs. Always true, but for the verifier.
 */
static __always_inline int remove_payload_header(struct xdp_md *xdp, const struct frame *frame,
						 const struct position *found,
						 const struct delivery *delivery)
{
	struct ipv6_header *ipv6 = frame->ipv6;
	struct ipv6_header *moved = (void *)ipv6 + PAYLOAD_HEADER_LENGTH;
	__u32 link = delivery->port ? link_length(delivery->port) : frame->link_length;
	int shrink = (int)frame->link_length + PAYLOAD_HEADER_LENGTH - (int)link;
	__u32 version_class_flow = ipv6->version_class_flow;
	__u8 hop_limit = ipv6->hop_limit;
	__u8 next_header = ipv6->next_header;
	__u32 extensions = found->offset - IPV6_LENGTH;
	const struct payload_header *header = (void *)ipv6 + found->offset;
	void *data = frame->data, *end = frame->end;

	if ((void *)(moved + 1) > end || (void *)(header + 1) > end)
		return 0;
	if (extensions) {
		__u8 *pointer = (__u8 *)ipv6 + found->pointer;

		if ((void *)(pointer + 1) > end)
			return 0;
		*pointer = header->next_header;
		for (__u32 at = extensions; at > 0 && at <= EXTENSIONS_LENGTH; at -= 8) {
			/* The mask changes nothing, but the verifier needs to see the bound. */
			__u64 *word = (void *)ipv6 + IPV6_LENGTH + (opaque(at) & 0x3f8);

			if ((void *)(word + 1) > end)
				return 0;
			word[0] = word[-1];
		}
	} else {
		next_header = header->next_header;
	}
	if (!delivery->port) {
		/* The longer link header of the two; a surplus is overwritten below. */
		__u64 *from = data, *to = data + PAYLOAD_HEADER_LENGTH;

		*(__u16 *)(to + 2) = *(__u16 *)(from + 2);
		to[1] = from[1];
		to[0] = from[0];
	}
	moved->version_class_flow = version_class_flow;
	moved->payload_length = bpf_htons(frame->length - PAYLOAD_HEADER_LENGTH - IPV6_LENGTH);
	moved->next_header = next_header;
	moved->hop_limit = hop_limit;
	copy_address(&moved->address[0], &delivery->entry->peer_ulid);
	copy_address(&moved->address[1], &delivery->entry->local_ulid);
	if (delivery->port) {
		moved->hop_limit = hop_limit - 1;
		write_link(data + shrink, delivery->port, delivery->entry->host_mac);
	}
	return bpf_xdp_adjust_head(xdp, shrink) == 0;
}

#endif
