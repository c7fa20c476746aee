# SPDX-License-Identifier: Apache-2.0
# Sourced by tests that run under systemd (see run), with PENSTOCK as their first argument: puts the binary and the shipped units in place, and makes a host "other",
# 10.8.0.1, at the other end of this one's interface "edge", 10.8.0.11. Its caller says by has whether the address is where it belongs, and by shown what is worth
# seeing of a failure.
. "$(dirname "${BASH_SOURCE[0]}")/await.sh"
binary=$(realpath "$1")
units=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../../systemd")

has_not() { ! has; }

install -m 755 "$binary" /usr/bin/penstock
install -D -m 644 -t /usr/lib/penstock/bpf "$(dirname "$binary")"/bpf/*.o
install -m 644 -t /etc/systemd/system "$units"/*.service "$units"/*.socket
systemd-sysusers "$units"/sysusers.d/*.conf
systemd-tmpfiles --create "$units"/tmpfiles.d/*.conf
systemctl daemon-reload

ip netns add other
ip link set lo up
ip link add edge type veth peer name eth0 netns other
ip address add 10.8.0.11/24 dev edge
ip link set edge up
ip -n other address add 10.8.0.1/24 dev eth0
ip -n other link set lo up
ip -n other link set eth0 up
sysctl -q net.ipv4.conf.all.forwarding=1
