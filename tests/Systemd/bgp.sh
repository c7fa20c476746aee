#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bgp.sh PENSTOCK: under systemd (see run), the shipped units: whose BIRD is whose, and what withdraws the address when units stop, restart and die. The router is another BIRD.
. "$(dirname "$0")/host.sh"
vip=203.0.113.10

shown() { cat /run/router.log; }
has() { birdc -s /run/router.ctl show route for $vip | grep -q "^$vip/32"; }
pid() { cat /run/penstock/bird/bird.pid; }
alive() { kill -0 "$1"; }
is_new() { local now; now=$(pid) && [ "$now" != "$1" ] && alive "$now"; }
losses() { grep -c "> removed .*$vip/32" /run/router.log || true; }
downs() { grep -c "State changed to down" /run/router.log || true; }
says() { penstock status | grep -q -- "$1"; }

cat >/run/router.conf <<'CONF'
log "/run/router.log" all;
router id 10.8.0.1;
debug protocols { states, routes };
protocol device {
}
protocol bgp lb1 {
  local 10.8.0.1 as 65000;
  neighbor 10.8.0.11 as 65010;
  connect retry time 1;
  error wait time 1, 2;
  ipv4 {
    import all;
    export none;
  };
}
CONF
nsenter --net=/run/netns/other bird -c /run/router.conf -s /run/router.ctl -P /run/router.pid
cat >/etc/penstock/penstock.yaml <<'YAML'
node: lb1
bird: {restart_grace: 6s, dead_after: 8s}
bgp:
  asn: 65010
  router_id: 10.8.0.11
  addresses: [203.0.113.10]
  neighbors: [{name: tor, address: 10.8.0.1, asn: 65000, source: 10.8.0.11}]
l4:
  engine: xdp
  attach: generic
  interface: edge
  services:
    - {name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-ipip, backends: [10.8.0.1]}
YAML

systemctl start penstock || fail "penstock does not start"
await 60 "the router has the address" has
await 30 "status says that it is announced" says "^203.0.113.10 *yes"
grep -q 'penstock-bird@' "/proc/$(pid)/cgroup" || fail "BIRD is in $(cat "/proc/$(pid)/cgroup")"
[ "$(stat -c %U "/proc/$(pid)")" = penstock ] || fail "BIRD runs as $(stat -c %U "/proc/$(pid)")"
first=$(pid) gone=$(losses) ended=$(downs)

systemctl restart penstock || fail "penstock does not restart"
await 30 "status says so after a restart" says "^203.0.113.10 *yes"
systemctl kill --signal KILL --kill-whom main penstock
sleep 2
await 30 "status says so after kill -9" says "^203.0.113.10 *yes"
sleep 10 # longer than the lease of the one that was killed
[ "$(losses)" = "$gone" ] || fail "the address was withdrawn over a restart and a kill -9"
[ "$(downs)" = "$ended" ] || fail "the session ended over a restart and a kill -9"
[ "$(pid)" = "$first" ] || fail "BIRD is another"
echo "ok: no restart withdrew the address"

systemctl stop penstock
has || fail "a stop withdrew the address at once"
await 30 "the address is withdrawn when the restart does not come" has_not
[ "$(losses)" -gt "$gone" ] || fail "what counts losses has not seen this one"
alive "$first" || fail "BIRD has ended with penstock"
[ "$(downs)" = "$ended" ] || fail "the session ended with penstock"
systemctl start penstock
await 30 "the address is back with penstock" has

systemctl kill --signal KILL --kill-whom all 'penstock-bird@*'
await 30 "another BIRD is started for the one that is killed" is_new "$first"
await 60 "and the address comes with it" has
second=$(pid)
grep -q 'penstock-bird@' "/proc/$second/cgroup" || fail "BIRD is in $(cat "/proc/$second/cgroup")"

systemctl stop 'penstock-bird@*'
await 30 "another BIRD is started for the one that is stopped" is_new "$second"
await 60 "the address is back with it" has

systemctl stop penstock-bird.socket 'penstock-bird@*'
await 30 "no socket, no BIRD, no address" has_not
await 30 "status says that it does not run" says "bird does not run"
systemctl start penstock-bird.socket
await 60 "with the socket all is back" has
echo done
