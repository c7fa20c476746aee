/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_ICMP_H
#define PENSTOCK_ICMP_H
/* ICMP and ICMPv6 to one of our addresses: errors belong to the flow of the packet they quote. */
#include "reply.h"
#include "service.h"

#define ICMP_PASS (-1)   /* Of no concern here: up the stack. */
#define ICMP_QUOTED (-2) /* An error; the frame has become one of the flow it quotes. */

static __always_inline bool is_icmp_error(__u8 type, bool v6)
{
	return v6 ? type >= 1 && type <= 4 : type == 3 || type == 4 || type == 11 || type == 12;
}

/* Takes the flow from the quoted packet, which we (the quoted source) sent to the client. */
static __always_inline int read_quote(struct xdp_md *ctx, struct frame *f, bool v6)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	__u32 at = (f->l4 & MOST_L4_OFFSET) + sizeof(struct icmp_header);
	void *quote = data + at;
	bool later;

	if (v6) {
		struct ipv6hdr *ip = quote;

		if ((void *)(ip + 1) > data_end)
			return drop(ctx, LB_DROP_ICMP_QUOTE);
		__builtin_memcpy(f->source, &ip->daddr, sizeof(f->source));
		__u32 *ours = (__u32 *)&ip->saddr;
		if ((f->destination[0] ^ ours[0]) | (f->destination[1] ^ ours[1]) | (f->destination[2] ^ ours[2]) | (f->destination[3] ^ ours[3]))
			return ICMP_PASS;
		__u64 found = walk_extensions(ctx, at + sizeof(*ip), ip->nexthdr);

		if (found >> 8 & BAD_EXTENSIONS)
			return drop(ctx, LB_DROP_ICMP_QUOTE);
		f->protocol = found;
		at = found >> 16 & MOST_L4_OFFSET;
		later = found >> 8 & LATER_FRAGMENT;
	} else {
		struct iphdr *ip = quote;

		if ((void *)(ip + 1) > data_end || ip->ihl < 5)
			return drop(ctx, LB_DROP_ICMP_QUOTE);
		f->source[3] = ip->daddr;
		f->protocol = ip->protocol;
		at += ip->ihl * 4;
		later = ip->frag_off & bpf_htons(IP_OFFSET);
		if (f->destination[3] != ip->saddr)
			return ICMP_PASS;
	}
	if (later || !has_ports(f->protocol))
		return ICMP_PASS;
	__u32 *ports = data + (at & MOST_L4_OFFSET);

	if ((void *)(ports + 1) > data_end)
		return drop(ctx, LB_DROP_ICMP_QUOTE);
	f->ports = *ports << 16 | *ports >> 16;
	f->quoted = true;
	f->quoted_l4 = at;
	return ICMP_QUOTED;
}

/* A verdict, ICMP_PASS or ICMP_QUOTED. */
static __always_inline int process_icmp(struct xdp_md *ctx, struct frame *f, bool v6)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	struct icmp_header *icmp = data + (f->l4 & MOST_L4_OFFSET);
	struct lb_vip *vip = vip_of(f->destination, v6);

	if (!vip || f->fragment)
		return ICMP_PASS;
	if ((void *)(icmp + 1) > data_end || f->ip_length < f->l4 - f->l3 + sizeof(*icmp))
		return drop(ctx, LB_DROP_ICMP_HEADER);
	if (icmp->type == (v6 ? 128 : 8) && !icmp->code)
		return !(vip->flags & LB_VIP_ECHO) ? ICMP_PASS : is_martian(f->source, v6) ? drop(ctx, LB_DROP_MARTIAN) : reply_echo(ctx, f->l3, f->l4, v6);
	return is_icmp_error(icmp->type, v6) ? read_quote(ctx, f, v6) : ICMP_PASS;
}

#endif
