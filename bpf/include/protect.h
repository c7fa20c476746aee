/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_PROTECT_H
#define PENSTOCK_PROTECT_H
/* What a service asks of its clients' addresses, and options of the choice by address. Each is off unless its flag is set. */
#include "flow.h"

/*
 * Functions of their own: inlined, their outcomes would multiply the paths that the verifier (6.18) follows. Global, so that they are verified once, but for those that
 * look up a key that they are handed, which 6.1 refuses in a global one.
 */

/* The program's own: the stack (512 bytes for all calls) has no room for it. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct lb_source_key);
} source_keys SEC(".maps");

static __always_inline struct lb_source_key *source_key(const struct lb_service *service, const struct frame *f, bool v6)
{
	__u32 zero = 0;
	struct lb_source_key *key = bpf_map_lookup_elem(&source_keys, &zero);

	if (!key)
		return 0;
	key->prefix = 32 + 128;
	key->service = service->id;
	address_of(&key->address, f->source, v6);
	return key;
}

/* Counts a packet or new flow of the source and says whether that is beyond `limit` a second. */
__noinline int beyond_rate(struct lb_source_key *source, __u32 limit, __u32 flow)
{
	__u32 now = coarse_seconds();
	struct lb_rate_key key;
	struct lb_rate *rate;

	if (!limit || !source)
		return 0;
	key.source = source->address;
	key.service = source->service;
	rate = bpf_map_lookup_elem(&source_rates, &key);
	if (!rate) {
		struct lb_rate first = { .second = now, .packets = !flow, .flows = flow };

		bpf_map_update_elem(&source_rates, &key, &first, BPF_ANY);
		return 0;
	}
	if (rate->second != now) {
		rate->second = now;
		rate->packets = 0;
		rate->flows = 0;
	}
	return __sync_fetch_and_add(flow ? &rate->flows : &rate->packets, 1) >= limit;
}

/* Counts a new flow and says whether that is beyond what the service takes of its source. */
static __always_inline bool beyond_flow_rate(const struct lb_service *service, const struct frame *f, bool v6)
{
	struct lb_source_key *key = service->flags & LB_SERVICE_LIMIT ? source_key(service, f, v6) : 0;

	return key && beyond_rate(key, service->source_flows, true);
}

/* A reason to drop what this source sends, or LB_DROP_NONE. */
static __noinline int refuse_source(struct lb_source_key *key, __u32 flags)
{
	if (!key)
		return LB_DROP_NONE;
	__u32 *found = bpf_map_lookup_elem(&source_lists, key);
	__u32 verdict = found ? *found : 0;

	if (flags & LB_SERVICE_BLOCK && verdict == LB_SOURCE_BLOCK)
		return LB_DROP_SOURCE_BLOCKED;
	return flags & LB_SERVICE_ALLOW && verdict != LB_SOURCE_ALLOW ? LB_DROP_SOURCE_NOT_ALLOWED : LB_DROP_NONE;
}

/* The same for a packet, which is counted. A function of its own, for 6.1 counts its stack with that of those it is called by. */
static __noinline __u32 refuse_packet(const struct frame *f, const struct lb_service *service, __u32 v6)
{
	struct lb_source_key *key = f && service ? source_key(service, f, v6) : 0;

	if (!key)
		return LB_DROP_NONE;
	__u32 refused = refuse_source(key, service->flags);

	if (!refused && service->flags & LB_SERVICE_LIMIT && beyond_rate(key, service->source_packets, false))
		refused = LB_DROP_SOURCE_PACKETS;
	return refused;
}

/* The backend an override names for this source, if it takes new flows, or LB_NO_BACKEND. */
static __noinline int override_backend(struct lb_source_key *key)
{
	if (!key)
		return LB_NO_BACKEND;
	__u32 *id = bpf_map_lookup_elem(&source_overrides, key);
	struct lb_backend *backend = id ? bpf_map_lookup_elem(&backends, id) : 0;

	return backend && backend->service == key->service && backend->state == LB_STATE_READY ? *id : LB_NO_BACKEND;
}

/* The backend that a QUIC connection id (RFC 9000) names, or LB_NO_BACKEND; `where` is quic_offset, quic_length << 8. */
__noinline int quic_backend(struct xdp_md *ctx, __u32 l4, __u32 service, __u32 where)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	struct lb_quic_key key = { .service = service };
	__u8 *payload = data + (l4 & MOST_L4_OFFSET) + sizeof(struct udphdr);

	if ((void *)(payload + 1) > data_end)
		return LB_NO_BACKEND;
	/* Long headers (17.2): flags, version, length of the id, id. Short ones (17.3): flags, id. */
	bool is_long = *payload & 0x80;
	__u8 *id = payload + (is_long ? 6 : 1) + (where & 0x1f);

	if ((void *)(id + 4) > data_end || (is_long && (void *)(payload + 6) > data_end))
		return LB_NO_BACKEND;
	if (is_long && payload[5] < (where & 0x1f) + (where >> 8))
		return LB_NO_BACKEND; /* A shorter id than any of the servers'. */
	for (__u32 i = 0; i < 4; i++)
		if (i < where >> 8)
			key.server = key.server << 8 | id[i];
	__u32 *backend = bpf_map_lookup_elem(&quic_servers, &key);

	return backend ? *backend : LB_NO_BACKEND;
}

#endif
