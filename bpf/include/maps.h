/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_MAPS_H
#define PENSTOCK_MAPS_H
/*
 * The maps of xdp_lb. "Control" is the one process that writes; sizes given here are for tests, control sets its own
 * before loading (bpf_map__set_max_entries).
 *
 * Adding a service: backends (state ready), rings, then `vip_filter` and `vips`, then `services` or `service_ranges`, and `service_epoch`.
 * Removing one: `services` or `service_ranges`, `vips`, and only then its ring and backends are free to reuse.
 * Taking a backend out: rings first, then its state. Its id is given out again last of all, with the next generation.
 * Losing the last backend: the service's ring_slots becomes 0, then the state.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "layout.h"

/* Fixed at load, by control. Read by the program as constants: what is off costs nothing. */
const volatile struct lb_settings settings SEC(".rodata.settings") = {
	.features = LB_FEATURE_NAT | LB_FEATURE_CAPTURE | LB_FEATURE_SYN_COOKIES | LB_FEATURE_FIB | LB_FEATURE_FRAGMENTS |
		    LB_FEATURE_JUMBO,
	.flow_sets = 1024,
	.cpus = 1,
	.service_lines = 256,
	.replies_per_second = 10000,
	.nat_port_first = 32768,
	.nat_port_last = 60999,
	.nat_tcp_timeout = 7440,
	.nat_opening_timeout = 120,
	.nat_udp_timeout = 60,
	.tick = 65536 / 250,
};

/*
 * Which addresses may be ours: bit (x * 0x9E3779B1) >> 16 (32-bit arithmetic) of 65,536, in word bit / 64, where x is the
 * IPv4 address, or the xor of an IPv6 address's four words, read as a number in host order from network-order bytes
 * (on x86 little-endian). Control sets a bit before the address appears in `vips`, and may leave it set.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LB_VIP_FILTER_WORDS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} vip_filter SEC(".maps");

/* Addresses of services and NAT sources. Control: before the first service of the address, removed after its last. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct lb_address);
	__type(value, struct lb_vip);
} vips SEC(".maps");

/* Services of one port. Control: after everything the service refers to. One update replaces the value at once. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct lb_service_key);
	__type(value, struct lb_service);
} services SEC(".maps");

/* Services of all ports or of a range, for addresses with LB_VIP_RANGES; an exact port in `services` wins. Control. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct lb_range_key);
	__type(value, struct lb_service);
} service_ranges SEC(".maps");

/* Goes up after each change of `vips`, `services` or `service_ranges`: what is in `service_lines` is stale then. Control. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} service_epoch SEC(".maps");

/* settings.service_lines values for each CPU in turn, written by the program on that CPU only. The program's own. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct lb_service_line);
} service_lines SEC(".maps");

/* All Maglev tables. Control gives out runs of lines and may write slots in place (mmap): each holds a valid id always. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16388);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct lb_ring_line);
} rings SEC(".maps");

/* Control: an entry is whole, and its generation raised, before any ring or override names it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct lb_backend);
} backends SEC(".maps");

/* The flow table: settings.flow_sets values for each CPU in turn, written by the program on that CPU only, but that control makes entries LB_FLOW_STALE. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct lb_flow_set);
} flows SEC(".maps");

/* NAT flows, two entries each. Written by the program (answers may come in on another CPU); control may delete. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 262144);
	__type(key, struct lb_nat_key);
	__type(value, struct lb_nat_flow);
} nat_flows SEC(".maps");

/* Datagrams in fragments. Written by the program. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct lb_fragment_key);
	__type(value, struct lb_fragment);
} fragments SEC(".maps");

/* enum lb_source_verdict by service and source prefix. Control: before the service's LB_SERVICE_ALLOW or _BLOCK. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1048576);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct lb_source_key);
	__type(value, __u32);
} source_lists SEC(".maps");

/* Backend id by service and source prefix. Control: after the backend, before LB_SERVICE_OVERRIDES. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct lb_source_key);
	__type(value, __u32);
} source_overrides SEC(".maps");

/* VLAN interfaces of this host. Control follows the kernel's. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct lb_vlan_link);
} vlan_links SEC(".maps");

/* Rates by source. Written by the program; shared by CPUs, for a source's packets reach all of them. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct lb_rate_key);
	__type(value, struct lb_rate);
} source_rates SEC(".maps");

/* Backend id by QUIC server id. Control: after the backend, before LB_SERVICE_QUIC. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct lb_quic_key);
	__type(value, __u32);
} quic_servers SEC(".maps");

/* Counters, written by the program. Control reads them, and sets those of an id to zero when it gives it out. As many as `backends`. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct lb_backend_stats);
} backend_stats SEC(".maps");

/* The same of answers, kept apart so that what was pinned before there were these is adopted. As many as `backends`. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct lb_return_stats);
} return_stats SEC(".maps");

/* Counters by service id, written by the program; as many as ids of services that control gives out. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct lb_service_stats);
} service_stats SEC(".maps");

/* Whose the counters of a service id are, a number that control makes of its name; 0: not known. Control alone. As many as `service_stats`. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u64);
} service_owners SEC(".maps");

/* Counters by enum lb_drop, written by the program. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LB_DROP_REASONS);
	__type(key, __u32);
	__type(value, struct lb_drop_stats);
} drop_stats SEC(".maps");

/*
 * The same by service, of packets whose service was known: entries come with a first drop, and take memory only then. Written by
 * the program; control deletes those of a service whose id is given out again. LB_DROP_REASONS times as many as `service_stats`.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096 * LB_DROP_REASONS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct lb_service_drop);
	__type(value, struct lb_drop_stats);
} service_drops SEC(".maps");

/* The program's own. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct lb_cpu_state);
} cpu_states SEC(".maps");

/* The program's own; as many as `service_stats`. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct lb_syn_window);
} syn_windows SEC(".maps");

/* `penstock capture` writes it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct lb_capture_filter);
} capture_filter SEC(".maps");

/* struct lb_capture up to what was captured of its data, for `penstock capture`; full: samples are lost, packets are not. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 22);
} captures SEC(".maps");

/* Written by the program, set to zero by `penstock capture`. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct lb_capture_stats);
} capture_stats SEC(".maps");

#endif
