# What `npm run vm -- VERSION` runs in the guest: $1 loads both XDP programs and
# reports what they cost the verifier; then the data-path tests run.
set -e
echo "kernel $(uname -r)"
"$1" bpf/build/*.bpf.o
exec node --test 'test/bpf/*.test.ts'
