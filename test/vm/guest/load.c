// SPDX-License-Identifier: MIT
/*
 * Load BPF objects and print, for each program, what the verifier counted:
 *
 *	inside.bpf.o  inside  3042 instructions verified (limit 1000000), stack 104+16
 *
 * The stack is in octets: the program's own, and each function's that it calls.
 * Kernels before 5.16 tell this in the verifier's log alone. A refusal prints
 * the log's end (libbpf does) and makes the exit status 1.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { LOG_STATISTICS = 4, LOG_BYTES = 65536, MAX_PROGRAMS = 16 };

static char logs[MAX_PROGRAMS][LOG_BYTES];

static int refused(const char *path, int error)
{
	fprintf(stderr, "%s: %s\n", path, strerror(-error));
	return -1;
}

/* Without a log of ours: libbpf then asks for one on failure and prints it. */
static int explain(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	int error = object ? bpf_object__load(object) : -errno;

	bpf_object__close(object);
	return refused(path, error);
}

static void report(const char *path, const struct bpf_program *program, const char *log)
{
	const char *name = strrchr(path, '/');
	unsigned long count = 0, limit = 0;
	const char *statistics = strstr(log, "processed ");
	const char *depths = strstr(log, "stack depth ");
	char stack[256] = "unknown";

	if (statistics)
		sscanf(statistics, "processed %lu insns (limit %lu)", &count, &limit);
	if (depths)
		sscanf(depths, "stack depth %255[0-9+]", stack);
	printf("%s  %s  %lu instructions verified (limit %lu), stack %s\n", name ? name + 1 : path,
	       bpf_program__name(program), count, limit, stack);
}

static int load(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program;
	libbpf_print_fn_t print;
	int programs = 0, error;

	if (!object)
		return refused(path, -errno);
	bpf_object__for_each_program(program, object)
	{
		if (programs == MAX_PROGRAMS)
			break;
		bpf_program__set_log_level(program, LOG_STATISTICS);
		bpf_program__set_log_buf(program, logs[programs++], LOG_BYTES);
	}
	print = libbpf_set_print(NULL);
	error = bpf_object__load(object);
	libbpf_set_print(print);
	if (error) {
		bpf_object__close(object);
		return explain(path);
	}
	programs = 0;
	bpf_object__for_each_program(program, object)
	{
		if (programs == MAX_PROGRAMS)
			break;
		report(path, program, logs[programs++]);
	}
	bpf_object__close(object);
	return 0;
}

int main(int count, char **paths)
{
	int status = 0;

	for (int i = 1; i < count; i++)
		if (load(paths[i]))
			status = 1;
	return status;
}
