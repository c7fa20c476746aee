#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# restart.sh PENSTOCK: under systemd (see run): a restart of the daemon loses no request, a daemon that is killed, or that the watchdog ends, has nobody refused, and one that is stopped refuses all.
. "$(dirname "$0")/host.sh"
here=$(realpath "$(dirname "$0")")

has() { true; }
shown() { cat /run/said 2>/dev/null; }
pid() { systemctl show --value -p MainPID penstock; }
kept() { systemctl show --value -p NFileDescriptorStore penstock; }
unprivileged() { # the threads that read what clients send, of both tiers, have no capability in force, and others have the unit's
  local status seen=
  for status in /proc/"$(pid)"/task/*/status; do
    case $(sed -n 's/^Name:\t//p' "$status") in
      *reactor-*) grep -qx $'CapEff:\t0000000000000000' "$status" || return 1; seen=1$seen ;;
    esac
  done
  [ ${#seen} -ge 3 ] && grep -qx $'CapEff:\t000000c000001400' "/proc/$(pid)/status"
}
keeps() { [ "$(kept)" = "$1" ]; }
answers() { [ "$(curl -s -m 5 "http://10.8.0.11:$1/")" = "$2" ]; }
refuses() { curl -s -m 20 -o /dev/null "http://10.8.0.11:$1/"; [ $? = 7 ]; }
listeners() { # NAMES: listeners that answer what they are called, and one of engine userspace
  printf 'node: lb1\nshutdown_timeout: 20s\nl4: {engine: userspace, services: [{name: relay, listen: "tcp://10.8.0.11:8090", forwarding: nat, backends: [{address: 127.0.0.1, port: 7001}]}]}\n'
  printf 'l7:\n  reactors: 2\n  clusters: {slow: {endpoints: ["127.0.0.1:7001"]}}\n  listeners:\n'
  for one; do printf '    - {name: %s, bind: "10.8.0.11:%s", routes: main}\n' "${one%:*}" "${one#*:}"; done
  printf '  routes:\n    main:\n      - {match: {path_prefix: /slow}, to: [slow]}\n      - {respond: {status: 200, body: one}}\n'
}
load() { # PORT [new]
  rm -f /run/end /run/said
  ip netns exec other python3 "$here/load.py" 10.8.0.11 "$1" /run/end ${2:-} >/run/said &
  loaded=$!
  sleep 1
}
loaded() { # WHAT PATTERN
  touch /run/end
  wait $loaded || fail "the load fails"
  grep -q "$2" /run/said || fail "$1: $(cat /run/said)"
  echo "ok: $1: $(cat /run/said)"
}

# An origin whose answer to /slow takes 4 s.
python3 -c '
import http.server, time
class Slow(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/slow": time.sleep(4)
        self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + (b"Content-Length: 5\r\n\r\nslow\n" if self.path == "/slow" else b"Content-Length: 3\r\n\r\none"))
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer.request_queue_size = 128
http.server.ThreadingHTTPServer(("127.0.0.1", 7001), Slow).serve_forever()' &
origin=$!
trap 'kill $origin' EXIT

mkdir -p /etc/penstock
listeners one:8081 two:8082 >/etc/penstock/penstock.yaml
systemctl start penstock || fail "it does not start"
await 30 "it serves" answers 8081 one
await 30 "reactors have no capability in force" unprivileged
await 30 "systemd keeps a socket for each reactor of three addresses" keeps 6

for round in 1 2 3; do
  load 8081
  before=$(pid)
  ip netns exec other curl -s -m 30 http://10.8.0.11:8081/slow >/run/slow &
  slow=$!
  sleep 0.3
  systemctl restart penstock || fail "it does not restart"
  [ "$(pid)" != "$before" ] || fail "no other process"
  wait $slow || fail "a request in flight is cut"
  [ "$(cat /run/slow)" = slow ] || fail "a request in flight is answered by something else"
  sleep 1
  loaded "restart $round under load" ' 0 refused, 0 failed'
done
is_kept=$(kept)
[ "$is_kept" = 6 ] || fail "systemd keeps $is_kept sockets after restarts"

load 8090 new # a relay can have no connection end that is kept
exec 9<>/dev/tcp/10.8.0.11/8090 # stays until it is cut
systemctl restart penstock || fail "it does not restart"
exec 9>&-
sleep 1
loaded "restart with services of engine userspace, and a connection that does not end" ' 0 refused, 0 failed, longest [0-9]\{1,4\} ms'

load 8081
kill -9 "$(pid)"
await 30 "it is started again" answers 8081 one
sleep 1
loaded "a daemon that is killed" ' 0 refused, '

mkdir -p /run/systemd/system/penstock.service.d
printf '[Service]\nWatchdogSec=5s\n' >/run/systemd/system/penstock.service.d/watchdog.conf
systemctl daemon-reload
systemctl restart penstock || fail "it does not restart with a watchdog of its own"
await 30 "it serves with a watchdog of its own" answers 8081 one
load 8081
before=$(pid)
kill -STOP "$before"
is_another() { [ "$(pid)" != 0 ] && [ "$(pid)" != "$before" ]; }
await 60 "the watchdog ends a daemon that stands still, and another runs" is_another
await 30 "which answers" answers 8081 one
sleep 1
loaded "a daemon that stands still" ' 0 refused, '
rm -r /run/systemd/system/penstock.service.d
systemctl daemon-reload

# One endpoint of two is down; another process than the one that found that out is to know it before its own checks, which come once an hour.
checked() { # INTERVAL
  listeners one:8081 two:8082 | sed "s/^  clusters: {/&pair: {endpoints: [\"127.0.0.1:7001\", \"127.0.0.1:7009\"], health: {type: tcp, interval: $1, timeout: 100ms, fall: 1}}, /"
}
is_down() { penstock status -o json | grep -q 'was down before the daemon started'; }
found() { penstock status -o json | grep -q 'refused'; }
checked 200ms >/etc/penstock/penstock.yaml
systemctl reload penstock || fail "a cluster with health checks is refused"
await 30 "checks find an endpoint down" found
await 30 "systemd keeps what they have found beside the sockets" keeps 7
checked 3600s >/etc/penstock/penstock.yaml
systemctl restart penstock || fail "it does not restart with health checks"
is_down || fail "what checks had found is not known after a restart"
kill -9 "$(pid)"
await 30 "it is started again" answers 8081 one
await 30 "what checks had found is known to the third process" is_down

listeners one:8081 >/etc/penstock/penstock.yaml
systemctl reload penstock || fail "a good file is refused"
await 30 "a listener that is removed refuses" refuses 8082
await 30 "systemd lets go of its sockets" keeps 5

sed -i 's/reactors: 2/reactors: 1/' /etc/penstock/penstock.yaml
load 8081
systemctl restart penstock || fail "it does not restart with fewer reactors"
sleep 1
loaded "restart with fewer reactors" ' 0 refused, 0 failed'

for round in 1 2; do
  sed -n '/name: web/d; p; /name: one/{s/name: one/name: web/; s|10.8.0.11:8081|unix:/run/penstock/web.sock|; p}' /etc/penstock/penstock.yaml >/run/with
  cp /etc/penstock/penstock.yaml /run/without
  cp /run/with /etc/penstock/penstock.yaml
  systemctl restart penstock || fail "it does not start with a Unix socket"
  await 30 "a Unix socket serves, round $round" sh -c 'curl -s -m 5 --unix-socket /run/penstock/web.sock http://a/ | grep -q one'
  systemctl restart penstock || fail "it does not restart with a Unix socket"
  await 30 "it serves after a restart" sh -c 'curl -s -m 5 --unix-socket /run/penstock/web.sock http://a/ | grep -q one'
  cp /run/without /etc/penstock/penstock.yaml
  systemctl restart penstock || fail "it does not restart without its Unix socket"
  [ ! -e /run/penstock/web.sock ] || fail "the file of a Unix socket is left"
done

listeners all:8083 | sed 's/10.8.0.11:8083/:8081/' >/etc/penstock/penstock.yaml
systemctl restart penstock || fail "it does not restart where another address of the same port is listened at"
await 30 "it listens at every address now" answers 8081 one

systemctl stop penstock
refuses 8081 || fail "a daemon that is stopped does not refuse"
[ "$(kept)" = 0 ] || fail "sockets of a stopped daemon are kept"
[ ! -e /run/penstock/restarting ] || fail "the mark of a restart is left"
systemctl start penstock || fail "it does not start"
await 30 "it starts again" answers 8081 one
echo done
