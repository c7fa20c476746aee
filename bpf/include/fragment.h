/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_FRAGMENT_H
#define PENSTOCK_FRAGMENT_H
/*
 * All parts of a datagram meet at one backend: whichever comes first has it chosen, by addresses and protocol unless the
 * flow is known, and the others follow. By nat the first has to come first: only it has the ports that tell flows apart.
 * Each part goes through what its service asks of a packet: no more is remembered than ports and backend.
 */
#include "flow.h"

#define FRAGMENT_SECONDS 30 /* As the kernel's net.ipv4.ipfrag_time. */

/* The program's own: the stack (512 bytes for all calls) has no room for it. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct lb_fragment_key);
} fragment_keys SEC(".maps");

static __always_inline struct lb_fragment_key *fragment_key(const struct frame *f, bool v6)
{
	__u32 zero = 0;
	struct lb_fragment_key *key = bpf_map_lookup_elem(&fragment_keys, &zero);

	if (!key)
		return 0;
	address_of(&key->source, f->source, v6);
	address_of(&key->destination, f->destination, v6);
	key->id = f->fragment_id;
	key->protocol = f->protocol;
	return key;
}

/* No global functions: 6.1 lets such a one look up no key that it is handed. */
static __noinline int remember_fragment(struct lb_fragment_key *key, __u32 backend, __u32 generation, __u32 ports)
{
	struct lb_fragment value = { .backend = backend, .generation = generation, .seen = coarse_seconds(), .ports = ports };

	return key ? bpf_map_update_elem(&fragments, key, &value, BPF_ANY) : 0;
}

/* Where a part of a datagram goes, for others. */
static __noinline int remember_part(const struct frame *f, __u32 backend, __u32 generation, __u32 v6)
{
	return f ? remember_fragment(fragment_key(f, v6), backend, generation, f->first_unseen ? 0 : f->ports) : 0;
}

/* What is known of a datagram whose parts still arrive: its sender gives the id to another one after a while. */
static __always_inline struct lb_fragment *known_fragment(struct lb_fragment_key *key)
{
	struct lb_fragment *known = key ? bpf_map_lookup_elem(&fragments, key) : 0;

	return known && (__u16)(coarse_seconds() - known->seen) <= FRAGMENT_SECONDS ? known : 0;
}

/*
 * The backend that other parts went to, if the service still has it, or LB_NO_BACKEND. `first`: for a first part, which follows those that were placed without
 * one; else what is known is another datagram that had the id before.
 */
static __always_inline __u32 backend_of_fragment(struct lb_fragment_key *key, __u32 service, bool first)
{
	struct lb_fragment *known = known_fragment(key);

	if (!known || (first && known->ports))
		return LB_NO_BACKEND;
	__u32 id = known->backend;
	struct lb_backend *backend = bpf_map_lookup_elem(&backends, &id);

	return backend && backend->generation == known->generation && backend->service == service &&
	       (backend->state == LB_STATE_READY || backend->state == LB_STATE_DRAIN) ? id : LB_NO_BACKEND;
}

/* The same for a frame. A function of its own, for 6.1 counts its stack with that of those it is called by. */
static __noinline __u32 named_by_parts(const struct frame *f, __u32 service, __u32 v6)
{
	return f ? backend_of_fragment(fragment_key(f, v6), service, !f->later_fragment) : LB_NO_BACKEND;
}

/* The ports of a datagram whose first part was seen, or 0. */
static __noinline __u32 ports_of_fragment(struct lb_fragment_key *key)
{
	struct lb_fragment *known = known_fragment(key);

	return known ? known->ports : 0;
}

#endif
