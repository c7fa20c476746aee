/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_WIRE_H
#define PENSTOCK_WIRE_H
/* What frames are made of, for all programs. */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define IP_DONT_FRAGMENT 0x4000
#define IP_MORE_FRAGMENTS 0x2000
#define IP_OFFSET 0x1fff
#define MOST_TAGS 2
#define MOST_L3_OFFSET (ETH_HLEN + MOST_TAGS * 4)

struct vlan_tag {
	__be16 tci;
	__be16 protocol;
};

static __always_inline bool is_tag(__be16 type)
{
	return type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD);
}

/* Whether an IPv6 next header is an extension that is walked over. */
static __always_inline bool is_extension(__u8 protocol)
{
	return protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING || protocol == IPPROTO_DSTOPTS;
}

/* Where what follows the Ethernet header and its tags starts, and its type; 0: the frame ends within them. */
static __always_inline __u32 behind_tags(void *data, void *data_end, __be16 *type)
{
	struct ethhdr *eth = data;
	__u32 l3 = sizeof(*eth);

	if ((void *)(eth + 1) > data_end)
		return 0;
	*type = eth->h_proto;

#pragma unroll
	for (int i = 0; i < MOST_TAGS; i++) {
		struct vlan_tag *tag = data + l3;

		if (!is_tag(*type))
			break;
		if ((void *)(tag + 1) > data_end)
			return 0;
		*type = tag->protocol;
		l3 += sizeof(*tag);
	}
	return l3;
}

#endif
