/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_LAYOUT_H
#define PENSTOCK_LAYOUT_H
/*
 * What the data plane and its control side share: keys, values, flags and reasons. C owns the layout; a test compares
 * every C# mirror with the object's BTF. Changes are additive: reserved bytes are zero until they mean something.
 *
 * Addresses are 16 bytes in network order, IPv4 as ::ffff:a.b.c.d. Fields of type __be16 and __be32 are in network order,
 * all others in that of the host. Identifiers (service, backend) are indices given out by the control side.
 */
#include <linux/types.h>
#include "counters.h"

#define LB_LAYOUT_VERSION 2 /* Goes up when a pinned map of the last version can no longer be adopted. */

#define LB_RING_LINE_SLOTS 16      /* Backend ids in one value of `rings`: a cache line. */
#define LB_FLOW_WAYS 6             /* Flows in one set of the flow table: a cache line. */
#define LB_VIP_FILTER_WORDS 1024   /* 65,536 bits. */
#define LB_CAPTURE_BYTES 4096      /* Most bytes of a packet in one sample. */
#define LB_CAPTURE_IPV6 256        /* Beside the verdicts of a filter: only clients of IPv6. */
#define LB_NO_SERVICE 0xffffffff   /* Of a packet that belongs to none; of a filter: any. */
#define LB_NO_BACKEND 0            /* Backend 0 is never given out: a ring slot or override of 0 is empty. */

struct lb_address {
	__u8 bytes[16];
};

/* Settings fixed when the program is loaded: the whole of map `.rodata.settings`. */
struct lb_settings {
	__u64 hash_seed;             /* From the configuration: equal on all hosts that must choose alike. */
	__u32 features;              /* LB_FEATURE_*: what the kernel has and the configuration asks for. */
	__u32 flow_sets;             /* Sets (of LB_FLOW_WAYS flows) of the flow table for each CPU, a power of two; 0: no flow table. */
	__u32 cpus;                  /* Possible CPUs: `flows` has flow_sets * cpus values. */
	__u32 new_flows_per_second;  /* Insertions per CPU and second: then flows go by the ring alone, by nat not at all; 0: no cap. */
	__u32 service_lines;         /* Lines of `service_lines` for each CPU, a power of two. */
	__u32 replies_per_second;    /* RST, ICMP errors and echo replies per CPU and second; 0: none is sent. */
	__u16 nat_port_first;        /* Source ports for `nat`, both included, host order. */
	__u16 nat_port_last;
	__u16 nat_tcp_timeout;       /* Seconds after which an idle NAT flow's port may be taken: established TCP, */
	__u16 nat_opening_timeout;   /* TCP not yet or no longer established, */
	__u16 nat_udp_timeout;       /* UDP. */
	__u16 tick;                  /* A jiffy (the kernel's CONFIG_HZ), in seconds / 2^16: of it the program's seconds are made. */
	__u32 searches_per_second;   /* Looks for flows that this CPU does not know (other CPUs' tables, second rings), per CPU and second; 0: no cap. */
};

enum lb_feature {
	LB_FEATURE_NAT = 1 << 0,         /* Some backend forwards by nat. */
	LB_FEATURE_CAPTURE = 1 << 1,     /* bpf_xdp_load_bytes (5.18) is there: samples can be taken. */
	LB_FEATURE_SYN_COOKIES = 1 << 2, /* Some service answers SYNs by cookies. */
	LB_FEATURE_FIB = 1 << 3,         /* Some backend's next hop comes from bpf_fib_lookup. */
	LB_FEATURE_FRAGMENTS = 1 << 4,   /* IP fragments are balanced; else passed to the stack. */
	LB_FEATURE_JUMBO = 1 << 5,       /* bpf_xdp_get_buff_len (5.18) is there: frames of several buffers. */
};

/* Key of `services`. Protocols without ports have port 0. */
struct lb_service_key {
	struct lb_address address;
	__be16 port;
	__u8 protocol; /* IPPROTO_TCP, IPPROTO_UDP; with LB_SERVICE_DECAP also IPPROTO_IPIP, IPPROTO_IPV6. */
	__u8 reserved;
};

/* Key of `service_ranges`: an LPM over address, protocol and port in that order. All ports: prefix 136; one port: 152. */
struct lb_range_key {
	__u32 prefix; /* Bits. A range of ports is cut into the prefixes that cover it. */
	struct lb_address address;
	__u8 protocol;
	__u8 port[2]; /* Network order. */
	__u8 reserved;
};

struct lb_service {
	__u32 id;             /* Index into `service_stats`. */
	__u32 flags;          /* LB_SERVICE_* */
	__u32 ring_line;      /* First line in `rings`. */
	__u32 ring_slots;     /* Slots of the ring; 0: no backend, `empty_action` it is. Slot s: line s / 16, place s % 16. */
	__u32 flow_timeout;   /* A UDP flow idle for more seconds is chosen anew; 0: never. TCP flows do not time out. */
	__u8 empty_action;    /* enum lb_empty_action */
	__u8 quic_offset;     /* Where the server id starts in a QUIC connection id, in bytes. */
	__u8 quic_length;     /* Bytes of the server id, 1 to 4, big-endian. */
	__u8 reserved0;
	__u32 source_packets; /* LB_SERVICE_LIMIT: packets a second from one source address; 0: no limit. */
	__u32 source_flows;   /* LB_SERVICE_LIMIT: new flows a second from one source address; 0: no limit. */
	__u32 syn_threshold;  /* LB_SERVICE_SYN_COOKIES: SYNs a second and CPU that go up the stack. */
	__u32 second_line, second_slots; /* As ring_line and ring_slots: the ring for TCP segments of unknown flows that open nothing (second.h); 0 slots: none. */
	__u32 local_backend;  /* The backend that is this host, if its connections are to be asked for such a segment; else LB_NO_BACKEND. */
};

/*
 * Value of `service_lines`: a service lately asked for, by the key it was found under, so that the next packet need not look into hash maps and tries.
 * It holds for one value of `service_epoch` plus seconds: no longer than until control writes, or a second. */
struct lb_service_line {
	struct lb_service_key key;
	__u32 stamp; /* 0: none. */
	struct lb_service service;
};

/* Flags of a service. All are tested by one comparison with zero on the way of an ordinary packet. */
enum lb_service_flag {
	LB_SERVICE_CLIENT_HASH = 1 << 0, /* The ring slot depends on the client's address alone (affinity). */
	LB_SERVICE_NO_FLOWS = 1 << 1,    /* No flow table: by the ring alone. */
	LB_SERVICE_QUIC = 1 << 2,        /* Connection ids that carry a server id choose (`quic_servers`). */
	LB_SERVICE_OVERRIDES = 1 << 3,   /* `source_overrides` is asked for new flows. */
	LB_SERVICE_ALLOW = 1 << 4,       /* Only sources that `source_lists` allows. */
	LB_SERVICE_BLOCK = 1 << 5,       /* Not sources that `source_lists` blocks. */
	LB_SERVICE_LIMIT = 1 << 6,       /* Rates per source: source_packets, source_flows. */
	LB_SERVICE_SYN_COOKIES = 1 << 7, /* SYNs beyond syn_threshold are answered here; of flows whose backend is this host. */
	LB_SERVICE_DECAP = 1 << 9,       /* Not balanced: tunnel endpoint of this host. Outer headers go, the rest passes up. */
	LB_SERVICE_NAT = 1 << 10,        /* All backends forward by nat: `nat_flows` replaces the flow table. */
	LB_SERVICE_NAT_SOURCE = 1 << 11, /* Only in `service_lines`, under port and protocol 0: the address is a LB_VIP_NAT_SOURCE. */
};

/* What a packet meets when its service has no backend. */
enum lb_empty_action {
	LB_EMPTY_DROP = 0,
	LB_EMPTY_REJECT = 1, /* TCP: RST; UDP: ICMP port unreachable. */
	LB_EMPTY_PASS = 2,   /* Up the stack. */
};

/* Value of `vips`, by address; asked for what no exact service takes, for ICMP and for fragments. */
struct lb_vip {
	__u32 flags;          /* LB_VIP_* */
	__be16 fragment_port[2]; /* Service (its port) that later fragments belong to if their first was not seen: TCP, UDP; 0: none. */
};

enum lb_vip_flag {
	LB_VIP_RANGES = 1 << 0,     /* `service_ranges` has services of this address. */
	LB_VIP_ECHO = 1 << 1,       /* Echo requests are answered here; else they pass. */
	LB_VIP_NAT_SOURCE = 1 << 2, /* A source address of `nat`: answers of backends arrive here. */
	LB_VIP_CLOSED = 1 << 3,     /* What no service takes is dropped (LB_DROP_NO_SERVICE); else it passes. */
};

/* Value of `backends`, by id: one backend of one service. Only state and next hop change while the id is in use. */
struct lb_backend {
	struct lb_address address; /* Of the real server; for LB_FORWARD_LOCAL unused. */
	struct lb_address source;  /* Outer source address; for nat the address flows leave from. */
	__u32 service;             /* Owner: a flow entry with another service's backend is stale. */
	__u32 ifindex;             /* Interface to leave by; 0: the one the packet came in by. */
	__be16 port;               /* nat: the server's port, 0 keeps it. gue: UDP destination port. */
	__u8 mac[6];               /* LB_BACKEND_MAC: of the next hop. */
	__u8 own_mac[6];           /* LB_BACKEND_MAC: of the interface to leave by. */
	__be16 vlan;               /* LB_BACKEND_VLAN: tag control information to leave with, replacing the outermost tag. */
	__u16 mtu;                 /* Of `ifindex`, IP header and all, without one the least of all that packets come in by; 0: not checked, or as LB_BACKEND_FIB says. */
	__u8 forwarding;           /* enum lb_forwarding */
	__u8 state;                /* enum lb_backend_state */
	__u8 generation;           /* Goes up each time the id is given out again. */
	__u8 flags;                /* LB_BACKEND_* */
	__u16 reserved;
};

enum lb_forwarding {
	LB_FORWARD_LOCAL = 0, /* l7: this host's stack. */
	LB_FORWARD_IPIP = 1,  /* dsr-ipip: inner and outer family as the addresses say, 6 in 4 included. */
	LB_FORWARD_GUE = 2,   /* dsr-gue: UDP without GUE header flags (variant 1: the IP header follows UDP). */
	LB_FORWARD_L2 = 3,    /* dsr-l2: MAC addresses only. */
	LB_FORWARD_NAT = 4,
};

enum lb_backend_state {
	LB_STATE_UNUSED = 0,
	LB_STATE_READY = 1,
	LB_STATE_DRAIN = 2, /* Flows stay, no new ones. */
	LB_STATE_DOWN = 3,  /* Down or in maintenance: flows move. */
};

enum lb_backend_flag {
	LB_BACKEND_MAC = 1 << 0,     /* Next hop known; else the frame returns to the MAC address that sent it. */
	LB_BACKEND_FIB = 1 << 1,     /* Next hop by bpf_fib_lookup for each packet. */
	LB_BACKEND_VLAN = 1 << 2,    /* Leave with `vlan`; 0 there: without a tag. */
	LB_BACKEND_ENTROPY = 1 << 3, /* IPv4 source, last 16 bits: xor of the flow's hash, so that receivers spread load. */
	LB_BACKEND_COUNTED = 1 << 4, /* Control's: its counters, and its service's, are as counters.h says from their beginning. Daemons of versions that counted otherwise leave it out. */
};

/* Value of `rings`: a Maglev table is a run of lines. */
struct lb_ring_line {
	__u32 backend[LB_RING_LINE_SLOTS];
};

/*
 * Value of `flows`: a set of six flows, least recently used goes first, those not established before those that are.
 * Of a flow's 64-bit hash (flow.h) the low half gives the set, at index cpu * flow_sets + (hash & (flow_sets - 1)), the high
 * half its tag. Two flows of one service that share both share a backend too, which harms neither; a flow of another
 * service does not match, because its backend is not of that service.
 */
struct lb_flow_set {
	__u32 tag[LB_FLOW_WAYS];    /* 0: free. */
	__u32 choice[LB_FLOW_WAYS]; /* Backend (24 bits), its generation when chosen (8 bits). */
	__u16 use[LB_FLOW_WAYS];    /* When last seen (14 bits of seconds of jiffies), enum lb_flow_state (2 bits). */
	__u32 reserved;
};

enum lb_flow_state {
	LB_FLOW_NEW = 0,
	LB_FLOW_ESTABLISHED = 1, /* TCP: a segment other than SYN came; UDP: a second packet. */
	LB_FLOW_CLOSING = 2,     /* TCP: FIN or RST came; in `nat_flows` FIN. */
	LB_FLOW_STALE = 3,       /* Control: of a time before another host had the address. Not believed. */
	LB_FLOW_RESET_THERE = 4, /* Only in `nat_flows`: RST came from the client, */
	LB_FLOW_RESET_BACK = 5,  /* or from the server, and nothing else from it since. */
};

/* Key of `nat_flows`, both directions, as the packet arrives; its value: what addresses and ports become. */
struct lb_nat_key {
	struct lb_address source;
	struct lb_address destination;
	__be16 source_port;
	__be16 destination_port;
	__u8 protocol;
	__u8 reserved[3];
};

#define LB_NAT_BACK 1
#define LB_NAT_ZERO_TAG 2 /* The client's packets have a tag, of 0: of no VLAN and priority 0. */

struct lb_nat_flow {
	struct lb_address source;
	struct lb_address destination;
	__be16 source_port;
	__be16 destination_port;
	__u32 choice;   /* Backend, and its generation in the high byte. */
	__u8 state;     /* enum lb_flow_state */
	__u8 direction; /* 0: client to backend; else LB_NAT_BACK, maybe with LB_NAT_ZERO_TAG. */
	__be16 tci;     /* Back: outermost VLAN tag of the client's packets; 0: none, or LB_NAT_ZERO_TAG. */
	__u32 seen;     /* Seconds of jiffies. */
	__u32 ifindex;  /* Back: where the client's packets come in, as of the last second that had some, */
	__u8 mac[6];    /* from this address, */
	__u8 own_mac[6]; /* to this. */
};

/* Key and value of `fragments`: the way of a datagram some part of which was seen. */
struct lb_fragment_key {
	struct lb_address source;
	struct lb_address destination;
	__u32 id; /* As in the header, IPv4's zero-extended. */
	__u32 protocol;
};

struct lb_fragment {
	__u32 backend; /* LB_NO_BACKEND: of a flow by nat. */
	__u16 generation;
	__u16 seen;    /* Seconds of jiffies, their low half. */
	__u32 ports;   /* As in the first part's header, for the later ones; 0: it was not seen. */
};

/* Value of `vlan_links`, by interface number: of a VLAN interface the one below it, and the tag. */
struct lb_vlan_link {
	__u32 parent;
	__be16 tci;
	__u16 reserved;
};

/* Key of `source_lists` and `source_overrides`: an LPM over service id (32 bits, in order of its bytes) and address. */
struct lb_source_key {
	__u32 prefix; /* 32 + bits of the address; for IPv4 32 + 96 + bits. */
	__u32 service;
	struct lb_address address;
};

enum lb_source_verdict {
	LB_SOURCE_ALLOW = 1,
	LB_SOURCE_BLOCK = 2,
};

/* Key and value of `source_rates`. */
struct lb_rate_key {
	struct lb_address source;
	__u32 service;
};

struct lb_rate {
	__u32 second; /* Seconds of jiffies the counts belong to. */
	__u32 packets;
	__u32 flows;
	__u32 reserved;
};

/* Key of `quic_servers`; the value is a backend id. */
struct lb_quic_key {
	__u32 service;
	__u32 server; /* quic_length bytes of the connection id as a big-endian number. */
};

/* Index of `drop_stats`. Names appear in metrics, without the prefix and in small letters. Numbers are not reused. */
enum lb_drop {
	LB_DROP_NONE = 0,               /* Not used: keeps 0 free for "no drop". */
	LB_DROP_IP_HEADER = 1,          /* Header length below 20, or beyond the packet. */
	LB_DROP_IP_LENGTH = 2,          /* Total or payload length beyond the frame, or below the headers. */
	LB_DROP_L4_HEADER = 3,          /* TCP or UDP header cut short. */
	LB_DROP_TCP_OFFSET = 4,         /* Data offset below 5, or beyond the packet. */
	LB_DROP_TCP_FLAGS = 5,          /* None of FIN, SYN, RST, ACK; SYN with FIN; or SYN with RST. */
	LB_DROP_UDP_LENGTH = 6,         /* Length below 8, or beyond the packet. */
	LB_DROP_EXTENSION_HEADERS = 7,  /* IPv6: more than six, or cut short. */
	LB_DROP_ICMP_HEADER = 8,        /* ICMP cut short. */
	LB_DROP_ICMP_QUOTE = 9,         /* The packet an ICMP error quotes is cut short. */
	LB_DROP_NO_SERVICE = 10,        /* LB_VIP_CLOSED. */
	LB_DROP_NO_BACKEND = 11,        /* No backend, LB_EMPTY_DROP, or a reject beyond replies_per_second. */
	LB_DROP_BACKEND_DOWN = 12,      /* The ring names a backend that takes no flows: written in the wrong order. */
	LB_DROP_TOO_BIG = 13,           /* Encapsulation exceeds the MTU and no ICMP error could be sent. */
	LB_DROP_NO_ROOM = 14,           /* The driver left no headroom for the outer header. */
	LB_DROP_NO_ROUTE = 15,          /* bpf_fib_lookup found no way or no neighbour. */
	LB_DROP_SOURCE_BLOCKED = 16,    /* LB_SERVICE_BLOCK */
	LB_DROP_SOURCE_NOT_ALLOWED = 17,/* LB_SERVICE_ALLOW */
	LB_DROP_SOURCE_PACKETS = 18,    /* LB_SERVICE_LIMIT, source_packets. */
	LB_DROP_SOURCE_FLOWS = 19,      /* LB_SERVICE_LIMIT, source_flows. */
	LB_DROP_NAT_PORTS = 20,         /* No free source port found. */
	LB_DROP_NAT_UNKNOWN = 21,       /* TCP that opens nothing, of a flow of which neither half is known or that has lost its port, and that no reset answers: itself one, or beyond replies_per_second. */
	LB_DROP_NAT_FAMILY = 22,        /* nat between IPv4 and IPv6. */
	LB_DROP_FRAGMENT = 23,          /* A fragment that nothing says where to send. */
	LB_DROP_HOP_LIMIT = 24,         /* TTL or hop limit is spent. */
	LB_DROP_TUNNEL = 25,            /* LB_SERVICE_DECAP: what is inside is cut short or not IP. */
	LB_DROP_REPLIES = 26,           /* Echo requests beyond replies_per_second. */
	LB_DROP_SYN_COOKIE = 27,        /* LB_SERVICE_SYN_COOKIES, beyond syn_threshold: of no connection, and its cookie is none of ours. */
	LB_DROP_NEW_FLOWS = 28,         /* nat: beyond new_flows_per_second. */
	LB_DROP_MARTIAN = 29,           /* nat, and what is answered here: from an address that nobody sends from (RFC 1812, 5.3.7; RFC 4291, 2.5 and 2.7). */
	LB_DROP_NAT_TAGS = 30,          /* nat: two VLAN tags, or one of 802.1ad, and a way to the backend with fewer, or of 802.1Q: answers could not have them again. */
	LB_DROP_REASONS = 32,           /* Values of `drop_stats`. */
};

/* Value of `cpu_states`, one for each CPU: windows of the caps per CPU. */
struct lb_cpu_state {
	__u32 second; /* Seconds of jiffies. */
	__u32 new_flows;
	__u32 replies;
	__u32 searches;
};

/* Value of `syn_windows`, by service id: its SYNs on this CPU. */
struct lb_syn_window {
	__u32 second;  /* Seconds of jiffies. */
	__u32 syns;
	__u32 cookies; /* Of them answered by cookies. */
};

/* The one value of `capture_filter`: which packets to our addresses `penstock capture` takes. */
struct lb_capture_filter {
	__u64 until;           /* CLOCK_MONOTONIC, nanoseconds: the end, put off each second while somebody captures. */
	__u32 service;         /* Only this; LB_NO_SERVICE: any. */
	__u32 one_in;          /* One packet in so many, counted for each CPU; 0: nobody captures. */
	__u32 verdicts;        /* Bit 1 << verdict (XDP_ABORTED 0, XDP_DROP 1, XDP_PASS 2, XDP_TX 3, XDP_REDIRECT 4); LB_CAPTURE_IPV6. */
	__u32 reasons;         /* Bit 1 << enum lb_drop; 0: any, and what is not dropped too. */
	__u32 bytes;           /* Of each packet, at most LB_CAPTURE_BYTES. */
	__u32 owner;           /* Process that captures. */
	__be32 client[4];      /* Address as in struct lb_address, */
	__be32 client_mask[4]; /* and which bits of it count. */
};

/* What `captures` carries, `captured` bytes of data. */
struct lb_capture {
	__u64 time;     /* CLOCK_MONOTONIC, nanoseconds. */
	__u32 service;  /* LB_NO_SERVICE: none. */
	__u32 backend;  /* LB_NO_BACKEND: none. */
	__u32 ifindex;  /* Where it came in. */
	__u32 length;   /* Of the frame, before anything was done to it. */
	__u16 captured; /* Bytes of `data`. */
	__u8 verdict;   /* XDP_* */
	__u8 drop;      /* enum lb_drop */
	__u8 flow_hit;  /* 1: the flow was known before this packet. */
	__u8 reserved[3];
	__u8 data[LB_CAPTURE_BYTES];
};

/* Value of `capture_stats`. */
struct lb_capture_stats {
	__u64 matched; /* Packets that the filter takes, before one in so many. */
	__u64 lost;    /* Samples the ring buffer had no room for. */
};

_Static_assert(sizeof(struct lb_settings) == 48, "layout");
_Static_assert(sizeof(struct lb_service_key) == 20, "layout");
_Static_assert(sizeof(struct lb_range_key) == 24, "layout");
_Static_assert(sizeof(struct lb_service) == 48, "layout");
_Static_assert(sizeof(struct lb_service_line) == 72, "layout");
_Static_assert(sizeof(struct lb_vip) == 8, "layout");
_Static_assert(sizeof(struct lb_backend) == 64, "layout");
_Static_assert(sizeof(struct lb_ring_line) == 64 && sizeof(struct lb_flow_set) == 64, "layout");
_Static_assert(sizeof(struct lb_nat_key) == 40 && sizeof(struct lb_nat_flow) == 64, "layout");
_Static_assert(sizeof(struct lb_fragment_key) == 40, "layout");
_Static_assert(sizeof(struct lb_source_key) == 24 && sizeof(struct lb_rate_key) == 20, "layout");
_Static_assert(sizeof(struct lb_capture_filter) == 64, "layout");
_Static_assert(sizeof(struct lb_capture) == 32 + LB_CAPTURE_BYTES, "layout");

#endif
