/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_DECAP_H
#define PENSTOCK_DECAP_H
/* Outer headers off: the receiving side of dsr-ipip and dsr-gue. */
#include "wire.h"

#define MOST_OUTER 0x1ff

/*
 * Takes off what is between the Ethernet header with its tags, which ends at `l3`, and the IP header at `inner`. 0: done;
 * otherwise what is there is no IP header and the frame is as it was.
 */
static __always_inline int strip_outer(struct xdp_md *ctx, __u32 l3, __u32 inner)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	__u32 extra = inner - l3;

	if (l3 < ETH_HLEN || l3 > MOST_L3_OFFSET || extra < 20 || extra > MOST_OUTER)
		return -1;
	/* The verifier of 6.1 has lost the range: the compiler tests it by one comparison. */
	asm volatile("" : "+r"(extra));
	extra &= MOST_OUTER;
	__u8 *ip = data + l3 + extra;

	if ((void *)(ip + 20) > data_end || data + ETH_HLEN + 8 > data_end)
		return -1;
	__be16 protocol = *ip >> 4 == 4 ? bpf_htons(ETH_P_IP) : *ip >> 4 == 6 ? bpf_htons(ETH_P_IPV6) : 0;

	if (!protocol)
		return -1;
	/* All is read before it is written: with two tags the headers overlap. */
	__u32 macs[3] = { ((__u32 *)data)[0], ((__u32 *)data)[1], ((__u32 *)data)[2] };
	__u32 tags[2] = { ((__u32 *)data)[3], ((__u32 *)data)[4] };
	__u32 *to = data + extra;

	if ((void *)to + ETH_HLEN + 8 > data_end)
		return -1;
	to[0] = macs[0];
	to[1] = macs[1];
	to[2] = macs[2];
	/* By constant offsets, as move_l2 says. */
	__be16 *type = (__be16 *)&to[3];

	if (l3 != ETH_HLEN) {
		to[3] = tags[0];
		type = (__be16 *)&to[4];
		if (l3 == ETH_HLEN + 8) {
			to[4] = tags[1];
			type = (__be16 *)&to[5];
		}
	}
	*type = protocol;
	return bpf_xdp_adjust_head(ctx, extra);
}

#endif
