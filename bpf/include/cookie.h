/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_COOKIE_H
#define PENSTOCK_COOKIE_H
/*
 * SYNs beyond a service's threshold, to a listener of this host, are answered here by the kernel's own cookies (RFC 4987, 3.6).
 * By the helpers that take the listener, not the raw ones of 6.0: the stack believes a cookie only of a listener that it knows
 * to have overflowed, and these tell it so. They answer when the stack itself would: net.ipv4.tcp_syncookies is 2, or it is 1 and the
 * listener's queue of half-open connections is full.
 */
#include "reply.h"

#define COOKIE_NONE (-1)           /* Not answered here. */
#define COOKIE_REFUSED (-2)        /* Neither a connection nor a cookie. */
#define COOKIE_MARTIAN (-3)        /* One would go to an address that nobody sends from. */
#define COOKIE_SEGMENTS 10         /* Window that is announced, in segments: what a client may send first (RFC 6928). */
#define COOKIE_TCP_LENGTH 24       /* Header and MSS. */
#define NO_ENTRY 2                 /* ENOENT */

/* The program's own: a TCP header with options, of which the verifier would have all 60 bytes in the packet. */
struct lb_tcp_header {
	__u32 words[15];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct lb_tcp_header);
} tcp_headers SEC(".maps");

static __always_inline struct lb_syn_window *syn_window(__u32 service)
{
	__u32 now = coarse_seconds();
	struct lb_syn_window *window = bpf_map_lookup_elem(&syn_windows, &service);

	if (window && window->second != now)
		*window = (struct lb_syn_window){ .second = now };
	return window;
}

/* Copies the TCP header at `l4`; its length, or 0. A global function, as those below: verified once. */
__noinline int copy_tcp(struct xdp_md *ctx, struct lb_tcp_header *to, __u32 l4)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	__u32 *words = data + (l4 & MOST_L4_OFFSET);

	if (!to || (void *)words + sizeof(struct tcphdr) > data_end)
		return 0;
	__u32 length = ((__u8 *)words)[12] >> 4 << 2;

	for (__u32 i = 0; i < sizeof(to->words) / sizeof(to->words[0]); i++) {
		if (i * 4 >= length)
			break;
		if ((void *)(words + i + 1) > data_end)
			return 0;
		to->words[i] = words[i];
	}
	return length;
}

/* The socket that the stack would give the segment to; to be released. */
static __always_inline struct bpf_sock *socket_of(struct xdp_md *ctx, const struct frame *f, bool v6)
{
	struct bpf_sock_tuple flow = {};

	if (v6) {
		__builtin_memcpy(flow.ipv6.saddr, f->source, sizeof(flow.ipv6.saddr));
		__builtin_memcpy(flow.ipv6.daddr, f->destination, sizeof(flow.ipv6.daddr));
		flow.ipv6.sport = f->ports;
		flow.ipv6.dport = f->ports >> 16;
		return bpf_skc_lookup_tcp(ctx, &flow, sizeof(flow.ipv6), BPF_F_CURRENT_NETNS, 0);
	}
	flow.ipv4.saddr = f->source[3];
	flow.ipv4.daddr = f->destination[3];
	flow.ipv4.sport = f->ports;
	flow.ipv4.dport = f->ports >> 16;
	return bpf_skc_lookup_tcp(ctx, &flow, sizeof(flow.ipv4), BPF_F_CURRENT_NETNS, 0);
}

/* What the kernel says to a segment without a connection: a cookie for a SYN; 0 for others that carry one. Negative: -errno. */
static __always_inline __s64 ask_kernel(struct xdp_md *ctx, const struct frame *f, struct lb_tcp_header *tcp, bool starts, bool v6)
{
	__u32 length = copy_tcp(ctx, tcp, f->l4), l3 = l3_offset(f->l3);

	asm volatile("" : "+r"(length)); /* Else the compiler finds a test that the verifier learns nothing from. */
	length &= 0x3c;
	if (length < sizeof(struct tcphdr))
		return COOKIE_NONE;
	struct bpf_sock *sk = socket_of(ctx, f, v6);

	if (!sk)
		return COOKIE_NONE;
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	void *ip = data + l3;
	__s64 answer = COOKIE_NONE;

	/* As long for both: of IPv4, TCP's header follows. */
	if (ip + sizeof(struct ipv6hdr) <= data_end)
		answer = starts ? bpf_tcp_gen_syncookie(sk, ip, sizeof(struct ipv6hdr), (void *)tcp, length)
				: bpf_tcp_check_syncookie(sk, ip, sizeof(struct ipv6hdr), (void *)tcp, length);
	bpf_sk_release(sk);
	return answer;
}

/* The largest segment that fits the interface. */
static __always_inline __u32 segment_size(struct xdp_md *ctx, __u32 headers)
{
	__u32 mtu = 0;

	if (bpf_check_mtu(ctx, 0, &mtu, 0, 0) < 0 || mtu <= headers)
		return 536; /* RFC 9293, 3.7.1 */
	return mtu - headers > 0xffff ? 0xffff : mtu - headers;
}

/* Turns a SYN into its answer, or returns COOKIE_NONE where the frame can't be made as long. */
static __always_inline int write_syn_ack(struct xdp_md *ctx, const struct frame *f, __u32 cookie, __u32 sequence, bool v6)
{
	const __u32 header = v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	__u32 l3 = l3_offset(f->l3), size = segment_size(ctx, header + sizeof(struct tcphdr));
	__u32 window = size * COOKIE_SEGMENTS > 0xffff ? 0xffff : size * COOKIE_SEGMENTS;
	__u64 sum = bpf_htonl(COOKIE_TCP_LENGTH) + (__u64)bpf_htonl(IPPROTO_TCP);

	if (bpf_xdp_adjust_tail(ctx, (int)(l3 + header + COOKIE_TCP_LENGTH) - (int)f->length))
		return COOKIE_NONE;
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	__u32 *ip = data + l3;
	asm volatile("" : "+r"(ip)); /* One pointer, for the verifier to know its checks by. */
	__u32 *tcp = (void *)ip + header;

	if (data + ETH_HLEN > data_end || (void *)tcp + COOKIE_TCP_LENGTH > data_end)
		return COOKIE_NONE;
	if (v6) {
		ip[0] = bpf_htonl(6U << 28);
		ip[1] = bpf_htonl(COOKIE_TCP_LENGTH << 16 | IPPROTO_TCP << 8 | REPLY_TTL);
		__builtin_memcpy(ip + 2, f->destination, sizeof(f->destination));
		__builtin_memcpy(ip + 6, f->source, sizeof(f->source));
		sum += sum_words(ip + 2, 8);
	} else {
		ip[0] = bpf_htonl(0x45U << 24 | (header + COOKIE_TCP_LENGTH));
		ip[1] = bpf_htonl(IP_DONT_FRAGMENT);
		ip[2] = bpf_htonl(REPLY_TTL << 24 | IPPROTO_TCP << 16);
		ip[3] = f->destination[3];
		ip[4] = f->source[3];
		((struct iphdr *)ip)->check = ipv4_checksum((struct iphdr *)ip);
		sum += (__u64)ip[3] + ip[4];
	}
	tcp[0] = f->ports << 16 | f->ports >> 16;
	tcp[1] = bpf_htonl(cookie);
	tcp[2] = bpf_htonl(sequence + 1);
	tcp[3] = bpf_htonl(0x60000000U | (TCP_SYN | TCP_ACK) << 16 | window);
	tcp[4] = 0;
	tcp[5] = bpf_htonl(0x02040000U | size);
	((struct tcphdr *)tcp)->check = checksum_fold(sum + sum_words(tcp, COOKIE_TCP_LENGTH / 4));
	swap_macs(data);
	return XDP_TX;
}

__noinline int write_syn_ack_ipv4(struct xdp_md *ctx, const struct frame *f, __u32 cookie, __u32 sequence)
{
	return f ? write_syn_ack(ctx, f, cookie, sequence, false) : COOKIE_NONE;
}

__noinline int write_syn_ack_ipv6(struct xdp_md *ctx, const struct frame *f, __u32 cookie, __u32 sequence)
{
	return f ? write_syn_ack(ctx, f, cookie, sequence, true) : COOKIE_NONE;
}

/*
 * What becomes of a segment that begins a flow, or belongs to none that is known, towards this host's stack: a verdict, COOKIE_NONE,
 * or COOKIE_REFUSED or COOKIE_MARTIAN, which only those meet that come while cookies are sent.
 */
__noinline int answer_by_cookie(struct xdp_md *ctx, const struct frame *f, __u32 service, __u32 threshold, __u32 v6)
{
	__u32 zero = 0;
	struct lb_tcp_header *tcp = bpf_map_lookup_elem(&tcp_headers, &zero);
	struct lb_syn_window *window = syn_window(service);

	if (!f || !tcp || !window)
		return COOKIE_NONE;
	bool starts = (f->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;

	if (starts ? window->syns++ < threshold : (f->tcp_flags & (TCP_SYN | TCP_RST | TCP_ACK)) != TCP_ACK || !window->cookies)
		return COOKIE_NONE;
	__s64 answer = v6 ? ask_kernel(ctx, f, tcp, starts, true) : ask_kernel(ctx, f, tcp, starts, false);

	if (!starts)
		return answer == -NO_ENTRY ? COOKIE_REFUSED : COOKIE_NONE;
	if (answer < 0)
		return COOKIE_NONE;
	if (is_martian(f->source, v6))
		return COOKIE_MARTIAN;
	__u32 sequence = bpf_ntohl(tcp->words[1]);

	window->cookies++;
	return v6 ? write_syn_ack_ipv6(ctx, f, answer, sequence) : write_syn_ack_ipv4(ctx, f, answer, sequence);
}

#endif
