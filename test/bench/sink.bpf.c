// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The far end of every row: counts what is really delivered, keeps the first
 * frames for comparison when asked, and drops.
 */
#include "packets.h"

enum {
	CAPTURE_FRAMES = 16,
	CAPTURE_OCTETS = 1528,
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} delivered SEC(".maps");

struct capture_request {
	__u32 wanted; /* frames */
	__u32 taken;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct capture_request);
} capture_request SEC(".maps");

struct captured_frame {
	__u32 length; /* octets */
	__u32 reserved;
	__u8 frame[CAPTURE_OCTETS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, CAPTURE_FRAMES);
	__type(key, __u32);
	__type(value, struct captured_frame);
} captured SEC(".maps");

static __noinline int capture(struct xdp_md *xdp, __u32 number)
{
	struct captured_frame *slot = bpf_map_lookup_elem(&captured, &number);

	if (!slot)
		return 0;
	void *data = (void *)(long)xdp->data;
	__u64 length = (void *)(long)xdp->data_end - data;

	asm volatile("" : "+r"(length)); /* what is checked is what is used */
	if (length > CAPTURE_OCTETS)
		return 0;
	slot->length = length;
	bpf_probe_read_kernel(slot->frame, length, data);
	return 0;
}

SEC("xdp")
int sink(struct xdp_md *xdp)
{
	__u8 *first = (void *)(long)xdp->data;
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&delivered, &zero);
	struct capture_request *request = bpf_map_lookup_elem(&capture_request, &zero);

	if (!count || !request || (void *)(first + 1) > (void *)(long)xdp->data_end)
		return XDP_DROP;
	if (*first & 1) /* multicast: the kernel's own neighbour and listener discovery */
		return XDP_DROP;
	++*count;
	if (request->taken < request->wanted)
		capture(xdp, request->taken++);
	return XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
