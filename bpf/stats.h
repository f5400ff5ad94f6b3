/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Counting. Every frame counts once, for what became of it; every drop names its
 * reason. An entry says which half it counts in by defining DIRECTION (inside or
 * outside) before its includes.
 */
#ifndef PSHIM6_STATS_H
#define PSHIM6_STATS_H

#include "maps.h"

/* Of this processor, which nothing else writes (up to MAX_PROCESSORS of them). */
static __always_inline struct statistics *own_statistics(void)
{
	return &statistics[bpf_get_smp_processor_id() & (MAX_PROCESSORS - 1)];
}

static __always_inline void count(enum verdict_count what)
{
	own_statistics()->DIRECTION[what]++;
}

/* Not ours: the kernel gets the frame as it came. */
static __always_inline int pass(void)
{
	count(COUNT_PASSED);
	return XDP_PASS;
}

static __always_inline int drop(enum drop_reason reason)
{
	struct statistics *own = own_statistics();

	own->DIRECTION[COUNT_DROPPED]++;
	own->drops[reason]++;
	return XDP_DROP;
}

/* The controller has the frame. */
static __always_inline int punted(enum event_kind kind)
{
	struct statistics *own = own_statistics();

	own->DIRECTION[COUNT_PUNTED]++;
	own->punts[kind]++;
	return XDP_DROP;
}

/* The frame is an answer now, and goes back where it came from. */
static __always_inline int answer(void)
{
	count(COUNT_ANSWERED);
	return XDP_TX;
}

static __always_inline void count_nat(enum nat_count what)
{
	own_statistics()->nat[what]++;
}

/* The rewritten frame leaves by the port that select_port() took. */
static __always_inline int forward(void)
{
	count(COUNT_FORWARDED);
	return XDP_REDIRECT;
}

#endif
