#!/bin/sh
# Addresses of a Vagrant machine: links.sh router|generator. Safe to repeat.
set -eu
site=eth1 provider=eth2

up() { # INTERFACE ADDRESS...
	interface=$1
	shift
	ip link set "$interface" up
	for address in "$@"; do ip address replace "$address" dev "$interface" nodad; done
}

case ${1:-} in
router)
	sysctl -q -w net.ipv6.conf.all.forwarding=1
	up $site fc00:db8:1::1/64
	up $provider 2001:db8:11::2/64
	# An XDP program sees packets one by one, with their VLAN tags.
	for interface in $site $provider; do ethtool -K $interface lro off gro off rxvlan off 2>/dev/null || true; done
	;;
generator)
	up $site fc00:db8:1::2/64
	up $provider 2001:db8:11::1/64
	;;
*)
	echo "usage: links.sh router|generator" >&2
	exit 2
	;;
esac
