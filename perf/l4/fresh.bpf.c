// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Gives a program under BPF_PROG_TEST_RUN a fresh packet in each repetition: takes back what the one before did to the
 * frame, writes its headers anew, varies the flow, and tail-calls.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define HEADERS 80

struct fresh {
	__u8 headers[HEADERS]; /* What each frame starts with. */
	__u32 length;          /* Of the frame, at least HEADERS. */
	__u32 flows;           /* Different flows, a power of two; 0: each frame is a new one. */
	__u32 vary;            /* Where in the headers four bytes (of the source address) tell flows apart. */
};

const volatile struct fresh fresh SEC(".rodata.fresh");
__u32 frames;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} target SEC(".maps");

SEC("xdp.frags")
int fresh_packet(struct xdp_md *ctx)
{
	int longer = (int)(ctx->data_end - ctx->data) - (int)fresh.length;

	if (longer && bpf_xdp_adjust_head(ctx, longer))
		return XDP_ABORTED;
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;

	if (data + HEADERS > data_end || fresh.vary > HEADERS - 4)
		return XDP_ABORTED;
#pragma unroll
	for (int i = 0; i < HEADERS / 8; i++)
		((__u64 *)data)[i] = ((const volatile __u64 *)fresh.headers)[i];
	if (fresh.flows != 1) {
		/* An odd factor visits all flows, in no order that a prefetcher sees. */
		__u32 flow = frames++ * 2654435761U;

		*(__u32 *)(data + fresh.vary) = fresh.flows ? flow & (fresh.flows - 1) : flow;
	}
	bpf_tail_call(ctx, &target, 0);
	return XDP_ABORTED;
}

/* What the measuring itself costs: this and the tail call to it. */
SEC("xdp.frags")
int baseline(struct xdp_md *ctx)
{
	return ctx->data < ctx->data_end ? XDP_PASS : XDP_ABORTED;
}

char _license[] SEC("license") = "Dual BSD/GPL";
