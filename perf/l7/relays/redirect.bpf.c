// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Two sockets of a relay: what one of them receives is sent by the other. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define CLIENT 0
#define SERVER 1

const volatile __u32 client_port; /* The relay's own port of the socket at CLIENT. */

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} sides SEC(".maps");

SEC("sk_skb/stream_verdict")
int redirect(struct __sk_buff *skb)
{
	return bpf_sk_redirect_map(skb, &sides, skb->local_port == client_port ? SERVER : CLIENT, 0);
}

char _license[] SEC("license") = "Dual BSD/GPL";
