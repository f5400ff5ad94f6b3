# Runs vagrant/pktgen.sh in the guest over a veth pair and prints, for tshark's
# view of the far end, one line per packet: frame length, source, destination,
# Ethernet destination, UDP checksum status (1: good).
# usage: pktgen.sh COUNT [OPTION...]
set -e
count=$1
ip link add generator type veth peer name box
ethtool -K generator tx off >/dev/null # let the checksum be filled in before it leaves
sysctl -q -w net.ipv6.conf.all.disable_ipv6=1
ip link set generator up
ip link set box up
capture=/run/pktgen.pcapng
dumpcap -q -i box -f 'udp port 9' -c "$count" -a duration:60 -w $capture 2>/run/dumpcap &
until grep -q ^File: /run/dumpcap; do sleep 0.1; done
shift
sh vagrant/pktgen.sh -c "$count" "$@" generator 02:00:00:00:00:01 fc00:db8:1:0 fc00:db8:2::1 >&2
wait $!
tshark -r $capture -o udp.check_checksum:TRUE -T fields -e frame.len -e ipv6.src -e ipv6.dst \
	-e eth.dst -e udp.checksum.status 2>/dev/null
