/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The hashes of the context tables. control/dataplane/hash.ts computes the
 * same ones; all arithmetic is modulo 2^64. The upper bits of a hash name a slot.
 *
 *   keyed(w)        = sum over i of w[i] * hash_key[i]
 *   egress(pair)    = keyed(the 4 words of source ULID, destination ULID, in network order)
 *   fork(pair, f)   = egress(pair) + f * 0x9e3779b1 * 2^32
 *   ingress(header) = header * 0x9e3779b97f4a7c15, the payload header's Next Header taken as 0
 *
 * keyed is multiply-shift (Dietzfelbinger et al. 1997) over a vector: for random
 * odd keys two pairs share their upper m bits with a probability of about 2^-m.
 * A product carries differences only upward, so the octets that differ most must
 * be at the bottom of a word: hence network order. The keys are secret: who
 * chooses addresses cannot choose slots. What is left to them is to differ only
 * in the first octets of both halves of an address; for a CGA that means to mine
 * all the others.
 * Tags are drawn at random by ourselves and need no key.
 */
#ifndef PSHIM6_HASH_H
#define PSHIM6_HASH_H

#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "layout.h"

/* Of an address, with two words of the key. */
static __always_inline __u64 keyed_hash(const struct address *address, const __u64 *key)
{
	const __u64 *word = (const __u64 *)address;

	return bpf_be64_to_cpu(word[0]) * key[0] + bpf_be64_to_cpu(word[1]) * key[1];
}

static __always_inline __u64 egress_hash(const struct address pair[2], const __u64 *key)
{
	return keyed_hash(&pair[0], key) + keyed_hash(&pair[1], key + 2);
}

/* Apart from each other, lest a pair's forks lengthen its default context's search. */
static __always_inline __u64 fork_hash(const struct address pair[2], const __u64 *key, __u64 fork)
{
	return egress_hash(pair, key) + (fork * 0x9e3779b1 << 32);
}

static __always_inline __u64 ingress_hash(__u64 header)
{
	return header * 0x9e3779b97f4a7c15;
}

#endif
