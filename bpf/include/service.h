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

/* The line of a service on this CPU: another's, or stale, until find_service has written it. */
static __always_inline __u32 service_line_index(const struct lb_service_key *key)
{
	const __u32 *words = (const __u32 *)key;
	__u32 hash = (words[0] ^ words[1] ^ words[2] ^ words[3]) * 0x9E3779B1 + words[4] * 0x85EBCA6B;

	return bpf_get_smp_processor_id() * settings.service_lines + (hash >> 16 & (settings.service_lines - 1));
}

static __always_inline __u32 service_stamp(void)
{
	__u32 zero = 0;
	__u64 *epoch = bpf_map_lookup_elem(&service_epoch, &zero);

	/* Both only grow: an equal sum is made of equal parts. */
	return (epoch ? *epoch : 0) + coarse_seconds();
}

static __always_inline bool is_line_of(const struct lb_service_line *line, const struct lb_service_key *key, __u32 stamp)
{
	const __u32 *a = (const __u32 *)&line->key, *b = (const __u32 *)key;

	return !((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]) | (a[4] ^ b[4]) | (line->stamp ^ stamp));
}

#define SERVICE_FOUND (-1)
#define SERVICE_UNUSUAL (-2) /* The long way knows more. */

/* Turns the key of a service into that of a source of nat. */
static __always_inline void to_nat_source(struct lb_service_key *key)
{
	key->port = 0;
	key->protocol = 0;
}

static __always_inline void remember_nat_source(struct lb_service_key *key, __u32 stamp)
{
	to_nat_source(key);
	__u32 index = service_line_index(key);
	struct lb_service_line *line = bpf_map_lookup_elem(&service_lines, &index);

	if (!line)
		return;
	line->key = *key;
	line->service = (struct lb_service){ .flags = LB_SERVICE_NAT_SOURCE };
	line->stamp = stamp;
}

/* Writes the line of a service, or says what becomes of a packet that belongs to none. No global function: 6.1 lets such a one look up no key that it is handed. */
static __noinline int find_service(struct xdp_md *ctx, struct lb_service_key *key, __u32 index, __u32 stamp)
{
	if (!key)
		return XDP_PASS;
	struct lb_service *service = bpf_map_lookup_elem(&services, key);

	if (!service) {
		struct lb_vip *vip = bpf_map_lookup_elem(&vips, &key->address);

		if (!vip)
			return XDP_PASS;
		if (vip->flags & LB_VIP_NAT_SOURCE) {
			remember_nat_source(key, stamp);
			return SERVICE_UNUSUAL;
		}
		if (vip->flags & LB_VIP_RANGES) {
			struct lb_range_key range = { .prefix = 152, .address = key->address, .protocol = key->protocol };

			range.port[0] = key->port;
			range.port[1] = key->port >> 8;
			service = bpf_map_lookup_elem(&service_ranges, &range);
		}
		if (!service)
			return vip->flags & LB_VIP_CLOSED ? drop(ctx, LB_DROP_NO_SERVICE) : XDP_PASS;
	}
	struct lb_service_line *line = bpf_map_lookup_elem(&service_lines, &index);

	if (!line)
		return SERVICE_UNUSUAL;
	line->key = *key;
	line->service = *service;
	line->stamp = stamp;
	return SERVICE_FOUND;
}

/* The backend that a ring names, or LB_NO_BACKEND. */
static __always_inline __u32 backend_of_ring(__u32 first, __u32 count, __u64 hash)
{
	__u32 slot = ring_slot(hash, count);
	__u32 line = first + slot / LB_RING_LINE_SLOTS;
	struct lb_ring_line *slots = bpf_map_lookup_elem(&rings, &line);

	return slots ? slots->backend[slot % LB_RING_LINE_SLOTS] : LB_NO_BACKEND;
}

static __always_inline __u32 ring_backend(const struct lb_service *service, __u64 hash)
{
	return backend_of_ring(service->ring_line, service->ring_slots, hash);
}

#endif
