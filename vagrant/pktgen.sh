#!/bin/sh
# Offer a P-SHIM6 box the smallest load packets: IPv6 UDP, 64 octets (78 with
# Ethernet), as fast as the interface takes them, from the kernel's pktgen.
#
# pktgen itself draws only IPv6 destinations at random. So this script draws the
# sources, one pktgen flow each, spread over the processors.
set -eu

usage() {
	cat <<-END
	usage: pktgen.sh [-c COUNT] [-s SOURCES] [-r] INTERFACE MAC NETWORK DESTINATION

	  INTERFACE    where the packets leave
	  MAC          of the box: the Ethernet destination
	  NETWORK      the /64 that sources are drawn from, its first four groups: fc00:db8:1:0
	  DESTINATION  IPv6 address
	  -c COUNT     packets in all (default 1000000, at most 1000000000)
	  -s SOURCES   different source addresses (default 64, at most 1024)
	  -r           draw the last 16 bits of DESTINATION at random for every packet
	END
	exit 2
}
fail() { echo "pktgen.sh: $*" >&2; exit 1; }
number() { # NAME VALUE LIMIT
	case $2 in '' | *[!0-9]* | 0* | ???????????*) fail "$1 is a number from 1 to $3, not '$2'" ;; esac
	[ "$2" -le "$3" ] || fail "$1 is at most $3"
}

count=1000000 sources=64 random=
while getopts c:s:r option; do
	case $option in
	c) count=$OPTARG ;;
	s) sources=$OPTARG ;;
	r) random=yes ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ $# = 4 ] || usage
interface=$1 mac=$2 network=$3 destination=$4
number COUNT "$count" 1000000000
number SOURCES "$sources" 1024
[ "$sources" -le "$count" ] || fail "SOURCES is at most COUNT"
[ "$(id -u)" = 0 ] || fail "needs root"
[ -e "/sys/class/net/$interface" ] || fail "no interface $interface"

pktgen=/proc/net/pktgen
loaded=
[ -d $pktgen ] || { modprobe pktgen || fail "this kernel has no pktgen module"; loaded=yes; }
processors=$(ls $pktgen | grep -c '^kpktgend_')

set_device() { # FLOW SETTING...
	flow=$1
	shift
	echo "$*" 2>/dev/null >"$pktgen/$flow" || fail "pktgen refuses '$*' for $flow"
}
clean() {
	for thread in $pktgen/kpktgend_*; do echo rem_device_all >"$thread" || true; done
	[ -z "$loaded" ] || rmmod pktgen || true
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

for thread in $pktgen/kpktgend_*; do echo rem_device_all >"$thread"; done
index=0
while [ $index -lt "$sources" ]; do
	flow=$interface@$index
	echo "add_device $flow" 2>/dev/null >"$pktgen/kpktgend_$((index % processors))" || fail "pktgen refuses $interface"
	# The first flows take what does not divide evenly.
	set_device "$flow" count $((count / sources + (index < count % sources)))
	set_device "$flow" pkt_size 78
	set_device "$flow" delay 0
	set_device "$flow" dst_mac "$mac"
	set_device "$flow" src6 "$network$(od -An -N8 -tx2 /dev/urandom | tr ' ' :)"
	if [ -n "$random" ]; then
		# pktgen's draw: (random | min) & max
		set_device "$flow" dst6_max "${destination%:*}:ffff"
		set_device "$flow" dst6_min "${destination%:*}:0"
	else
		set_device "$flow" dst6 "$destination"
	fi
	set_device "$flow" udp_dst_min 9 # discard
	set_device "$flow" udp_dst_max 9
	set_device "$flow" flag UDPCSUM
	index=$((index + 1))
done

begin=$(date +%s%N)
echo start >$pktgen/pgctrl
end=$(date +%s%N)

total() { # COUNTER
	cat "$pktgen/$interface@"* | sed -n "s/.*$1: *\([0-9][0-9]*\).*/\1/p" | awk '{ sum += $1 } END { print sum + 0 }'
}
sent=$(total pkts-sofar)
errors=$(total errors)
awk -v sent="$sent" -v errors="$errors" -v sources="$sources" -v time=$((end - begin)) 'BEGIN {
	printf "%d packets of 64 octets from %d sources in %.2f s: %.0f packets/s, %d refused by the interface and sent again\n",
		sent, sources, time / 1e9, sent / (time / 1e9), errors }'
[ "$sent" = "$count" ] || fail "sent $sent of $count packets"
