/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_SAMPLE_H
#define PENSTOCK_SAMPLE_H
/* Reads the flow from a copy of a packet's first bytes. What is malformed has no flow; xdp_lb drops it, or not, by itself. */
#include "frame.h"

#define SAMPLE_HEADERS 512   /* Bytes that headers are looked for in, whatever is asked for. */
#define SAMPLE_OFFSET 0x1ff  /* Greatest offset of a header. */

/* The program's own: the packet between arrival and verdict. */
struct captured_packet {
	struct frame frame;
	__u32 is_ours;
	__u32 v6;
	__u64 hash;
	struct lb_nat_key key;
	struct lb_address client;
	struct lb_capture sample;
	__u8 spare[SAMPLE_HEADERS]; /* The verifier's: what is read at a bounded offset ends here. */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct captured_packet);
} captured_packets SEC(".maps");

static __always_inline struct captured_packet *captured_packet(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&captured_packets, &zero);
}

/* What walk_extensions says, of this CPU's copy. A global function: verified once. */
__noinline __u64 walk_sample_extensions(__u32 l4, __u32 protocol)
{
	struct captured_packet *p = captured_packet();
	__u32 flags = 0, id = 0;

	for (int i = 0; p && i <= MOST_EXTENSIONS && is_extension(protocol); i++) {
		const __u8 *header = p->sample.data + (l4 & SAMPLE_OFFSET);

		if (protocol == IPPROTO_FRAGMENT) {
			__u16 offset = header[2] << 8 | header[3];

			id = *(const __u32 *)(header + 4);
			if (offset & 0xfff9)
				flags |= offset & 0xfff8 ? ANY_FRAGMENT | LATER_FRAGMENT : ANY_FRAGMENT;
			l4 += 8;
		} else {
			l4 += (header[1] + 1) * 8;
		}
		protocol = header[0];
		if (flags & LATER_FRAGMENT)
			break;
	}
	return (__u64)id << 32 | (l4 & MOST_L4_OFFSET) << 16 | flags << 8 | (protocol & 0xff);
}

static __always_inline void read_sample_ports(struct frame *f, const __u8 *header, __u32 length)
{
	if (f->later_fragment || length < sizeof(f->ports))
		return;
	f->ports = *(const __u32 *)header;
	if (f->protocol == IPPROTO_TCP && length > 13)
		f->tcp_flags = header[13];
}

/* An ICMP error belongs to the flow of the packet it quotes. */
static __always_inline void read_sample_quote(struct frame *f, const __u8 *data, __u32 length, bool v6)
{
	const __u8 *icmp = data + (f->l4 & SAMPLE_OFFSET), *quote = icmp + 8;
	__u32 l4;
	__u8 protocol;
	bool later;

	if (v6 ? icmp[0] < 1 || icmp[0] > 4 : icmp[0] != 3 && icmp[0] != 4 && icmp[0] != 11 && icmp[0] != 12)
		return;
	if (v6) {
		__u64 found = walk_sample_extensions(f->l4 + 8 + sizeof(struct ipv6hdr), quote[6]);

		protocol = found;
		l4 = found >> 16 & MOST_L4_OFFSET;
		later = found >> 8 & LATER_FRAGMENT;
	} else {
		protocol = quote[9];
		l4 = f->l4 + 8 + (quote[0] & 0xf) * 4;
		later = *(const __be16 *)(quote + 6) & bpf_htons(IP_OFFSET);
	}
	if (later || !has_ports(protocol) || l4 + sizeof(f->ports) > length)
		return;
	__u32 ports = *(const __u32 *)(data + (l4 & SAMPLE_OFFSET));

	f->protocol = protocol;
	if (v6)
		__builtin_memcpy(f->source, quote + 24, sizeof(f->source));
	else
		f->source[3] = *(const __u32 *)(quote + 16);
	f->ports = ports << 16 | ports >> 16;
	f->quoted = true;
}

/* False: no IP packet. `length` bytes of `data` are the packet's, what is behind them is another's. */
static __always_inline bool read_sample(struct frame *f, const __u8 *data, __u32 length, __u32 *v6)
{
	__be16 type = *(const __be16 *)(data + 12);

	f->l3 = ETH_HLEN;
#pragma unroll
	for (int i = 0; i < MOST_TAGS; i++) {
		if (!is_tag(type))
			break;
		type = *(const __be16 *)(data + f->l3 + 2);
		f->l3 += sizeof(struct vlan_tag);
	}
	const __u8 *ip = data + (f->l3 & 0x1f);

	*v6 = type == bpf_htons(ETH_P_IPV6);
	if (*v6) {
		f->protocol = ip[6];
		f->l4 = f->l3 + sizeof(struct ipv6hdr);
		__builtin_memcpy(f->source, ip + 8, sizeof(f->source));
		__builtin_memcpy(f->destination, ip + 24, sizeof(f->destination));
		__u64 found = walk_sample_extensions(f->l4, f->protocol);

		f->protocol = found;
		f->l4 = found >> 16 & MOST_L4_OFFSET;
		f->fragment = found >> 8 & ANY_FRAGMENT;
		f->later_fragment = found >> 8 & LATER_FRAGMENT;
		f->fragment_id = found >> 32;
	} else if (type == bpf_htons(ETH_P_IP)) {
		__u16 offset = bpf_ntohs(*(const __be16 *)(ip + 6));

		f->protocol = ip[9];
		f->l4 = f->l3 + (ip[0] & 0xf) * 4;
		f->source[3] = *(const __u32 *)(ip + 12);
		f->destination[3] = *(const __u32 *)(ip + 16);
		f->fragment = offset & (IP_MORE_FRAGMENTS | IP_OFFSET);
		f->later_fragment = offset & IP_OFFSET;
		f->fragment_id = *(const __u16 *)(ip + 4);
	} else {
		return false;
	}
	if (f->l3 + (*v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr)) > length)
		return false;
	if (f->l4 > length)
		return true;
	if (f->protocol == IPPROTO_TCP || f->protocol == IPPROTO_UDP)
		read_sample_ports(f, data + (f->l4 & SAMPLE_OFFSET), length - f->l4);
	else if (f->protocol == (*v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP) && !f->fragment)
		read_sample_quote(f, data, length, *v6);
	return true;
}

/* The backend a QUIC connection id names (quic_backend of protect.h, on the copy), or LB_NO_BACKEND. */
static __always_inline __u32 quic_backend_of_sample(const __u8 *data, __u32 l4, const struct lb_service *service)
{
	struct lb_quic_key key = { .service = service->id };
	const __u8 *payload = data + (l4 & SAMPLE_OFFSET) + sizeof(struct udphdr);
	const __u8 *id = payload + (*payload & 0x80 ? 6 : 1) + (service->quic_offset & 0x1f);

	for (__u32 i = 0; i < 4; i++)
		if (i < service->quic_length)
			key.server = key.server << 8 | id[i];
	__u32 *backend = bpf_map_lookup_elem(&quic_servers, &key);

	return backend ? *backend : LB_NO_BACKEND;
}

#endif
