// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The L4 data plane. */
#include "include/maps.h"

SEC("xdp.frags")
int xdp_lb(struct xdp_md *ctx)
{
	return ctx->data < ctx->data_end && settings.cpus ? XDP_PASS : XDP_ABORTED;
}

char _license[] SEC("license") = "Dual BSD/GPL";
