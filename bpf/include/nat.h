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
#include "reply.h"
#include "service.h"

#define NAT_TRIES 64 /* Source ports looked at for a new flow: with nine of ten taken, one search in a thousand fails. */

struct nat_packet {
	struct lb_nat_key key; /* As it arrived; of an ICMP error, that of the packet it quotes, turned round. */
	__u32 l3;
	__u32 l4;
	__u32 ip_length;
	__u32 tcp_flags;
	__u32 v6;
	__u32 length; /* Of the frame. */
	__u32 hash;   /* Where the search for a port begins. */
	__u32 quoted;
	__u32 later_fragment;
	__u32 reserved;
	struct lb_nat_flow flow;  /* What it becomes. */
	struct lb_nat_key answer; /* Room to work in: key and value of a new entry. */
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
	packet->quoted = f->quoted;
	packet->later_fragment = f->later_fragment;
	return packet;
}

static __always_inline __u8 nat_state(const struct nat_packet *packet, __u8 state)
{
	if (packet->key.protocol != IPPROTO_TCP)
		return LB_FLOW_ESTABLISHED;
	if (packet->later_fragment)
		return state;
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

/* What checksums have to make good: sums of words before and after. */
struct nat_change {
	__u64 before;
	__u64 after;
};

/* Writes two addresses, the first at `addresses`. */
static __always_inline void nat_write_addresses(__u32 *addresses, const struct lb_address *first, const struct lb_address *second, bool v6, struct nat_change *change)
{
	const __u32 *one = (const __u32 *)first->bytes, *two = (const __u32 *)second->bytes;
	const __u32 count = v6 ? 4 : 1;

#pragma unroll
	for (__u32 i = 0; i < count; i++) {
		__u32 at = v6 ? i : 3;

		change->before += (__u64)addresses[i] + addresses[i + count];
		change->after += (__u64)one[at] + two[at];
		addresses[i] = one[at];
		addresses[i + count] = two[at];
	}
}

/* The IP header: addresses, TTL, and the checksum of IPv4. */
static __always_inline int nat_rewrite_ip(void *data, void *data_end, __u32 l3, const struct lb_nat_flow *flow, bool v6, struct nat_change *change)
{
	if (v6) {
		struct ipv6hdr *ip = data + l3;

		if ((void *)(ip + 1) > data_end || ip->hop_limit <= 1)
			return -1;
		ip->hop_limit--;
		nat_write_addresses((__u32 *)&ip->saddr, &flow->source, &flow->destination, true, change);
		return 0;
	}
	struct iphdr *ip = data + l3;

	if ((void *)(ip + 1) > data_end || ip->ttl <= 1)
		return -1;
	__u32 ttl = ((__u32 *)ip)[2] & 0xffff;

	nat_write_addresses((__u32 *)&ip->saddr, &flow->source, &flow->destination, false, change);
	ip->ttl--;
	ip->check = checksum_replace(ip->check, change->before + ttl, change->after + (((__u32 *)ip)[2] & 0xffff));
	return 0;
}

/* Corrects a checksum of TCP or UDP; one of 0 is none in UDP. */
static __always_inline void nat_rewrite_check(__u16 *check, __u8 protocol, const struct nat_change *change)
{
	if (!*check && protocol == IPPROTO_UDP)
		return;
	__u16 sum = checksum_replace(*check, change->before, change->after);

	*check = !sum && protocol == IPPROTO_UDP ? 0xffff : sum;
}

static __always_inline __u32 nat_check_offset(__u8 protocol)
{
	return protocol == IPPROTO_TCP ? 16 : 6;
}

/* The packet that an ICMP error quotes becomes what its sender, on the other side, sent; the error's own checksum follows. */
static __always_inline int nat_rewrite_quote(void *data, void *data_end, __u32 l4, __u8 protocol, const struct lb_nat_flow *flow, bool v6, struct nat_change *outer)
{
	struct icmp_header *icmp = data + l4;
	void *quote = icmp + 1;
	struct nat_change change = {}, message = {};
	__u32 header = sizeof(struct ipv6hdr);

	if (quote + sizeof(struct iphdr) > data_end)
		return -1;
	if (v6) {
		if (quote + sizeof(struct ipv6hdr) > data_end)
			return -1;
		nat_write_addresses(quote + 8, &flow->destination, &flow->source, true, &change);
		message = *outer; /* Of the pseudo-header. */
	} else {
		struct iphdr *ip = quote;

		header = ip->ihl * 4;
		nat_write_addresses(quote + 12, &flow->destination, &flow->source, false, &change);
		message.before = ip->check;
		ip->check = checksum_replace(ip->check, change.before, change.after);
		message.after = ip->check;
	}
	__u32 *ports = quote + header;
	__u16 *check = (void *)ports + nat_check_offset(protocol);

	if ((void *)(ports + 2) > data_end)
		return -1;
	change.before += *ports;
	*ports = (__u32)flow->source_port << 16 | flow->destination_port;
	change.after += *ports;
	if ((void *)(check + 1) <= data_end) {
		message.before += *check;
		nat_rewrite_check(check, protocol, &change);
		message.after += *check;
	}
	icmp->checksum = checksum_replace(icmp->checksum, message.before + change.before, message.after + change.after);
	return 0;
}

/* Makes the packet what packet->flow says. A reason to drop it, or LB_DROP_NONE. */
static __always_inline __u32 nat_rewrite(struct xdp_md *ctx, const struct nat_packet *packet, bool v6)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	const struct lb_nat_flow *flow = &packet->flow;
	__u32 l3 = packet->l3 & 0x1f, l4 = packet->l4 & MOST_L4_OFFSET;
	__u8 protocol = packet->key.protocol;
	struct nat_change change = {};

	if (nat_rewrite_ip(data, data_end, l3, flow, v6, &change))
		return LB_DROP_HOP_LIMIT;
	if (packet->quoted)
		return nat_rewrite_quote(data, data_end, l4, protocol, flow, v6, &change) ? LB_DROP_ICMP_QUOTE : LB_DROP_NONE;
	if (packet->later_fragment)
		return LB_DROP_NONE;
	__u32 *ports = data + l4;
	__u16 *check = (void *)ports + nat_check_offset(protocol);

	if ((void *)(ports + 1) > data_end || (void *)(check + 1) > data_end)
		return LB_DROP_L4_HEADER;
	change.before += *ports;
	*ports = (__u32)flow->destination_port << 16 | flow->source_port;
	change.after += *ports;
	nat_rewrite_check(check, protocol, &change);
	return LB_DROP_NONE;
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

/* Finds a free source port for a new flow and writes both entries: packet->flow, whose port this sets, and the one back. */
static __always_inline int nat_take_port(struct xdp_md *ctx, struct nat_packet *packet)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	__u32 count = settings.nat_port_last - settings.nat_port_first + 1;
	struct lb_nat_flow *there = &packet->flow, *back = &packet->back;

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

/* The flow of a packet, to packet->flow: its backend, or LB_NO_BACKEND. Global functions, verified once. */
__noinline int nat_find(struct nat_packet *packet, __u32 direction)
{
	if (!packet)
		return LB_NO_BACKEND;
	struct lb_nat_flow *flow = bpf_map_lookup_elem(&nat_flows, &packet->key);

	if (!flow || flow->direction != direction)
		return LB_NO_BACKEND;
	__u32 now = coarse_seconds(), id = flow->backend;
	struct lb_backend *backend = bpf_map_lookup_elem(&backends, &id);

	if (!direction && !nat_current(flow, backend, packet, now))
		return LB_NO_BACKEND;
	if (!packet->quoted)
		nat_touch(flow, packet, now);
	packet->flow = *flow;
	return id;
}

/* Opens a flow to a backend. A reason to drop the packet, or LB_DROP_NONE. */
__noinline int nat_open(struct xdp_md *ctx, struct nat_packet *packet, __u32 id)
{
	if (!packet)
		return LB_DROP_NAT_UNKNOWN;
	struct lb_nat_flow *flow = &packet->flow;
	struct lb_backend *backend = bpf_map_lookup_elem(&backends, &id);

	if (!backend || backend->state != LB_STATE_READY)
		return LB_DROP_BACKEND_DOWN;
	if (is_ipv4(&backend->address) == !!packet->v6)
		return LB_DROP_NAT_FAMILY;
	flow->source = backend->source;
	flow->destination = backend->address;
	flow->destination_port = backend->port ? backend->port : packet->key.destination_port;
	flow->backend = id;
	flow->generation = backend->generation;
	flow->state = nat_state(packet, LB_FLOW_NEW);
	flow->direction = 0;
	flow->seen = coarse_seconds();
	return nat_take_port(ctx, packet) ? LB_DROP_NAT_PORTS : LB_DROP_NONE;
}

__noinline int nat_rewrite_ipv4(struct xdp_md *ctx, struct nat_packet *packet)
{
	return packet ? nat_rewrite(ctx, packet, false) : LB_DROP_NAT_UNKNOWN;
}

__noinline int nat_rewrite_ipv6(struct xdp_md *ctx, struct nat_packet *packet)
{
	return packet ? nat_rewrite(ctx, packet, true) : LB_DROP_NAT_UNKNOWN;
}

/* Sends the packet as packet->flow says: to its backend, or back to where the client's packets came from. */
__noinline int nat_send(struct xdp_md *ctx, struct nat_packet *packet)
{
	if (!packet)
		return XDP_PASS;
	__u32 reason = packet->v6 ? nat_rewrite_ipv6(ctx, packet) : nat_rewrite_ipv4(ctx, packet);

	if (reason)
		return drop(ctx, reason);
	__u32 id = packet->flow.backend;

	if (!packet->flow.direction) {
		struct lb_backend *backend = bpf_map_lookup_elem(&backends, &id);

		return backend ? leave(ctx, backend, packet->l3, packet->ip_length, packet->v6) : drop(ctx, LB_DROP_BACKEND_DOWN);
	}
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;

	if (data + ETH_HLEN > data_end)
		return drop(ctx, LB_DROP_NO_ROOM);
	__builtin_memcpy(data, packet->flow.mac, sizeof(packet->flow.mac));
	__builtin_memcpy(data + 6, packet->flow.own_mac, sizeof(packet->flow.own_mac));
	return packet->flow.ifindex == ctx->ingress_ifindex ? XDP_TX : bpf_redirect(packet->flow.ifindex, 0);
}

#endif
