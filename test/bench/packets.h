/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The frames of the benchmark. A context is known by a pseudo-random 32-bit
 * number; addresses and tags follow from it, as traffic.ts says. What must come
 * out is in packets.ts: the check before every measurement compares the two.
 */
#ifndef BENCH_PACKETS_H
#define BENCH_PACKETS_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define TAG_LOW 0x165667b1u /* odd, so that different contexts have different tags */

#define FIRST_WORD 0x6ba12345 /* version, traffic class (EF, ECT(0)), flow label */
#define HOP_LIMIT  64
#define PAYLOAD	   0x5053 /* two octets make the shortest frame 64 long */
#define VLAN_TAG   4

#define IPPROTO_SHIM6 140

struct payload_header { /* RFC 5533 §5.2 */
	__u8 next_header;
	__u8 length;
	__be16 tag_high; /* P, and bits 46..32 of the tag */
	__be32 tag_low;
} __attribute__((packed));

struct datagram {
	struct udphdr udp;
	__be16 payload;
} __attribute__((packed));

/* As a host sends it, the shortest: 64 octets. */
struct host_frame {
	struct ethhdr ethernet;
	struct ipv6hdr ipv6;
	struct datagram datagram;
} __attribute__((packed));

#endif
