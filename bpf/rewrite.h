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

static __always_inline void copy_address(struct address *to, const struct address *from)
{
	((__u64 *)to)[0] = half(from, 0);
	((__u64 *)to)[1] = half(from, 1);
}

/*
 * Writes the Ethernet header `link`, but `destination`, at `to`: `length` octets,
 * 14 or 18, of which the caller vouches for 18.
 */
static __always_inline void write_link(void *to, const __u8 *link, __u32 length,
				       const __u8 *destination)
{
	*(__u32 *)to = *(const __u32 *)destination;
	*(__u16 *)(to + 4) = *(const __u16 *)(destination + 4);
	*(__u64 *)(to + 6) = *(const __u64 *)(link + 6);
	if (length == TAGGED_LINK_LENGTH)
		*(__u32 *)(to + 14) = *(const __u32 *)(link + 14);
}

/* A length that the verifier knows. */
static __always_inline __u32 known_length(__u32 link_length)
{
	return link_length == TAGGED_LINK_LENGTH ? TAGGED_LINK_LENGTH : LINK_LENGTH;
}

/* The IPv6 header's first word after `frame`'s, `added` to the length and `spent` off the hop
 * limit. */
static __always_inline __u64 next_head(const struct frame *frame, __s64 added, __u64 spent)
{
	return frame->head + (added << HEAD_PAYLOAD_LENGTH) - (spent << HEAD_HOP_LIMIT);
}

static __always_inline __be64 head_with(__u64 head, __u8 next_header)
{
	head &= ~(0xffull << HEAD_NEXT_HEADER);
	return bpf_cpu_to_be64(head | (__u64)next_header << HEAD_NEXT_HEADER);
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
	__u32 link = known_length(route->link_length);
	__u64 head = next_head(frame, PAYLOAD_HEADER_LENGTH, 1);
	__u32 extensions = insertion->offset - IPV6_LENGTH;
	struct ipv6_header *ipv6;
	__u64 *header;
	void *data, *end;

	if (bpf_xdp_adjust_head(xdp, (int)frame->link_length - (int)link - PAYLOAD_HEADER_LENGTH))
		return 0;
	data = (void *)(long)xdp->data;
	end = (void *)(long)xdp->data_end;
	ipv6 = data + link;
	header = (__u64 *)(ipv6 + 1);
	/* This and the checks below never fail: the verifier has forgotten the length. */
	if (data + TAGGED_LINK_LENGTH > end || (void *)(header + 1) > end)
		return 0;

	write_link(data, route->uplink->link, link, route->uplink->link);
	if (!extensions) {
		ipv6->head = head_with(head, NEXT_SHIM6);
	} else {
		__u8 *pointer = (__u8 *)ipv6 + insertion->pointer;

		ipv6->head = bpf_cpu_to_be64(head);
		for (int i = 0; i < EXTENSIONS_LENGTH / 8 && i < extensions / 8; i++, header++) {
			if ((void *)(header + 2) > end)
				return 0;
			header[0] = header[1];
		}
		if ((void *)(header + 1) > end || (void *)(pointer + 1) > end)
			return 0;
		*pointer = NEXT_SHIM6;
	}
	*header = entry->payload_header | NEXT_HEADER(insertion->next_header);
	copy_address(&ipv6->address[0], &route->locators->source);
	copy_address(&ipv6->address[1], &route->locators->destination);
	return 1;
}

/*
 * Removes the payload header at `found` and restores the ULIDs: the IPv6 header
 * then begins 8 octets later, with a hop limit lower by `spent`. Always true,
 * but for the verifier.
 */
static __always_inline int remove_payload_header(const struct frame *frame,
						 const struct position *found,
						 const struct ingress_entry *entry, __u32 spent)
{
	const struct payload_header *header = (void *)frame->ipv6 + found->offset;
	struct ipv6_header *moved = (void *)frame->ipv6 + PAYLOAD_HEADER_LENGTH;
	__u64 head = next_head(frame, -PAYLOAD_HEADER_LENGTH, spent);
	__u32 extensions = found->offset - IPV6_LENGTH;

	if ((void *)(moved + 1) > frame->end || (void *)(header + 1) > frame->end)
		return 0;
	if (!extensions) {
		moved->head = head_with(head, header->next_header);
	} else {
		__u8 *pointer = (__u8 *)frame->ipv6 + found->pointer;

		if ((void *)(pointer + 1) > frame->end)
			return 0;
		*pointer = header->next_header;
		for (__u32 at = extensions; at > 0 && at <= EXTENSIONS_LENGTH; at -= 8) {
			/* The mask changes nothing, but the verifier needs to see the bound. */
			__u64 *word = (void *)frame->ipv6 + IPV6_LENGTH + (opaque(at) & 0x3f8);

			if ((void *)(word + 1) > frame->end)
				return 0;
			word[0] = word[-1];
		}
		moved->head = bpf_cpu_to_be64(head);
	}
	copy_address(&moved->address[0], &entry->peer_ulid);
	copy_address(&moved->address[1], &entry->local_ulid);
	return 1;
}

/* Has the restored packet leave by `port`, toward the host of `entry`. */
static __always_inline int leave_by(struct xdp_md *xdp, const struct frame *frame,
				    const struct port *port, const struct ingress_entry *entry)
{
	__u32 link = known_length(port->link_length);
	int shrink = (int)frame->link_length + PAYLOAD_HEADER_LENGTH - (int)link;
	void *to = frame->data + shrink;

	if (to + TAGGED_LINK_LENGTH > frame->end)
		return 0;
	write_link(to, port->link, link, entry->host_mac);
	return bpf_xdp_adjust_head(xdp, shrink) == 0;
}

/* Has the restored packet go to the kernel under the Ethernet header that it came with. */
static __always_inline int leave_to_kernel(struct xdp_md *xdp, const struct frame *frame)
{
	void *from = frame->data, *to = from + PAYLOAD_HEADER_LENGTH;

	if (to + TAGGED_LINK_LENGTH > frame->end)
		return 0;
	/* From its end on, as the two places overlap. */
	if (frame->link_length == TAGGED_LINK_LENGTH)
		*(__u32 *)(to + 14) = *(__u32 *)(from + 14);
	*(__u32 *)(to + 10) = *(__u32 *)(from + 10);
	*(__u16 *)(to + 8) = *(__u16 *)(from + 8);
	*(__u64 *)to = *(__u64 *)from;
	return bpf_xdp_adjust_head(xdp, PAYLOAD_HEADER_LENGTH) == 0;
}

#endif
