#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# guest.sh: lays out the hosts of tests/Penstock.Vm.Tests/lab in the virtual machine, each director by a network card of its own, and measures the ways to rs1 (guest.py).
# The directors: lb with IPVS, lb2 with XDP, rt that only routes. All hold their services without a daemon while it is measured.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export PATH=$here/../../tests/Penstock.Vm.Tests/lab:$here/../../out:$PATH
VIP=203.0.113.10

wire() { # NAME CARD ADDRESS...: puts a host's eth0 on a wire to the bridge
  local name=$1 card=$2 address
  shift 2
  ip -n "$name" link delete eth0 2>/dev/null || true
  ip link set "card$((card + 1))" master br0 mtu 1600 up
  ip link set "card$card" netns "$name" name eth0 mtu 1600
  ip -n "$name" link set eth0 up
  for address; do ip -n "$name" addr add "$address" dev eth0; done
}

configure() { # HOST ENGINE KEYS-OF-ALL KEYS-OF-NAT
  {
    printf 'node: %s\nadmin: {socket: /run/%s.sock}\nl4:\n  engine: %s\n  %s\n  services:\n' "$1" "$1" "$2" "$3"
    local port=1 way keys=$4
    for way in nat dsr-l2 dsr-ipip; do
      for protocol in tcp:700 udp:900; do
        printf '    - {name: %s-%s, listen: "%s://%s:%s%s", forwarding: %s, %sbackends: [10.0.0.11]}\n' "$way" "${protocol%:*}" "${protocol%:*}" $VIP "${protocol#*:}" $port $way "$keys"
      done
      keys=
      port=$((port + 1))
    done
  } >"/run/$1.yaml"
}

for card in 0 1 2 3 4 5; do ip link set eth$card name card$card; done
lab up
ip netns add rt
ip -n rt link set lo up
wire lb 0 198.51.100.1/24 10.0.0.1/24
wire lb2 2 198.51.100.3/24 10.0.0.3/24
wire rt 4 198.51.100.4/24 10.0.0.4/24
ip netns exec rt sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0
ip -n rt route add $VIP via 10.0.0.11
ip -n rs1 rule add from $VIP to 198.51.100.0/24 table 7
# No segment is left to a card to finish.
for name in c rs1; do
  ethtool -K "$name" tx off rx off gro off >/dev/null
  ip netns exec "$name" ethtool -K eth0 tx off rx off gro off >/dev/null
done
for name in lb lb2 rt; do ip netns exec "$name" ethtool -K eth0 gro off >/dev/null; done
ip netns exec c sysctl -qw net.ipv4.tcp_tw_reuse=1 net.ipv4.ip_local_port_range='10000 64999'

mkdir -p /run/bpf /run/nginx
mount -t bpf bpf /run/bpf
configure lb ipvs 'ipvs: {state: /run/lb.services}' ''
configure lb2 xdp 'interface: eth0
  pins: /run/bpf/lb2
  flows_per_cpu: 65536' 'source: 10.0.0.3, '
lab start /run/lb.yaml lb
lab start /run/lb2.yaml lb2
lab stop lb
lab stop lb2

cat >/run/nginx.conf <<'END'
worker_processes 1;
daemon off;
pid /run/nginx/pid;
error_log stderr;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_timeout 0;
  client_body_temp_path /run/nginx/body;
  proxy_temp_path /run/nginx/proxy;
  fastcgi_temp_path /run/nginx/fastcgi;
  uwsgi_temp_path /run/nginx/uwsgi;
  scgi_temp_path /run/nginx/scgi;
  server {
    listen 7001 backlog=1024; listen 7002 backlog=1024; listen 7003 backlog=1024;
    location / { return 200 "hello\n"; }
  }
}
END
ip netns exec rs1 nginx -c /run/nginx.conf -e stderr &
exec python3 "$here/guest.py" "$@"
