#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# deb.sh [-s] PACKAGE...: under systemd (see package, which builds them): a Debian package is installed, configured, upgraded to the next version, killed, removed and purged, as on a host, by apt
# and without a network. The daemon carries services by engine xdp and, where the kernel has IPVS, by engine ipvs too. Each package is of a version after the one before; there are four.
# -s: the processor is emulated, some thirty times slower: a start has more time, the runtime compiles nothing twice, less is asked for at once, and the ways back to an older version are left out.
here=$(realpath "$(dirname "$0")")
. "$here/await.sh"
export DEBIAN_FRONTEND=noninteractive
pins=/sys/fs/bpf/penstock vip=10.8.0.100 slow='' start=30s watchdog=8s requests='' connections=flows
if [ "$1" = -s ]; then
  slow=1 start=3min watchdog=15s requests=slow connections=slow-flows
  shift
fi
packages=("$@")

shown() { tail -n 30 /run/said /run/load; } 2>/dev/null
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
held() { # ENGINE: what an upgrade has to leave as it is
  if [ "$1" = xdp ]; then echo "link $(number link $pins/links/edge), flows $(number map $pins/maps-v*/flows)"; else ipvsadm -Sn | sort; fi
  echo "keepalived $(cat /run/penstock/keepalived/edge/keepalived.pid), BIRD $(cat /run/penstock/bird/bird.pid)"
}
files() {
  {
    find /etc /var -xdev -path /var/tmp -prune -o -name '*penstock*' -print
    find /usr -xdev -maxdepth 4 -name '*penstock*' -print -o -path '/usr/share/doc/*' -prune
  } | sort
}
l7() { # LISTENERS: a configuration of listeners, which answer what they are called
  printf 'node: lb1\nl7:\n  access_log: {path: /var/log/penstock/access.log}\n  listeners:\n'
  for one in "$@"; do printf '    - {name: %s, bind: "127.0.0.1:%s", routes: %s}\n' "${one%:*}" "${one#*:}" "${one%:*}"; done
  printf '  routes:\n'
  for one in "$@"; do printf '    %s: [{respond: {status: 200, body: %s}}]\n' "${one%:*}" "${one%:*}"; done
}
l4() { # ENGINE [LINE...]: a configuration of addresses by VRRP and BGP, and a service with two real servers
  cat <<YAML
node: lb1
keepalived: {restart_grace: 2m, dead_after: 2m}
bird: {restart_grace: 2m, dead_after: 2m}
vrrp:
  - {name: edge, interface: edge, router_id: 51, priority: 150, advert_interval: 100ms, peers: [10.8.0.12], addresses: [$vip/24]}
bgp: {asn: 65010, router_id: 10.8.0.11, addresses: [203.0.113.10], neighbors: [{name: tor, address: 10.8.0.1, asn: 65000}]}
l4:
  engine: $1
  services:
    - {name: web, listen: "tcp://$vip:80", forwarding: dsr-l2, backends: [10.8.0.21, 10.8.0.22]}
YAML
  shift
  printf '  %s\n' "$@"
}
host() { # NAME ADDRESS: a host on the link of this one's edge
  ip netns add "$1"
  ip link add eth0 netns "$1" type veth peer name "$1" netns link
  ip -n link link set "$1" master br0 up
  ip -n "$1" address add "$2/24" dev eth0
  ip -n "$1" link set lo up
  ip -n "$1" link set eth0 up
  nsenter --net="/run/netns/$1" ethtool -K eth0 tx off rx off >/dev/null
}
network() { # a client and two real servers, which have the virtual address, on one link with this host's edge; and an interface real
  local name
  ip netns add link
  ip -n link link add br0 type bridge mcast_snooping 0
  ip -n link link set br0 up
  for name in edge real; do
    ip link add $name type veth peer name $name netns link
    ip link set $name up
    ip -n link link set $name up
    nsenter --net=/run/netns/link ethtool -K $name tx off rx off >/dev/null
  done
  ip -n link link set edge master br0
  ethtool -K edge tx off rx off >/dev/null
  ip address add 10.8.0.11/24 dev edge
  ip address add 10.9.0.11/24 dev real
  sysctl -q net.ipv4.conf.all.forwarding=1 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.edge.send_redirects=0
  host client 10.8.0.1
  for name in real1:10.8.0.21 real2:10.8.0.22; do
    host ${name%:*} ${name#*:}
    nsenter --net=/run/netns/${name%:*} sysctl -q net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
    ip -n ${name%:*} address add $vip/32 dev lo
    nsenter --net=/run/netns/${name%:*} python3 -c '
import asyncio
async def serve(reader, writer):
    while request := await reader.readuntil(b"\r\n\r\n"):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none")
        if b"Connection: close" in request:
            return writer.close()
async def main():
    await (await asyncio.start_server(serve, "0.0.0.0", 80, backlog=512)).serve_forever()
asyncio.run(main())' 2>/dev/null &
  done
}
load() { # NAMESPACE ADDRESS PORT [KIND]
  rm -f /run/end
  nsenter --net="$1" python3 "$here/load.py" "$2" "$3" /run/end ${4:-} >/run/load &
  loaded=$!
  sleep 1
}
loaded() { # WHAT PATTERN
  sleep 1
  touch /run/end
  wait $loaded || fail "the load fails"
  grep -q "$2" /run/load || fail "$1: $(cat /run/load)"
  echo "ok: $1: $(cat /run/load)"
}
is_another() { # PID
  local now
  now=$(pid) && [ "$now" != 0 ] && [ "$now" != "$1" ] && systemctl --quiet is-active penstock
}
opened() { [ "$(nsenter --net=/run/netns/client ss -Htn state established dst $vip | wc -l)" -ge 40 ]; }
flows() { # ENGINE PACKAGE: connections to real servers, forty that stay open and new ones, live through an upgrade, a kill -9, and a daemon that stands still
  local engine=$1 package=$2 before held moves none_broken=' 0 refused, 0 failed, .* 40 kept, 0 ended'
  await 60 "VRRP has its address" has edge $vip
  await 60 "BGP has its address" has lo 203.0.113.10
  await 60 "real servers answer a client, by engine $engine" nsenter --net=/run/netns/client curl -s -f -m 2 -o /dev/null http://$vip/
  ip monitor address dev edge >/run/moves &
  moves=$!
  load /run/netns/client $vip 80 $connections
  await 60 "connections are there" opened
  before=$(pid) held=$(held $engine)
  apt install "$package" || fail "an upgrade does not go through"
  is "the upgrade is there" [ "$(dpkg-query -W -f '${Version}' penstock)" = "$(dpkg-deb -f "$package" Version)" ]
  is "another daemon runs, and is ready" is_another "$before"
  is "an upgrade keeps the data plane: $held" [ "$(held $engine)" = "$held" ]
  is "the file of before counts" grep -q 'router_id: 51' /etc/penstock/penstock.yaml
  loaded "an upgrade breaks no connection by engine $engine" "$none_broken"

  load /run/netns/client $vip 80 $connections
  await 60 "connections are there" opened
  before=$(pid)
  kill -9 "$before"
  await 90 "a daemon that is killed is followed by another" is_another "$before"
  before=$(pid)
  kill -STOP "$before"
  await 90 "a daemon that stands still is ended by the watchdog, and followed by another" is_another "$before"
  loaded "neither breaks a connection by engine $engine" "$none_broken"
  is "none of it moves an address" not grep -q "^Deleted.* $vip/" /run/moves
  kill $moves
}
mount -t tmpfs none "$(dirname "$(readlink -f "$(command -v dotnet || echo /usr/share/dotnet/dotnet)")")" 2>/dev/null || true # none is needed
mount -t tmpfs none /var/lib/apt/lists # nothing to download; and to read the lists takes longer than to install
rm -f /var/lib/man-db/auto-update
ip link set lo up
rm -rf /var/lib/penstock # of daemons that have run on the host of this one
[ ! "$slow" ] || for list in /var/lib/dpkg/info/*.list; do echo /. >"$list"; done # dpkg reads the names of all files of a host each time
files >/run/before
mkdir -p /run/systemd/system/penstock.service.d
printf '%s\n' '[Service]' TimeoutStartSec=$start WatchdogSec=$watchdog ${slow:+Environment=DOTNET_TieredCompilation=0} >/run/systemd/system/penstock.service.d/patience.conf

apt install "${packages[0]}" || fail "the package is not installed"
await 60 "what is shipped runs, and says what to do next" sh -c 'curl -s http://127.0.0.1:8080/ | grep -q "Penstock is running"'
is "it starts with the host" systemctl is-enabled penstock.service
is "it runs as its user" [ "$(stat -c %U "/proc/$(pid)")" = penstock ]
is "its own check takes the file" penstock check
man -w penstock penstock-status penstock.yaml >/dev/null || fail "no manual"

l7 one:8081 >/etc/penstock/penstock.yaml
systemctl reload penstock || fail "a good file is refused"
is "a good file counts" answers 8081 one
before=$(pid)
l7 one:8081 two:8082 | sed 's/routes: two/routes: tow/' >/etc/penstock/penstock.yaml
is "a bad file is refused" not systemctl reload penstock
is "what ran runs on" answers 8081 one
is "and nothing of the bad file" not answers 8082 two
is "the journal says where the file is bad" sh -c 'journalctl -u penstock | grep -q "penstock.yaml:[0-9]*:[0-9]*: .*tow"'
is "by the same process" [ "$(pid)" = "$before" ]
if [ ! "$slow" ]; then
  apt install "${packages[1]}" || fail "an upgrade does not go through beside a bad file"
  is "an upgrade names what a bad file lacks" said tow
  is "an upgrade leaves the daemon be that a bad file would keep from starting" [ "$(pid)" = "$before" ]
fi

l7 one:8081 >/etc/penstock/penstock.yaml
systemctl reload penstock || fail "a good file is refused"
is "there is something to rotate" answers 8081 one
logrotate -f /etc/logrotate.d/penstock || fail "logrotate does not take its file"
load /proc/self/ns/net 127.0.0.1 8081 $requests
await 30 "requests are answered" test -s /var/log/penstock/access.log
[ "$slow" ] || apt install --allow-downgrades "${packages[0]}" || fail "no way back under load"
apt install "${packages[1]}" || fail "an upgrade under load does not go through"
systemctl restart penstock || fail "it does not restart"
loaded "an upgrade and a restart lose no request" ' 0 refused, 0 failed'
await 20 "a log that is rotated is begun anew" sh -c 'curl -s http://127.0.0.1:8081/ && test -s /var/log/penstock/access.log && test -s /var/log/penstock/access.log.1'

network
l4 xdp 'attach: generic' 'interface: edge' >/etc/penstock/penstock.yaml
systemctl restart penstock || fail "it does not restart with engine xdp"
is "a program is in the kernel" sh -c 'ip -d link show edge | grep -q prog/xdp'
flows xdp "${packages[2]}"

ipvs=
if modprobe -q ip_vs 2>/dev/null; then
  ipvs=1
  ipvsadm -A -t 10.8.0.11:9 -s rr # of an operator
  l4 ipvs >/etc/penstock/penstock.yaml
  systemctl restart penstock || fail "it does not restart with engine ipvs"
  is "engine xdp has left the kernel" not sh -c 'ip -d link show edge | grep -q prog/xdp'
  flows ipvs "${packages[3]}"
else
  echo "skipped: the kernel has no IPVS"
fi

# No udev here, so no units of devices to bind to.
sed '/^BindsTo=/d; /^After=/d' /lib/systemd/system/penstock-decap@.service >/etc/systemd/system/penstock-decap@.service
systemctl daemon-reload
systemctl start penstock-decap@real || fail "a tunnel's end does not start"
is "a tunnel's end is in the kernel" sh -c 'ip -d link show real | grep -q prog/xdp'
rm /etc/systemd/system/penstock-decap@.service

echo '# mine' >/etc/penstock/conf.d/mine.yaml
apt remove penstock || fail "it is not removed"
sed -n 's/^penstock: /said: /p' /run/said
is "nothing has VRRP's address" not has edge $vip
is "nothing has BGP's address" not has lo 203.0.113.10
is "no program is on an interface" not sh -c 'ip -d link show | grep prog/xdp'
is "nothing is pinned" none $pins $pins-decap
is "nothing runs as its user" not pgrep -u penstock
is "nothing is in /run" none /run/penstock /run/penstock-keepalived.sock /run/penstock-bird.sock
is "it is said what was taken away" said "$vip/24 of edge"
is "and a tunnel's end" said 'XDP program of real'
if [ "$ipvs" ]; then
  is "it is said what IPVS has no more" said "IPVS has .*$vip:80.* no more"
  is "IPVS has what an operator has made, and nothing else" [ "$(ipvsadm -Sn)" = "-A -t 10.8.0.11:9 -s rr" ]
else
  is "it is said that the program of the L4 tier goes" said 'XDP program of edge'
fi
is "the configuration stays" ls /etc/penstock/penstock.yaml /etc/logrotate.d/penstock /var/lib/penstock /var/log/penstock

apt purge penstock || fail "it is not purged"
is "a file that an operator has made stays" ls /etc/penstock/conf.d/mine.yaml
rm -r /etc/penstock
files >/run/after
diff /run/before /run/after || fail "left behind, above"
is "its account is gone" not getent passwd penstock
is "no unit is left" not sh -c 'systemctl list-unit-files --no-legend | grep penstock'
echo done
