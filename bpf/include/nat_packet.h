/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_NAT_PACKET_H
#define PENSTOCK_NAT_PACKET_H
/* A packet on its way through nat, and what is written over in it. */
#include "checksum.h"
#include "flow.h"
#include "reply.h"

struct nat_packet {
	struct lb_nat_key key; /* As it arrived; of an ICMP error, that of the packet it quotes, turned round. */
	__u32 l3;
	__u32 l4;
	__u32 ip_length;
	__u32 tcp_flags;
	__u32 v6;
	__u32 length; /* Of the frame. */
	__u32 hash;   /* Where the search for a port begins. */
	__u32 quoted; /* Where the ports are that an ICMP error quotes; 0: it is none. */
	__u32 later_fragment;
	__u32 known; /* Of a flow that has to be known, by one half of it at least. */
	struct lb_nat_flow flow;  /* What it becomes. */
	struct lb_nat_key answer; /* Room to work in: key and value of a new entry. */
	struct lb_nat_flow back;
	struct lb_service_key service; /* That a source port may be of. */
};

/* The program's own: the stack (512 bytes for all calls) has no room for it. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct nat_packet);
} nat_packets SEC(".maps");

static __always_inline struct nat_packet *nat_packet(const struct frame *f, __u32 hash, bool v6)
{
	__u32 zero = 0;
	struct nat_packet *packet = bpf_map_lookup_elem(&nat_packets, &zero);

	if (!packet)
		return 0;
	address_of(&packet->key.source, f->source, v6);
	address_of(&packet->key.destination, f->destination, v6);
	packet->key.source_port = f->ports;
	packet->key.destination_port = f->ports >> 16;
	packet->key.protocol = f->protocol;
	packet->l3 = f->l3;
	packet->l4 = f->l4;
	packet->ip_length = f->ip_length;
	packet->tcp_flags = f->tcp_flags;
	packet->v6 = v6;
	packet->length = f->length;
	packet->hash = hash;
	packet->quoted = f->quoted_l4;
	packet->later_fragment = f->later_fragment;
	packet->known = false;
	return packet;
}

/* What checksums have to make good: sums of words before and after. */
struct nat_change {
	__u64 before;
	__u64 after;
};

/* Writes two addresses, the first at `addresses`. */
static __always_inline void nat_write_addresses(__u32 *addresses, const struct lb_address *first, const struct lb_address *second, bool v6, struct nat_change *change)
{
	const __u32 *one = (const __u32 *)first->bytes, *two = (const __u32 *)second->bytes;
	const __u32 count = v6 ? 4 : 1;

#pragma unroll
	for (__u32 i = 0; i < count; i++) {
		__u32 at = v6 ? i : 3;

		change->before += (__u64)addresses[i] + addresses[i + count];
		change->after += (__u64)one[at] + two[at];
		addresses[i] = one[at];
		addresses[i + count] = two[at];
	}
}

/* The IP header: addresses, TTL, and the checksum of IPv4. */
static __always_inline int nat_rewrite_ip(void *data, void *data_end, __u32 l3, const struct lb_nat_flow *flow, bool v6, struct nat_change *change)
{
	if (v6) {
		struct ipv6hdr *ip = data + l3;

		if ((void *)(ip + 1) > data_end || ip->hop_limit <= 1)
			return -1;
		ip->hop_limit--;
		nat_write_addresses((__u32 *)&ip->saddr, &flow->source, &flow->destination, true, change);
		return 0;
	}
	struct iphdr *ip = data + l3;

	if ((void *)(ip + 1) > data_end || ip->ttl <= 1)
		return -1;
	__u32 ttl = ((__u32 *)ip)[2] & 0xffff;

	nat_write_addresses((__u32 *)&ip->saddr, &flow->source, &flow->destination, false, change);
	ip->ttl--;
	ip->check = checksum_replace(ip->check, change->before + ttl, change->after + (((__u32 *)ip)[2] & 0xffff));
	return 0;
}

/* Corrects a checksum of TCP or UDP; one of 0 is none in UDP. */
static __always_inline void nat_rewrite_check(__u16 *check, __u8 protocol, const struct nat_change *change)
{
	if (!*check && protocol == IPPROTO_UDP)
		return;
	__u16 sum = checksum_replace(*check, change->before, change->after);

	*check = !sum && protocol == IPPROTO_UDP ? 0xffff : sum;
}

static __always_inline __u32 nat_check_offset(__u8 protocol)
{
	return protocol == IPPROTO_TCP ? 16 : 6;
}

/* The packet that an ICMP error quotes becomes what its sender, on the other side, sent; the error's own checksum follows. */
static __always_inline int nat_rewrite_quote(void *data, void *data_end, __u32 l4, __u32 quoted_l4, __u8 protocol, const struct lb_nat_flow *flow, bool v6, struct nat_change *outer)
{
	struct icmp_header *icmp = data + l4;
	void *quote = icmp + 1;
	struct nat_change change = {}, message = {};

	if (quote + sizeof(struct iphdr) > data_end)
		return -1;
	if (v6) {
		if (quote + sizeof(struct ipv6hdr) > data_end)
			return -1;
		nat_write_addresses(quote + 8, &flow->destination, &flow->source, true, &change);
		message = *outer; /* Of the pseudo-header. */
	} else {
		struct iphdr *ip = quote;

		nat_write_addresses(quote + 12, &flow->destination, &flow->source, false, &change);
		message.before = ip->check;
		ip->check = checksum_replace(ip->check, change.before, change.after);
		message.after = ip->check;
	}
	__u32 *ports = data + quoted_l4;
	__u16 *check = (void *)ports + nat_check_offset(protocol);

	if ((void *)(ports + 2) > data_end)
		return -1;
	change.before += *ports;
	*ports = (__u32)flow->source_port << 16 | flow->destination_port;
	change.after += *ports;
	if ((void *)(check + 1) <= data_end) {
		message.before += *check;
		nat_rewrite_check(check, protocol, &change);
		message.after += *check;
	}
	icmp->checksum = checksum_replace(icmp->checksum, message.before + change.before, message.after + change.after);
	return 0;
}

/* Makes the packet what `flow` says. A reason to drop it, or LB_DROP_NONE. */
static __always_inline __u32 nat_rewrite(struct xdp_md *ctx, const struct nat_packet *packet, const struct lb_nat_flow *flow, bool v6)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	__u32 l3 = packet->l3 & 0x1f, l4 = packet->l4 & MOST_L4_OFFSET;
	__u8 protocol = packet->key.protocol;
	struct nat_change change = {};

	if (nat_rewrite_ip(data, data_end, l3, flow, v6, &change))
		return LB_DROP_HOP_LIMIT;
	if (packet->quoted)
		return nat_rewrite_quote(data, data_end, l4, packet->quoted & MOST_L4_OFFSET, protocol, flow, v6, &change) ? LB_DROP_ICMP_QUOTE : LB_DROP_NONE;
	if (packet->later_fragment)
		return LB_DROP_NONE;
	__u32 *ports = data + l4;
	__u16 *check = (void *)ports + nat_check_offset(protocol);

	if ((void *)(ports + 1) > data_end || (void *)(check + 1) > data_end)
		return LB_DROP_L4_HEADER;
	change.before += *ports;
	*ports = (__u32)flow->destination_port << 16 | flow->source_port;
	change.after += *ports;
	nat_rewrite_check(check, protocol, &change);
	return LB_DROP_NONE;
}

#endif
