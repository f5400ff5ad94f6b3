/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The frames of the benchmark. A context is known by a pseudo-random 32-bit
 * number; addresses and tags follow from it. packets.ts says the same in
 * TypeScript, and the check before every measurement compares the two.
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

/* Odd, so that different contexts have different identifiers. */
#define SOURCE_HIGH	 0x9e3779b1u
#define SOURCE_LOW	 0x85ebca77u
#define DESTINATION_HIGH 0xc2b2ae3du
#define DESTINATION_LOW	 0x27d4eb2fu
#define TAG_LOW		 0x165667b1u

#define HOP_LIMIT	 64
#define SOURCE_PORT	 40000
#define DESTINATION_PORT 443
#define PAYLOAD		 0x5053 /* two octets make the frame 64 long */

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

/* As a host sends it: 64 octets. */
struct host_frame {
	struct ethhdr ethernet;
	struct ipv6hdr ipv6;
	struct datagram datagram;
} __attribute__((packed));

/* As the peer's box sends it: 72 octets. */
struct shim_frame {
	struct ethhdr ethernet;
	struct ipv6hdr ipv6;
	struct payload_header shim;
	struct datagram datagram;
} __attribute__((packed));

#endif
