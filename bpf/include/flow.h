/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_FLOW_H
#define PENSTOCK_FLOW_H
/* Hashes of flows, and the table that remembers the backends of those seen. */
#include "frame.h"

#define HASH_A 0x9E3779B97F4A7C15ULL
#define HASH_B 0xC2B2AE3D27D4EB4FULL
#define HASH_C 0x165667B19E3779F9ULL

static __always_inline __u64 hash_step(__u64 hash, __u64 word, __u64 factor)
{
	hash = (hash ^ word) * factor;
	return hash ^ hash >> 32;
}

/*
 * 64 bits of a flow: addresses, then ports and protocol. Words are read from the header in network order as numbers of
 * the host (little-endian). IPv4: addresses are one word, source in the low half. IPv6: source and destination are hashed
 * apart, two words each. `client_only` leaves everything but the source at 0; fragments leave the ports at 0.
 */
static __always_inline __u64 flow_hash(const struct frame *f, bool v6, bool client_only, __u32 ports)
{
	__u64 rest = client_only ? 0 : (__u64)f->protocol << 32 | ports;
	__u64 hash;

	if (v6) {
		__u64 source = hash_step(settings.hash_seed, (__u64)f->source[1] << 32 | f->source[0], HASH_A);
		__u64 destination = 0;

		source = hash_step(source, (__u64)f->source[3] << 32 | f->source[2], HASH_B);
		if (!client_only) {
			destination = hash_step(settings.hash_seed, (__u64)f->destination[1] << 32 | f->destination[0], HASH_B);
			destination = hash_step(destination, (__u64)f->destination[3] << 32 | f->destination[2], HASH_A);
		}
		hash = hash_step(source, destination, HASH_A);
	} else {
		__u64 destination = client_only ? 0 : f->destination[3];

		hash = hash_step(settings.hash_seed, destination << 32 | f->source[3], HASH_A);
	}
	hash = hash_step(hash, rest, HASH_B);
	hash = hash_step(hash, 0, HASH_C);
	return hash ? hash : 1;
}

/* Slot of a ring: the high half of the hash scaled to it, which is fair to any size and needs no division. */
static __always_inline __u32 ring_slot(__u64 hash, __u32 slots)
{
	return (hash >> 32) * slots >> 32;
}

/* Seconds since the kernel started, nearly. The verifier puts a load in place of bpf_jiffies64: no call, unlike the clocks. */
static __always_inline __u32 coarse_seconds(void)
{
	return bpf_jiffies64() * settings.tick >> 16;
}

/* Index into `flows` of the set of a flow. */
static __always_inline __u32 flow_set_index(__u64 hash)
{
	return bpf_get_smp_processor_id() * settings.flow_sets + (hash & (settings.flow_sets - 1));
}

/* The flow's place in its set, or LB_FLOW_WAYS. */
static __always_inline __u32 flow_find(const struct lb_flow_set *set, __u32 tag)
{
#pragma unroll
	for (__u32 i = 0; i < LB_FLOW_WAYS; i++)
		if (set->tag[i] == tag)
			return i;
	return LB_FLOW_WAYS;
}

#define FLOW_AGE_BITS 14
#define FLOW_AGE_MASK ((1 << FLOW_AGE_BITS) - 1)
#define BACKEND_BITS 24
#define BACKEND_MASK ((1 << BACKEND_BITS) - 1)

/* A backend as tables of flows keep it: whoever has its id later has another generation. */
static __always_inline __u32 choice_of(__u32 id, __u8 generation)
{
	return id | (__u32)generation << BACKEND_BITS;
}

static __always_inline bool is_choice(__u32 choice, const struct lb_backend *backend)
{
	return backend->generation == choice >> BACKEND_BITS;
}

static __always_inline __u32 flow_tag(__u64 hash)
{
	__u32 tag = hash >> 32;

	return tag ? tag : 1;
}

static __always_inline bool is_stale(__u16 use)
{
	return use >> FLOW_AGE_BITS == LB_FLOW_STALE;
}

/* State after one more packet. */
static __always_inline __u8 flow_state(__u8 protocol, __u8 tcp_flags, bool quoted, __u8 state)
{
	if (quoted)
		return state;
	if (protocol == IPPROTO_TCP) {
		if (tcp_flags & (TCP_FIN | TCP_RST))
			return LB_FLOW_CLOSING;
		if (tcp_flags & TCP_SYN)
			return state == LB_FLOW_CLOSING ? LB_FLOW_NEW : state;
		return state == LB_FLOW_NEW ? LB_FLOW_ESTABLISHED : state;
	}
	return LB_FLOW_ESTABLISHED;
}

/*
 * State of a flow that was not known. Whatever its first packet is, a second one has to come before it is worth as much as those that have been served: a flood of
 * single segments that belong to no connection takes one place of a set, and not all.
 */
static __always_inline __u8 first_state(__u8 protocol, __u8 tcp_flags, bool quoted)
{
	return !quoted && protocol == IPPROTO_TCP && tcp_flags & (TCP_FIN | TCP_RST) ? LB_FLOW_CLOSING : LB_FLOW_NEW;
}

/* 1 for 0, else 0, without a branch: with eight in a row the verifier (6.18) would follow every combination. */
static __always_inline __u64 is_zero(__u64 word)
{
	__u64 either = word | -word;

	asm volatile("" : "+r"(either)); /* Else the compiler makes it a branch again. */
	return ~either >> 63;
}

/*
 * Writes a flow over itself, a free place, a closing or stale flow, a new one or the least recently used, in that order.
 * A global function: verified once, not at the end of each path that leads here.
 */
__noinline int flow_insert(__u32 index, __u32 tag, __u32 choice, __u32 use)
{
	struct lb_flow_set *set = bpf_map_lookup_elem(&flows, &index);
	__s64 best = 0;

	if (!set)
		return 0;
#pragma unroll
	for (__u32 i = 0; i < LB_FLOW_WAYS; i++) {
		__s64 score = (use - set->use[i]) & FLOW_AGE_MASK;

		/* States 0, 1, 2, 3 score 1, 0, 2, 2. */
		score |= (__s64)(0x2201U >> (set->use[i] >> FLOW_AGE_BITS) * 4 & 3) << FLOW_AGE_BITS;
		score |= is_zero(set->tag[i]) << (FLOW_AGE_BITS + 2);
		score |= is_zero(set->tag[i] ^ tag) << (FLOW_AGE_BITS + 3);
		score = best - (score << 3 | i);
		asm volatile("" : "+r"(score));
		best -= score & score >> 63; /* The higher of the two, again without a branch. */
	}
	best &= 7;
	if (best >= LB_FLOW_WAYS)
		return 0;
	set->tag[best] = tag;
	set->choice[best] = choice;
	set->use[best] = use;
	return 0;
}

#define FLOW_SEARCHED_CPUS 256

/*
 * The choice kept for a flow by the CPU that saw it last; 0: by none. For packets that come in on another CPU than their flow did: ICMP errors,
 * which a card's queues tell apart by addresses alone, and flows whose queue was moved. Reads only: no CPU writes what another one uses.
 * `offset` is of its set in any CPU's table. A global function, as flow_insert.
 */
__noinline __u32 flow_elsewhere(__u32 offset, __u32 tag, __u32 now)
{
	__u32 found = 0, idle = FLOW_AGE_MASK + 1;

	for (__u32 cpu = 0; cpu < FLOW_SEARCHED_CPUS && cpu < settings.cpus; cpu++) {
		__u32 index = cpu * settings.flow_sets + offset;
		struct lb_flow_set *set = bpf_map_lookup_elem(&flows, &index);
		__u32 way = set ? flow_find(set, tag) : LB_FLOW_WAYS;

		if (!set || way >= LB_FLOW_WAYS || is_stale(set->use[way]))
			continue;
		__u32 since = (now - set->use[way]) & FLOW_AGE_MASK;

		if (since < idle) {
			idle = since;
			found = set->choice[way];
		}
	}
	return found;
}

/* What this CPU has done in this second. */
static __always_inline struct lb_cpu_state *cpu_window(__u32 now)
{
	__u32 zero = 0;
	struct lb_cpu_state *state = bpf_map_lookup_elem(&cpu_states, &zero);

	if (state && state->second != now)
		*state = (struct lb_cpu_state){ .second = now };
	return state;
}

static __always_inline bool may_insert(__u32 now)
{
	if (!settings.new_flows_per_second)
		return true;
	struct lb_cpu_state *state = cpu_window(now);

	return state && state->new_flows++ < settings.new_flows_per_second;
}

/* Whether every flow that began in this second has been kept so far. */
static __always_inline bool keeps_flows(__u32 now)
{
	if (!settings.new_flows_per_second)
		return true;
	struct lb_cpu_state *state = cpu_window(now);

	return state && state->new_flows < settings.new_flows_per_second;
}

static __always_inline bool may_search(__u32 now)
{
	if (!settings.searches_per_second)
		return true;
	struct lb_cpu_state *state = cpu_window(now);

	return state && state->searches++ < settings.searches_per_second;
}

static __always_inline bool may_reply(__u32 now)
{
	struct lb_cpu_state *state = cpu_window(now);

	return state && state->replies++ < settings.replies_per_second;
}

#endif
