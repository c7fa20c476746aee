/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_FORWARD_H
#define PENSTOCK_FORWARD_H
/* A frame on its way to its backend: outer headers, next hop, interface. */
#include "checksum.h"
#include "count.h"
#include "decap.h"
#include "flow.h"
#include "nexthop.h"
#include "reply.h"

#define TUNNEL_TTL 64
#define GUE_FIRST_SOURCE_PORT 0xc000

/* The traffic class, or type of service, of the packet whose header starts there. */
static __always_inline __u32 traffic_class(const void *ip, bool v6)
{
	return v6 ? bpf_ntohs(*(const __be16 *)ip) >> 4 & 0xff : ((const struct iphdr *)ip)->tos;
}

static __always_inline void write_outer_ipv4(struct iphdr *ip, const void *inner, const struct lb_backend *backend,
					     __u32 length, __u8 protocol, __u64 hash, bool v6)
{
	*(__u32 *)ip = bpf_htonl(0x45U << 24 | traffic_class(inner, v6) << 16 | length);
	ip->id = 0;
	/* RFC 2003, 3.1. An IPv6 sender learns the MTU by packet too big; routers may fragment the outer packet. */
	ip->frag_off = v6 ? 0 : ((const struct iphdr *)inner)->frag_off & bpf_htons(IP_DONT_FRAGMENT);
	ip->ttl = TUNNEL_TTL;
	ip->protocol = protocol;
	ip->check = 0;
	ip->saddr = ((const __u32 *)backend->source.bytes)[3];
	ip->daddr = ((const __u32 *)backend->address.bytes)[3];
	if (backend->flags & LB_BACKEND_ENTROPY)
		ip->saddr ^= bpf_htonl(hash & 0xffff);
	ip->check = ipv4_checksum(ip);
}

static __always_inline void write_outer_ipv6(struct ipv6hdr *ip, const void *inner, const struct lb_backend *backend,
					     __u32 length, __u8 protocol, __u64 hash, bool v6)
{
	*(__be32 *)ip = bpf_htonl(6U << 28 | traffic_class(inner, v6) << 20 | (hash & 0xfffff));
	ip->payload_len = bpf_htons(length);
	ip->nexthdr = protocol;
	ip->hop_limit = TUNNEL_TTL;
	__builtin_memcpy(&ip->saddr, backend->source.bytes, sizeof(ip->saddr));
	__builtin_memcpy(&ip->daddr, backend->address.bytes, sizeof(ip->daddr));
}

static __always_inline void write_gue(struct udphdr *udp, const struct lb_backend *backend, __u32 length, __u64 hash)
{
	udp->source = bpf_htons(GUE_FIRST_SOURCE_PORT | (hash & 0x3fff));
	udp->dest = backend->port;
	udp->len = bpf_htons(length);
	udp->check = 0; /* RFC 768; over IPv6 RFC 6935. */
}

#define NARROW_V6 (1U << 31)

/* Takes off the outer headers, `extra` bytes, of a packet that is more than the way fits, and tells its sender. `mtu` is beside NARROW_V6. A global function: verified once. */
__noinline int narrow(struct xdp_md *ctx, __u32 service, __u32 l3, __u32 extra, __u32 mtu)
{
	l3 = l3_offset(l3);
	if (extra && strip_outer(ctx, l3, l3 + extra))
		return drop_of(ctx, service, LB_DROP_TOO_BIG);
	return mtu & NARROW_V6 ? too_big(ctx, service, l3, (mtu & ~NARROW_V6) - extra, true) : too_big(ctx, service, l3, mtu - extra, false);
}

#define FORWARD_ANSWERED 0x100 /* Beside a verdict: what goes is no packet to a backend but an answer to its sender, or a drop. */

/* Adds outer headers. The booleans are constants at each call, so that each combination is straight code. */
static __always_inline int encapsulate(struct xdp_md *ctx, const struct lb_backend *backend, __u32 l3, __u32 ip_length,
				       __u64 hash, bool v6, bool outer_v6, bool gue)
{
	const __u32 header = outer_v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	const __u32 udp_length = gue ? sizeof(struct udphdr) : 0;
	const __u32 extra = header + udp_length;
	const __u8 protocol = gue ? IPPROTO_UDP : v6 ? IPPROTO_IPV6 : IPPROTO_IPIP;

	if (bpf_xdp_adjust_head(ctx, -(int)extra))
		return drop_of(ctx, backend->service, LB_DROP_NO_ROOM);

	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	void *ip = data + l3;

	if (l3 > MOST_L3_OFFSET || ip + extra + sizeof(struct iphdr) > data_end || data + extra + MOST_L3_OFFSET > data_end)
		return drop_of(ctx, backend->service, LB_DROP_NO_ROOM);
	__be16 *type = move_l2(data, l3, extra);

	if (outer_v6 != v6)
		*type = outer_v6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP);
	if (outer_v6)
		write_outer_ipv6(ip, ip + extra, backend, ip_length + udp_length, protocol, hash, v6);
	else
		write_outer_ipv4(ip, ip + extra, backend, ip_length + extra, protocol, hash, v6);
	if (gue)
		write_gue(ip + header, backend, ip_length + udp_length, hash);
	int verdict = leave(ctx, backend, l3, ip_length + extra, outer_v6, false);

	return verdict < 0 ? narrow(ctx, backend->service, l3, extra, -verdict | (v6 ? NARROW_V6 : 0)) | FORWARD_ANSWERED : verdict;
}

/* Bytes that a forwarding puts in front of a packet. */
static __always_inline __u32 outer_length(__u8 forwarding, bool outer_v6)
{
	__u32 header = outer_v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);

	return forwarding == LB_FORWARD_IPIP ? header : forwarding == LB_FORWARD_GUE ? header + sizeof(struct udphdr) : 0;
}

static __always_inline int forward(struct xdp_md *ctx, __u32 id, __u32 l3, __u32 ip_length, __u64 hash, bool v6)
{
	struct lb_backend *backend = bpf_map_lookup_elem(&backends, &id);

	if (!backend)
		return drop(ctx, LB_DROP_BACKEND_DOWN);
	bool outer_v6 = !is_ipv4(&backend->address);
	__u32 extra = outer_length(backend->forwarding, outer_v6);

	if (backend->mtu && ip_length + extra > backend->mtu && backend->forwarding != LB_FORWARD_LOCAL) {
		__u32 mtu = mtu_to(ctx, backend);

		if (ip_length + extra > mtu)
			return too_big(ctx, backend->service, l3, mtu - extra, v6) | FORWARD_ANSWERED;
	}
	int verdict;

	switch (backend->forwarding) {
	case LB_FORWARD_IPIP:
		return outer_v6 ? encapsulate(ctx, backend, l3, ip_length, hash, v6, true, false)
				: encapsulate(ctx, backend, l3, ip_length, hash, v6, false, false);
	case LB_FORWARD_GUE:
		return outer_v6 ? encapsulate(ctx, backend, l3, ip_length, hash, v6, true, true)
				: encapsulate(ctx, backend, l3, ip_length, hash, v6, false, true);
	case LB_FORWARD_L2:
		verdict = leave(ctx, backend, l3, ip_length, outer_v6, false);
		return verdict < 0 ? narrow(ctx, backend->service, l3, 0, -verdict | (v6 ? NARROW_V6 : 0)) | FORWARD_ANSWERED : verdict;
	default:
		return XDP_PASS;
	}
}

/* Global functions, verified once: every way to a backend. A verdict, with FORWARD_ANSWERED where the packet itself does not go there. */
__noinline int forward_ipv4(struct xdp_md *ctx, __u32 id, __u32 l3, __u32 ip_length, __u64 hash)
{
	return forward(ctx, id, l3, ip_length, hash, false);
}

__noinline int forward_ipv6(struct xdp_md *ctx, __u32 id, __u32 l3, __u32 ip_length, __u64 hash)
{
	return forward(ctx, id, l3, ip_length, hash, true);
}

/* The same with the most frequent way in line, for the short way. */
static __always_inline int forward_inline(struct xdp_md *ctx, const struct lb_backend *backend, __u32 id, __u32 l3, __u32 ip_length, __u64 hash, bool v6)
{
	bool outer_v6 = !is_ipv4(&backend->address);
	__u32 extra = outer_length(LB_FORWARD_IPIP, outer_v6);

	if (backend->forwarding == LB_FORWARD_IPIP && (!backend->mtu || ip_length + extra <= backend->mtu))
		return outer_v6 ? encapsulate(ctx, backend, l3, ip_length, hash, v6, true, false)
				: encapsulate(ctx, backend, l3, ip_length, hash, v6, false, false);
	return v6 ? forward_ipv6(ctx, id, l3, ip_length, hash) : forward_ipv4(ctx, id, l3, ip_length, hash);
}

#endif
