/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_BALANCE_H
#define PENSTOCK_BALANCE_H
/* Chooses a backend for a flow, or finds it again, and sends the frame there. */
#include "cookie.h"
#include "forward.h"
#include "fragment.h"
#include "protect.h"
#include "second.h"
#include "service.h"

/* Flags with which a service's packets still go the short way. */
#define PLAIN_SERVICE (LB_SERVICE_CLIENT_HASH | LB_SERVICE_NO_FLOWS)
#define KNOWN 0           /* By this CPU's flow table. */
#define UNKNOWN 1
#define KNOWN_ELSEWHERE 2 /* By another CPU's, or by what else there is to go by. */
#define NAMED 3           /* By the packet itself, or by another part of its datagram. */
#define BALANCE_UNUSUAL (-1) /* The short way ends here, before anything was counted. */

/* What a frame of a service without backends meets. */
static __always_inline int no_backend(struct xdp_md *ctx, const struct frame *f, const struct lb_service *service, bool v6)
{
	if (service->empty_action == LB_EMPTY_PASS) {
		count_service(service->id, f->length);
		return XDP_PASS;
	}
	return service->empty_action == LB_EMPTY_REJECT ? reject(ctx, f, service->id, LB_DROP_NO_BACKEND, v6) : drop_of(ctx, service->id, LB_DROP_NO_BACKEND);
}

/* Towards this host's stack, of a flow that begins or is not known: a verdict, or -1 for the ordinary way. */
static __always_inline int answer_syn(struct xdp_md *ctx, const struct frame *f, const struct lb_service *service, bool v6)
{
	int verdict = answer_by_cookie(ctx, f, service->id, service->syn_threshold, v6);

	if (verdict == COOKIE_NONE)
		return -1;
	if (verdict == COOKIE_REFUSED || verdict == COOKIE_MARTIAN)
		return drop_of(ctx, service->id, verdict == COOKIE_MARTIAN ? LB_DROP_MARTIAN : LB_DROP_SYN_COOKIE);
	struct lb_service_stats *stats = count_service(service->id, f->length);

	if (stats)
		stats->cookies++;
	return verdict;
}

/* The backend of a flow that another CPU knows, or LB_NO_BACKEND. A function of its own, for 6.1 counts its stack with that of those it is called by. */
static __noinline __u32 backend_elsewhere(const struct lb_service *service, __u64 hash, __u32 now)
{
	if (!service)
		return LB_NO_BACKEND;
	__u32 choice = flow_elsewhere(hash & (settings.flow_sets - 1), flow_tag(hash), now), id = choice & BACKEND_MASK;
	struct lb_backend *backend = choice ? bpf_map_lookup_elem(&backends, &id) : 0;

	return backend && is_choice(choice, backend) && takes_flow(backend, service, false) ? id : LB_NO_BACKEND;
}

/* The backend of a flow that is not known. */
static __always_inline __u32 choose(const struct frame *f, const struct lb_service *service, __u64 hash, bool v6)
{
	if (service->flags & LB_SERVICE_OVERRIDES) {
		struct lb_source_key *key = source_key(service, f, v6);
		__u32 id = key ? override_backend(key) : LB_NO_BACKEND;

		if (id)
			return id;
	}
	if (f->fragment && !(service->flags & LB_SERVICE_CLIENT_HASH))
		hash = flow_hash(f, v6, false, 0);
	return ring_backend(service, hash_for_ring(f, service, hash, v6));
}

/* Whether a frame of a flow that is not known is its first. */
static __always_inline bool begins_flow(const struct frame *f, bool plain)
{
	if (f->protocol == IPPROTO_TCP)
		return f->tcp_flags & TCP_SYN;
	return plain || (!f->quoted && !f->later_fragment);
}

/* Whether an entry of the flow table, used last as `use` says, is gone by. */
static __always_inline bool is_believed(__u32 choice, __u16 use, const struct lb_backend *backend, const struct lb_service *service, __u8 protocol, bool starts, __u32 now)
{
	return backend && is_choice(choice, backend) && takes_flow(backend, service, starts) && !is_stale(use) &&
	       (protocol != IPPROTO_UDP || !service->flow_timeout || ((now - use) & FLOW_AGE_MASK) <= service->flow_timeout);
}

/*
 * `named` is a backend that the packet itself names, or other parts of its datagram went to. `plain` is constant: of a whole TCP or UDP packet to a service with
 * backends that asks for no more than PLAIN_SERVICE. Its `f` lacks addresses.
 */
static __always_inline int balance(struct xdp_md *ctx, const struct frame *f, const struct lb_service *service, __u64 hash, __u32 named, bool v6, bool plain)
{
	const bool quoted = !plain && f->quoted;
	__u32 now = coarse_seconds(), tag = flow_tag(hash), index = flow_set_index(hash);
	bool starts = f->protocol == IPPROTO_TCP && f->tcp_flags & TCP_SYN;
	struct lb_flow_set *set = service->flags & LB_SERVICE_NO_FLOWS || (!plain && f->first_unseen) ? 0 : bpf_map_lookup_elem(&flows, &index);
	struct lb_backend *backend = 0;
	__u32 way = set ? flow_find(set, tag) : LB_FLOW_WAYS, id = LB_NO_BACKEND;
	__u32 miss = UNKNOWN;

	if (set && way < LB_FLOW_WAYS) {
		__u32 choice = set->choice[way];
		__u16 before = set->use[way];
		__u16 use = flow_state(f->protocol, f->tcp_flags, quoted, before >> FLOW_AGE_BITS) << FLOW_AGE_BITS | (now & FLOW_AGE_MASK);

		id = choice & BACKEND_MASK;
		backend = bpf_map_lookup_elem(&backends, &id);
		if (is_believed(choice, before, backend, service, f->protocol, starts, now)) {
			miss = KNOWN;
			if (use != before)
				set->use[way] = use;
		}
	}
	if (!plain && named) {
		struct lb_backend *other = bpf_map_lookup_elem(&backends, &named);

		if (other && takes_flow(other, service, false)) {
			backend = other;
			id = named;
			miss = miss ? NAMED : KNOWN;
		}
	}
	if (!plain && miss && begins_flow(f, plain) && (f->fragment || miss != NAMED) && beyond_flow_rate(service, f, v6))
		return drop_of(ctx, service->id, LB_DROP_SOURCE_FLOWS);
	if (miss && (plain || miss != NAMED)) {
		/* It may have come in on another CPU so far. */
		bool seeks = set && !starts && (plain || !f->fragment) && (quoted || f->protocol == IPPROTO_TCP);

		if (plain && (seeks || service->flags & LB_SERVICE_CLIENT_HASH))
			return BALANCE_UNUSUAL;
		if (!plain && seeks && may_search(now)) {
			id = backend_elsewhere(service, hash, now);
			if (!id && service->second_slots && !(service->flags & LB_SERVICE_OVERRIDES))
				id = backend_before(ctx, f, service, hash_for_ring(f, service, hash, v6), v6 | (keeps_flows(now) ? TABLE_KEEPS_UP : 0));
			if (id)
				miss = KNOWN_ELSEWHERE;
		}
		if (miss == UNKNOWN) {
			if (!plain && !service->ring_slots)
				return no_backend(ctx, f, service, v6);
			id = plain ? ring_backend(service, hash) : choose(f, service, hash, v6);
		}
		backend = bpf_map_lookup_elem(&backends, &id);
		if (!backend || !takes_flow(backend, service, miss == UNKNOWN))
			return drop_of(ctx, service->id, LB_DROP_BACKEND_DOWN);
	}
	if (!plain && settings.features & LB_FEATURE_SYN_COOKIES && service->flags & LB_SERVICE_SYN_COOKIES &&
	    backend->forwarding == LB_FORWARD_LOCAL && (miss == UNKNOWN || starts) && !quoted && !f->fragment) {
		int verdict = answer_syn(ctx, f, service, v6);

		if (verdict >= 0)
			return verdict;
	}
	/* What is known already takes no room: the cap is for others. */
	if (miss && (plain || miss != NAMED) && set && !quoted && (plain || !f->fragment) && (way < LB_FLOW_WAYS || may_insert(now)))
		flow_insert(index, tag, choice_of(id, backend->generation),
			    first_state(f->protocol, f->tcp_flags, quoted) << FLOW_AGE_BITS | (now & FLOW_AGE_MASK));
	if (miss && begins_flow(f, plain) && (plain || f->fragment || miss != NAMED))
		count_new_flow(id);
	/* Of a later part that follows others no more than they said is known. */
	if (!plain && f->fragment && (!f->later_fragment || id != named))
		remember_part(f, id, backend->generation, v6);
	int outcome = plain ? forward_inline(ctx, backend, id, f->l3, f->ip_length, hash, v6) :
		      v6    ? forward_ipv6(ctx, id, f->l3, f->ip_length, hash) : forward_ipv4(ctx, id, f->l3, f->ip_length, hash);

	if (outcome != XDP_DROP && !(outcome & FORWARD_ANSWERED))
		count_backend(id, f->length, miss != KNOWN);
	return outcome & ~FORWARD_ANSWERED;
}

#endif
