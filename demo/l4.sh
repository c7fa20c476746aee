#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The L4 part of the demo, in namespaces of its own: a client, a balancer (XDP, dsr-ipip) and two real servers (nginx, `penstock decap`).
# The daemon is killed under load, a server is drained and removed. Exits 1 if a single request failed; where the host can't, says why and shows engine userspace.
set -euo pipefail
cd "$(dirname "$0")"
source ./common.sh
vip=203.0.113.10
id=pd$$
reload_time=""

take_away() {
  for pins in pins origin-1 origin-2; do "$penstock" detach --pins "$dir/$pins" >/dev/null 2>&1 || true; done
  for host in w c b s1 s2; do ip netns del $id$host 2>/dev/null || true; done
}

not_shown() {
  echo "L4 in the kernel is not shown: $*"
  clean_up
  exec ./l4-userspace.sh
}
on() { local host=$1; shift; nsenter --net="/run/netns/$id$host" "$@"; }

# Starts a program on a host; its output goes to a file of that name.
start() {
  local name=$1 host=$2
  shift 2
  nsenter --net="/run/netns/$id$host" "$@" >"$dir/$name.out" 2>&1 &
  pid[$name]=$!
}

# A host with one interface on the link.
attach_host() {
  local host=$1 device=$2 address=$3 mtu=$4
  ip link add "$device" netns $id"$host" mtu "$mtu" type veth peer name "w$device" mtu "$mtu" netns ${id}w
  on "$host" ip addr add "$address/24" dev "$device"
  on "$host" ethtool -K "$device" tx off rx off >/dev/null
  on w ethtool -K "w$device" tx off rx off >/dev/null
  on w ip link set "w$device" master link0 up
  on "$host" ip link set "$device" up
}

start_server() {
  local host=$1 name=$2
  on "$host" sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2 net.ipv4.conf.all.rp_filter=0
  on "$host" ip addr add $vip/32 dev lo
  sed "s|127.0.0.1:@PORT@|$vip:80|; s|@DIR@|$dir|; s|@NAME@|$name|g" origin.conf >"$dir/$name.conf"
  start "$name" "$host" nginx -c "$dir/$name.conf"
  on "$host" "$penstock" decap --interface "$host" --pins "$dir/$name" >"$dir/decap.log" 2>&1 || not_shown "$(sed 's/^penstock: //' "$dir/decap.log" | head -1)"
}

configure() { sed "s|/tmp/penstock-demo/|$dir/|" l4.yaml | sed "$1" >"$dir/next.yaml" && mv "$dir/next.yaml" "$dir/l4.yaml"; }

start_balancer() {
  start penstock b "$penstock" run --config "$dir/l4.yaml"
  for _ in $(seq 100); do
    grep -q 'ready: generation' "$dir/penstock.out" && return
    sleep 0.1
  done
  cat "$dir/penstock.out" >&2
  die "the balancer is not ready after 10 s"
}

# Puts load on for some seconds, connections kept and one for each request; runs an event in the middle of it.
phase() {
  local title=$1 seconds=$2 event=$3 word
  for word in keep-alive close; do
    start $word c wrk -t1 -c8 -d"${seconds}s" --timeout 5s -s traffic.lua http://$vip -- $word
  done
  sleep 1
  $event
  tally "$title" 2
}

kill_daemon() {
  kill -9 "${pid[penstock]}"
  wait "${pid[penstock]}" 2>/dev/null || true
  sleep 1
  start_balancer
}

reload() {
  configure "$1"
  "$penstock" reload --socket "$dir/l4.sock" >"$dir/reload.log" 2>&1 || { cat "$dir/reload.log" >&2; die "the reload was refused"; }
  reload_time=$(sed -n 's/.* runs, //p' "$dir/reload.log")
}

drain() { reload 's|10.99.0.12\]|{address: 10.99.0.12, state: drain}]|'; }

[ "$(id -u)" -eq 0 ] || not_shown "namespaces and BPF take root"
for tool in ip nsenter ethtool sysctl clang; do command -v $tool >/dev/null || not_shown "$tool is missing"; done
for host in w c b s1 s2; do ip netns add $id$host 2>"$dir/netns.log" || not_shown "$(head -1 "$dir/netns.log")"; done
# On the other end of a veth pair some program has to be: without it, what XDP sends back is lost.
clang -O2 -target bpf -I/usr/include/"$(uname -m)"-linux-gnu -c ../tests/Penstock.Netns.Tests/Harness/pass.bpf.c -o "$dir/pass.o"
on w ip link add link0 mtu 1560 type bridge
on w ip link set link0 up
attach_host c c0 10.99.0.2 1500
attach_host b b0 10.99.0.10 1560
attach_host s1 s1 10.99.0.11 1560
attach_host s2 s2 10.99.0.12 1560
on w ip link set dev wb0 xdp obj "$dir/pass.o" sec xdp/pass 2>"$dir/xdp.log" || not_shown "$(head -1 "$dir/xdp.log")"
on b sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0
on c ip route add $vip/32 via 10.99.0.10
start_server s1 origin-1
start_server s2 origin-2
configure ''
start_balancer

printf '%-32s %9s %9s %9s %9s\n' "L4, in the kernel" requests failures origin-1 origin-2
phase "two real servers" 3 true
phase "daemon killed (-9) under load" 4 kill_daemon
phase "origin-2 drains under load" 3 drain
reload 's|, 10.99.0.12\]|]|'
phase "origin-2 is removed" 2 true

echo
on b "$penstock" explain packet --socket "$dir/l4.sock" --src 10.99.0.2:40000 --dst $vip:80
echo
echo "the reload took $reload_time; $failures of $requests requests failed"
[ "$failures" -eq 0 ]
