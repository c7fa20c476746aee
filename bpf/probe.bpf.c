// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Two programs for clsact: what health checks send by the way of clients' packets, and what comes back. Whatever is not a check's is left alone. */
#include "include/build.h"
#include "include/probe.h"

SEC("tc")
int probe_out(struct __sk_buff *skb)
{
	__u32 mark = skb->mark;
	struct segment s;
	int failed = 0;

	if (mark - first_mark >= PROBE_MARKS)
		return TC_ACT_UNSPEC;
	struct lb_probe *probe = bpf_map_lookup_elem(&probes, &mark);

	/* Of a check that has just ended, or another backend's: to go on as it is would be another check. */
	if (!probe || !read_segment(skb, &s) || !is_address(&s.destination, &probe->backend.address))
		return TC_ACT_SHOT;
	struct lb_probe_flow flow = { .service = probe->service, .own = s.source, .service_port = s.ports[1], .own_port = s.ports[0] };

	if (bpf_map_update_elem(&probe_flows, &flow, &mark, BPF_ANY))
		return TC_ACT_SHOT;
	/* Once: it may pass here again, by the interface below a VLAN or the one it is redirected to. */
	skb->mark = 0;
	if (s.v6 ? write_address(skb, &s.destination, &probe->service, true, 0, 24, BPF_F_PSEUDO_HDR)
		 : write_address(skb, &s.destination, &probe->service, false, 16, 0, BPF_F_PSEUDO_HDR))
		return TC_ACT_SHOT;
	if (probe->backend.forwarding == LB_FORWARD_IPIP)
		failed = s.v6 ? wrap(skb, &probe->backend, true, false) : wrap(skb, &probe->backend, false, false);
	else if (probe->backend.forwarding == LB_FORWARD_GUE)
		failed = s.v6 ? wrap(skb, &probe->backend, true, true) : wrap(skb, &probe->backend, false, true);
	return failed ? TC_ACT_SHOT : leave_by(skb, &probe->backend);
}

SEC("tc")
int probe_in(struct __sk_buff *skb)
{
	struct segment s;

	if (!read_segment(skb, &s))
		return TC_ACT_UNSPEC;
	struct lb_probe_flow flow = { .service = s.source, .own = s.destination, .service_port = s.ports[0], .own_port = s.ports[1] };
	__u32 *mark = bpf_map_lookup_elem(&probe_flows, &flow);
	struct lb_probe *probe = mark ? bpf_map_lookup_elem(&probes, mark) : 0;

	if (!probe)
		return TC_ACT_UNSPEC;
	/* The checksum of a whole IPv6 packet, as cards give it, does not change with addresses that TCP's own makes good. */
	if (s.v6 ? write_address(skb, &s.source, &probe->backend.address, true, 0, 8, 0)
		 : write_address(skb, &s.source, &probe->backend.address, false, 12, 0, BPF_F_PSEUDO_HDR))
		return TC_ACT_SHOT;
	/* A check takes what has its mark, and nothing else. */
	skb->mark = *mark;
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "Dual BSD/GPL";
