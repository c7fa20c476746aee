/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_CAPTURE_H
#define PENSTOCK_CAPTURE_H
/*
 * Samples for `penstock capture`: a copy of the frame as it came, and once the verdict is known, what of the maps led to
 * it. The way of packets knows nothing of this: service and backend are looked up again, with the copy's flow.
 */
#include "balance.h"
#include "nat.h"
#include "sample.h"

/* The backend that this CPU's flow table names, as balance() believes it, or LB_NO_BACKEND. */
static __always_inline __u32 remembered_backend(const struct captured_packet *p, const struct lb_service *service)
{
	__u32 index = flow_set_index(p->hash), tag = flow_tag(p->hash);
	struct lb_flow_set *set = service->flags & LB_SERVICE_NO_FLOWS || p->frame.first_unseen ? 0 : bpf_map_lookup_elem(&flows, &index);
	__u32 way = set ? flow_find(set, tag) : LB_FLOW_WAYS;

	if (!set || way >= LB_FLOW_WAYS)
		return LB_NO_BACKEND;
	__u32 choice = set->choice[way], id = choice & BACKEND_MASK;
	struct lb_backend *backend = bpf_map_lookup_elem(&backends, &id);
	bool starts = p->frame.protocol == IPPROTO_TCP && p->frame.tcp_flags & TCP_SYN;

	return is_believed(choice, set->use[way], backend, service, p->frame.protocol, starts, coarse_seconds()) ? id : LB_NO_BACKEND;
}

/* The entry of the table of nat flows that a packet goes by, or 0. */
static __always_inline struct lb_nat_flow *nat_flow_of_sample(struct captured_packet *p)
{
	address_of(&p->key.source, p->frame.source, p->v6);
	address_of(&p->key.destination, p->frame.destination, p->v6);
	p->key.source_port = p->frame.ports;
	p->key.destination_port = p->frame.ports >> 16;
	p->key.protocol = p->frame.protocol;
	return bpf_map_lookup_elem(&nat_flows, &p->key);
}

/* Whether that is there and holds, as nat_find asks. */
static __always_inline bool is_nat_flow_known(struct captured_packet *p)
{
	struct lb_nat_flow *flow = p->frame.first_unseen ? 0 : nat_flow_of_sample(p);

	if (!flow || flow->direction)
		return flow;
	__u32 id = flow->choice & BACKEND_MASK;
	struct lb_backend *backend = bpf_map_lookup_elem(&backends, &id);

	return nat_current(flow, backend, p->frame.protocol, p->frame.tcp_flags, coarse_seconds());
}

static __always_inline struct lb_service *service_of_sample(const struct captured_packet *p)
{
	struct lb_service *service = service_of_port(&p->frame, p->frame.ports >> 16, p->v6);

	return service ? service : service_of_range(&p->frame, p->v6);
}

/* Global functions, verified once. Before anything is done to the frame: */
__noinline int capture_arrival(struct xdp_md *ctx)
{
	struct captured_packet *p = captured_packet();
	__u32 zero = 0, *last = bpf_map_lookup_elem(&last_drops, &zero);
	struct lb_capture_filter *filter = bpf_map_lookup_elem(&capture_filter, &zero);

	if (!p || !filter || !last || !(settings.features & LB_FEATURE_CAPTURE))
		return 0;
	p->is_ours = false;
	p->sample.time = bpf_ktime_get_ns();
	if (p->sample.time > filter->until) {
		filter->one_in = 0; /* Who captured was killed. */
		return 0;
	}
	*last = LB_DROP_NONE;
	p->sample.flow_hit = false;
	__u32 whole = bpf_xdp_get_buff_len(ctx), most = filter->bytes > SAMPLE_HEADERS ? filter->bytes : SAMPLE_HEADERS;
	__u32 length = whole < most ? whole : most;

	if (length > LB_CAPTURE_BYTES)
		length = LB_CAPTURE_BYTES;
	if (length < ETH_HLEN || bpf_xdp_load_bytes(ctx, 0, p->sample.data, length))
		return 0;
	p->sample.length = whole;
	p->sample.captured = length < filter->bytes ? length : filter->bytes;
	p->sample.ifindex = ctx->ingress_ifindex;
	__builtin_memset(&p->frame, 0, sizeof(p->frame));
	if (!read_sample(&p->frame, p->sample.data, length, &p->v6))
		return 0;
	struct lb_vip *vip = vip_of(p->frame.destination, p->v6);

	if (!vip)
		return 0;
	p->is_ours = true;
	if (p->frame.later_fragment) {
		struct lb_fragment_key *key = fragment_key(&p->frame, p->v6);

		p->frame.ports = key ? ports_of_fragment(key) : 0;
		if (!p->frame.ports) {
			p->frame.ports = (__u32)(p->frame.protocol == IPPROTO_TCP ? vip->fragment_port[0] : vip->fragment_port[1]) << 16;
			p->frame.first_unseen = true;
		}
	}
	p->hash = flow_hash(&p->frame, p->v6, false, p->frame.ports);
	struct lb_service *service = service_of_sample(p);

	p->sample.flow_hit = service && !(service->flags & LB_SERVICE_NAT) ? !!remembered_backend(p, service) : is_nat_flow_known(p);
	return 0;
}

/* The backend of a packet that was sent or passed on; for answers by nat the client is known only now. */
static __always_inline __u32 backend_of_sample(struct captured_packet *p, const struct lb_service *service)
{
	if (!service || service->flags & LB_SERVICE_NAT) {
		struct lb_nat_flow *flow = nat_flow_of_sample(p);

		if (!flow)
			return LB_NO_BACKEND;
		if (flow->direction)
			p->client = flow->destination;
		return nat_service(flow->choice) == LB_NO_SERVICE ? LB_NO_BACKEND : flow->choice & BACKEND_MASK;
	}
	if (p->frame.fragment) {
		struct lb_fragment_key *key = fragment_key(&p->frame, p->v6);

		return key ? backend_of_fragment(key, service->id, false) : LB_NO_BACKEND;
	}
	__u32 id = LB_NO_BACKEND;

	if (service->flags & LB_SERVICE_QUIC && p->frame.protocol == IPPROTO_UDP && !p->frame.quoted)
		id = quic_backend_of_sample(p->sample.data, p->frame.l4, service);
	if (!id)
		id = remembered_backend(p, service);
	if (!id && service->ring_slots)
		id = choose(&p->frame, service, p->hash, p->v6);
	return id;
}

static __always_inline bool is_client(const struct lb_address *client, const struct lb_capture_filter *filter)
{
	const __u32 *words = (const __u32 *)client->bytes;

	/* An IPv4 address is within ::/0 and others, as it is written here. */
	if (filter->verdicts & LB_CAPTURE_IPV6 && is_ipv4(client))
		return false;
#pragma unroll
	for (__u32 i = 0; i < 4; i++)
		if ((words[i] ^ filter->client[i]) & filter->client_mask[i])
			return false;
	return true;
}

__noinline int capture_verdict(struct xdp_md *ctx, __u32 verdict)
{
	struct captured_packet *p = captured_packet();
	__u32 zero = 0, *last = bpf_map_lookup_elem(&last_drops, &zero);
	struct lb_capture_filter *filter = bpf_map_lookup_elem(&capture_filter, &zero);
	struct lb_capture_stats *stats = bpf_map_lookup_elem(&capture_stats, &zero);

	if (!p || !filter || !stats || !last || !ctx || !p->is_ours)
		return 0;
	p->is_ours = false;
	p->sample.verdict = verdict;
	p->sample.drop = verdict == XDP_DROP ? *last : LB_DROP_NONE;
	if (!(filter->verdicts >> (verdict & 31) & 1) || (filter->reasons && !(filter->reasons >> (p->sample.drop & 31) & 1)))
		return 0;
	struct lb_service *service = service_of_sample(p);

	address_of(&p->client, p->frame.source, p->v6);
	__u32 id = verdict == XDP_DROP ? LB_NO_BACKEND : backend_of_sample(p, service);
	struct lb_backend *backend = id ? bpf_map_lookup_elem(&backends, &id) : 0;

	p->sample.service = service ? service->id : backend ? backend->service : LB_NO_SERVICE;
	p->sample.backend = backend ? id : LB_NO_BACKEND;
	if ((filter->service != LB_NO_SERVICE && filter->service != p->sample.service) || !is_client(&p->client, filter))
		return 0;
	__u32 one_in = filter->one_in, captured = p->sample.captured;

	if (!one_in || stats->matched++ % one_in || captured > LB_CAPTURE_BYTES)
		return 0;
	if (bpf_ringbuf_output(&captures, &p->sample, __builtin_offsetof(struct lb_capture, data) + captured, 0))
		stats->lost++;
	return 0;
}

#endif
