/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Finding a packet's context, and the questions asked of the small tables.
 * The controller publishes a slot by storing `control` last, so `control` is
 * read first. No slot is refilled while packets that found it are in flight.
 */
#ifndef PSHIM6_CONTEXT_H
#define PSHIM6_CONTEXT_H

#include <bpf/bpf_endian.h>
#include "hash.h"
#include "maps.h"

static __always_inline struct settings *find_settings(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&settings, &zero);
}

/* Of the controller's words that change while packets flow. */
static __always_inline __u32 read_once(const __u32 *word)
{
	return *(const volatile __u32 *)word;
}

static __always_inline __u64 half(const struct address *address, int index)
{
	return ((const __u64 *)address)[index];
}

static __always_inline int equal_address(const struct address *one, const struct address *other)
{
	return half(one, 0) == half(other, 0) && half(one, 1) == half(other, 1);
}

/* The context of (source, destination), live or draining, or NULL. */
static __always_inline struct egress_entry *find_egress(const struct settings *settings,
							const struct address pair[2])
{
	__u32 slot = egress_hash(settings, pair);

	for (int i = 0; i < PROBE_LIMIT; i++, slot++) {
		__u32 index = slot & settings->egress_mask;
		struct egress_entry *entry = bpf_map_lookup_elem(&egress, &index);
		__u32 state;

		if (!entry)
			return NULL;
		state = read_once(&entry->control) & CONTROL_STATE_MASK;
		if (state == SLOT_EMPTY)
			return NULL;
		if (state != SLOT_TOMBSTONE && equal_address(&entry->destination_ulid, &pair[1]) &&
		    equal_address(&entry->source_ulid, &pair[0]))
			return entry;
	}
	return NULL;
}

/* The live context with this local tag, or NULL. */
static __always_inline struct ingress_entry *find_ingress(const struct settings *settings,
							  __u32 tag_high, __u32 tag_low)
{
	__u32 slot = ingress_hash(tag_high, tag_low);

	for (int i = 0; i < PROBE_LIMIT; i++, slot++) {
		__u32 index = slot & settings->ingress_mask;
		struct ingress_entry *entry = bpf_map_lookup_elem(&ingress, &index);
		__u32 control;

		if (!entry)
			return NULL;
		control = read_once(&entry->control);
		if ((control & CONTROL_STATE_MASK) == SLOT_EMPTY)
			return NULL;
		if ((control & CONTROL_STATE_MASK) == SLOT_LIVE &&
		    control >> CONTROL_TAG_SHIFT == tag_high && entry->tag_low == tag_low)
			return entry;
	}
	return NULL;
}

/* One way to send a context's packets, resolved down to the interface. */
struct route {
	const struct locator_pair *locators;
	const struct uplink *uplink;
	const struct port *port;
	__u32 uplink_index;
};

static __always_inline const struct port *find_port(__u32 index)
{
	const struct port *port = bpf_map_lookup_elem(&ports, &index);

	return port && port->ifindex ? port : NULL;
}

/* Makes XDP_REDIRECT mean this port. False if its interface no longer exists. */
static __always_inline int select_port(__u32 index)
{
	return bpf_redirect_map(&ports_redirect, index, XDP_DROP) == XDP_REDIRECT;
}

static __always_inline int usable_route(const struct egress_entry *entry, __u32 path,
					struct route *route)
{
	__u32 index = entry->uplink[path]; /* UPLINK_NONE lies outside the array */

	route->uplink = bpf_map_lookup_elem(&uplinks, &index);
	if (!route->uplink || read_once(&route->uplink->state) != UPLINK_UP)
		return 0;
	route->port = find_port(route->uplink->port);
	route->uplink_index = index;
	route->locators = &entry->path[path];
	return route->port != NULL;
}

/* The active path, or the other one while the active one's uplink is down. */
static __always_inline int choose_route(const struct egress_entry *entry, struct route *route)
{
	__u32 active = read_once(&entry->control) >> CONTROL_ACTIVE_SHIFT & 1;

	return usable_route(entry, active, route) || usable_route(entry, active ^ 1, route);
}

static __always_inline int in_prefix(const struct prefix *prefix, const struct address *address)
{
	__u64 high = bpf_be64_to_cpu(half(&prefix->address, 0) ^ half(address, 0));
	__u64 low = bpf_be64_to_cpu(half(&prefix->address, 1) ^ half(address, 1));
	__u32 length = prefix->length;

	if (length == 0)
		return 1;
	if (length <= 64)
		return high >> (64 - length) == 0;
	return high == 0 && low >> (128 - length) == 0;
}

/* Is `address` one of the site's own CMULAs? */
static __always_inline int in_site(const struct settings *settings, const struct address *address)
{
	for (int i = 0; i < MAX_SITE_PREFIXES && i < settings->site_prefixes; i++)
		if (in_prefix(&settings->site_prefix[i], address))
			return 1;
	return 0;
}

/* Is `address` a ULID, of any site? */
static __always_inline int is_ulid(const struct settings *settings, const struct address *address)
{
	for (int i = 0; i < MAX_ULID_PREFIXES && i < settings->ulid_prefixes; i++)
		if (in_prefix(&settings->ulid_prefix[i], address))
			return 1;
	return 0;
}

static __always_inline int is_peer_locator(const struct ingress_entry *entry,
					   const struct address *source)
{
	for (int i = 0; i < PEER_LOCATORS && i < entry->peer_locators; i++)
		if (equal_address(&entry->peer_locator[i], source))
			return 1;
	return 0;
}

#endif
