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
#include "parse.h"

/* Of the controller's words that change while packets flow. */
#define READ_ONCE(word) (*(const volatile typeof(word) *)&(word))

static __always_inline __u64 half(const struct address *address, int index)
{
	return ((const __u64 *)address)[index];
}

static __always_inline int equal_address(const struct address *one, const struct address *other)
{
	return half(one, 0) == half(other, 0) && half(one, 1) == half(other, 1);
}

/* The default context of (source, destination), live or draining, or NULL. */
static __always_inline struct egress_entry *find_egress(const struct address pair[2])
{
	__u32 slot = egress_hash(pair, settings.hash_key) >> settings.egress_shift;

	for (int i = 0; i < PROBE_LIMIT; i++) {
		struct egress_entry *entry = bpf_map_lookup_elem(&egress, &slot);
		__u32 found;

		if (!entry)
			return NULL;
		/* Of a fork it is more than any state. */
		found = READ_ONCE(entry->control) & (CONTROL_STATE_MASK | CONTROL_FORK_MASK);
		if (equal_address(&entry->destination_ulid, &pair[1]) &&
		    equal_address(&entry->source_ulid, &pair[0]) &&
		    found - SLOT_DRAINING <= SLOT_LIVE - SLOT_DRAINING)
			return entry;
		if ((found & CONTROL_STATE_MASK) == SLOT_EMPTY)
			return NULL;
		slot = (slot + 1) & settings.egress_mask;
	}
	return NULL;
}

/* The live context whose payload headers are `header`, its Next Header taken as 0; or NULL. */
static __always_inline struct ingress_entry *find_ingress(__u64 header)
{
	__u32 slot = ingress_hash(header) >> settings.ingress_shift;

	for (int i = 0; i < PROBE_LIMIT; i++) {
		struct ingress_entry *entry = bpf_map_lookup_elem(&ingress, &slot);
		__u64 found;

		if (!entry)
			return NULL;
		found = READ_ONCE(*(__u64 *)&entry->control); /* and tag_low */
		if (found == (header | SLOT_LIVE))
			return entry;
		if ((found & CONTROL_STATE_MASK) == SLOT_EMPTY)
			return NULL;
		slot = (slot + 1) & settings.ingress_mask;
	}
	return NULL;
}

/* One way to send a context's packets. The pointers are made opaque lest the
 * compiler compute them anew, from their indices, at every use. */
struct route {
	const struct locator_pair *locators;
	const struct uplink *uplink;
	__u32 uplink_index;
	__u32 link_length; /* the uplink's, as it was when the route was chosen */
};

/* Makes XDP_REDIRECT mean this port. False if its interface no longer exists. */
static __always_inline int select_port(__u32 index)
{
	return bpf_redirect_map(&ports_redirect, index, XDP_DROP) == XDP_REDIRECT;
}

/* The port toward a host, if the host's next hop is known. */
static __always_inline const struct port *usable_port(__u32 index)
{
	if (index >= MAX_PORTS) /* PORT_NONE */
		return NULL;
	return ports[index].link_length ? &ports[index] : NULL;
}

static __always_inline int usable_route(const struct egress_entry *entry, __u32 path,
					struct route *route)
{
	const __u8 *uplink_of = (const __u8 *)&entry->control + CONTROL_UPLINK_SHIFT / 8;
	__u64 index = opaque(READ_ONCE(uplink_of[path]));

	if (index >= MAX_UPLINKS) /* UPLINK_NONE */
		return 0;
	route->uplink = (void *)opaque((long)&uplinks[index]);
	route->locators = (void *)opaque((long)&entry->path[path]);
	route->uplink_index = index;
	route->link_length = READ_ONCE(route->uplink->link_length);
	return route->link_length != 0;
}

/* The active path, or the other one while the active one's uplink is down. */
static __always_inline int choose_route(const struct egress_entry *entry, struct route *route)
{
	const __u8 *active = (const __u8 *)&entry->control + CONTROL_ACTIVE_SHIFT / 8;
	__u32 path = READ_ONCE(*active) & 1;

	return usable_route(entry, path, route) || usable_route(entry, path ^ 1, route);
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
static __always_inline int in_site(const struct address *address)
{
	for (int i = 0; i < MAX_SITE_PREFIXES && i < settings.site_prefixes; i++)
		if (in_prefix(&settings.site_prefix[i], address))
			return 1;
	return 0;
}

/* If not, it is no ULID of any site. */
static __always_inline int may_be_ulid(const struct address *address)
{
	return (address->word[0] & settings.ulid_mask) == settings.ulid_bits;
}

/* Is `address` a ULID, of any site? */
static __always_inline int is_ulid(const struct address *address)
{
	if (!may_be_ulid(address))
		return 0;
	for (int i = 0; i < MAX_ULID_PREFIXES && i < settings.ulid_prefixes; i++)
		if (in_prefix(&settings.ulid_prefix[i], address))
			return 1;
	return 0;
}

static __always_inline int may_send(const struct ingress_entry *entry, const struct address *source)
{
	__u32 locators = READ_ONCE(entry->peer_locators);

	for (int i = 0; i < PEER_LOCATORS && i < locators; i++)
		if (equal_address(&entry->peer_locator[i], source))
			return 1;
	return locators == ANY_SOURCE || !(settings.flags & SETTING_STRICT_SOURCE);
}

#endif
