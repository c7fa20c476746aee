// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct sample_value {
	__u64 packets;
	__u16 first;
	__u8 pair[2];
	__u32 last;
};

enum sample_reason { SAMPLE_NONE, SAMPLE_OTHER = 7 };

struct sample_event {
	__u32 length;
	enum sample_reason reason;
};

struct sample_event last_event;

const volatile __u32 sample_answer = XDP_PASS;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct sample_value);
} values SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} counts SEC(".maps");

struct ring {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} first_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct ring);
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int sample(struct xdp_md *ctx)
{
	struct sample_event event = {
		.length = ctx->data_end - ctx->data,
		.reason = SAMPLE_OTHER,
	};
	struct sample_value *value;
	__u32 zero = 0, *count;
	void *ring;
	__u64 *slot;

	last_event = event;
	bpf_ringbuf_output(&events, &event, sizeof(event), 0);
	count = bpf_map_lookup_elem(&counts, &zero);
	if (count)
		*count += 1;
	value = bpf_map_lookup_elem(&values, &zero);
	if (value)
		return value->last;
	ring = bpf_map_lookup_elem(&rings, &zero);
	slot = ring ? bpf_map_lookup_elem(ring, &zero) : 0;
	return slot ? *slot : sample_answer;
}

/* Reads past the packet's end: the verifier says so. */
SEC("xdp")
int refused(struct xdp_md *ctx)
{
	return *(__u8 *)(long)ctx->data;
}

char _license[] SEC("license") = "GPL";
