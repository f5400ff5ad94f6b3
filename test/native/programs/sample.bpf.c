/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the tests of native/libbpf load: one map of each kind in use, one small program per feature.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} counters SEC(".maps");

/* 12 bytes, so that the kernel pads an element to 16. */
struct cell {
	__u32 input;
	__u32 output;
	__u32 runs;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct cell);
} cells SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} port SEC(".maps");

/* Reads cells[1].input, writes cells[1].output = input + 1; the verdict is cells[1].input. */
SEC("xdp")
int increment(struct xdp_md *context)
{
	__u32 index = 1;
	struct cell *cell = bpf_map_lookup_elem(&cells, &index);

	if (!cell)
		return XDP_ABORTED;
	cell->output = cell->input + 1;
	cell->runs++;
	return cell->input;
}

/* Doubles the first octet and prepends four octets. */
SEC("xdp")
int prepend(struct xdp_md *context)
{
	__u8 *data;

	if (bpf_xdp_adjust_head(context, -4))
		return XDP_ABORTED;
	data = (void *)(long)context->data;
	if (data + 5 > (__u8 *)(long)context->data_end)
		return XDP_ABORTED;
	data[0] = 0xaa;
	data[4] *= 2;
	return XDP_TX;
}

SEC("xdp")
int count(struct xdp_md *context)
{
	__u32 index = 0;
	__u32 *counter = bpf_map_lookup_elem(&counters, &index);

	if (counter)
		(*counter)++;
	return XDP_PASS;
}

SEC("xdp")
int count_and_drop(struct xdp_md *context)
{
	count(context);
	return XDP_DROP;
}

SEC("xdp")
int ingress(struct xdp_md *context)
{
	return context->ingress_ifindex;
}

SEC("xdp")
int redirect(struct xdp_md *context)
{
	return bpf_redirect_map(&port, 0, XDP_ABORTED);
}

/* The frame, as one ring buffer record of its length; discards it if the first octet is 0xff. */
SEC("xdp")
int punt(struct xdp_md *context)
{
	__u8 *data = (void *)(long)context->data;
	__u8 *end = (void *)(long)context->data_end;
	__u8 *record;
	int length = end - data;

	if (data + 64 > end)
		return XDP_ABORTED;
	if (length < 128) {
		record = bpf_ringbuf_reserve(&ring, 64, 0);
		if (!record)
			return XDP_DROP;
		__builtin_memcpy(record, data, 64);
	} else {
		record = bpf_ringbuf_reserve(&ring, 1001, 0);
		if (!record)
			return XDP_DROP;
		if (data + 128 > end) {
			bpf_ringbuf_discard(record, 0);
			return XDP_ABORTED;
		}
		__builtin_memcpy(record, data, 128);
		record[1000] = data[0];
	}
	if (data[0] == 0xff)
		bpf_ringbuf_discard(record, 0);
	else
		bpf_ringbuf_submit(record, 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
