// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The receiving side of dsr-ipip and dsr-gue, for real servers without ipip and fou: takes the outer headers off what is
 * addressed to a tunnel endpoint of this host and passes the rest up the stack, which owns the service's address.
 */
#include "include/decap.h"
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include "include/build.h"
#include "include/layout.h"

/* Control: UDP port for GUE, network order; 0: none. */
const volatile __be16 gue_port SEC(".rodata.settings") = 0;

/* Control: 1 where the kernel has bpf_xdp_get_buff_len (5.18), and with it frames of several buffers. */
const volatile __u8 jumbo SEC(".rodata.kernel") = 0;

/* Addresses of this host that packets may be tunnelled to; the value has no meaning. Control. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct lb_address);
	__type(value, __u32);
} tunnel_endpoints SEC(".maps");

/* Packets and bytes stripped, written by the program. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct lb_drop_stats);
} decap_stats SEC(".maps");

/* Where the inner IP header starts, or 0. */
static __always_inline __u32 inner_header(void *data, void *data_end, __u32 l4, __u8 protocol)
{
	struct udphdr *udp = data + l4;

	if (protocol == IPPROTO_IPIP || protocol == IPPROTO_IPV6)
		return l4;
	if (protocol != IPPROTO_UDP || !gue_port || (void *)(udp + 1) > data_end || udp->dest != gue_port)
		return 0;
	return l4 + sizeof(*udp);
}

SEC("xdp.frags")
int decap(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	struct lb_address address = {};
	__be16 type;
	__u32 l3 = behind_tags(data, data_end, &type), inner = 0, zero = 0;

	if (!l3)
		return XDP_PASS;
	if (type == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = data + l3;

		if ((void *)(ip + 1) > data_end || ip->ihl != 5 || ip->frag_off & bpf_htons(IP_MORE_FRAGMENTS | IP_OFFSET))
			return XDP_PASS;
		((__u32 *)address.bytes)[2] = bpf_htonl(0xffff);
		((__u32 *)address.bytes)[3] = ip->daddr;
		inner = inner_header(data, data_end, l3 + sizeof(*ip), ip->protocol);
	} else if (type == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = data + l3;

		if ((void *)(ip + 1) > data_end)
			return XDP_PASS;
		__builtin_memcpy(address.bytes, &ip->daddr, sizeof(address.bytes));
		inner = inner_header(data, data_end, l3 + sizeof(*ip), ip->nexthdr);
	}
	if (!inner || !bpf_map_lookup_elem(&tunnel_endpoints, &address) || strip_outer(ctx, l3, inner))
		return XDP_PASS;

	struct lb_drop_stats *stats = bpf_map_lookup_elem(&decap_stats, &zero);
	if (stats) {
		stats->packets++;
		stats->bytes += jumbo ? bpf_xdp_get_buff_len(ctx) : ctx->data_end - ctx->data;
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
