// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The L4 data plane. A frame is read (frame.h), its service looked up, a backend remembered (flow.h) or chosen
 * (service.h), and sent there (forward.h). What is not ours goes up the stack, what is ours but bad is dropped and counted.
 */
#include "include/decap.h"
#include "include/forward.h"
#include "include/fragment.h"
#include "include/icmp.h"
#include "include/nat.h"
#include "include/protect.h"
#include "include/service.h"

/* A bad frame is dropped if its address is ours. */
static __always_inline int malformed(struct xdp_md *ctx, const struct frame *f, __u32 reason, bool v6)
{
	return vip_of(f->destination, v6) ? drop(ctx, reason) : XDP_PASS;
}

/* What a frame of a service without backends meets. */
static __always_inline int no_backend(struct xdp_md *ctx, const struct frame *f, const struct lb_service *service, bool v6)
{
	struct lb_service_stats *stats = count_service(service->id, f->length);

	if (service->empty_action == LB_EMPTY_PASS)
		return XDP_PASS;
	return service->empty_action == LB_EMPTY_REJECT ? reject(ctx, f, stats, v6) : drop(ctx, LB_DROP_NO_BACKEND);
}

static __always_inline bool takes_flow(const struct lb_backend *backend, const struct lb_service *service, bool starts)
{
	return backend->service == service->id &&
	       (backend->state == LB_STATE_READY || (backend->state == LB_STATE_DRAIN && !starts));
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
	if (service->flags & LB_SERVICE_CLIENT_HASH)
		hash = flow_hash(f, v6, true, 0);
	else if (f->fragment)
		hash = flow_hash(f, v6, false, 0);
	return ring_backend(service, hash);
}

/* Chooses a backend for the flow or finds it again, and sends the frame there. `named` is one that the packet itself names. */
static __always_inline int balance(struct xdp_md *ctx, const struct frame *f, const struct lb_service *service, __u32 named, bool v6)
{
	__u64 hash = flow_hash(f, v6, false, f->ports);
	__u32 now = coarse_seconds(), tag = flow_tag(hash), index = flow_set_index(hash);
	bool starts = f->protocol == IPPROTO_TCP && f->tcp_flags & TCP_SYN;
	struct lb_flow_set *set = service->flags & LB_SERVICE_NO_FLOWS || f->later_fragment ? 0 : bpf_map_lookup_elem(&flows, &index);
	struct lb_backend *backend = 0;
	__u32 way = LB_FLOW_WAYS, id = named;
	bool miss = true;

	if (named) {
		backend = bpf_map_lookup_elem(&backends, &id);
		miss = !backend || !takes_flow(backend, service, false);
	} else if (set) {
		way = flow_find(set, tag);
	}
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
		bool new_flow = starts || (f->protocol == IPPROTO_UDP && !f->later_fragment);

		if (service->flags & LB_SERVICE_LIMIT && new_flow && !f->quoted) {
			struct lb_source_key *key = source_key(service, f, v6);

			if (key && beyond_rate(key, service->source_flows, true))
				return drop(ctx, LB_DROP_SOURCE_FLOWS);
		}
		if (!service->ring_slots)
			return no_backend(ctx, f, service, v6);
		id = choose(f, service, hash, v6);
		backend = bpf_map_lookup_elem(&backends, &id);
		if (!backend || !takes_flow(backend, service, true))
			return drop(ctx, LB_DROP_BACKEND_DOWN);
		if (set && !f->quoted && !f->fragment && may_insert(now))
			flow_insert(index, tag, id | (__u32)backend->generation << BACKEND_BITS,
				    flow_state(f, LB_FLOW_NEW) << FLOW_AGE_BITS | (now & FLOW_AGE_MASK));
	}
	if (f->fragment) {
		struct lb_fragment_key *key = fragment_key(f, v6);

		if (key)
			remember_fragment(key, id, backend->generation);
	}
	count_backend(id, f->length, starts || (f->protocol == IPPROTO_UDP && !f->quoted), miss);
	return forward(ctx, f, backend, hash, v6);
}

/* To a backend by nat. Fragments and ICMP errors have no ports to translate by: errors pass, fragments are dropped. */
static __always_inline int translate(struct xdp_md *ctx, const struct frame *f, const struct lb_service *service, bool v6)
{
	__u64 hash = flow_hash(f, v6, false, f->ports);

	if (f->quoted)
		return XDP_PASS;
	if (f->fragment)
		return drop(ctx, LB_DROP_FRAGMENT);
	struct nat_packet *packet = nat_packet(f, hash, v6);

	if (!packet)
		return XDP_PASS;
	int verdict = nat_request(ctx, packet, service->ring_slots ? choose(f, service, hash, v6) : LB_NO_BACKEND);

	return verdict < 0 ? no_backend(ctx, f, service, v6) : verdict;
}

/* What the service asks before, and instead of, the ordinary way to a backend. */
static __always_inline int serve(struct xdp_md *ctx, const struct frame *f, const struct lb_service *service, bool v6)
{
	__u32 named = LB_NO_BACKEND;

	if (service->flags) {
		if (service->flags & LB_SERVICE_DECAP) {
			__u32 inner = f->l4 + (f->protocol == IPPROTO_UDP ? sizeof(struct udphdr) : 0);

			return f->fragment || f->quoted ? XDP_PASS : strip_outer(ctx, f->l3, inner) ? drop(ctx, LB_DROP_TUNNEL) : XDP_PASS;
		}
		if (service->flags & (LB_SERVICE_ALLOW | LB_SERVICE_BLOCK | LB_SERVICE_LIMIT)) {
			struct lb_source_key *key = source_key(service, f, v6);
			__u32 refused = key ? refuse_source(key, service->flags) : LB_DROP_NONE;

			if (key && !refused && service->flags & LB_SERVICE_LIMIT && beyond_rate(key, service->source_packets, false))
				refused = LB_DROP_SOURCE_PACKETS;
			if (refused)
				return drop(ctx, refused);
		}
		if (settings.features & LB_FEATURE_NAT && service->flags & LB_SERVICE_NAT)
			return translate(ctx, f, service, v6);
		if (service->flags & LB_SERVICE_QUIC && f->protocol == IPPROTO_UDP && !f->quoted && !f->fragment)
			named = quic_backend(ctx, f->l4, service->id, service->quic_offset | service->quic_length << 8);
	}
	return balance(ctx, f, service, named, v6);
}

/* A part of a datagram: the way of the others, or for the first part, or the service that later ones belong to, the ordinary way. */
static __always_inline int process_fragment(struct xdp_md *ctx, struct frame *f, bool v6, bool *ordinary)
{
	struct lb_fragment_key *key = fragment_key(f, v6);

	if (!key || !(settings.features & LB_FEATURE_FRAGMENTS))
		return XDP_PASS;
	__u32 id = backend_of_fragment(key);
	struct lb_backend *backend = id ? bpf_map_lookup_elem(&backends, &id) : 0;

	if (backend) {
		count_backend(id, f->length, false, false);
		return forward(ctx, f, backend, flow_hash(f, v6, false, 0), v6);
	}
	if (f->later_fragment) {
		struct lb_vip *vip = vip_of(f->destination, v6);

		if (!vip)
			return XDP_PASS;
		__be16 port = f->protocol == IPPROTO_TCP ? vip->fragment_port[0] : vip->fragment_port[1];

		if (!port)
			return drop(ctx, LB_DROP_FRAGMENT);
		f->ports = (__u32)port << 16;
	}
	*ordinary = true;
	return XDP_PASS;
}

static __always_inline int process(struct xdp_md *ctx, struct frame *f, void *data, void *data_end, __u32 reason, bool v6)
{
	bool has_ports = f->protocol == IPPROTO_TCP || f->protocol == IPPROTO_UDP;

	if (!reason && has_ports && !f->later_fragment)
		reason = parse_ports(f, data, data_end, f->l3 + f->ip_length);
	if (reason)
		return malformed(ctx, f, reason, v6);
	if (f->fragment && has_ports) {
		bool ordinary = false;
		int verdict = process_fragment(ctx, f, v6, &ordinary);

		if (!ordinary)
			return verdict;
	} else if (f->protocol == (v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP)) {
		int verdict = process_icmp(ctx, f, data, data_end, v6);

		if (verdict != ICMP_QUOTED)
			return verdict == ICMP_PASS ? XDP_PASS : verdict;
	}

	struct lb_service *service = service_of_port(f, f->ports >> 16, v6);
	if (!service) {
		struct lb_vip *vip = vip_of(f->destination, v6);

		if (!vip)
			return XDP_PASS;
		if (settings.features & LB_FEATURE_NAT && vip->flags & LB_VIP_NAT_SOURCE && has_ports && !f->fragment && !f->quoted) {
			struct nat_packet *packet = nat_packet(f, 0, v6);
			int verdict = packet ? nat_answer(ctx, packet) : -1;

			if (verdict >= 0)
				return verdict;
		}
		service = vip->flags & LB_VIP_RANGES ? service_of_range(f, v6) : 0;
		if (!service)
			return vip->flags & LB_VIP_CLOSED ? drop(ctx, LB_DROP_NO_SERVICE) : XDP_PASS;
	}
	return serve(ctx, f, service, v6);
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
