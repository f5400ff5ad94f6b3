# Runs /run/vm/command.sh in the guest and carries its output and its exit
# status to the host through named virtio ports: status, stdout, stderr.
busybox=/run/vm/busybox
for tool in modprobe insmod rmmod lsmod depmod; do $busybox ln -s busybox /run/vm/$tool; done
$busybox ip link set lo up
echo /run/vm/modprobe >/proc/sys/kernel/modprobe

port() {
	for entry in /sys/class/virtio-ports/*; do
		[ "$($busybox cat "$entry/name")" = "$1" ] && echo "/dev/${entry##*/}"
	done
}

# A port can be opened once, while a command may open /dev/stdout again: pipes between.
for stream in stdout stderr; do
	$busybox mkfifo /run/vm/$stream
	$busybox cat /run/vm/$stream >"$(port $stream)" &
	eval "$stream=\$!"
done
exec 3>"$(port status)"
echo booted >&3
(
	exec 3>&-
	. /run/vm/command.sh
	exec /usr/bin/env -- "$@" # busybox's own exec would prefer its applets to the host's programs
) </dev/null >/run/vm/stdout 2>/run/vm/stderr
status=$?

# What the command left behind may hold the pipes open: wait 5 seconds for their end, no longer.
tries=0
while [ $tries -lt 50 ] && { [ -d /proc/$stdout ] || [ -d /proc/$stderr ]; }; do
	$busybox usleep 100000
	tries=$((tries + 1))
done
echo "exit $status" >&3
$busybox reboot -f
