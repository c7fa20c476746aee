#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# deb.sh PENSTOCK: under systemd (see run): the Debian package of this program is installed, configured, upgraded, removed and purged, by apt, as on a host.
. "$(dirname "$0")/await.sh"
export PENSTOCK_BINARY DEBIAN_FRONTEND=noninteractive
PENSTOCK_BINARY=$(realpath "$1")
build=$(realpath "$(dirname "$0")/../../packaging/deb/build")
packages=/run/packages pins=/sys/fs/bpf/penstock

shown() { cat /run/said 2>/dev/null; }
is() { # WHAT COMMAND...
  local what=$1
  shift
  "$@" >/dev/null 2>&1 || fail "not so: $what"
  echo "ok: $what"
}
not() { ! "$@"; }
none() { # PATH...
  local path
  for path; do [ ! -e "$path" ] || return 1; done
}
apt() { apt-get -q -y -o Dpkg::Use-Pty=0 --no-install-recommends "$@" >/run/said 2>&1; }
said() { grep -q -- "$1" /run/said; }
answers() { [ "$(curl -s -m 5 "http://127.0.0.1:$1/")" = "$2" ]; }
pid() { systemctl show --value -p MainPID penstock; }
has() { ip -o address show "$1" | grep -q " $2/"; }
number() { bpftool "$1" show pinned "$2" | sed -n '1s/:.*//p'; }
kept() { echo "link $(number link $pins/links/edge), flows $(number map $pins/maps-v*/flows), keepalived $(cat /run/penstock/keepalived/edge/keepalived.pid), BIRD $(cat /run/penstock/bird/bird.pid)"; }
files() { find /etc /usr /var -xdev -path /var/tmp -prune -o -name '*penstock*' -print | sort; }
l7() { # LISTENERS: a configuration of listeners, which answer what they are called
  printf 'node: lb1\nl7:\n  access_log: {path: /var/log/penstock/access.log}\n  listeners:\n'
  for one in "$@"; do printf '    - {name: %s, bind: "127.0.0.1:%s", routes: %s}\n' "${one%:*}" "${one#*:}" "${one%:*}"; done
  printf '  routes:\n'
  for one in "$@"; do printf '    %s: [{respond: {status: 200, body: %s}}]\n' "${one%:*}" "${one%:*}"; done
}

rm -f /usr/sbin/policy-rc.d
mount -t tmpfs none "$(dirname "$(readlink -f "$(command -v dotnet || echo /usr/share/dotnet/dotnet)")")" 2>/dev/null || true # none is needed
ip link set lo up
rm -rf /var/lib/penstock # of daemons that have run on the host of this one
files >/run/before
first=$("$build" -o $packages -z none)
next=$("$build" -o $packages -v 99.0 -z none)

apt install "$first" || fail "the package is not installed"
await 30 "what is shipped runs, and says what to do next" sh -c 'curl -s http://127.0.0.1:8080/ | grep -q "Penstock is running"'
is "it starts with the host" systemctl is-enabled penstock.service
is "it runs as its user" [ "$(stat -c %U "/proc/$(pid)")" = penstock ]
is "its own check takes the file" penstock check
man -w penstock penstock-status penstock.yaml >/dev/null || fail "no manual"

l7 one:8081 >/etc/penstock/penstock.yaml
systemctl reload penstock || fail "a good file is refused"
is "a good file counts" answers 8081 one
l7 one:8081 two:8082 | sed 's/routes: two/routes: tow/' >/etc/penstock/penstock.yaml
is "a bad file is refused" not systemctl reload penstock
is "what ran runs on" answers 8081 one
is "and nothing of the bad file" not answers 8082 two
before=$(pid)
apt install "$next" || fail "an upgrade does not go through beside a bad file"
is "an upgrade names what a bad file lacks" said tow
is "an upgrade leaves the daemon be that a bad file would keep from starting" [ "$(pid)" = "$before" ]
apt install --allow-downgrades "$first" || fail "no way back"

l7 one:8081 >/etc/penstock/penstock.yaml
systemctl reload penstock || fail "a good file is refused"
is "there is something to rotate" answers 8081 one
logrotate -f /etc/logrotate.d/penstock || fail "logrotate does not take its file"
python3 "$(dirname "$0")/load.py" 127.0.0.1 8081 /run/end >/run/load &
load=$!
sleep 1
apt install "$next" || fail "an upgrade under load does not go through"
apt install --allow-downgrades "$first" || fail "no way back under load"
sleep 1
touch /run/end
wait $load
is "an upgrade, and one back, lose no request: $(cat /run/load)" grep -q ' 0 refused, 0 failed' /run/load
await 20 "a log that is rotated is begun anew" sh -c 'curl -s http://127.0.0.1:8081/ && test -s /var/log/penstock/access.log && test -s /var/log/penstock/access.log.1'

ip netns add other
for name in edge real; do
  ip link add $name type veth peer name $name netns other
  ip link set $name up
  ip -n other link set $name up
done
ip address add 10.8.0.11/24 dev edge
ip address add 10.9.0.11/24 dev real
sysctl -q net.ipv4.conf.all.forwarding=1
cat >/etc/penstock/penstock.yaml <<'YAML'
node: lb1
vrrp:
  - {name: edge, interface: edge, router_id: 51, priority: 150, advert_interval: 100ms, peers: [10.8.0.12], addresses: [10.8.0.100/24]}
bgp: {asn: 65010, router_id: 10.8.0.11, addresses: [203.0.113.10], neighbors: [{name: tor, address: 10.8.0.1, asn: 65000}]}
l4:
  engine: xdp
  attach: generic
  interface: edge
  services:
    - {name: web, listen: "tcp://10.8.0.100:80", forwarding: dsr-ipip, backends: [10.8.0.1]}
YAML
systemctl restart penstock || fail "it does not restart with addresses"
await 30 "VRRP has its address" has edge 10.8.0.100
await 30 "BGP has its address" has lo 203.0.113.10
await 30 "a program is in the kernel" sh -c 'ip -d link show edge | grep -q prog/xdp'
ip monitor address dev edge >/run/moves &
before=$(pid) held=$(kept)
apt install "$next" || fail "the upgrade does not go through"
is "the upgrade is there" [ "$(dpkg-query -W -f '${Version}' penstock)" = 99.0 ]
is "another daemon runs" [ "$(pid)" != "$before" ]
await 30 "and is ready" systemctl is-active penstock.service
is "an upgrade keeps the data plane ($held)" [ "$(kept)" = "$held" ]
is "an upgrade moves no address" not grep -q '^Deleted.* 10.8.0.100/' /run/moves
is "the file of before counts" grep -q 'router_id: 51' /etc/penstock/penstock.yaml

# No udev here, so no units of devices to bind to.
sed '/^BindsTo=/d; /^After=/d' /lib/systemd/system/penstock-decap@.service >/etc/systemd/system/penstock-decap@.service
systemctl daemon-reload
systemctl start penstock-decap@real || fail "a tunnel's end does not start"
is "a tunnel's end is in the kernel" sh -c 'ip -d link show real | grep -q prog/xdp'
rm /etc/systemd/system/penstock-decap@.service

echo '# mine' >/etc/penstock/conf.d/mine.yaml
apt remove penstock || fail "it is not removed"
sed -n 's/^penstock: /said: /p' /run/said
is "nothing has VRRP's address" not has edge 10.8.0.100
is "nothing has BGP's address" not has lo 203.0.113.10
is "no program is on an interface" not sh -c 'ip -d link show | grep prog/xdp'
is "nothing is pinned" none $pins $pins-decap
is "nothing runs as its user" not pgrep -u penstock
is "nothing is in /run" none /run/penstock /run/penstock-keepalived.sock /run/penstock-bird.sock
is "it is said what was taken away" said '10.8.0.100/24 of edge'
is "and the program of the L4 tier" said 'XDP program of edge'
is "and a tunnel's end" said 'XDP program of real'
is "the configuration stays" ls /etc/penstock/penstock.yaml /etc/logrotate.d/penstock /var/lib/penstock /var/log/penstock

apt purge penstock || fail "it is not purged"
is "a file that an operator has made stays" ls /etc/penstock/conf.d/mine.yaml
rm -r /etc/penstock
files >/run/after
diff /run/before /run/after || fail "left behind, above"
is "its account is gone" not getent passwd penstock
is "no unit is left" not sh -c 'systemctl list-unit-files --no-legend | grep penstock'
echo done
