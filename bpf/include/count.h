/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_COUNT_H
#define PENSTOCK_COUNT_H
/* Counters, each CPU its own. */
#include <stdbool.h>
#include "maps.h"

/* The program's own: why this CPU dropped last, for samples. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} last_drops SEC(".maps");

/* Whether somebody captures. */
static __always_inline bool is_capturing(void)
{
	__u32 zero = 0;

	if (!(settings.features & LB_FEATURE_CAPTURE))
		return false;
	struct lb_capture_filter *filter = bpf_map_lookup_elem(&capture_filter, &zero);

	return filter && filter->one_in;
}

/* Bytes of a frame, as it is now, with all its buffers. */
static __always_inline __u32 whole_length(struct xdp_md *ctx)
{
	return settings.features & LB_FEATURE_JUMBO ? bpf_xdp_get_buff_len(ctx) : ctx->data_end - ctx->data;
}

/* A global function: verified once. */
__noinline int drop(struct xdp_md *ctx, __u32 reason)
{
	struct lb_drop_stats *stats = bpf_map_lookup_elem(&drop_stats, &reason);

	if (is_capturing()) {
		__u32 zero = 0, *last = bpf_map_lookup_elem(&last_drops, &zero);

		if (last)
			*last = reason;
	}

	if (stats) {
		stats->packets++;
		stats->bytes += whole_length(ctx);
	}
	return XDP_DROP;
}

/* Drops a packet of a service, or of LB_NO_SERVICE. A global function: verified once. */
__noinline int drop_of(struct xdp_md *ctx, __u32 service, __u32 reason)
{
	if (service == LB_NO_SERVICE)
		return drop(ctx, reason);
	struct lb_service_drop key = { .service = service, .reason = reason };
	struct lb_drop_stats *stats = bpf_map_lookup_elem(&service_drops, &key);
	__u64 bytes = whole_length(ctx);

	if (stats) {
		stats->packets++;
		stats->bytes += bytes;
	} else {
		struct lb_drop_stats first = { .packets = 1, .bytes = bytes };

		bpf_map_update_elem(&service_drops, &key, &first, BPF_ANY);
	}
	return drop(ctx, reason);
}

/* A packet that is answered here, or goes up the stack for want of a backend. */
static __always_inline struct lb_service_stats *count_service(__u32 id, __u32 bytes)
{
	struct lb_service_stats *stats = bpf_map_lookup_elem(&service_stats, &id);

	if (stats) {
		stats->packets++;
		stats->bytes += bytes;
	}
	return stats;
}

/*
 * A flow that has been given its backend, whatever becomes of the packet: the next one is of a flow that is known. A global function, for the long way of IPv6 has no
 * room left on the stack of 6.1.
 */
__noinline int count_new_flow(__u32 id)
{
	struct lb_backend_stats *stats = bpf_map_lookup_elem(&backend_stats, &id);

	if (stats)
		stats->new_flows++;
	return 0;
}

/* A packet that has left for its backend: nothing has dropped or answered it on the way out. */
static __always_inline void count_backend(__u32 id, __u32 bytes, bool miss)
{
	struct lb_backend_stats *stats = bpf_map_lookup_elem(&backend_stats, &id);

	if (!stats)
		return;
	stats->packets++;
	stats->bytes += bytes;
	if (miss)
		stats->misses++;
}

#endif
