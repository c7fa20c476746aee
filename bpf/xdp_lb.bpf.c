// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The L4 data plane. A frame is read (frame.h), its service looked up, a backend remembered (flow.h) or chosen
 * (service.h), and sent there (forward.h). What is not ours goes up the stack, what is ours but bad is dropped and counted.
 */
#include "include/build.h"
#include "include/unusual.h"

/* To an address that is a source of nat. NAT_UNUSUAL: it is none, or none lately asked for, or the flow is not known. */
static __always_inline int answer(struct xdp_md *ctx, const struct lb_service_key *key, __u32 l3, __u32 stamp, bool v6)
{
	struct lb_service_key source = *key;

	to_nat_source(&source);
	__u32 index = service_line_index(&source);
	struct lb_service_line *line = bpf_map_lookup_elem(&service_lines, &index);

	if (!line || !is_line_of(line, &source, stamp))
		return NAT_UNUSUAL;
	return v6 ? nat_short_ipv6(ctx, l3, 1) : nat_short_ipv4(ctx, l3, 1);
}

/* A frame whose headers have been read and whose lengths are right. */
static __always_inline int process(struct xdp_md *ctx, struct frame *f, bool v6)
{
	struct lb_service_key key = { .port = f->ports >> 16, .protocol = f->protocol };
	__u64 hash = flow_hash(f, v6, false, f->ports);

	address_of(&key.address, f->destination, v6);
	__u32 stamp = service_stamp(), index = service_line_index(&key);
	struct lb_service_line *line = bpf_map_lookup_elem(&service_lines, &index);

	if (!line)
		return unusual(ctx, f->l3, v6);
	if (!is_line_of(line, &key, stamp)) {
		int verdict = settings.features & LB_FEATURE_NAT ? answer(ctx, &key, f->l3, stamp, v6) : NAT_UNUSUAL;

		if (verdict != NAT_UNUSUAL)
			return verdict;
		verdict = find_service(ctx, &key, index, stamp);

		if (verdict != SERVICE_FOUND)
			return verdict == SERVICE_UNUSUAL ? unusual(ctx, f->l3, v6) : verdict;
	}
	const struct lb_service *service = &line->service;

	if (service->flags == LB_SERVICE_NAT) {
		int verdict = v6 ? nat_short_ipv6(ctx, f->l3, 0) : nat_short_ipv4(ctx, f->l3, 0);

		if (verdict == NAT_UNUSUAL)
			return unusual(ctx, f->l3, v6);
		return verdict < 0 ? nat_narrow(ctx, service->id, -verdict) : verdict;
	}
	if (service->flags & ~PLAIN_SERVICE || !service->ring_slots)
		return unusual(ctx, f->l3, v6);
	int verdict = balance(ctx, f, service, hash, LB_NO_BACKEND, v6, true);

	return verdict == BALANCE_UNUSUAL ? unusual(ctx, f->l3, v6) : verdict;
}

static __always_inline int process_ipv4(struct xdp_md *ctx, void *data, void *data_end, __u32 l3)
{
	struct frame f = { .l3 = l3, .l4 = l3 + sizeof(struct iphdr), .length = data_end - data };
	struct iphdr *ip = data + l3;

	if ((void *)(ip + 1) > data_end || !may_be_ours(ip->daddr))
		return XDP_PASS;
	f.source[3] = ip->saddr;
	f.destination[3] = ip->daddr;
	f.protocol = ip->protocol;
	f.ip_length = bpf_ntohs(ip->tot_len);
	if (is_capturing() || *(__u8 *)ip != 0x45 || ip->frag_off & bpf_htons(IP_MORE_FRAGMENTS | IP_OFFSET) ||
	    !has_ports(f.protocol) || l3 + f.ip_length > f.length || parse_ports(&f, data, data_end, f.l4, l3 + f.ip_length))
		return unusual_ipv4(ctx, l3);
	return process(ctx, &f, false);
}

static __always_inline int process_ipv6(struct xdp_md *ctx, void *data, void *data_end, __u32 l3)
{
	struct frame f = { .l3 = l3, .l4 = l3 + sizeof(struct ipv6hdr), .length = data_end - data };
	struct ipv6hdr *ip = data + l3;

	if ((void *)(ip + 1) > data_end)
		return XDP_PASS;
	__builtin_memcpy(f.source, &ip->saddr, sizeof(f.source));
	__builtin_memcpy(f.destination, &ip->daddr, sizeof(f.destination));
	if (!may_be_ours(f.destination[0] ^ f.destination[1] ^ f.destination[2] ^ f.destination[3]))
		return XDP_PASS;
	f.protocol = ip->nexthdr;
	f.ip_length = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	if (is_capturing() || *(__u8 *)ip >> 4 != 6 || !has_ports(f.protocol) || l3 + f.ip_length > f.length ||
	    parse_ports(&f, data, data_end, f.l4, l3 + f.ip_length))
		return unusual_ipv6(ctx, l3);
	return process(ctx, &f, true);
}

SEC("xdp.frags")
int xdp_lb(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	__be16 protocol;
	__u32 l3 = behind_tags(data, data_end, &protocol);

	if (!l3)
		return XDP_PASS;
	if (protocol == bpf_htons(ETH_P_IP))
		return process_ipv4(ctx, data, data_end, l3);
	if (protocol == bpf_htons(ETH_P_IPV6))
		return process_ipv6(ctx, data, data_end, l3);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
