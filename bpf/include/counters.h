/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_COUNTERS_H
#define PENSTOCK_COUNTERS_H
/* What the program counts: a part of layout.h. */
#include <linux/types.h>

/*
 * Each packet of a service is counted once: in `backend_stats` where it went to a backend, in `service_stats` where it was answered here or passed up the stack,
 * in `service_drops` where it was dropped; of answers by nat those that were answered or dropped, all others in `return_stats`. A service's figures are the sums.
 */

/* Value of `backend_stats`, by backend id. */
struct lb_backend_stats {
	__u64 packets;
	__u64 bytes;     /* Of the frame as it arrived. */
	__u64 new_flows; /* SYN segments and first packets of UDP flows, counted when they are given the backend: what drops or answers them on the way out takes none off. */
	__u64 misses;    /* Packets whose flow this CPU's table did not have, whatever placed them: hits = packets - misses. */
};

/* Value of `return_stats`, by backend id: answers by nat on their way to clients. By other ways answers do not come by here. */
struct lb_return_stats {
	__u64 packets;
	__u64 bytes; /* Of the frame as it arrived. */
};

/* Value of `service_stats`, by service id: packets answered here (RST, ICMP, cookies), or passed up the stack for want of a backend or flow. */
struct lb_service_stats {
	__u64 packets;
	__u64 bytes;
	__u64 rejected; /* Of them answered by RST or ICMP. */
	__u64 cookies;  /* SYNs answered by cookies. */
};

/* Value of `drop_stats`, by enum lb_drop: those of services and of none. */
struct lb_drop_stats {
	__u64 packets;
	__u64 bytes; /* Of the frame as it was when it was dropped. */
};

/* Key of `service_drops`, whose values are struct lb_drop_stats. */
struct lb_service_drop {
	__u32 service;
	__u32 reason; /* enum lb_drop */
};

#endif
