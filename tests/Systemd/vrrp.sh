#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# vrrp.sh PENSTOCK: under systemd (see run), the shipped units: whose keepalived is whose, and what moves the address when units stop, restart and die.
set -euo pipefail
binary=$(realpath "$1")
units=$(realpath "$(dirname "$0")/../../systemd")
vip=10.8.0.100

fail() {
  echo "FAILED: $*"
  ip address show edge || true
  journalctl --no-pager -n 60 -u penstock -u 'penstock-keepalived*' || true
  exit 1
}
await() { # SECONDS WHAT COMMAND...
  local left=$(($1 * 10)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $((left--)) -gt 0 ] || fail "waited for: $what"
    sleep 0.1
  done
  echo "ok: $what"
}
has() { ip -4 address show edge | grep -q "inet $vip/"; }
has_not() { ! has; }
pid() { cat /run/penstock/keepalived/edge/keepalived.pid; }
role() { penstock status -o json | grep -q "\"role\": *\"$1\""; }
losses() { grep -c "Deleted.* $vip/" /run/moves || true; }

install -m 755 "$binary" /usr/bin/penstock
install -D -m 644 -t /usr/lib/penstock/bpf "$(dirname "$binary")"/bpf/*.o
install -m 644 -t /etc/systemd/system "$units"/*.service "$units"/*.socket
systemd-sysusers "$units"/sysusers.d/*.conf
systemd-tmpfiles --create "$units"/tmpfiles.d/*.conf
systemctl daemon-reload

ip netns add other
ip link add edge type veth peer name eth0 netns other
ip address add 10.8.0.11/24 dev edge
ip link set edge up
ip -n other address add 10.8.0.1/24 dev eth0
ip -n other link set eth0 up
cat >/etc/penstock/penstock.yaml <<'YAML'
node: lb1
keepalived: {restart_grace: 6s, dead_after: 8s}
vrrp:
  - {name: edge, interface: edge, router_id: 51, priority: 150, advert_interval: 100ms, peers: [10.8.0.12], addresses: [10.8.0.100/24]}
l4:
  engine: xdp
  attach: generic
  interface: edge
  services:
    - {name: web, listen: "tcp://10.8.0.100:80", forwarding: dsr-ipip, backends: [10.8.0.1]}
YAML
sysctl -q net.ipv4.conf.all.forwarding=1
ip monitor address >/run/moves &

systemctl start penstock || fail "penstock does not start"
await 30 "the address is there" has
await 30 "status says MASTER" role master
grep -q 'penstock-keepalived@' "/proc/$(pid)/cgroup" || fail "keepalived is in $(cat "/proc/$(pid)/cgroup")"
[ "$(stat -c %U "/proc/$(pid)")" = penstock ] || fail "keepalived runs as $(stat -c %U "/proc/$(pid)")"
first=$(pid)

systemctl restart penstock || fail "penstock does not restart"
await 30 "status says MASTER after a restart" role master
systemctl kill --signal KILL --kill-whom main penstock
sleep 2
await 30 "status says MASTER after kill -9" role master
[ "$(losses)" = 0 ] || fail "the address went away $(losses) times over a restart and a kill -9"
[ "$(pid)" = "$first" ] || fail "keepalived is another"
echo "ok: no restart moved the address"
penstock status >/run/status || fail "no status"
grep -i 'may not run its checks' /run/status && fail "keepalived runs no scripts"

systemctl stop penstock
has || fail "a stop took the address at once"
await 30 "the address is given up when the restart does not come" has_not
[ "$(losses)" -ge 1 ] || fail "what counts losses has not seen this one"
kill -0 "$(pid)" || fail "keepalived has ended with penstock"
systemctl start penstock
await 30 "the address is back with penstock" has

systemctl stop 'penstock-keepalived@*'
await 30 "the address goes with the keepalived that is stopped" has_not
await 30 "penstock has started another" has
[ "$(pid)" != "$first" ] || fail "keepalived is the same"
await 30 "status says MASTER of it" role master

systemctl kill --signal KILL --kill-whom all 'penstock-keepalived@*'
await 30 "the address goes with the keepalived that is killed" has_not
await 30 "and comes with the next" has

systemctl stop penstock-keepalived.socket 'penstock-keepalived@*'
await 30 "no socket, no keepalived" has_not
await 30 "status says that it does not run" sh -c "penstock status | grep -q 'keepalived of edge does not run'"
echo done
