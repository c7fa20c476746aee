/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_FRAME_H
#define PENSTOCK_FRAME_H
/* What is read from a frame, by offsets: packet pointers do not outlive bpf_xdp_adjust_head. */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include "maps.h"
#include "wire.h"

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

struct frame {
	__u32 l3;             /* Where the IP header starts, */
	__u32 l4;             /* and what follows it and its options or extension headers. */
	__u32 length;         /* Of the whole frame. */
	__u32 ip_length;      /* IP header and payload. */
	__u32 source[4];      /* Of the flow: for ICMP errors that of the packet they quote, turned round. IPv4: only [3]. */
	__u32 destination[4];
	__u32 ports;          /* Of the flow, as they stand in the header. */
	__u32 fragment_id;
	__u32 tcp_payload;    /* Bytes. */
	__u8 protocol;        /* Of the flow. */
	__u8 tcp_flags;
	bool quoted;          /* An ICMP error about the flow. */
	bool fragment;        /* Part of a datagram, */
	bool later_fragment;  /* not the first: without ports of its own. */
	bool first_unseen;    /* A later part without its first: of `ports` only the service's is meant. */
	__u16 quoted_l4;      /* Where `ports` are, if `quoted`; else 0. */
};

/* An offset of an L3 header from a caller the verifier does not know, as it can follow: 6.1 loses a range tested by one comparison. */
static __always_inline __u32 l3_offset(__u32 l3)
{
	asm volatile("" : "+r"(l3));
	return l3 & 0x1f;
}

/* Length of the frame with all its fragments: the linear part, unless `expected` is beyond it. */
static __always_inline __u32 frame_length(struct xdp_md *ctx, __u32 linear, __u32 expected)
{
	if (expected > linear && settings.features & LB_FEATURE_JUMBO)
		return bpf_xdp_get_buff_len(ctx);
	return linear;
}

static __always_inline bool may_be_ours(__u32 folded)
{
	__u32 bit = (folded * 0x9E3779B1) >> 16;
	__u32 word = bit / 64;
	__u64 *bits = bpf_map_lookup_elem(&vip_filter, &word);

	return bits && *bits >> (bit & 63) & 1;
}

static __always_inline void address_of(struct lb_address *address, const __u32 *words, bool v6)
{
	__u32 *to = (__u32 *)address->bytes;

	to[0] = v6 ? words[0] : 0;
	to[1] = v6 ? words[1] : 0;
	to[2] = v6 ? words[2] : bpf_htonl(0xffff);
	to[3] = words[3];
}

/* Whether an address, as in a frame, is one that nobody sends from: loopback, multicast, none, or reserved. */
static __always_inline bool is_martian(const __u32 *words, bool v6)
{
	__u32 last = bpf_ntohl(words[3]), first = v6 ? bpf_ntohl(words[0]) >> 24 : last >> 24;

	if (v6)
		return first == 0xff || (!(words[0] | words[1] | words[2]) && last <= 1);
	return first == 0 || first == 127 || first >= 224;
}

static __always_inline bool has_ports(__u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

/* Reads TCP's or UDP's header, at `l4`, and returns a reason to drop. */
static __always_inline __u32 parse_ports(struct frame *f, void *data, void *data_end, __u32 l4, __u32 end)
{
	if (f->protocol == IPPROTO_TCP) {
		struct tcphdr *tcp = data + l4;

		if ((void *)(tcp + 1) > data_end)
			return LB_DROP_L4_HEADER;
		__u32 header = ((__u8 *)tcp)[12] >> 4 << 2;

		f->tcp_flags = ((__u8 *)tcp)[13];
		f->ports = *(__u32 *)tcp;
		f->tcp_payload = end - l4 - header;
		if (header < sizeof(*tcp) || (!f->fragment && l4 + header > end))
			return LB_DROP_TCP_OFFSET;
		if (!(f->tcp_flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK)) ||
		    (f->tcp_flags & TCP_SYN && f->tcp_flags & (TCP_FIN | TCP_RST)))
			return LB_DROP_TCP_FLAGS;
	} else {
		struct udphdr *udp = data + l4;

		if ((void *)(udp + 1) > data_end)
			return LB_DROP_L4_HEADER;
		__u32 length = bpf_ntohs(udp->len);

		f->ports = *(__u32 *)udp;
		if (length < sizeof(*udp) || (!f->fragment && l4 + length > end))
			return LB_DROP_UDP_LENGTH;
	}
	return LB_DROP_NONE;
}

/* Reads an IPv4 header, without options known to lie within the frame. */
static __always_inline __u32 parse_ipv4(struct xdp_md *ctx, struct frame *f, void *data, void *data_end)
{
	struct iphdr *ip = data + f->l3;
	__u32 header = ip->ihl * 4;
	__u16 offset = bpf_ntohs(ip->frag_off);

	f->protocol = ip->protocol;
	f->source[3] = ip->saddr;
	f->destination[3] = ip->daddr;
	f->ip_length = bpf_ntohs(ip->tot_len);
	f->l4 = f->l3 + header;
	f->length = frame_length(ctx, data_end - data, f->l3 + f->ip_length);
	if (ip->version != 4 || header < sizeof(*ip))
		return LB_DROP_IP_HEADER;
	if (f->ip_length < header || f->l3 + f->ip_length > f->length)
		return LB_DROP_IP_LENGTH;
	if (offset & (IP_MORE_FRAGMENTS | IP_OFFSET)) {
		f->fragment = true;
		f->later_fragment = offset & IP_OFFSET;
		f->fragment_id = ip->id;
	}
	return LB_DROP_NONE;
}

#define MOST_EXTENSIONS 6
#define LATER_FRAGMENT 2
#define ANY_FRAGMENT 1
#define BAD_EXTENSIONS 4
#define MOST_L4_OFFSET 0x3fff

/*
 * Walks IPv6 extension headers from `l4` on. The outcome, in one number as a global function (verified once) can give no
 * more: the first protocol that is none (8 bits), flags (8 bits), where it starts (16 bits), the fragment's id (32 bits).
 */
__noinline __u64 walk_extensions(struct xdp_md *ctx, __u32 l4, __u32 protocol)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	__u32 flags = 0, id = 0;

	for (int i = 0; i <= MOST_EXTENSIONS; i++) {
		__u8 *header = data + (l4 & MOST_L4_OFFSET);

		if (!is_extension(protocol))
			return (__u64)id << 32 | (l4 & MOST_L4_OFFSET) << 16 | flags << 8 | protocol;
		if ((void *)(header + 8) > data_end)
			break;
		if (protocol == IPPROTO_FRAGMENT) {
			__u16 offset = header[2] << 8 | header[3];

			id = *(__u32 *)(header + 4);
			/* An atomic fragment (RFC 6946) is a whole datagram. */
			if (offset & 0xfff9)
				flags |= offset & 0xfff8 ? ANY_FRAGMENT | LATER_FRAGMENT : ANY_FRAGMENT;
			l4 += 8;
		} else {
			l4 += (header[1] + 1) * 8;
		}
		protocol = header[0];
		if (flags & LATER_FRAGMENT)
			return (__u64)id << 32 | (l4 & MOST_L4_OFFSET) << 16 | flags << 8 | protocol;
	}
	return BAD_EXTENSIONS << 8;
}

static __always_inline __u32 skip_extensions(struct xdp_md *ctx, struct frame *f)
{
	__u64 found = walk_extensions(ctx, f->l4, f->protocol);

	f->protocol = found;
	f->l4 = found >> 16 & MOST_L4_OFFSET;
	f->fragment = found >> 8 & ANY_FRAGMENT;
	f->later_fragment = found >> 8 & LATER_FRAGMENT;
	f->fragment_id = found >> 32;
	return found >> 8 & BAD_EXTENSIONS ? LB_DROP_EXTENSION_HEADERS : LB_DROP_NONE;
}

/* Reads an IPv6 header, known to lie within the frame, and its extensions. */
static __always_inline __u32 parse_ipv6(struct xdp_md *ctx, struct frame *f, void *data, void *data_end)
{
	struct ipv6hdr *ip = data + f->l3;

	f->protocol = ip->nexthdr;
	__builtin_memcpy(f->source, &ip->saddr, sizeof(f->source));
	__builtin_memcpy(f->destination, &ip->daddr, sizeof(f->destination));
	f->ip_length = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	f->l4 = f->l3 + sizeof(*ip);
	f->length = frame_length(ctx, data_end - data, f->l3 + f->ip_length);
	if (ip->version != 6)
		return LB_DROP_IP_HEADER;
	if (f->l3 + f->ip_length > f->length)
		return LB_DROP_IP_LENGTH;
	return is_extension(f->protocol) ? skip_extensions(ctx, f) : LB_DROP_NONE;
}

#endif
