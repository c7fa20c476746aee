/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_NEXTHOP_H
#define PENSTOCK_NEXTHOP_H
/* Where a frame goes next: MAC addresses, VLAN tag, interface. */
#include "count.h"
#include "frame.h"

static __always_inline bool is_ipv4(const struct lb_address *address)
{
	const __u32 *words = (const __u32 *)address->bytes;

	return !(words[0] | words[1] | (words[2] ^ bpf_htonl(0xffff)));
}

/* After `extra` bytes were added in front: the Ethernet header and its tags go where the frame starts now. Where its type is then. */
static __always_inline __be16 *move_l2(void *data, __u32 l3, __u32 extra)
{
	__u32 *to = data, *from = data + extra;
	__be16 *type;

	to[0] = from[0];
	to[1] = from[1];
	to[2] = from[2];
	/* By constant offsets: the verifier (6.18) refuses data + l3 - 2 for an l3 it does not know. */
	type = (__be16 *)&to[3];
	if (l3 != ETH_HLEN) {
		to[3] = from[3];
		type = (__be16 *)&to[4];
		if (l3 == MOST_L3_OFFSET) {
			to[4] = from[4];
			type = (__be16 *)&to[5];
		}
	}
	*type = *(__be16 *)((void *)type + extra);
	return type;
}

static __always_inline void swap_macs(void *data)
{
	__u32 *words = data;
	__u32 first = words[0];
	__u16 second = *(__u16 *)&words[1];

	words[0] = *(__u32 *)(data + 6);
	*(__u16 *)&words[1] = *(__u16 *)(data + 10);
	*(__u32 *)(data + 6) = first;
	*(__u16 *)(data + 10) = second;
}

#define TAGGED (1U << 16) /* Beside tag control information, for a tag may be 0. */

/* Replaces or adds the outermost tag; 0: takes it off. */
static __noinline int retag(struct xdp_md *ctx, __u32 tag)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;

	if (data + ETH_HLEN + 4 > data_end)
		return -1;
	__u32 macs[3] = { ((__u32 *)data)[0], ((__u32 *)data)[1], ((__u32 *)data)[2] };
	__be16 protocol = ((struct ethhdr *)data)->h_proto;
	bool tagged = is_tag(protocol);

	if (tagged == !!tag) {
		if (tagged)
			*(__be16 *)(data + ETH_HLEN) = tag;
		return 0;
	}
	if (bpf_xdp_adjust_head(ctx, tagged ? 4 : -4))
		return -1;
	data = (void *)(long)ctx->data;
	data_end = (void *)(long)ctx->data_end;
	if (data + ETH_HLEN + 4 > data_end)
		return -1;
	((__u32 *)data)[0] = macs[0];
	((__u32 *)data)[1] = macs[1];
	((__u32 *)data)[2] = macs[2];
	if (!tagged) {
		((struct ethhdr *)data)->h_proto = bpf_htons(ETH_P_8021Q);
		*(__be16 *)(data + ETH_HLEN) = tag;
	}
	return 0;
}

/* Whether a frame has more tags than retag() adds: two, or one of 802.1ad. */
static __always_inline bool has_other_tags(struct xdp_md *ctx, __u32 l3)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;

	return l3 == MOST_L3_OFFSET || (l3 != ETH_HLEN && data + ETH_HLEN <= data_end && ((struct ethhdr *)data)->h_proto != bpf_htons(ETH_P_8021Q));
}

/* The program's own: the stack (512 bytes for all calls) has no room for it. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bpf_fib_lookup);
} fib_lookups SEC(".maps");

/* The kernel's answer for the destination of the IP header at `l3`: its interface; 0: none; negative: what fits there, of which this is too much. */
static __noinline int route(struct xdp_md *ctx, __u32 l3, __u32 length, __u32 v6)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	__u32 zero = 0;
	struct bpf_fib_lookup *way = bpf_map_lookup_elem(&fib_lookups, &zero);

	l3 = l3_offset(l3);
	if (!way || data + ETH_HLEN > data_end)
		return 0;
	__builtin_memset(way, 0, sizeof(*way));
	way->ifindex = ctx->ingress_ifindex;
	way->tot_len = length;
	if (v6) {
		struct ipv6hdr *ip = data + l3;

		if ((void *)(ip + 1) > data_end)
			return 0;
		way->family = 10; /* AF_INET6 */
		way->l4_protocol = ip->nexthdr;
		__builtin_memcpy(way->ipv6_src, &ip->saddr, sizeof(way->ipv6_src));
		__builtin_memcpy(way->ipv6_dst, &ip->daddr, sizeof(way->ipv6_dst));
	} else {
		struct iphdr *ip = data + l3;

		if ((void *)(ip + 1) > data_end)
			return 0;
		way->family = 2; /* AF_INET */
		way->l4_protocol = ip->protocol;
		way->ipv4_src = ip->saddr;
		way->ipv4_dst = ip->daddr;
	}
	long found = bpf_fib_lookup(ctx, way, sizeof(*way), 0);

	if (found == BPF_FIB_LKUP_RET_FRAG_NEEDED)
		return -(int)way->mtu_result;
	if (found != BPF_FIB_LKUP_RET_SUCCESS)
		return 0;
	__builtin_memcpy(data, way->dmac, sizeof(way->dmac));
	__builtin_memcpy(data + 6, way->smac, sizeof(way->smac));
	return way->ifindex;
}

/* What fits the interface that frames for a backend without LB_BACKEND_FIB leave by. */
static __always_inline __u32 mtu_to(struct xdp_md *ctx, const struct lb_backend *backend)
{
	__u32 mtu = 0;

	return backend->ifindex || bpf_check_mtu(ctx, 0, &mtu, 0, 0) < 0 || !mtu ? backend->mtu : mtu;
}

/*
 * What fits an interface that a packet of `length` bytes, IP header and all, is to leave by, if the packet is more than that, or 0. Its length is said, for of a frame of several buffers the kernel would
 * count the first alone. A global function: verified once.
 */
__noinline __u32 mtu_exceeded(struct xdp_md *ctx, __u32 ifindex, __u32 length)
{
	__u32 mtu = length;

	return bpf_check_mtu(ctx, ifindex, &mtu, 0, 0) == BPF_MTU_CHK_RET_FRAG_NEEDED ? mtu : 0;
}

/*
 * Addresses the frame to the backend's next hop; `l3` and `length` are those of the IP header it leaves with. A verdict; negative: what fits the kernel's
 * way there, of which this is too much, and the frame is as it was. `nat`: answers come back by here, and are to have the tags again.
 */
static __always_inline int leave(struct xdp_md *ctx, const struct lb_backend *backend, __u32 l3, __u32 length, bool v6, bool nat)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	__u32 ifindex = backend->ifindex;

	if (data + ETH_HLEN > data_end)
		return drop_of(ctx, backend->service, LB_DROP_NO_ROOM);
	if (backend->flags & LB_BACKEND_MAC) {
		const __u16 *macs = (const __u16 *)backend->mac; /* own_mac follows it, as in the header. */

		*(__u32 *)data = *(const __u32 *)macs;
		*(__u32 *)(data + 4) = *(const __u32 *)(macs + 2);
		*(__u32 *)(data + 8) = *(const __u32 *)(macs + 4);
	} else if (settings.features & LB_FEATURE_FIB && backend->flags & LB_BACKEND_FIB) {
		int way = route(ctx, l3, length, v6);

		if (way < 0)
			return way;
		if (!way)
			return drop_of(ctx, backend->service, LB_DROP_NO_ROUTE);
		ifindex = way;
	} else {
		swap_macs(data);
	}
	bool tags = backend->flags & LB_BACKEND_VLAN;
	__u32 tag = backend->vlan ? TAGGED | backend->vlan : 0;
	bool single = !tag; /* At most one is left. */

	if (ifindex && ifindex != ctx->ingress_ifindex) {
		struct lb_vlan_link *link = bpf_map_lookup_elem(&vlan_links, &ifindex);

		if (link) {
			tags = single = true;
			tag = TAGGED | link->tci;
			ifindex = link->parent;
		}
	}
	if (nat && tags && single && has_other_tags(ctx, l3))
		return drop_of(ctx, backend->service, LB_DROP_NAT_TAGS);
	if (tags && retag(ctx, tag))
		return drop_of(ctx, backend->service, LB_DROP_NO_ROOM);
	if (ifindex && ifindex != ctx->ingress_ifindex)
		return bpf_redirect(ifindex, 0);
	return XDP_TX;
}

#endif
