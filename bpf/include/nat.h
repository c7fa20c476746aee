/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_NAT_H
#define PENSTOCK_NAT_H
/*
 * Forwarding by nat: client and service address become ours and the server's, and back in the answers, which the server
 * sends to us as to any client. Each flow has two entries in `nat_flows`, one for each direction.
 */
#include "checksum.h"
#include "flow.h"
#include "nexthop.h"
#include "service.h"

#define NAT_TRIES 16 /* Source ports looked at for a new flow. */

struct nat_packet {
	struct lb_nat_key key; /* As it arrived. */
	__u32 l3;
	__u32 l4;
	__u32 ip_length;
	__u32 tcp_flags;
	__u32 v6;
	__u32 length; /* Of the frame. */
	__u32 hash;   /* Where the search for a port begins. */
	struct lb_nat_key answer; /* Room to work in: keys and values of new entries. */
	struct lb_nat_flow there;
	struct lb_nat_flow back;
};

/* The program's own: the stack (512 bytes for all calls) has no room for it. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct nat_packet);
} nat_packets SEC(".maps");

static __always_inline struct nat_packet *nat_packet(const struct frame *f, __u32 hash, bool v6)
{
	__u32 zero = 0;
	struct nat_packet *packet = bpf_map_lookup_elem(&nat_packets, &zero);

	if (!packet)
		return 0;
	address_of(&packet->key.source, f->source, v6);
	address_of(&packet->key.destination, f->destination, v6);
	packet->key.source_port = f->ports;
	packet->key.destination_port = f->ports >> 16;
	packet->key.protocol = f->protocol;
	packet->l3 = f->l3;
	packet->l4 = f->l4;
	packet->ip_length = f->ip_length;
	packet->tcp_flags = f->tcp_flags;
	packet->v6 = v6;
	packet->length = f->length;
	packet->hash = hash;
	return packet;
}

static __always_inline __u8 nat_state(const struct nat_packet *packet, __u8 state)
{
	if (packet->key.protocol != IPPROTO_TCP)
		return LB_FLOW_ESTABLISHED;
	if (packet->tcp_flags & (TCP_FIN | TCP_RST))
		return LB_FLOW_CLOSING;
	if (packet->tcp_flags & TCP_SYN)
		return state == LB_FLOW_CLOSING ? LB_FLOW_NEW : state;
	return state == LB_FLOW_NEW ? LB_FLOW_ESTABLISHED : state;
}

/* Whether the flow of an entry has been idle for so long that its port may be taken. */
static __always_inline bool nat_expired(const struct lb_nat_flow *flow, __u8 protocol, __u32 now)
{
	__u32 timeout = protocol != IPPROTO_TCP ? settings.nat_udp_timeout :
			flow->state == LB_FLOW_ESTABLISHED ? settings.nat_tcp_timeout : settings.nat_opening_timeout;

	return now - flow->seen > timeout;
}

/* Writes the addresses and ports of `flow` into the packet and corrects its checksums by the difference. */
static __always_inline int nat_rewrite(struct xdp_md *ctx, const struct nat_packet *packet, const struct lb_nat_flow *flow)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	const __u32 *source = (const __u32 *)flow->source.bytes, *destination = (const __u32 *)flow->destination.bytes;
	__u32 l3 = packet->l3 & 0x1f, l4 = packet->l4 & MOST_L4_OFFSET, at = packet->key.protocol == IPPROTO_TCP ? 16 : 6;
	__u32 *ports = data + l4;
	__u16 *check = data + l4 + at;
	__u64 before, after;

	if (data + l3 + sizeof(struct iphdr) > data_end || (void *)(ports + 1) > data_end || (void *)(check + 1) > data_end)
		return -1;
	before = *ports;
	*ports = (__u32)flow->destination_port << 16 | flow->source_port;
	after = *ports;
	if (packet->v6) {
		struct ipv6hdr *ip = data + l3;
		__u32 *addresses = (__u32 *)&ip->saddr;

		if ((void *)(ip + 1) > data_end || ip->hop_limit <= 1)
			return -1;
		ip->hop_limit--;
#pragma unroll
		for (int i = 0; i < 4; i++) {
			before += (__u64)addresses[i] + addresses[i + 4];
			after += (__u64)source[i] + destination[i];
			addresses[i] = source[i];
			addresses[i + 4] = destination[i];
		}
	} else {
		struct iphdr *ip = data + l3;
		__u32 ttl = ((__u32 *)ip)[2] & 0xffff;

		if (ip->ttl <= 1)
			return -1;
		__u64 old = (__u64)ip->saddr + ip->daddr, new = (__u64)source[3] + destination[3];

		before += old;
		after += new;
		ip->saddr = source[3];
		ip->daddr = destination[3];
		ip->ttl--;
		ip->check = checksum_replace(ip->check, old + ttl, new + (((__u32 *)ip)[2] & 0xffff));
	}
	if (*check || packet->key.protocol == IPPROTO_TCP) {
		__u16 sum = checksum_replace(*check, before, after);

		*check = !sum && packet->key.protocol == IPPROTO_UDP ? 0xffff : sum;
	}
	return 0;
}

/* The key under which the answers to a flow arrive. */
static __always_inline void nat_answer_key(struct lb_nat_key *key, const struct lb_nat_flow *flow, __u8 protocol)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->source = flow->destination;
	key->destination = flow->source;
	key->source_port = flow->destination_port;
	key->destination_port = flow->source_port;
	key->protocol = protocol;
}

/* Finds a free source port for a new flow and writes both entries: packet->there, whose port this sets, and the one back. */
static __always_inline int nat_open(struct xdp_md *ctx, struct nat_packet *packet)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	__u32 count = settings.nat_port_last - settings.nat_port_first + 1;
	struct lb_nat_flow *there = &packet->there, *back = &packet->back;

	if (data + ETH_HLEN > data_end)
		return -1;
	back->source = packet->key.destination;
	back->destination = packet->key.source;
	back->source_port = packet->key.destination_port;
	back->destination_port = packet->key.source_port;
	back->backend = there->backend;
	back->generation = there->generation;
	back->state = there->state;
	back->direction = 1;
	back->seen = there->seen;
	/* Answers go back to where the client's packets came from. */
	back->ifindex = ctx->ingress_ifindex;
	__builtin_memcpy(back->mac, data + 6, sizeof(back->mac));
	__builtin_memcpy(back->own_mac, data, sizeof(back->own_mac));
	for (__u32 i = 0; i < NAT_TRIES; i++) {
		there->source_port = bpf_htons(settings.nat_port_first + (__u32)((__u64)packet->hash * count >> 32));
		packet->hash = packet->hash * 0x9E3779B1 + 0x7F4A7C15;
		nat_answer_key(&packet->answer, there, packet->key.protocol);
		if (bpf_map_update_elem(&nat_flows, &packet->answer, back, BPF_NOEXIST)) {
			struct lb_nat_flow *other = bpf_map_lookup_elem(&nat_flows, &packet->answer);

			if (other && !nat_expired(other, packet->key.protocol, there->seen))
				continue;
			bpf_map_update_elem(&nat_flows, &packet->answer, back, BPF_ANY);
		}
		return bpf_map_update_elem(&nat_flows, &packet->key, there, BPF_ANY);
	}
	return -1;
}

/* Seen now: this entry, and once a second its opposite, whose port must not be taken while either side talks. */
static __always_inline void nat_touch(struct lb_nat_flow *flow, struct nat_packet *packet, __u32 now)
{
	__u8 state = nat_state(packet, flow->state);

	if (flow->seen == now && flow->state == state)
		return;
	flow->seen = now;
	flow->state = state;
	nat_answer_key(&packet->answer, flow, packet->key.protocol);
	struct lb_nat_flow *opposite = bpf_map_lookup_elem(&nat_flows, &packet->answer);

	if (opposite) {
		opposite->seen = now;
		opposite->state = state;
	}
}

static __always_inline bool nat_current(const struct lb_nat_flow *flow, const struct lb_backend *backend, const struct nat_packet *packet, __u32 now)
{
	return backend && backend->generation == flow->generation && !nat_expired(flow, packet->key.protocol, now) &&
	       (backend->state == LB_STATE_READY ||
		(backend->state == LB_STATE_DRAIN && !(packet->key.protocol == IPPROTO_TCP && packet->tcp_flags & TCP_SYN)));
}

/* From a client to a backend, `chosen` if the flow is new. -1: it is new and there is none. */
__noinline int nat_request(struct xdp_md *ctx, struct nat_packet *packet, __u32 chosen)
{
	if (!packet)
		return -1;
	__u32 now = coarse_seconds(), id;
	struct lb_nat_flow *flow = bpf_map_lookup_elem(&nat_flows, &packet->key), *fresh = &packet->there;
	struct lb_backend *backend = 0;
	bool miss = true;

	if (flow && !flow->direction) {
		id = flow->backend;
		backend = bpf_map_lookup_elem(&backends, &id);
		miss = !nat_current(flow, backend, packet, now);
	}
	if (miss) {
		if (packet->key.protocol == IPPROTO_TCP && !(packet->tcp_flags & TCP_SYN))
			return drop(ctx, LB_DROP_NAT_UNKNOWN);
		if (!chosen)
			return -1;
		id = chosen;
		backend = bpf_map_lookup_elem(&backends, &id);
		if (!backend || backend->state != LB_STATE_READY)
			return drop(ctx, LB_DROP_BACKEND_DOWN);
		if (is_ipv4(&backend->address) == !!packet->v6)
			return drop(ctx, LB_DROP_NAT_FAMILY);
		fresh->source = backend->source;
		fresh->destination = backend->address;
		fresh->destination_port = backend->port ? backend->port : packet->key.destination_port;
		fresh->backend = id;
		fresh->generation = backend->generation;
		fresh->state = nat_state(packet, LB_FLOW_NEW);
		fresh->seen = now;
		if (nat_open(ctx, packet))
			return drop(ctx, LB_DROP_NAT_PORTS);
		flow = fresh;
	} else if (flow) {
		nat_touch(flow, packet, now);
	}
	if (!flow || nat_rewrite(ctx, packet, flow))
		return drop(ctx, LB_DROP_HOP_LIMIT);
	count_backend(id, packet->length, true, miss);
	return leave(ctx, backend, packet->l3, packet->ip_length, packet->v6);
}

/* From a backend to its client. -1: of no flow. */
__noinline int nat_answer(struct xdp_md *ctx, struct nat_packet *packet)
{
	if (!packet)
		return -1;
	struct lb_nat_flow *flow = bpf_map_lookup_elem(&nat_flows, &packet->key);

	if (!flow || !flow->direction)
		return -1;
	nat_touch(flow, packet, coarse_seconds());
	if (nat_rewrite(ctx, packet, flow))
		return drop(ctx, LB_DROP_HOP_LIMIT);
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;

	if (data + ETH_HLEN > data_end)
		return drop(ctx, LB_DROP_NO_ROOM);
	__builtin_memcpy(data, flow->mac, sizeof(flow->mac));
	__builtin_memcpy(data + 6, flow->own_mac, sizeof(flow->own_mac));
	return flow->ifindex == ctx->ingress_ifindex ? XDP_TX : bpf_redirect(flow->ifindex, 0);
}

#endif
