/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_REPLY_H
#define PENSTOCK_REPLY_H
/* What is answered here: echo requests, packets too big for the tunnel, flows of services without a backend. */
#include "checksum.h"
#include "count.h"
#include "flow.h"
#include "nexthop.h"

#define REPLY_TTL 64
#define REPLY_NONE (-1)    /* No answer can be sent, */
#define REPLY_MARTIAN (-2) /* or none is, to an address that nobody sends from. */
#define QUOTED_PAYLOAD 8 /* Bytes of the packet after its headers of IP that an error quotes: ports are among them. */
#define MOST_OPTIONS 40  /* Bytes of IPv4 options, */
#define MOST_QUOTED 128  /* and of an IPv6 packet with extension headers, as far as they and ports are within. */

struct icmp_header {
	__u8 type;
	__u8 code;
	__u16 checksum;
	__be32 rest;
};

static __always_inline __u64 sum_words(const __u32 *words, __u32 count)
{
	__u64 sum = 0;

#pragma unroll
	for (__u32 i = 0; i < count; i++)
		sum += words[i];
	return sum;
}

/* Turns round the addresses of an IP header. */
static __always_inline void swap_addresses(void *ip, bool v6)
{
	__u32 *words = ip + (v6 ? 8 : 12);
	const __u32 count = v6 ? 4 : 1;

#pragma unroll
	for (__u32 i = 0; i < count; i++) {
		__u32 word = words[i];

		words[i] = words[i + count];
		words[i + count] = word;
	}
}

static __always_inline void write_ttl(void *ip, bool v6)
{
	struct iphdr *ip4 = ip;

	if (v6) {
		((struct ipv6hdr *)ip)->hop_limit = REPLY_TTL;
		return;
	}
	__u32 before = ((__u32 *)ip)[2] & 0xffff;

	ip4->ttl = REPLY_TTL;
	ip4->check = checksum_replace(ip4->check, before, ((__u32 *)ip)[2] & 0xffff);
}

/* Answers an echo request whose ICMP header is at `l4`. A global function, as all here: verified once. */
__noinline int reply_echo(struct xdp_md *ctx, __u32 l3, __u32 l4, __u32 v6)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;

	if (!may_reply(coarse_seconds()))
		return drop(ctx, LB_DROP_REPLIES);
	l3 = l3_offset(l3);
	struct icmp_header *icmp = data + (l4 & MOST_L4_OFFSET);

	if (data + ETH_HLEN > data_end || data + l3 + sizeof(struct iphdr) > data_end || (void *)(icmp + 1) > data_end)
		return drop(ctx, LB_DROP_ICMP_HEADER);
	__u16 before = *(__u16 *)icmp;

	icmp->type = v6 ? 129 : 0;
	icmp->checksum = checksum_replace(icmp->checksum, before, *(__u16 *)icmp);
	if (v6) {
		if (data + l3 + sizeof(struct ipv6hdr) > data_end)
			return drop(ctx, LB_DROP_ICMP_HEADER);
		swap_addresses(data + l3, true);
		write_ttl(data + l3, true);
	} else {
		swap_addresses(data + l3, false);
		write_ttl(data + l3, false);
	}
	swap_macs(data);
	return XDP_TX;
}

/* The same of all words up to the end of the frame, of at most `count`. */
static __always_inline __u64 sum_rest(const __u32 *words, __u32 count, const void *data_end)
{
	__u64 sum = 0;

	for (__u32 i = 0; i < count; i++, words++) {
		if ((void *)(words + 1) > data_end)
			break;
		sum += *words;
	}
	return sum;
}

/* Bytes of the packet at `l3` that an error quotes: its IP header with options or extensions, and what follows. Or REPLY_NONE or REPLY_MARTIAN. */
static __always_inline int quoted_length(struct xdp_md *ctx, __u32 l3, __u32 length, bool v6)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	const __u32 header = v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	__u8 *ip = data + l3;

	if ((void *)ip + header > data_end)
		return REPLY_NONE;
	/* No error is answered by an error (RFC 1122, 3.2.2; RFC 4443, 2.4 e), and of ICMP only errors come here. */
	if (ip[v6 ? 6 : 9] == (v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		return REPLY_NONE;
	if (is_martian((const __u32 *)(v6 ? ip + 8 : ip), v6))
		return REPLY_MARTIAN;
	if (!v6)
		return (*ip & 0xf) * 4 + QUOTED_PAYLOAD;
	if (!is_extension(ip[6]))
		return header + QUOTED_PAYLOAD;
	if ((void *)ip + header + 1 > data_end || ip[header] == IPPROTO_ICMPV6)
		return REPLY_NONE;
	return length - l3 < MOST_QUOTED ? (length - l3) & ~3 : MOST_QUOTED;
}

/*
 * Sends the sender of a frame of `length` bytes an IPv4 error that quotes its header and eight bytes: XDP_TX, or REPLY_NONE or REPLY_MARTIAN. What is
 * quoted has to be in the frame's linear part, for only that can be summed.
 */
__noinline int reply_error_ipv4(struct xdp_md *ctx, __u32 l3, __u32 code, __u32 rest, __u32 length)
{
	const __u32 least = sizeof(struct iphdr) + QUOTED_PAYLOAD, extra = sizeof(struct iphdr) + sizeof(struct icmp_header);

	l3 = l3_offset(l3);
	int quoted = quoted_length(ctx, l3, length, false);

	if (quoted < 0)
		return quoted;
	if (quoted < (int)least || l3 < ETH_HLEN || l3 > MOST_L3_OFFSET || length < l3 + quoted || !may_reply(coarse_seconds()))
		return REPLY_NONE;
	if (bpf_xdp_adjust_tail(ctx, (int)(l3 + quoted) - (int)length) || bpf_xdp_adjust_head(ctx, -(int)extra))
		return REPLY_NONE;
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;

	if (data + extra + MOST_L3_OFFSET > data_end)
		return REPLY_NONE;
	move_l2(data, l3, extra);
	swap_macs(data);
	/* Checked only now: move_l2 tells the verifier what l3 is, which makes other pointers of what it checked before. */
	struct iphdr *ip = data + l3;
	asm volatile("" : "+r"(ip));
	struct iphdr *inner = (void *)ip + extra;
	struct icmp_header *icmp = (void *)(ip + 1);

	if ((void *)inner + least > data_end || data_end - data != l3 + extra + quoted)
		return REPLY_NONE;
	*(__u32 *)ip = bpf_htonl(0x45c00000 | (extra + quoted)); /* Precedence as RFC 1812, 4.3.2.5 asks. */
	((__u32 *)ip)[1] = 0;
	ip->ttl = REPLY_TTL;
	ip->protocol = IPPROTO_ICMP;
	ip->check = 0;
	ip->saddr = inner->daddr;
	ip->daddr = inner->saddr;
	ip->check = ipv4_checksum(ip);
	icmp->type = 3;
	icmp->code = code;
	icmp->checksum = 0;
	icmp->rest = bpf_htonl(rest);
	icmp->checksum = checksum_fold(sum_rest((__u32 *)icmp, (sizeof(*icmp) + least + MOST_OPTIONS) / 4, data_end));
	return XDP_TX;
}

/* The same in IPv6. */
__noinline int reply_error_ipv6(struct xdp_md *ctx, __u32 l3, __u32 type_and_code, __u32 rest, __u32 length)
{
	const __u32 least = sizeof(struct ipv6hdr) + QUOTED_PAYLOAD, extra = sizeof(struct ipv6hdr) + sizeof(struct icmp_header);

	l3 = l3_offset(l3);
	int quoted = quoted_length(ctx, l3, length, true);

	if (quoted < 0)
		return quoted;
	if (quoted < (int)least || l3 < ETH_HLEN || l3 > MOST_L3_OFFSET || length < l3 + quoted || !may_reply(coarse_seconds()))
		return REPLY_NONE;
	if (bpf_xdp_adjust_tail(ctx, (int)(l3 + quoted) - (int)length) || bpf_xdp_adjust_head(ctx, -(int)extra))
		return REPLY_NONE;
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;

	if (data + extra + MOST_L3_OFFSET > data_end)
		return REPLY_NONE;
	move_l2(data, l3, extra);
	swap_macs(data);
	/* Checked only now: move_l2 tells the verifier what l3 is, which makes other pointers of what it checked before. */
	struct ipv6hdr *ip = data + l3;
	asm volatile("" : "+r"(ip));
	struct ipv6hdr *inner = (void *)ip + extra;
	struct icmp_header *icmp = (void *)(ip + 1);

	if ((void *)inner + least > data_end || data_end - data != l3 + extra + quoted)
		return REPLY_NONE;
	*(__be32 *)ip = bpf_htonl(6U << 28);
	ip->payload_len = bpf_htons(sizeof(*icmp) + quoted);
	ip->nexthdr = IPPROTO_ICMPV6;
	ip->hop_limit = REPLY_TTL;
	__builtin_memcpy(&ip->saddr, &inner->daddr, sizeof(ip->saddr));
	__builtin_memcpy(&ip->daddr, &inner->saddr, sizeof(ip->daddr));
	icmp->type = type_and_code >> 8;
	icmp->code = type_and_code;
	icmp->checksum = 0;
	icmp->rest = bpf_htonl(rest);
	icmp->checksum = checksum_fold(sum_rest((__u32 *)icmp, (sizeof(*icmp) + MOST_QUOTED) / 4, data_end) + sum_words((__u32 *)&ip->saddr, 8) +
				       bpf_htonl(sizeof(*icmp) + quoted) + bpf_htonl(IPPROTO_ICMPV6));
	return XDP_TX;
}

/* Tells the sender what fits (RFC 1191, RFC 4443); of IPv4 also one that would have its packets fragmented, which XDP can't. */
static __always_inline int too_big(struct xdp_md *ctx, __u32 service, __u32 l3, __u32 mtu, bool v6)
{
	__u32 length = whole_length(ctx);
	int verdict = v6 ? reply_error_ipv6(ctx, l3, 2 << 8, mtu, length) : reply_error_ipv4(ctx, l3, 4, mtu, length);

	if (verdict < 0)
		return drop_of(ctx, service, verdict == REPLY_MARTIAN ? LB_DROP_MARTIAN : LB_DROP_TOO_BIG);
	count_service(service, length);
	return verdict;
}

/* Puts the TCP header at `l4` right behind the IP header, in place of options or extensions. */
static __always_inline int close_up(struct xdp_md *ctx, __u32 l3, __u32 l4, __u32 v6)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	const __u32 *from = data + l4;
	__u8 *ip = data + l3;
	__u32 *to = (__u32 *)(ip + (v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr)));

	if ((void *)from + sizeof(struct tcphdr) > data_end || (void *)to + sizeof(struct tcphdr) > data_end)
		return -1;
#pragma unroll
	for (__u32 i = 0; i < sizeof(struct tcphdr) / 4; i++)
		to[i] = from[i];
	if (v6)
		ip[6] = IPPROTO_TCP;
	else
		ip[0] = 0x45;
	return 0;
}

/* Resets the connection of a segment with `payload` bytes in a frame of `length` bytes. `at`: where its IP header starts, and, by 16 bits, its own. */
__noinline int reply_reset(struct xdp_md *ctx, __u32 at, __u32 payload, __u32 v6, __u32 length)
{
	const __u32 header = v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	__u32 l3 = l3_offset(at), l4 = at >> 16 & MOST_L4_OFFSET, kept = l3 + header + sizeof(struct tcphdr);

	if (length < kept || !may_reply(coarse_seconds()) || (l4 != l3 + header && close_up(ctx, l3, l4, v6)) || bpf_xdp_adjust_tail(ctx, (int)kept - (int)length))
		return -1;
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	struct tcphdr *tcp = data + l3 + header;

	if (data + ETH_HLEN > data_end || data + l3 + sizeof(struct iphdr) > data_end || (void *)(tcp + 1) > data_end)
		return -1;
	__u8 flags = ((__u8 *)tcp)[13];
	__u64 sum = bpf_htonl(sizeof(*tcp)) + (__u64)bpf_htonl(IPPROTO_TCP);
	__be16 port = tcp->source;

	tcp->source = tcp->dest;
	tcp->dest = port;
	/* RFC 9293, 3.10.7.1. */
	if (flags & TCP_ACK) {
		tcp->seq = tcp->ack_seq;
		tcp->ack_seq = 0;
	} else {
		tcp->ack_seq = bpf_htonl(bpf_ntohl(tcp->seq) + payload + !!(flags & TCP_SYN) + !!(flags & TCP_FIN));
		tcp->seq = 0;
	}
	*(__be32 *)((void *)tcp + 12) = bpf_htonl(0x50000000 | (flags & TCP_ACK ? TCP_RST : TCP_RST | TCP_ACK) << 16);
	tcp->check = 0;
	tcp->urg_ptr = 0;
	if (v6) {
		struct ipv6hdr *ip = data + l3;

		ip->payload_len = bpf_htons(sizeof(*tcp));
		swap_addresses(ip, true);
		write_ttl(ip, true);
		sum += sum_words((__u32 *)&ip->saddr, 8);
	} else {
		struct iphdr *ip = data + l3;

		ip->tot_len = bpf_htons(sizeof(*ip) + sizeof(*tcp));
		swap_addresses(ip, false);
		ip->ttl = REPLY_TTL;
		ip->check = 0;
		ip->check = ipv4_checksum(ip);
		sum += (__u64)ip->saddr + ip->daddr;
	}
	tcp->check = checksum_fold(sum + sum_words((__u32 *)tcp, sizeof(*tcp) / 4));
	swap_macs(data);
	return XDP_TX;
}

/* RST or port unreachable, which is counted, or a drop for `reason` where neither can be sent. */
static __always_inline int reject(struct xdp_md *ctx, const struct frame *f, __u32 service, __u32 reason, bool v6)
{
	int verdict = -1;

	if (is_martian(f->source, v6))
		return drop_of(ctx, service, LB_DROP_MARTIAN);
	if (!f->fragment && !f->quoted && !(f->protocol == IPPROTO_TCP && f->tcp_flags & TCP_RST)) {
		if (f->protocol == IPPROTO_TCP)
			verdict = reply_reset(ctx, f->l3 | f->l4 << 16, f->tcp_payload, v6, f->length);
		else
			verdict = v6 ? reply_error_ipv6(ctx, f->l3, 1 << 8 | 4, 0, f->length) : reply_error_ipv4(ctx, f->l3, 3, 0, f->length);
	}
	if (verdict < 0)
		return drop_of(ctx, service, reason);
	struct lb_service_stats *stats = count_service(service, f->length);

	if (stats)
		stats->rejected++;
	return verdict;
}

#endif
