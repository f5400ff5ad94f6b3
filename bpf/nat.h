/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * NATv6: hosts that hold nothing but a CMULA reach peers without SHIM6, and are
 * reached by them. Outbound the CMULA becomes the host's locator of one provider,
 * inbound the locator becomes the CMULA; nothing else changes (like RFC 6296, but
 * by tables: locators may be of any form).
 *
 * The provider follows from a hash of the two addresses, so a pair keeps its
 * provider without state. Only flows that came by another one, because the peer
 * chose the locator or because the first provider was down, are remembered, in
 * an LRU: their packets must go on as they began.
 *
 * Here is what both directions share; see nat-outbound.h and nat-inbound.h. Their
 * entries are called where no context was found and are not inlined: the way of
 * shimmed packets stays as it is. They parse the frame anew.
 */
#ifndef PSHIM6_NAT_H
#define PSHIM6_NAT_H

#include "context.h"
#include "events.h"
#include "parse.h"
#include "rewrite.h"
#include "stats.h"
#include "transport.h"

/* RFC 4443 §2.1, §3. */
enum icmp6 {
	ICMP6_ERROR_LENGTH = 8, /* octets before the packet that an error quotes */
	ICMP6_ECHO_REQUEST = 128,
	ICMP6_ECHO_REPLY = 129,
};

enum tcp {
	TCP_FLAGS = 13, /* the octet's place in the header */
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
};

/* Which of the two addresses of a packet is meant. */
enum side {
	SOURCE = 0,
	DESTINATION = 1,
};

/* Not multicast, not link-local, and not of ::/32 with unspecified and loopback: packets from or to
 * those are not forwarded (RFC 4291 §2.5.2, §2.5.3, §2.5.6, §2.7). */
static __always_inline int is_routable(const struct address *address)
{
	__u32 first = bpf_ntohl(address->word[0]);

	return first >> 24 != 0xff && first >> 22 != 0xfe80 >> 6 && first != 0;
}

/* What is to be translated in a packet, found before anything is written. */
struct nat_plan {
	struct transport outer;
	struct transport quoted; /* of the packet in an ICMPv6 error */
	__u32 quoted_header;	 /* offset of that packet; 0: there is none */
};

/* A punt as the result of a function whose other results are XDP actions. */
static __always_inline int nat_punt(enum event_kind kind, __u32 uplink, __u32 mtu)
{
	return -(int)(1 | kind << 1 | uplink << 5 | mtu << 12);
}

static __always_inline int is_nat_punt(int result)
{
	return result < 0;
}

static __always_inline int want_nat_punt(struct punt *punt, const struct frame *frame, int result)
{
	__u32 code = -result;
	__u64 kind = opaque((code >> 1) & 0xf);

	if (kind >= EVENT_KINDS) /* never, but the verifier knows nothing of the result */
		return drop(DROP_MALFORMED);

	want_punt(punt, frame, kind);
	punt->uplink = (code >> 5) & 0x7f;
	punt->mtu = code >> 12;
	return PUNT;
}

/* The ports, or what stands for them, of the packet at `at`, whose `host` side is the host's. */
static __always_inline void take_ports(struct nat_flow *flow, const struct frame *frame,
				       const struct transport *at, enum side host)
{
	const __be16 *word = packet_at(frame, at->offset);

	flow->host_port = flow->peer_port = 0;
	flow->protocol = at->protocol;
	if (at->fragment) {
		flow->protocol = NEXT_FRAGMENT;
		return;
	}
	if (!at->offset || at->offset + 8 > at->limit || (void *)(word + 4) > frame->end)
		return;
	switch (at->protocol) {
	case NEXT_TCP:
	case NEXT_UDP:
	case NEXT_UDP_LITE:
	case NEXT_DCCP:
	case NEXT_SCTP:
		flow->host_port = word[host];
		flow->peer_port = word[!host];
		break;
	case NEXT_ICMP6:
		if (*(const __u8 *)word == ICMP6_ECHO_REQUEST ||
		    *(const __u8 *)word == ICMP6_ECHO_REPLY)
			flow->host_port = flow->peer_port = word[2];
		break;
	}
}

/* Examines a packet whose `host` side is a host's. The flow of an ICMPv6 error is that of the
 * packet it quotes, which went the other way. */
static __always_inline enum walk_result plan_translation(const struct frame *frame, enum side host,
							 struct nat_plan *plan,
							 struct nat_flow *flow)
{
	enum walk_result result = find_transport(frame, 0, frame->length, &plan->outer);
	const __u8 *type;

	plan->quoted_header = 0;
	if (result != WALK_DONE)
		return result;
	copy_address(&flow->host, &frame->ipv6->address[host]);
	copy_address(&flow->peer, &frame->ipv6->address[!host]);
	flow->reserved[0] = flow->reserved[1] = flow->reserved[2] = 0;
	take_ports(flow, frame, &plan->outer, host);
	if (plan->outer.protocol != NEXT_ICMP6 || !plan->outer.checksum ||
	    plan->outer.offset + ICMP6_ERROR_LENGTH + IPV6_LENGTH > plan->outer.limit)
		return WALK_DONE;
	type = packet_at(frame, plan->outer.offset);
	if ((void *)(type + 1) > frame->end || *type & ICMP6_INFORMATIONAL)
		return WALK_DONE;
	plan->quoted_header = plan->outer.offset + ICMP6_ERROR_LENGTH;
	/* Of a packet that is cut short, or makes no sense, the address is translated alone. */
	if (find_transport(frame, plan->quoted_header, plan->outer.limit, &plan->quoted) !=
	    WALK_DONE)
		plan->quoted = (struct transport){.protocol = NEXT_NONE};
	take_ports(flow, frame, &plan->quoted, !host);
	return WALK_DONE;
}

/*
 * Makes up in a checksum for a change of address (RFC 1624 §3, equation 3). False for a UDP
 * datagram that has none (RFC 6935 §5); a sum of zero is written as all ones where zero says so.
 */
static __always_inline int adjust_checksum(__be16 *checksum, __u8 protocol, __u16 delta)
{
	__u32 sum = (__u16) ~*checksum;

	if (!delta)
		return 1;
	if (protocol == NEXT_UDP && !*checksum)
		return 0;
	sum += delta;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	if (!sum && (protocol == NEXT_UDP || protocol == NEXT_UDP_LITE))
		sum = 0xffff;
	*checksum = sum;
	return 1;
}

/*
 * Writes: `to` for the address on `side`, and in a quoted packet on the other side; what the
 * checksums need; a hop limit lower by `spent`. The IPv6 header is `link` octets into the frame,
 * which is as long as when the plan was made: false is never returned, but the verifier wants it.
 */
static __always_inline int translate(struct xdp_md *xdp, __u32 link, const struct nat_plan *plan,
				     enum side side, const struct address *to, __u16 delta,
				     __u64 spent)
{
	struct frame frame = {.ipv6 = (void *)(long)xdp->data + link,
			      .end = (void *)(long)xdp->data_end};
	struct ipv6_header *ipv6 = frame.ipv6;
	__be16 *checksum;
	int made_up = 1;

	if ((void *)(ipv6 + 1) > frame.end)
		return 0;
	if (plan->quoted_header) {
		struct ipv6_header *quoted = packet_at(&frame, plan->quoted_header);

		if ((void *)(quoted + 1) > frame.end)
			return 0;
		if (equal_address(&quoted->address[!side], &ipv6->address[side])) {
			copy_address(&quoted->address[!side], to);
			made_up = 0;
			/* The quoted packet's checksum makes up for its address, also in the
			 * error's. */
			if (plan->quoted.checksum) {
				checksum = packet_at(&frame, plan->quoted.checksum);
				if ((void *)(checksum + 1) > frame.end)
					return 0;
				made_up = adjust_checksum(checksum, plan->quoted.protocol, delta);
			}
		}
	}
	if (plan->outer.checksum) {
		checksum = packet_at(&frame, plan->outer.checksum);
		if ((void *)(checksum + 1) > frame.end)
			return 0;
		adjust_checksum(checksum, plan->outer.protocol, delta);
		if (!made_up)
			adjust_checksum(checksum, plan->outer.protocol, delta);
	}
	copy_address(&ipv6->address[side], to);
	ipv6->head = bpf_cpu_to_be64(bpf_be64_to_cpu(ipv6->head) - (spent << HEAD_HOP_LIMIT));
	if (plan->outer.offset && !is_known_protocol(plan->outer.protocol))
		count_nat(NAT_UNKNOWN_PROTOCOL);
	return 1;
}

/* Gives the frame another Ethernet header. False, and the frame as it was, without headroom. */
static __always_inline int replace_link(struct xdp_md *xdp, const struct frame *frame,
					const __u8 *link, __u32 length, const __u8 *destination)
{
	void *data;

	if (frame->link_length != length &&
	    bpf_xdp_adjust_head(xdp, (int)frame->link_length - (int)length))
		return 0;
	data = (void *)(long)xdp->data;
	if (data + TAGGED_LINK_LENGTH > (void *)(long)xdp->data_end)
		return 0;
	write_link(data, link, length, destination);
	return 1;
}

/* Where the flow's packets should go: the first of these is where they go unless it is down. */
static __always_inline const __u8 *nat_choices(const struct nat_flow *flow)
{
	return nat.choice[egress_hash(&flow->host, nat.hash_key) >> 56];
}

#endif
