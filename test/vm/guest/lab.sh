# Runs test/vm/guest/$1.ts in the guest, with what labs need of the kernel there at once. As in
# data-path.sh, a Node that dies of a signal has tested nothing and is run again; three times at most.
set -e
LAST_EXIT_CODE=128 # above it: the number of the signal that ended the process
echo "kernel $(uname -r)"
for module in veth bridge 8021q esp6 xfrm_user ip6_tunnel; do modprobe $module; done
for attempt in 1 2 3 4; do
	status=0
	node "test/vm/guest/$1.ts" || status=$?
	[ "$status" -gt $LAST_EXIT_CODE ] || break
	echo "node died of signal $((status - LAST_EXIT_CODE)), attempt $attempt"
done
exit "$status"
