// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Hands every frame to the kernel: a veth takes redirected frames only if its peer runs XDP. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int pass(struct xdp_md *xdp)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
