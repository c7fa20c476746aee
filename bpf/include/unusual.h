/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_UNUSUAL_H
#define PENSTOCK_UNUSUAL_H
/*
 * The long way: what is malformed, fragments, options, ICMP, answers to nat, services that ask for more than PLAIN_SERVICE, and, while
 * somebody captures, every packet.
 * It begins anew, in functions of its own that the short way calls last: so that has the registers for itself.
 */
#include "balance.h"
#include "capture.h"
#include "icmp.h"
#include "nat.h"

/* The program's own: the stack (512 bytes for all calls) has no room for it. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct frame);
} frames SEC(".maps");

/* Later parts of a datagram have no ports: they follow the first. */
static __always_inline void remember_nat_fragment(const struct frame *f, bool v6)
{
	struct lb_fragment_key *key = f->fragment && !f->later_fragment ? fragment_key(f, v6) : 0;

	if (key)
		remember_fragment(key, LB_NO_BACKEND, 0, f->ports);
}

/* A segment of a connection that no table knows: its client is told, for nobody else will. */
static __always_inline int nat_unknown(struct xdp_md *ctx, const struct frame *f, const struct lb_service *service, bool v6)
{
	return reject(ctx, f, service->id, LB_DROP_NAT_UNKNOWN, v6);
}

/* To a backend by nat. */
static __always_inline int translate(struct xdp_md *ctx, const struct frame *f, const struct lb_service *service, bool v6)
{
	__u64 hash = flow_hash(f, v6, false, f->ports);
	struct nat_packet *packet = nat_packet(f, hash, v6);

	if (!packet)
		return XDP_PASS;
	if (f->first_unseen)
		return drop_of(ctx, service->id, LB_DROP_FRAGMENT);
	__u32 id = nat_find(ctx, packet, 0);
	bool miss = !id;

	if (miss) {
		__u32 now = coarse_seconds();

		packet->known = f->protocol == IPPROTO_TCP && (f->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) != TCP_SYN;
		if (f->quoted) {
			count_service(service->id, f->length);
			return XDP_PASS;
		}
		if (f->later_fragment)
			return drop_of(ctx, service->id, LB_DROP_FRAGMENT);
		if (!packet->known && beyond_flow_rate(service, f, v6))
			return drop_of(ctx, service->id, LB_DROP_SOURCE_FLOWS);
		if (!packet->known && !service->ring_slots)
			return no_backend(ctx, f, service, v6);
		if (packet->known ? !service->ring_slots || !may_search(now) : !may_insert(now))
			return packet->known ? nat_unknown(ctx, f, service, v6) : drop_of(ctx, service->id, LB_DROP_NEW_FLOWS);
		id = choose(f, service, hash, v6);
		__u32 reason = nat_open(ctx, packet, id);

		if (reason)
			return packet->known ? nat_unknown(ctx, f, service, v6) : drop_of(ctx, service->id, reason);
	}
	struct lb_backend *backend = bpf_map_lookup_elem(&backends, &id);
	__u32 mtu = nat_excess(ctx, packet, &packet->flow, backend);

	if (mtu)
		return too_big(ctx, service->id, f->l3, mtu, v6);
	remember_nat_fragment(f, v6);
	int verdict = nat_send(ctx, packet, v6 ? nat_rewrite_ipv6(ctx, packet) : nat_rewrite_ipv4(ctx, packet));

	if (verdict < 0)
		return nat_undo(ctx, packet, service->id, -verdict);
	if (verdict != XDP_DROP)
		count_backend(id, f->length, miss);
	return verdict;
}

/* From a backend, by nat, to its client. -1: of no flow. */
static __always_inline int translate_back(struct xdp_md *ctx, const struct frame *f, bool v6)
{
	struct nat_packet *packet = nat_packet(f, 0, v6);

	if (!packet || !nat_find(ctx, packet, 1))
		return -1;
	__u32 mtu = nat_excess(ctx, packet, &packet->flow, 0);

	if (mtu)
		return too_big(ctx, nat_service(packet->flow.choice), f->l3, mtu, v6);
	remember_nat_fragment(f, v6);
	int verdict = nat_send(ctx, packet, v6 ? nat_rewrite_ipv6(ctx, packet) : nat_rewrite_ipv4(ctx, packet));

	if (verdict != XDP_DROP)
		nat_count_answer(packet->flow.choice, f->length);
	return verdict;
}

/* What the service asks before, and instead of, the ordinary way to a backend. */
static __always_inline int serve(struct xdp_md *ctx, const struct frame *f, const struct lb_service *service, bool v6)
{
	__u32 named = LB_NO_BACKEND;

	if (service->flags & LB_SERVICE_DECAP) {
		__u32 inner = f->l4 + (f->protocol == IPPROTO_UDP ? sizeof(struct udphdr) : 0);

		return f->fragment || f->quoted ? XDP_PASS : strip_outer(ctx, f->l3, inner) ? drop(ctx, LB_DROP_TUNNEL) : XDP_PASS;
	}
	if (service->flags & (LB_SERVICE_ALLOW | LB_SERVICE_BLOCK | LB_SERVICE_LIMIT)) {
		__u32 refused = refuse_packet(f, service, v6);

		if (refused)
			return drop_of(ctx, service->id, refused);
	}
	if (settings.features & LB_FEATURE_NAT && service->flags & LB_SERVICE_NAT)
		return translate(ctx, f, service, v6);
	if (f->fragment) {
		named = named_by_parts(f, service->id, v6);
	} else if (service->flags & LB_SERVICE_QUIC && f->protocol == IPPROTO_UDP && !f->quoted)
		named = quic_backend(ctx, f->l4, service->id, service->quic_offset | service->quic_length << 8);
	return balance(ctx, f, service, flow_hash(f, v6, false, f->ports), named, v6, false);
}

#define FRAGMENT_ORDINARY (-1) /* Its service is known. */

/* A part of a datagram. A function of its own, for 6.1 counts its stack with that of those it is called by. Later ones get the ports of the first, or of the only service they may belong to. */
static __noinline int process_fragment(struct xdp_md *ctx, struct frame *f, __u32 v6)
{
	if (!f || !(settings.features & LB_FEATURE_FRAGMENTS))
		return XDP_PASS;
	if (!f->later_fragment)
		return FRAGMENT_ORDINARY;
	struct lb_fragment_key *key = fragment_key(f, v6);
	struct lb_vip *vip = vip_of(f->destination, v6);

	if (!key || !vip)
		return XDP_PASS;
	f->ports = ports_of_fragment(key);
	if (f->ports)
		return FRAGMENT_ORDINARY;
	__be16 port = f->protocol == IPPROTO_TCP ? vip->fragment_port[0] : vip->fragment_port[1];

	if (!port)
		return vip->flags & LB_VIP_CLOSED ? drop(ctx, LB_DROP_FRAGMENT) : XDP_PASS;
	f->ports = (__u32)port << 16;
	f->first_unseen = true;
	return FRAGMENT_ORDINARY;
}

/* Of a frame that begins at `l3`, whose destination may be ours. */
static __always_inline int process_unusual(struct xdp_md *ctx, __u32 l3, bool v6)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	__u32 zero = 0, reason;
	struct frame *f = bpf_map_lookup_elem(&frames, &zero);
	struct lb_vip *vip;

	l3 = l3_offset(l3);
	if (!f || data + l3 + (v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr)) > data_end)
		return XDP_PASS;
	*f = (struct frame){ .l3 = l3 };
	reason = v6 ? parse_ipv6(ctx, f, data, data_end) : parse_ipv4(ctx, f, data, data_end);
	if (!reason && has_ports(f->protocol) && !f->later_fragment)
		reason = parse_ports(f, data, data_end, f->l4 & MOST_L4_OFFSET, l3 + f->ip_length);
	if (reason)
		return vip_of(f->destination, v6) ? drop(ctx, reason) : XDP_PASS;
	if (f->fragment && has_ports(f->protocol)) {
		int verdict = process_fragment(ctx, f, v6);

		if (verdict != FRAGMENT_ORDINARY)
			return verdict;
	} else if (f->protocol == (v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP)) {
		int verdict = process_icmp(ctx, f, v6);

		if (verdict != ICMP_QUOTED)
			return verdict == ICMP_PASS ? XDP_PASS : verdict;
	}

	struct lb_service *service = service_of_port(f, f->ports >> 16, v6);

	if (!service) {
		vip = vip_of(f->destination, v6);
		if (!vip)
			return XDP_PASS;
		if (settings.features & LB_FEATURE_NAT && vip->flags & LB_VIP_NAT_SOURCE && has_ports(f->protocol) && !f->first_unseen) {
			int verdict = translate_back(ctx, f, v6);

			if (verdict >= 0)
				return verdict;
		}
		service = vip->flags & LB_VIP_RANGES ? service_of_range(f, v6) : 0;
		if (!service)
			return vip->flags & LB_VIP_CLOSED ? drop(ctx, LB_DROP_NO_SERVICE) : XDP_PASS;
	}
	return serve(ctx, f, service, v6);
}

static __always_inline int watch_unusual(struct xdp_md *ctx, __u32 l3, bool v6)
{
	if (is_capturing())
		capture_arrival(ctx);
	int verdict = process_unusual(ctx, l3, v6);

	if (is_capturing())
		capture_verdict(ctx, verdict);
	return verdict;
}

/* Global functions, verified once. */
__noinline int unusual_ipv4(struct xdp_md *ctx, __u32 l3)
{
	return watch_unusual(ctx, l3, false);
}

__noinline int unusual_ipv6(struct xdp_md *ctx, __u32 l3)
{
	return watch_unusual(ctx, l3, true);
}

static __always_inline int unusual(struct xdp_md *ctx, __u32 l3, bool v6)
{
	return v6 ? unusual_ipv6(ctx, l3) : unusual_ipv4(ctx, l3);
}

#endif
