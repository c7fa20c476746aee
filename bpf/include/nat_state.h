/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_NAT_STATE_H
#define PENSTOCK_NAT_STATE_H
/* How far a flow by nat is, and how long it lasts. */
#include "nat_packet.h"

/*
 * State after one more packet, of the entry's direction: `back` is 0, or LB_NAT_BACK. Nobody knows here whether a reset is one that its receiver takes (RFC 5961): it was none where its sender goes on, and
 * the flow lasts as before then. What was on its way from the other side says nothing.
 */
static __always_inline __u8 nat_state(const struct nat_packet *packet, __u8 state, __u8 back)
{
	if (packet->key.protocol != IPPROTO_TCP)
		return LB_FLOW_ESTABLISHED;
	if (packet->later_fragment)
		return state;
	if (packet->tcp_flags & TCP_RST)
		return state == LB_FLOW_CLOSING ? state : LB_FLOW_RESET_THERE + back;
	if (packet->tcp_flags & TCP_FIN)
		return LB_FLOW_CLOSING;
	if (packet->tcp_flags & TCP_SYN)
		return state >= LB_FLOW_CLOSING ? LB_FLOW_NEW : state;
	return state == LB_FLOW_NEW || state == LB_FLOW_RESET_THERE + back ? LB_FLOW_ESTABLISHED : state;
}

/* Whether the flow of an entry has been idle for so long that its port may be taken. */
static __always_inline bool nat_expired(const struct lb_nat_flow *flow, __u8 protocol, __u32 now)
{
	__u32 timeout = protocol != IPPROTO_TCP ? settings.nat_udp_timeout :
			flow->state == LB_FLOW_ESTABLISHED ? settings.nat_tcp_timeout : settings.nat_opening_timeout;

	return (__s32)(now - flow->seen) > (__s32)timeout; /* Another CPU may have seen it a second later. */
}

#endif
