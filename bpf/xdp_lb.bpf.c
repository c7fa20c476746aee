// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The L4 data plane. A frame is read (frame.h), its service looked up, a backend remembered (flow.h) or chosen
 * (service.h), and sent there (forward.h). What is not ours goes up the stack, what is ours but bad is dropped and counted.
 */
#include "include/forward.h"
#include "include/service.h"

/* A bad frame is dropped if its address is ours. */
static __always_inline int malformed(struct xdp_md *ctx, const struct frame *f, __u32 reason, bool v6)
{
	return vip_of(f->destination, v6) ? drop(ctx, reason) : XDP_PASS;
}

/* What a frame of a service without backends meets. */
static __always_inline int no_backend(struct xdp_md *ctx, const struct frame *f, const struct lb_service *service)
{
	count_service(service->id, f->length);
	return service->empty_action == LB_EMPTY_PASS ? XDP_PASS : drop(ctx, LB_DROP_NO_BACKEND);
}

static __always_inline bool takes_flow(const struct lb_backend *backend, const struct lb_service *service, bool starts)
{
	return backend->service == service->id &&
	       (backend->state == LB_STATE_READY || (backend->state == LB_STATE_DRAIN && !starts));
}

/* Chooses a backend for the flow or finds it again, and sends the frame there. */
static __always_inline int balance(struct xdp_md *ctx, const struct frame *f, const struct lb_service *service, bool v6)
{
	__u64 hash = flow_hash(f, v6, false, f->ports);
	__u32 now = coarse_seconds();
	bool starts = f->protocol == IPPROTO_TCP && f->tcp_flags & TCP_SYN;
	__u32 index = flow_set_index(hash);
	struct lb_flow_set *set = service->flags & LB_SERVICE_NO_FLOWS ? 0 : bpf_map_lookup_elem(&flows, &index);
	struct lb_backend *backend = 0;
	__u32 id = LB_NO_BACKEND;
	bool miss = true;

	__u32 tag = flow_tag(hash);
	__u32 way = set ? flow_find(set, tag) : LB_FLOW_WAYS;
	if (set && way < LB_FLOW_WAYS) {
		__u32 choice = set->choice[way];
		__u16 before = set->use[way], idle = (now - before) & FLOW_AGE_MASK;
		__u16 use = flow_state(f, before >> FLOW_AGE_BITS) << FLOW_AGE_BITS | (now & FLOW_AGE_MASK);

		if (use != before)
			set->use[way] = use;
		id = choice & BACKEND_MASK;
		backend = bpf_map_lookup_elem(&backends, &id);
		if (backend && backend->generation == choice >> BACKEND_BITS && takes_flow(backend, service, starts) &&
		    (f->protocol != IPPROTO_UDP || !service->flow_timeout || idle <= service->flow_timeout))
			miss = false;
	}
	if (miss) {
		if (!service->ring_slots)
			return no_backend(ctx, f, service);
		id = ring_backend(service, service->flags & LB_SERVICE_CLIENT_HASH ? flow_hash(f, v6, true, 0) : hash);
		backend = bpf_map_lookup_elem(&backends, &id);
		if (!backend || !takes_flow(backend, service, true))
			return drop(ctx, LB_DROP_BACKEND_DOWN);
		if (set && may_insert(now))
			flow_insert(index, tag, id | (__u32)backend->generation << BACKEND_BITS,
				    flow_state(f, LB_FLOW_NEW) << FLOW_AGE_BITS | (now & FLOW_AGE_MASK));
	}
	count_backend(id, f->length, starts || f->protocol == IPPROTO_UDP, miss);
	return forward(ctx, f, backend, hash, v6);
}

static __always_inline int process(struct xdp_md *ctx, struct frame *f, void *data, void *data_end, __u32 reason, bool v6)
{
	struct lb_service *service;

	if (!reason && (f->protocol == IPPROTO_TCP || f->protocol == IPPROTO_UDP) && !f->later_fragment)
		reason = parse_ports(f, data, data_end, f->l3 + f->ip_length);
	if (reason)
		return malformed(ctx, f, reason, v6);

	service = service_of_port(f, f->ports >> 16, v6);
	if (!service) {
		struct lb_vip *vip = vip_of(f->destination, v6);

		if (!vip)
			return XDP_PASS;
		service = vip->flags & LB_VIP_RANGES ? service_of_range(f, v6) : 0;
		if (!service)
			return vip->flags & LB_VIP_CLOSED ? drop(ctx, LB_DROP_NO_SERVICE) : XDP_PASS;
	}
	return balance(ctx, f, service, v6);
}

static __always_inline int process_ipv4(struct xdp_md *ctx, void *data, void *data_end, __u32 l3)
{
	struct frame f = { .l3 = l3 };
	struct iphdr *ip = data + l3;

	if ((void *)(ip + 1) > data_end || !may_be_ours(ip->daddr))
		return XDP_PASS;
	f.destination[3] = ip->daddr;
	return process(ctx, &f, data, data_end, parse_ipv4(ctx, &f, data, data_end), false);
}

static __always_inline int process_ipv6(struct xdp_md *ctx, void *data, void *data_end, __u32 l3)
{
	struct frame f = { .l3 = l3 };
	struct ipv6hdr *ip = data + l3;

	if ((void *)(ip + 1) > data_end)
		return XDP_PASS;
	__builtin_memcpy(f.destination, &ip->daddr, sizeof(f.destination));
	if (!may_be_ours(f.destination[0] ^ f.destination[1] ^ f.destination[2] ^ f.destination[3]))
		return XDP_PASS;
	return process(ctx, &f, data, data_end, parse_ipv6(ctx, &f, data, data_end), true);
}

SEC("xdp.frags")
int xdp_lb(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	__u32 l3 = sizeof(*eth);

	if ((void *)(eth + 1) > data_end)
		return XDP_PASS;
	__be16 protocol = eth->h_proto;

#pragma unroll
	for (int i = 0; i < MOST_TAGS; i++) {
		struct vlan_tag *tag = data + l3;

		if (protocol != bpf_htons(ETH_P_8021Q) && protocol != bpf_htons(ETH_P_8021AD))
			break;
		if ((void *)(tag + 1) > data_end)
			return XDP_PASS;
		protocol = tag->protocol;
		l3 += sizeof(*tag);
	}
	if (protocol == bpf_htons(ETH_P_IP))
		return process_ipv4(ctx, data, data_end, l3);
	if (protocol == bpf_htons(ETH_P_IPV6))
		return process_ipv6(ctx, data, data_end, l3);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
