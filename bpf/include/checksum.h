/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_CHECKSUM_H
#define PENSTOCK_CHECKSUM_H
/* The Internet checksum (RFC 1071), by words of 32 bits, in network order as loaded. */
#include <linux/ip.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h> /* Whose __always_inline is one: 32 bytes of stack for each call that is none. */

static __always_inline __u16 checksum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* Of an IPv4 header without options whose checksum field is 0. */
static __always_inline __u16 ipv4_checksum(const struct iphdr *ip)
{
	const __u32 *words = (const __u32 *)ip;

	return checksum_fold((__u64)words[0] + words[1] + words[2] + words[3] + words[4]);
}

/* A checksum after words that summed up to `before` became ones that sum up to `after` (RFC 1624). */
static __always_inline __u16 checksum_replace(__u16 checksum, __u64 before, __u64 after)
{
	before = (before & 0xffffffff) + (before >> 32);
	before = (before & 0xffffffff) + (before >> 32);
	return checksum_fold((__u64)(__u16)~checksum + (__u32)~before + after);
}

#endif
