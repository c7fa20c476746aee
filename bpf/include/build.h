/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PENSTOCK_BUILD_H
#define PENSTOCK_BUILD_H
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* What the program was compiled from, as `bpf/build-id` says it: control loads none that another source than its own has made. */
const volatile __u64 build_id SEC(".rodata.build") = BUILD_ID;

#endif
