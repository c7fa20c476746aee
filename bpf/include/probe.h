/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_PROBE_H
#define PENSTOCK_PROBE_H
/*
 * Health checks by the way of clients' packets. A check connects to its backend's own address with a mark on its socket; what that sends becomes
 * a packet to the service's address, on the way of the service's forwarding, to this one backend. What the backend answers, from the service's
 * address, becomes what its own address would have answered: the service's address may be this host's too.
 */
#include "wire.h"
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include "checksum.h"
#include "layout.h"

#define PROBE_MARKS 65536
#define PROBE_TTL 64
#define PROBE_GUE_SOURCE 0xc000

/* Value of `probes`, by mark. */
struct lb_probe {
	struct lb_address service;
	struct lb_backend backend; /* Its state says nothing here. */
};

/* Key of `probe_flows`, as answers arrive; the value is the mark. */
struct lb_probe_flow {
	struct lb_address service;
	struct lb_address own;
	__be16 service_port;
	__be16 own_port;
};

/* Control: the first of PROBE_MARKS marks. */
const volatile __u32 first_mark SEC(".rodata.settings") = 0;

/* Control. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PROBE_MARKS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct lb_probe);
} probes SEC(".maps");

/* Written by the program as checks connect. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, PROBE_MARKS);
	__type(key, struct lb_probe_flow);
	__type(value, __u32);
} probe_flows SEC(".maps");

/* A TCP segment's addresses and ports, as far as the steps below ask. */
struct segment {
	struct lb_address source;
	struct lb_address destination;
	__be16 ports[2];
	bool v6;
};

static __always_inline __u32 header_length(bool v6)
{
	return v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
}

/* Reads a whole TCP segment without options; checks send and get no other. False: it is none. */
static __always_inline bool read_segment(struct __sk_buff *skb, struct segment *s)
{
	__u8 ip[sizeof(struct ipv6hdr)] = {};

	__builtin_memset(s, 0, sizeof(*s));
	s->v6 = skb->protocol == bpf_htons(ETH_P_IPV6);
	if ((!s->v6 && skb->protocol != bpf_htons(ETH_P_IP)) || bpf_skb_load_bytes(skb, ETH_HLEN, ip, s->v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr)))
		return false;
	if (s->v6) {
		if (ip[6] != IPPROTO_TCP)
			return false;
		__builtin_memcpy(s->source.bytes, ip + 8, sizeof(s->source.bytes));
		__builtin_memcpy(s->destination.bytes, ip + 24, sizeof(s->destination.bytes));
	} else {
		if (ip[0] != 0x45 || ip[9] != IPPROTO_TCP || *(__be16 *)(ip + 6) & bpf_htons(IP_MORE_FRAGMENTS | IP_OFFSET))
			return false;
		((__u32 *)s->source.bytes)[2] = ((__u32 *)s->destination.bytes)[2] = bpf_htonl(0xffff);
		((__u32 *)s->source.bytes)[3] = *(__u32 *)(ip + 12);
		((__u32 *)s->destination.bytes)[3] = *(__u32 *)(ip + 16);
	}
	return !bpf_skb_load_bytes(skb, ETH_HLEN + header_length(s->v6), s->ports, sizeof(s->ports));
}

static __always_inline bool is_address(const struct lb_address *one, const struct lb_address *other)
{
	const __u64 *a = (const __u64 *)one->bytes, *b = (const __u64 *)other->bytes;

	return !((a[0] ^ b[0]) | (a[1] ^ b[1]));
}

/* Writes one address over another, and what checksums are made of it. `at` is where it is in an IPv4 header, and in an IPv6 one. */
static __always_inline int write_address(struct __sk_buff *skb, const struct lb_address *from, const struct lb_address *to, bool v6, __u32 at4, __u32 at6, __u64 flags)
{
	const __u32 check = ETH_HLEN + header_length(v6) + 16;

	if (v6) {
		__s64 change = bpf_csum_diff((__be32 *)from->bytes, 16, (__be32 *)to->bytes, 16, 0);

		return bpf_l4_csum_replace(skb, check, 0, change, flags) || bpf_skb_store_bytes(skb, ETH_HLEN + at6, to->bytes, 16, 0);
	}
	__u32 before = ((const __u32 *)from->bytes)[3], after = ((const __u32 *)to->bytes)[3];

	return bpf_l4_csum_replace(skb, check, before, after, BPF_F_PSEUDO_HDR | sizeof(after)) ||
	       bpf_l3_csum_replace(skb, ETH_HLEN + 10, before, after, sizeof(after)) ||
	       bpf_skb_store_bytes(skb, ETH_HLEN + at4, &after, sizeof(after), 0);
}

struct outer_ipv4 {
	struct iphdr ip;
	struct udphdr udp;
};

struct outer_ipv6 {
	struct ipv6hdr ip;
	struct udphdr udp;
};

static __always_inline void write_udp(struct udphdr *udp, const struct lb_backend *backend, __u32 length)
{
	udp->source = bpf_htons(PROBE_GUE_SOURCE);
	udp->dest = backend->port;
	udp->len = bpf_htons(length);
}

/* Adds outer headers as forward.h does. */
static __always_inline int wrap(struct __sk_buff *skb, const struct lb_backend *backend, bool v6, bool gue)
{
	const __u32 extra = header_length(v6) + (gue ? sizeof(struct udphdr) : 0);
	const __u64 flags = (v6 ? BPF_F_ADJ_ROOM_ENCAP_L3_IPV6 : BPF_F_ADJ_ROOM_ENCAP_L3_IPV4) | (gue ? BPF_F_ADJ_ROOM_ENCAP_L4_UDP : 0);

	if (bpf_skb_adjust_room(skb, extra, BPF_ADJ_ROOM_MAC, flags))
		return -1;
	__u32 length = skb->len - ETH_HLEN;

	if (v6) {
		struct outer_ipv6 outer = {};

		*(__be32 *)&outer.ip = bpf_htonl(6U << 28);
		outer.ip.payload_len = bpf_htons(length - sizeof(outer.ip));
		outer.ip.nexthdr = gue ? IPPROTO_UDP : IPPROTO_IPV6;
		outer.ip.hop_limit = PROBE_TTL;
		__builtin_memcpy(&outer.ip.saddr, backend->source.bytes, sizeof(outer.ip.saddr));
		__builtin_memcpy(&outer.ip.daddr, backend->address.bytes, sizeof(outer.ip.daddr));
		if (gue)
			write_udp(&outer.udp, backend, length - sizeof(outer.ip));
		return bpf_skb_store_bytes(skb, ETH_HLEN, &outer, extra, 0);
	}
	struct outer_ipv4 outer = {};

	*(__u8 *)&outer.ip = 0x45;
	outer.ip.tot_len = bpf_htons(length);
	outer.ip.frag_off = bpf_htons(IP_DONT_FRAGMENT);
	outer.ip.ttl = PROBE_TTL;
	outer.ip.protocol = gue ? IPPROTO_UDP : IPPROTO_IPIP;
	outer.ip.saddr = ((const __u32 *)backend->source.bytes)[3];
	outer.ip.daddr = ((const __u32 *)backend->address.bytes)[3];
	outer.ip.check = ipv4_checksum(&outer.ip);
	if (gue)
		write_udp(&outer.udp, backend, length - sizeof(outer.ip));
	return bpf_skb_store_bytes(skb, ETH_HLEN, &outer, extra, 0);
}

/* A next hop that the configuration names, as nexthop.h goes there; any other is the one that the kernel has routed the packet to. */
static __always_inline int leave_by(struct __sk_buff *skb, const struct lb_backend *backend)
{
	if (!(backend->flags & LB_BACKEND_MAC))
		return TC_ACT_UNSPEC;
	if (bpf_skb_store_bytes(skb, 0, backend->mac, sizeof(backend->mac), 0) || bpf_skb_store_bytes(skb, 6, backend->own_mac, sizeof(backend->own_mac), 0))
		return TC_ACT_SHOT;
	if (backend->flags & LB_BACKEND_VLAN && backend->vlan && bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), bpf_ntohs(backend->vlan)))
		return TC_ACT_SHOT;
	return backend->ifindex && backend->ifindex != skb->ifindex ? bpf_redirect(backend->ifindex, 0) : TC_ACT_UNSPEC;
}

#endif
