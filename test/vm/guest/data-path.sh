# What `npm run vm -- VERSION` runs in the guest: $1 loads both XDP programs and
# reports what they cost the verifier; then the data-path tests run, all in one
# process, as most of what a process costs under emulation is its start, and to
# load the programs.
# Node itself dies in a few of a hundred processes under QEMU's emulation, of SIGSEGV or
# of a failed check in V8's table of compiled code (SIGTRAP): such a process has judged
# nothing and is run again, three times at most. A test that fails is never repeated.
set -e
LAST_EXIT_CODE=128 # above it: the number of the signal that ended the process
echo "kernel $(uname -r)"
"$1" bpf/build/*.bpf.o
for attempt in 1 2 3 4; do
	status=0
	node --test --test-isolation=none --test-reporter=spec test/bpf/*.test.ts || status=$?
	[ "$status" -gt $LAST_EXIT_CODE ] || break
	echo "node died of signal $((status - LAST_EXIT_CODE)), attempt $attempt"
done
exit "$status"
