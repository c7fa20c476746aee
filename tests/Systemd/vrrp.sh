#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# vrrp.sh PENSTOCK: under systemd (see run), the shipped units: whose keepalived is whose, and what moves the address when units stop, restart and die.
. "$(dirname "$0")/host.sh"
vip=10.8.0.100

shown() { ip address show edge; }
has() { ip -4 address show edge | grep -q "inet $vip/"; }
pid() { cat /run/penstock/keepalived/edge/keepalived.pid; }
role() { penstock status -o json | grep -q "\"role\": *\"$1\""; }
losses() { grep -c "Deleted.* $vip/" /run/moves || true; }

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
