/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_NAT_H
#define PENSTOCK_NAT_H
/*
 * Forwarding by nat: client and service address become ours and the server's, and back in the answers, which the server
 * sends to us as to any client. Each flow has two entries in `nat_flows`, one for each direction.
 */
#include "forward.h"
#include "nat_packet.h"
#include "nat_state.h"
#include "service.h"

#define NAT_TRIES 64 /* Source ports looked at for a new flow: with nine of ten taken, one search in a thousand fails. */

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

/* Whether an entry is the other half of the flow whose packets arrive with this key. */
static __always_inline bool nat_is_half(const struct lb_nat_flow *half, const struct lb_nat_key *key)
{
	const __u64 *to = (const __u64 *)half->destination.bytes, *from = (const __u64 *)half->source.bytes;
	const __u64 *source = (const __u64 *)key->source.bytes, *destination = (const __u64 *)key->destination.bytes;

	return !((to[0] ^ source[0]) | (to[1] ^ source[1]) | (from[0] ^ destination[0]) | (from[1] ^ destination[1])) &&
	       half->destination_port == key->source_port && half->source_port == key->destination_port;
}

/* Makes packet->back the entry of the other direction of `flow`, which the packet is of. */
static __always_inline int nat_other_half(struct xdp_md *ctx, struct nat_packet *packet, const struct lb_nat_flow *flow)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	struct lb_nat_flow *back = &packet->back;

	if (data + ETH_HLEN + sizeof(struct vlan_tag) > data_end)
		return -1;
	back->source = packet->key.destination;
	back->destination = packet->key.source;
	back->source_port = packet->key.destination_port;
	back->destination_port = packet->key.source_port;
	back->choice = flow->choice;
	back->state = flow->state;
	back->direction = flow->direction ? 0 : LB_NAT_BACK;
	back->seen = flow->seen;
	if (flow->direction)
		return 0; /* What follows is of no use to that. */
	/* Answers go back to where the client's packets come from. */
	back->ifindex = ctx->ingress_ifindex;
	__builtin_memcpy(back->mac, data + 6, sizeof(back->mac));
	__builtin_memcpy(back->own_mac, data, sizeof(back->own_mac));
	back->tci = packet->l3 != ETH_HLEN ? *(__be16 *)(data + ETH_HLEN) : 0;
	if (packet->l3 != ETH_HLEN && !back->tci)
		back->direction |= LB_NAT_ZERO_TAG;
	return 0;
}

/*
 * Takes a source port (network order) for packet->flow, if it is free, and writes both entries: packet->flow and the one back. Where the one back is there, and the first
 * was lost to others, they are a flow again; packet->known asks for no more than that. 0: it was not. A global function: verified once. It finds this CPU's packet
 * itself, for 6.1 takes no key from one that is handed over.
 */
__noinline int nat_take_port(__u32 port)
{
	__u32 zero = 0;
	struct nat_packet *packet = bpf_map_lookup_elem(&nat_packets, &zero);

	if (!packet)
		return 0;
	struct lb_nat_flow *there = &packet->flow, *back = &packet->back;

	there->source_port = port;
	packet->service.port = there->source_port;
	if (bpf_map_lookup_elem(&services, &packet->service))
		return 0; /* Answers to it would be taken for that service's. */
	nat_answer_key(&packet->answer, there, packet->key.protocol);
	if (packet->known || bpf_map_update_elem(&nat_flows, &packet->answer, back, BPF_NOEXIST)) {
		struct lb_nat_flow *other = bpf_map_lookup_elem(&nat_flows, &packet->answer);
		bool lasts = other && !nat_expired(other, packet->key.protocol, there->seen);

		if (packet->known ? !lasts || !nat_is_half(other, &packet->key) : lasts && !nat_is_half(other, &packet->key))
			return 0;
		bpf_map_update_elem(&nat_flows, &packet->answer, back, BPF_ANY);
	}
	return !bpf_map_update_elem(&nat_flows, &packet->key, there, BPF_ANY);
}

/* Finds a source port for a flow. */
static __always_inline int nat_find_port(struct xdp_md *ctx, struct nat_packet *packet)
{
	__u32 count = settings.nat_port_last - settings.nat_port_first + 1;

	if (nat_other_half(ctx, packet, &packet->flow))
		return -1;
	packet->service.address = packet->flow.source;
	packet->service.protocol = packet->key.protocol;
	packet->service.reserved = 0;
	for (__u32 i = 0; i < NAT_TRIES; i++) {
		__u32 port = settings.nat_port_first + (__u32)((__u64)packet->hash * count >> 32);

		packet->hash = packet->hash * 0x9E3779B1 + 0x7F4A7C15;
		if (nat_take_port(bpf_htons(port)))
			return 0;
	}
	return -1;
}

/* Has answers go back to where the client's packets come from now, which may be another router or interface than before. */
static __always_inline void nat_follow(struct lb_nat_flow *half, const struct lb_nat_flow *back)
{
	half->direction = back->direction;
	half->tci = back->tci;
	half->ifindex = back->ifindex;
	__builtin_memcpy(half->mac, back->mac, sizeof(half->mac));
	__builtin_memcpy(half->own_mac, back->own_mac, sizeof(half->own_mac));
}

/* Both halves were seen now, and one that was lost is written anew. 0: the other half is another flow's, which has the port since. */
static __noinline int nat_touch_both(struct xdp_md *ctx, struct lb_nat_flow *flow, struct nat_packet *packet, __u32 now, __u32 state)
{
	if (!flow || !packet)
		return 0;
	nat_answer_key(&packet->answer, flow, packet->key.protocol);
	struct lb_nat_flow *opposite = bpf_map_lookup_elem(&nat_flows, &packet->answer);

	if (opposite && !nat_is_half(opposite, &packet->key))
		return 0;
	flow->seen = now;
	flow->state = state;
	if (opposite) {
		/* After an answer the client's next packet in this second is to come by here, too: it may be from elsewhere. */
		opposite->seen = flow->direction ? now - 1 : now;
		opposite->state = state;
		if (flow->direction)
			return 1;
	}
	if (nat_other_half(ctx, packet, flow))
		return 1;
	if (opposite)
		nat_follow(opposite, &packet->back);
	else
		bpf_map_update_elem(&nat_flows, &packet->answer, &packet->back, BPF_NOEXIST);
	return 1;
}

/* Seen now: this entry, and once or twice a second its opposite, whose port must not be taken while either side talks. False: it was taken. */
static __always_inline bool nat_touch(struct xdp_md *ctx, struct lb_nat_flow *flow, struct nat_packet *packet, __u32 now)
{
	__u8 state = nat_state(packet, flow->state, flow->direction & LB_NAT_BACK);

	return (flow->seen == now && flow->state == state) || nat_touch_both(ctx, flow, packet, now, state);
}

/* Whether a packet to a backend goes by an entry. */
static __always_inline bool nat_current(const struct lb_nat_flow *flow, const struct lb_backend *backend, __u8 protocol, __u32 tcp_flags, __u32 now)
{
	return backend && is_choice(flow->choice, backend) && !nat_expired(flow, protocol, now) &&
	       (backend->state == LB_STATE_READY || (backend->state == LB_STATE_DRAIN && !(protocol == IPPROTO_TCP && tcp_flags & TCP_SYN)));
}

/* The flow of a packet, to packet->flow: its backend, or LB_NO_BACKEND. No global function: 6.1 lets such a one look up no key that it is handed. */
static __noinline int nat_find(struct xdp_md *ctx, struct nat_packet *packet, __u32 direction)
{
	if (!packet)
		return LB_NO_BACKEND;
	struct lb_nat_flow *flow = bpf_map_lookup_elem(&nat_flows, &packet->key);

	if (!flow || (flow->direction & LB_NAT_BACK) != direction)
		return LB_NO_BACKEND;
	__u32 now = coarse_seconds(), id = flow->choice & BACKEND_MASK;
	struct lb_backend *backend = bpf_map_lookup_elem(&backends, &id);

	if (!direction && !nat_current(flow, backend, packet->key.protocol, packet->tcp_flags, now))
		return LB_NO_BACKEND;
	if (!packet->quoted && !nat_touch(ctx, flow, packet, now))
		return LB_NO_BACKEND;
	packet->flow = *flow;
	return id;
}

/* Opens a flow to a backend. A reason to drop the packet, or LB_DROP_NONE. */
static __noinline int nat_open(struct xdp_md *ctx, struct nat_packet *packet, __u32 id)
{
	if (!packet)
		return LB_DROP_NAT_UNKNOWN;
	struct lb_nat_flow *flow = &packet->flow;
	struct lb_backend *backend = bpf_map_lookup_elem(&backends, &id);

	if (!backend || !(backend->state == LB_STATE_READY || (packet->known && backend->state == LB_STATE_DRAIN)) || backend->forwarding != LB_FORWARD_NAT)
		return LB_DROP_BACKEND_DOWN;
	if (is_ipv4(&backend->address) == !!packet->v6)
		return LB_DROP_NAT_FAMILY;
	/* The backend would see none of it: its address is to be ours. */
	const __u32 *source = (const __u32 *)packet->key.source.bytes, *destination = (const __u32 *)packet->key.destination.bytes;

	if (is_martian(source, packet->v6) ||
	    !((source[0] ^ destination[0]) | (source[1] ^ destination[1]) | (source[2] ^ destination[2]) | (source[3] ^ destination[3])))
		return LB_DROP_MARTIAN;
	flow->source = backend->source;
	flow->destination = backend->address;
	flow->destination_port = backend->port ? backend->port : packet->key.destination_port;
	flow->choice = choice_of(id, backend->generation);
	flow->state = nat_state(packet, LB_FLOW_NEW, 0);
	flow->direction = 0;
	flow->seen = coarse_seconds();
	if (nat_find_port(ctx, packet))
		return LB_DROP_NAT_PORTS;
	if (!packet->known)
		count_new_flow(id);
	return LB_DROP_NONE;
}

__noinline int nat_rewrite_ipv4(struct xdp_md *ctx, struct nat_packet *packet)
{
	return packet ? nat_rewrite(ctx, packet, &packet->flow, false) : LB_DROP_NAT_UNKNOWN;
}

__noinline int nat_rewrite_ipv6(struct xdp_md *ctx, struct nat_packet *packet)
{
	return packet ? nat_rewrite(ctx, packet, &packet->flow, true) : LB_DROP_NAT_UNKNOWN;
}

/* The service of a flow's backend, or LB_NO_SERVICE: that is gone, and its id may be another's since. A global function: verified once. */
__noinline __u32 nat_service(__u32 choice)
{
	__u32 id = choice & BACKEND_MASK;
	struct lb_backend *backend = bpf_map_lookup_elem(&backends, &id);

	return backend && backend->state != LB_STATE_UNUSED && is_choice(choice, backend) ? backend->service : LB_NO_SERVICE;
}

/* Counts an answer for the backend that it is from, unless that is gone. A global function, for the long way of IPv6 has no room left on the stack of 6.1. */
__noinline int nat_count_answer(__u32 choice, __u32 bytes)
{
	__u32 id = choice & BACKEND_MASK;
	struct lb_return_stats *stats = nat_service(choice) == LB_NO_SERVICE ? 0 : bpf_map_lookup_elem(&return_stats, &id);

	if (stats) {
		stats->packets++;
		stats->bytes += bytes;
	}
	return 0;
}

/* Makes a packet what it was when it came, for it is more than the way to its backend fits, and tells its sender. */
static __always_inline int nat_undo(struct xdp_md *ctx, struct nat_packet *packet, __u32 service, __u32 mtu)
{
	packet->flow.source = packet->key.source;
	packet->flow.destination = packet->key.destination;
	packet->flow.source_port = packet->key.source_port;
	packet->flow.destination_port = packet->key.destination_port;
	if (packet->quoted || (packet->v6 ? nat_rewrite_ipv6(ctx, packet) : nat_rewrite_ipv4(ctx, packet)))
		return drop_of(ctx, service, LB_DROP_TOO_BIG);
	return narrow(ctx, service, packet->l3, 0, mtu | (packet->v6 ? NARROW_V6 : 0));
}

/* The same of this CPU's last packet. A global function: verified once, and called where 6.1 has stack left for it. */
__noinline int nat_narrow(struct xdp_md *ctx, __u32 service, __u32 mtu)
{
	__u32 zero = 0;
	struct nat_packet *packet = bpf_map_lookup_elem(&nat_packets, &zero);

	return packet ? nat_undo(ctx, packet, service, mtu) : XDP_DROP;
}

/* What fits the interface that a packet leaves by, if the packet is more than that, or 0. Of a backend whose way the kernel says, leave() finds it out. */
static __always_inline __u32 nat_excess(struct xdp_md *ctx, const struct nat_packet *packet, const struct lb_nat_flow *flow, const struct lb_backend *backend)
{
	__u32 mtu = 0;

	if (packet->quoted)
		return 0;
	if (!flow->direction && backend && backend->mtu && packet->ip_length > backend->mtu)
		mtu = mtu_to(ctx, backend);
	else if (flow->direction && flow->ifindex != ctx->ingress_ifindex)
		mtu = mtu_exceeded(ctx, flow->ifindex, packet->ip_length);
	return mtu && packet->ip_length > mtu ? mtu : 0;
}

/* Addresses the frame as `flow` says: to its backend, as leave() does, or back to where the client's packets came from. */
static __always_inline int nat_leave(struct xdp_md *ctx, const struct nat_packet *packet, const struct lb_nat_flow *flow, bool v6)
{
	if (!flow->direction) {
		__u32 id = flow->choice & BACKEND_MASK;
		struct lb_backend *backend = bpf_map_lookup_elem(&backends, &id);

		return backend ? leave(ctx, backend, packet->l3, packet->ip_length, v6, true) : drop(ctx, LB_DROP_BACKEND_DOWN);
	}
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;

	if (data + ETH_HLEN > data_end)
		return drop_of(ctx, nat_service(flow->choice), LB_DROP_NO_ROOM);
	__builtin_memcpy(data, flow->mac, sizeof(flow->mac));
	__builtin_memcpy(data + 6, flow->own_mac, sizeof(flow->own_mac));
	__u32 tag = flow->tci || flow->direction & LB_NAT_ZERO_TAG ? TAGGED | flow->tci : 0;

	if ((tag || packet->l3 == ETH_HLEN + sizeof(struct vlan_tag)) && retag(ctx, tag))
		return drop_of(ctx, nat_service(flow->choice), LB_DROP_NO_ROOM);
	return flow->ifindex == ctx->ingress_ifindex ? XDP_TX : bpf_redirect(flow->ifindex, 0);
}

/* Sends a rewritten packet as packet->flow says, or drops it for the reason there is. */
__noinline int nat_send(struct xdp_md *ctx, struct nat_packet *packet, __u32 reason)
{
	if (!packet)
		return XDP_PASS;
	return reason ? drop_of(ctx, nat_service(packet->flow.choice), reason) : nat_leave(ctx, packet, &packet->flow, packet->v6);
}

/* Reads a whole TCP or UDP packet without options, known to be one. */
static __always_inline struct nat_packet *nat_read(struct xdp_md *ctx, __u32 l3, bool v6)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	__u32 zero = 0, l4;
	struct nat_packet *packet = bpf_map_lookup_elem(&nat_packets, &zero);

	l3 = l3_offset(l3);
	l4 = l3 + (v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
	__u8 *ip = data + l3, *header = ip + (l4 - l3);

	if (!packet || (void *)(header + sizeof(struct udphdr)) > data_end)
		return 0;
	address_of(&packet->key.source, (__u32 *)(ip + (v6 ? 8 : 0)), v6);
	address_of(&packet->key.destination, (__u32 *)(ip + (v6 ? 24 : 4)), v6);
	packet->key.source_port = *(__be16 *)header;
	packet->key.destination_port = *(__be16 *)(header + 2);
	packet->key.protocol = ip[v6 ? 6 : 9];
	packet->l3 = l3;
	packet->l4 = l4;
	packet->ip_length = v6 ? sizeof(struct ipv6hdr) + bpf_ntohs(*(__be16 *)(ip + 4)) : bpf_ntohs(*(__be16 *)(ip + 2));
	packet->length = data_end - data;
	packet->tcp_flags = packet->key.protocol == IPPROTO_TCP && (void *)(header + sizeof(struct tcphdr)) <= data_end ? header[13] : 0;
	packet->v6 = v6;
	packet->quoted = false;
	packet->later_fragment = false;
	packet->known = false;
	return packet;
}

#define NAT_UNUSUAL (-1) /* The long way knows more: a flow that is not known. */

/* The short way, there or back. Below NAT_UNUSUAL: as leave(), the other sign of what fits. */
static __always_inline int nat_short(struct xdp_md *ctx, __u32 l3, __u32 direction, bool v6)
{
	struct nat_packet *packet = nat_read(ctx, l3, v6);
	struct lb_nat_flow *flow = packet ? bpf_map_lookup_elem(&nat_flows, &packet->key) : 0;

	if (!flow || (flow->direction & LB_NAT_BACK) != direction)
		return NAT_UNUSUAL;
	__u32 now = coarse_seconds(), id = flow->choice & BACKEND_MASK;
	struct lb_backend *backend = bpf_map_lookup_elem(&backends, &id);

	if (!direction && !nat_current(flow, backend, packet->key.protocol, packet->tcp_flags, now))
		return NAT_UNUSUAL;
	if (!nat_touch(ctx, flow, packet, now))
		return NAT_UNUSUAL;
	__u32 mtu = nat_excess(ctx, packet, flow, backend);

	if (mtu)
		return too_big(ctx, nat_service(flow->choice), packet->l3, mtu, v6);
	__u32 reason = nat_rewrite(ctx, packet, flow, v6);

	if (reason)
		return drop_of(ctx, nat_service(flow->choice), reason);
	int verdict = nat_leave(ctx, packet, flow, v6);

	if (verdict > XDP_DROP && direction)
		nat_count_answer(flow->choice, packet->length);
	else if (verdict > XDP_DROP)
		count_backend(id, packet->length, false);
	return verdict;
}

__noinline int nat_short_ipv4(struct xdp_md *ctx, __u32 l3, __u32 direction)
{
	return nat_short(ctx, l3, direction, false);
}

__noinline int nat_short_ipv6(struct xdp_md *ctx, __u32 l3, __u32 direction)
{
	return nat_short(ctx, l3, direction, true);
}

#endif
