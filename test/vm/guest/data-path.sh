# What `npm run vm -- VERSION` runs in the guest: $1 loads both XDP programs and
# reports what they cost the verifier; then the data-path tests run, a process a file.
# Node itself dies of SIGSEGV in a few of a hundred processes under QEMU's emulation
# (measured with two trees, before any test began): such a process has tested nothing
# and is run again, three times at most. A test that fails is never repeated.
set -e
SEGMENTATION_FAULT=139
echo "kernel $(uname -r)"
"$1" bpf/build/*.bpf.o
result=0
for file in test/bpf/*.test.ts; do
	for attempt in 1 2 3 4; do
		status=0
		node "$file" || status=$?
		[ "$status" -eq $SEGMENTATION_FAULT ] || break
		echo "$file: node died of SIGSEGV, attempt $attempt"
	done
	[ "$status" -eq 0 ] || result=1
done
exit $result
