/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The hashes of the context tables. control/dataplane/hash.ts computes the
 * same ones; all arithmetic is modulo 2^32 (Math.imul there). Words are read
 * from memory in host order on both sides.
 *
 *   keyed(w)        = sum over i of (w[i] ^ w[i] >> 16) * hash_key[i]
 *   egress(pair)    = avalanche(keyed(the 8 words of source ULID, destination ULID))
 *   ingress(tag)    = avalanche(tag_low ^ tag_high * 0x9e3779b1)
 *   avalanche       = the finaliser of MurmurHash3 (32 bits)
 *
 * A product carries differences only upward, so the high half of each word is
 * folded onto its low half first: addresses that differ only in their last
 * octets (the top of a little-endian word) would collide otherwise. The keys
 * are random and secret: who chooses addresses cannot choose slots. Tags are
 * drawn at random by ourselves and need no key.
 */
#ifndef PSHIM6_HASH_H
#define PSHIM6_HASH_H

#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include "layout.h"

static __always_inline __u32 avalanche(__u32 hash)
{
	hash ^= hash >> 16;
	hash *= 0x85ebca6b;
	hash ^= hash >> 13;
	hash *= 0xc2b2ae35;
	return hash ^ hash >> 16;
}

static __always_inline __u32 keyed_hash(const __u32 *word, const __u32 *key, int words)
{
	__u32 sum = 0;

#pragma unroll
	for (int i = 0; i < words; i++)
		sum += (word[i] ^ word[i] >> 16) * key[i];
	return avalanche(sum);
}

/* `pair`: source ULID and destination ULID, adjacent as in the IPv6 header. */
static __always_inline __u32 egress_hash(const struct settings *settings,
					 const struct address pair[2])
{
	return keyed_hash(pair[0].word, settings->hash_key, HASH_WORDS);
}

static __always_inline __u32 ingress_hash(__u32 tag_high, __u32 tag_low)
{
	return avalanche(tag_low ^ tag_high * 0x9e3779b1);
}

/* Which of the SOURCE_BUCKETS limits the punts that `source` causes. */
static __always_inline __u32 source_bucket(const struct settings *settings,
					   const struct address *source)
{
	return keyed_hash(source->word, settings->hash_key, 4) % SOURCE_BUCKETS;
}

#endif
