// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* On the other end of a veth pair: without a program there, what the first sends by XDP_TX is lost. Also somebody else's program. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp/pass")
int pass(struct xdp_md *ctx __attribute__((unused)))
{
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
