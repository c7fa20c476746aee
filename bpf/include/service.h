/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_SERVICE_H
#define PENSTOCK_SERVICE_H
/* Which service a flow belongs to, and which of its backends. */
#include "count.h"
#include "flow.h"

static __always_inline struct lb_service *service_of_port(const struct frame *f, __be16 port, bool v6)
{
	struct lb_service_key key = { .port = port, .protocol = f->protocol };

	address_of(&key.address, f->destination, v6);
	return bpf_map_lookup_elem(&services, &key);
}

static __always_inline struct lb_vip *vip_of(const __u32 *address, bool v6)
{
	struct lb_address key;

	address_of(&key, address, v6);
	return bpf_map_lookup_elem(&vips, &key);
}

static __always_inline struct lb_service *service_of_range(const struct frame *f, bool v6)
{
	struct lb_range_key key = { .prefix = 152, .protocol = f->protocol };

	address_of(&key.address, f->destination, v6);
	key.port[0] = f->ports >> 16;
	key.port[1] = f->ports >> 24;
	return bpf_map_lookup_elem(&service_ranges, &key);
}

/* The backend the ring names, or LB_NO_BACKEND. */
static __always_inline __u32 ring_backend(const struct lb_service *service, __u64 hash)
{
	__u32 slot = ring_slot(hash, service->ring_slots);
	__u32 line = service->ring_line + slot / LB_RING_LINE_SLOTS;
	struct lb_ring_line *slots = bpf_map_lookup_elem(&rings, &line);

	return slots ? slots->backend[slot % LB_RING_LINE_SLOTS] : LB_NO_BACKEND;
}

#endif
