/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Punting: handing a frame to the controller through the ring buffer, at most
 * as often as settings.punt_limit allows.
 *
 * The limits are GCRA (ITU-T I.371): a bucket holds the time at which the next
 * punt is due if all come at the allowed rate; a punt may be early by at most
 * the burst. All CPUs share the buckets without locking: two that collide lose
 * one update, so a limit may be passed by one punt per collision.
 */
#ifndef PSHIM6_EVENTS_H
#define PSHIM6_EVENTS_H

#include "context.h"
#include "parse.h"
#include "stats.h"

enum punt_sizes {
	/* Most frames that wait for a context are short; they take a short record. */
	EVENT_SHORT_FRAME = 240,
	/* Of an MTU of 1500, with room for tags. */
	EVENT_USUAL_FRAME = 2032,
};

/* What is counted when the limit does not allow a punt. */
static __always_inline enum drop_reason limited_reason(enum event_kind kind)
{
	switch (kind) {
	case EVENT_CONTROL:
		return DROP_CONTROL_LIMITED;
	case EVENT_UNKNOWN_TAG:
		return DROP_UNKNOWN_TAG;
	case EVENT_FOREIGN_SOURCE:
		return DROP_SOURCE_NOT_LOCATOR;
	case EVENT_FRAGMENT:
		return DROP_FRAGMENT_LIMITED;
	case EVENT_ICMP_ERROR:
		return DROP_ICMP_LIMITED;
	case EVENT_OUTSIDE_TOO_BIG:
		return DROP_OUTSIDE_TOO_BIG;
	case EVENT_OUTSIDE_HOP_LIMIT:
		return DROP_OUTSIDE_HOP_LIMIT;
	case EVENT_TOO_BIG:
		return DROP_TOO_BIG;
	case EVENT_HOP_LIMIT:
		return DROP_HOP_LIMIT;
	case EVENT_NO_UPLINK:
		return DROP_NO_UPLINK;
	case EVENT_NAT_LOST:
		return DROP_NAT_LOST;
	default:
		return DROP_MISS_LIMITED;
	}
}

/* Which of the SOURCE_BUCKETS limits the punts that `source` causes. */
static __always_inline __u32 source_bucket(const struct address *source)
{
	return (keyed_hash(source, settings.hash_key) >> 32) * SOURCE_BUCKETS >> 32;
}

static __always_inline int within_limits(enum event_kind kind, const struct address *source)
{
	__u32 first = kind * BUCKETS_PER_KIND;
	__u32 own = first + 1 + source_bucket(source);
	const struct punt_limit *limit = &settings.punt_limit[kind];
	__u64 *due_all = bpf_map_lookup_elem(&punt_buckets, &first);
	__u64 *due_own = bpf_map_lookup_elem(&punt_buckets, &own);
	__u64 now = bpf_ktime_get_ns();

	if (!due_all || !due_own)
		return 0;
	if (*due_own > now + limit->source_burst || *due_all > now + limit->burst)
		return 0;
	*due_own = (*due_own > now ? *due_own : now) + limit->source_interval;
	*due_all = (*due_all > now ? *due_all : now) + limit->interval;
	return 1;
}

/*
 * The wish to punt. A program decides first and punts in one place at its end.
 * That is not a function of its own (noinline) because the verifier of 5.10
 * then mixes up the constants that its callers pass, and cuts live branches.
 */
struct punt {
	enum event_kind kind;
	__u32 network_offset;
	__u32 uplink; /* TOO_BIG */
	__u32 mtu;    /* TOO_BIG */
	__u32 fork;   /* FORK */
};

enum decision {
	PUNT = -1, /* no XDP action: the caller is to punt_frame() */
};

static __always_inline int want_punt(struct punt *punt, const struct frame *frame,
				     enum event_kind kind)
{
	punt->kind = kind;
	punt->network_offset = frame->link_length;
	punt->uplink = 0;
	punt->mtu = 0;
	punt->fork = 0;
	return PUNT;
}

/*
 * Copies `length` octets of the frame into a record with room for `space`, a
 * constant: the verifier of 5.10 wants to know the size reserved.
 */
static __always_inline int submit(struct xdp_md *xdp, const struct punt *punt, __u64 length,
				  const __u32 space)
{
	const __u32 record = __builtin_offsetof(struct event, frame) + space;
	struct event *event = bpf_ringbuf_reserve(&events, record, 0);
	void *data = (void *)(long)xdp->data;

	if (!event)
		return 0;
	event->kind = punt->kind;
	event->path_uplink = punt->uplink;
	event->length = length;
	event->ifindex = xdp->ingress_ifindex;
	event->mtu = punt->mtu;
	event->network_offset = punt->network_offset;
	event->fork = punt->fork;
	length = opaque(length);
	if (length <= space) /* always, but the verifier has to see it here */
		bpf_probe_read_kernel(event->frame, length, data);
	bpf_ringbuf_submit(event, 0);
	return 1;
}

/* Tells of a frame that goes on: no more than its beginning, and nothing when limited. */
static __always_inline int notify(struct xdp_md *xdp, const struct punt *punt)
{
	void *data = (void *)(long)xdp->data, *end = (void *)(long)xdp->data_end;
	struct ipv6_header *ipv6 = data + (punt->network_offset & 31);
	__u64 length = end - data;

	if ((void *)(ipv6 + 1) > end || !within_limits(punt->kind, &ipv6->address[0]))
		return 0;
	if (length > EVENT_SHORT_FRAME)
		length = EVENT_SHORT_FRAME;
	if (!submit(xdp, punt, length, EVENT_SHORT_FRAME))
		return 0;
	own_statistics()->punts[punt->kind]++;
	return 1;
}

/* The punt, or the drop if it is not to be. */
static __always_inline int punt_frame(struct xdp_md *xdp, const struct punt *punt)
{
	void *data = (void *)(long)xdp->data, *end = (void *)(long)xdp->data_end;
	struct ipv6_header *ipv6 = data + (punt->network_offset & 31);
	enum event_kind kind = punt->kind;
	__u64 length = end - data;
	int submitted;

	if ((void *)(ipv6 + 1) > end)
		return drop(DROP_MALFORMED);
	if (length > EVENT_FRAME_MAX) {
		/* These need the frame whole; the others are answered, and the
		 * answer quotes no more than 1280 octets. */
		if (kind == EVENT_CONTROL || kind == EVENT_MISS || kind == EVENT_ICMP_ERROR ||
		    kind == EVENT_FRAGMENT)
			return drop(DROP_PUNT_TOO_LONG);
		length = EVENT_FRAME_MAX;
	}
	if (!within_limits(kind, &ipv6->address[0]))
		return drop(limited_reason(kind));
	if (length <= EVENT_SHORT_FRAME)
		submitted = submit(xdp, punt, length, EVENT_SHORT_FRAME);
	else if (length <= EVENT_USUAL_FRAME)
		submitted = submit(xdp, punt, length, EVENT_USUAL_FRAME);
	else
		submitted = submit(xdp, punt, length, EVENT_FRAME_MAX);
	if (!submitted)
		return drop(DROP_RING_FULL);
	return punted(kind);
}

#endif
