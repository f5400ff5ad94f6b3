// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * An exit router's half of an IPv6-in-IPv6 tunnel (RFC 2473), for kernels without
 * ip6tnl. `decapsulate` runs where packets come from the box, `encapsulate` where they
 * come from the provider; everything else is the kernel's, which routes what they made.
 * Written apart from the box's programs, whose judge it is.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct headers {
	struct ethhdr ethernet;
	struct ipv6hdr ipv6;
} __attribute__((packed));

/* Written by program.ts, in this order. */
struct {
	struct in6_addr own;
	struct in6_addr box;
	/* What the provider delegated: a /48, but for its subnet `link`, where this router is. */
	struct in6_addr delegated;
	__be16 link;
	/* Octets that go through the tunnel; the kernel answers what is longer. */
	__u32 mtu;
} tunnel SEC(".bss.tunnel");

static __always_inline int equal(const struct in6_addr *one, const struct in6_addr *other)
{
	return one->s6_addr32[0] == other->s6_addr32[0] &&
	       one->s6_addr32[1] == other->s6_addr32[1] &&
	       one->s6_addr32[2] == other->s6_addr32[2] && one->s6_addr32[3] == other->s6_addr32[3];
}

SEC("xdp")
int decapsulate(struct xdp_md *xdp)
{
	struct headers *outer = (void *)(long)xdp->data;
	struct ethhdr ethernet;

	if ((void *)(outer + 1) > (void *)(long)xdp->data_end ||
	    outer->ethernet.h_proto != bpf_htons(ETH_P_IPV6) ||
	    outer->ipv6.nexthdr != IPPROTO_IPV6 || !equal(&outer->ipv6.saddr, &tunnel.box) ||
	    !equal(&outer->ipv6.daddr, &tunnel.own))
		return XDP_PASS;
	ethernet = outer->ethernet;
	if (bpf_xdp_adjust_head(xdp, sizeof(struct ipv6hdr)))
		return XDP_DROP;
	outer = (void *)(long)xdp->data;
	if ((void *)(&outer->ethernet + 1) > (void *)(long)xdp->data_end)
		return XDP_DROP;
	outer->ethernet = ethernet;
	return XDP_PASS;
}

SEC("xdp")
int encapsulate(struct xdp_md *xdp)
{
	struct headers *frame = (void *)(long)xdp->data;
	struct headers made;

	if ((void *)(frame + 1) > (void *)(long)xdp->data_end ||
	    frame->ethernet.h_proto != bpf_htons(ETH_P_IPV6) ||
	    frame->ipv6.daddr.s6_addr32[0] != tunnel.delegated.s6_addr32[0] ||
	    frame->ipv6.daddr.s6_addr16[2] != tunnel.delegated.s6_addr16[2] ||
	    frame->ipv6.daddr.s6_addr16[3] == tunnel.link ||
	    sizeof(struct ipv6hdr) + bpf_ntohs(frame->ipv6.payload_len) > tunnel.mtu)
		return XDP_PASS;
	made = *frame;
	made.ipv6.payload_len =
	    bpf_htons(bpf_ntohs(frame->ipv6.payload_len) + sizeof(struct ipv6hdr));
	made.ipv6.nexthdr = IPPROTO_IPV6;
	made.ipv6.hop_limit = 64;
	made.ipv6.saddr = tunnel.own;
	made.ipv6.daddr = tunnel.box;
	if (bpf_xdp_adjust_head(xdp, -(int)sizeof(struct ipv6hdr)))
		return XDP_DROP;
	frame = (void *)(long)xdp->data;
	if ((void *)(frame + 1) > (void *)(long)xdp->data_end)
		return XDP_DROP;
	*frame = made;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
