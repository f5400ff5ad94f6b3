/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Counting. Every frame counts once as received and once for what became of
 * it; every drop names its reason. An entry says which half it counts in by
 * defining DIRECTION (inside or outside) before its includes.
 */
#ifndef PSHIM6_STATS_H
#define PSHIM6_STATS_H

#include "maps.h"

static __always_inline struct statistics *find_statistics(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&statistics, &zero);
}

static __always_inline void count(struct statistics *statistics, enum verdict_count what)
{
	statistics->DIRECTION[what]++;
}

/* Not ours: the kernel gets the frame as it came. */
static __always_inline int pass(struct statistics *statistics)
{
	count(statistics, COUNT_PASSED);
	return XDP_PASS;
}

static __always_inline int drop(struct statistics *statistics, enum drop_reason reason)
{
	count(statistics, COUNT_DROPPED);
	statistics->drops[reason]++;
	return XDP_DROP;
}

/* The rewritten frame leaves by the port that select_port() took. */
static __always_inline int forward(struct statistics *statistics)
{
	count(statistics, COUNT_FORWARDED);
	return XDP_REDIRECT;
}

#endif
