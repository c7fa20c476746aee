// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A real server without ipip or fou modules: takes off the outer headers of IPv4 in IPv4 and of GUE, variant 1. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define GUE_PORT 6080

SEC("xdp/decap")
int decap(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data, copy;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);
	int outer = sizeof(*ip);

	if ((void *)(udp + 1) > data_end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5)
		return XDP_PASS;
	if (ip->protocol == IPPROTO_UDP && udp->dest == bpf_htons(GUE_PORT))
		outer += sizeof(*udp);
	else if (ip->protocol != IPPROTO_IPIP)
		return XDP_PASS;
	copy = *eth;
	if (bpf_xdp_adjust_head(ctx, outer))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	data_end = (void *)(long)ctx->data_end;
	if (data + sizeof(copy) > data_end)
		return XDP_DROP;
	*(struct ethhdr *)data = copy;
	return XDP_PASS;
}

/* On the other end of a veth pair: without a program there, what the first sends by XDP_TX is lost. */
SEC("xdp/pass")
int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
