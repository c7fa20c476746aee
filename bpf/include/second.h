/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_SECOND_H
#define PENSTOCK_SECOND_H
/*
 * Flows that are older than what this host knows: it has just got their address from another host, whose flow table went with it. A service
 * may have a second ring for them. Where backends are in drain, it is the ring with them: what it gives to one of those goes there. Else it is
 * the ring without this host: of flows that began while this one was away, and that it has no connection of. Services with overrides, which
 * rings know nothing of, have no use for it.
 */
#include "cookie.h"
#include "service.h"

#define TABLE_KEEPS_UP 2 /* Beside v6, for there are five arguments at most: flows that have begun lately are in the table. */

static __always_inline bool takes_flow(const struct lb_backend *backend, const struct lb_service *service, bool starts)
{
	return backend->service == service->id &&
	       (backend->state == LB_STATE_READY || (backend->state == LB_STATE_DRAIN && !starts));
}

/* The hash that rings are asked by; `hash` is the flow's. */
static __always_inline __u64 hash_for_ring(const struct frame *f, const struct lb_service *service, __u64 hash, bool v6)
{
	return service->flags & LB_SERVICE_CLIENT_HASH ? flow_hash(f, v6, true, 0) : hash;
}

/* Whether SYNs of a service have been answered by cookies in this second, on this CPU: segments of no connection are more often a flood's than a peer's. */
static __always_inline bool cookies_are_out(const struct lb_service *service)
{
	if (!(settings.features & LB_FEATURE_SYN_COOKIES) || !(service->flags & LB_SERVICE_SYN_COOKIES))
		return false;
	struct lb_syn_window *window = syn_window(service->id);

	return window && window->cookies;
}

/* Of the kernel's types what is read here, found by name when the program is loaded (CO-RE). */
#define OF_KERNEL __attribute__((preserve_access_index))
struct tcp_sock { __u32 snd_una, write_seq, max_window, rcv_nxt, rcv_wnd; } OF_KERNEL;
struct tcp_request_sock { __u32 snt_isn; } OF_KERNEL;
struct sock_common { __u32 skc_tw_snd_nxt; } OF_KERNEL;
struct inet_timewait_sock { struct sock_common __tw_common; } OF_KERNEL;
struct tcp_timewait_sock { struct inet_timewait_sock tw_sk; } OF_KERNEL;

/*
 * Whether a segment may be of the very connection that a socket is of. Clients use their ports again: a host that was away may still have the connection before, be it that its
 * end was never answered. What is acknowledged tells them apart, as the kernel itself tells (RFC 5961, 5.2), but for what has been written in the place of what has been sent:
 * an answer may come in before the kernel has noted that it sent. A RST may acknowledge nothing.
 */
static __always_inline bool is_of(struct bpf_sock *sk, __u32 state, bool acknowledges, __u32 sequence, __u32 acknowledged)
{
	if (state == BPF_TCP_TIME_WAIT) {
		struct tcp_timewait_sock *over = bpf_skc_to_tcp_timewait_sock(sk);

		return over && acknowledges && over->tw_sk.__tw_common.skc_tw_snd_nxt - acknowledged <= 0xffff;
	}
	if (state == BPF_TCP_NEW_SYN_RECV) {
		struct tcp_request_sock *begun = bpf_skc_to_tcp_request_sock(sk);

		return begun && acknowledges && acknowledged == begun->snt_isn + 1;
	}
	struct tcp_sock *connection = bpf_skc_to_tcp_sock(sk);

	if (!connection)
		return false;
	if (!acknowledges)
		return sequence - connection->rcv_nxt <= connection->rcv_wnd;
	__u32 oldest = connection->snd_una - connection->max_window;

	return acknowledged - oldest <= connection->write_seq - oldest;
}

/*
 * Whether the connection that a socket is of has sent what an ICMP error quotes, and has had no answer to it: another one of the same ports had other numbers. The kernel holds
 * errors against them likewise (RFC 5927, 4.1), with the same difference as in is_of.
 */
static __always_inline bool has_sent(struct bpf_sock *sk, __u32 state, __u32 sequence)
{
	if (state == BPF_TCP_NEW_SYN_RECV) {
		struct tcp_request_sock *begun = bpf_skc_to_tcp_request_sock(sk);

		return begun && sequence == begun->snt_isn;
	}
	struct tcp_sock *connection = bpf_skc_to_tcp_sock(sk);

	return connection && sequence - connection->snd_una <= connection->write_seq - connection->snd_una;
}

/* The sequence number in the TCP header that an ICMP error quotes, to `sequence`; false: it ends before. */
static __always_inline bool read_quoted_sequence(struct xdp_md *ctx, const struct frame *f, __u32 *sequence)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	__u32 *words = data + (f->quoted_l4 & MOST_L4_OFFSET);

	if ((void *)(words + 2) > data_end)
		return false;
	*sequence = bpf_ntohl(words[1]);
	return true;
}

/* Whether a segment, or what an ICMP error quotes, belongs to a connection of this host's stack, or answers a cookie of it. A global function: verified once. */
__noinline int has_connection(struct xdp_md *ctx, const struct frame *f, __u32 v6)
{
	__u32 zero = 0;
	struct lb_tcp_header *tcp = bpf_map_lookup_elem(&tcp_headers, &zero);

	if (!f || !tcp)
		return 0;
	__u32 sent = 0;
	bool whole = f->quoted ? read_quoted_sequence(ctx, f, &sent) : copy_tcp(ctx, tcp, f->l4) >= (int)sizeof(struct tcphdr);
	struct bpf_sock *sk = v6 ? socket_of(ctx, f, true) : socket_of(ctx, f, false);

	if (!sk)
		return 0;
	__u32 state = sk->state;
	bool is = whole && (f->quoted ? has_sent(sk, state, sent) : is_of(sk, state, f->tcp_flags & TCP_ACK, bpf_ntohl(tcp->words[1]), bpf_ntohl(tcp->words[2])));

	bpf_sk_release(sk);
	if (state != BPF_TCP_LISTEN)
		return is;
	if (f->quoted || (f->tcp_flags & (TCP_SYN | TCP_RST | TCP_ACK)) != TCP_ACK)
		return 0;
	return (v6 ? ask_kernel(ctx, f, tcp, false, true) : ask_kernel(ctx, f, tcp, false, false)) == 0;
}

/* The backend of a flow that is not known, for a segment that opens nothing; LB_NO_BACKEND: the one that the ring says. */
static __noinline __u32 backend_before(struct xdp_md *ctx, const struct frame *f, const struct lb_service *service, __u64 hash, __u32 how)
{
	__u32 v6 = how & 1, local, id;

	if (!f || !service)
		return LB_NO_BACKEND;
	local = service->local_backend;
	if (local && has_connection(ctx, f, v6))
		return local;
	id = backend_of_ring(service->second_line, service->second_slots, hash);
	struct lb_backend *backend = bpf_map_lookup_elem(&backends, &id);

	if (!backend || id == local || !takes_flow(backend, service, false))
		return LB_NO_BACKEND;
	if (backend->state == LB_STATE_DRAIN)
		return how & TABLE_KEEPS_UP ? id : LB_NO_BACKEND;
	return local && service->ring_slots && ring_backend(service, hash) == local && !cookies_are_out(service) ? id : LB_NO_BACKEND;
}

#endif
