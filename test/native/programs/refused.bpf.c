/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Reads the packet without a bounds check: the verifier must refuse it. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int unchecked(struct xdp_md *context)
{
	return *(__u8 *)(long)context->data;
}

char LICENSE[] SEC("license") = "GPL";
