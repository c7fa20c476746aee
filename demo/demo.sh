#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Penstock's main job in half a minute: three nginx origins, traffic by host and path, one origin stopped, the
# configuration reloaded under load; then the L4 part, l4.sh. Prints what the clients saw; exits 1 if a single request failed.
set -euo pipefail
cd "$(dirname "$0")"
source ./common.sh
url=http://127.0.0.1:18080

configure() { sed "s|/tmp/penstock-demo/|$dir/|" "$1" >"$dir/next.yaml" && mv "$dir/next.yaml" "$dir/penstock.yaml"; }

# Puts load on for some seconds, keep-alive and one request a connection; runs an event in the middle of it.
phase() {
  local title=$1 seconds=$2 event=$3
  wrk -t1 -c16 -d"${seconds}s" --timeout 5s -s traffic.lua $url -- keep-alive >"$dir/keep-alive.out" 2>&1 &
  pid[keep-alive]=$!
  wrk -t1 -c4 -d"${seconds}s" --timeout 5s -s traffic.lua $url -- close >"$dir/close.out" 2>&1 &
  pid[close]=$!
  sleep 1.5
  $event
  tally "$title" 3
}

# One request with curl; counts it, and as failed unless the answer is the expected one.
expect() {
  local host=$1 path=$2 wanted=$3 got
  got=$(curl -s -m 5 -w '%{http_code}' -H "Host: $host" "$url$path" | tr -d '\n') || true
  requests=$((requests + 1))
  [[ $got =~ ^($wanted)$ ]] || { failures=$((failures + 1)); echo "$host$path: got '$got', expected '$wanted'"; }
}

stop_origin() { kill -QUIT "${pid[origin-3]}"; wait "${pid[origin-3]}" || true; unset 'pid[origin-3]'; }

reload() {
  configure reloaded.yaml
  "$penstock" reload --socket "$dir/admin.sock" >"$dir/reload.log" 2>&1 || { cat "$dir/reload.log" >&2; die "the reload was refused"; }
  reload_time=$(sed -n 's/.* runs, //p' "$dir/reload.log")
}

[ -x "$penstock" ] || die "$penstock is missing; run 'make build'"
for tool in nginx wrk curl; do command -v $tool >/dev/null || die "$tool is missing; run 'make deps'"; done
for port in 18080 18081 18082 18083 18089; do ! listening $port || die "port $port is taken"; done

for number in 1 2 3; do start_origin origin-$number 1808$number; done
for number in 1 2 3; do await 1808$number; done
configure penstock.yaml
"$penstock" run --config "$dir/penstock.yaml" >"$dir/penstock.log" 2>&1 & pid[penstock]=$!
await 18080

expect shop.test / 'origin-[123]200'
expect shop.test /api/cart 'origin-[23]200'
expect www.blog.test /2026 'origin-[123]200'
expect other.test / '.*404'

printf '%-32s %9s %9s %9s %9s %9s\n' "" requests failures origin-1 origin-2 origin-3
phase "three origins" 4 true
phase "origin-3 stops under load" 6 stop_origin
phase "without it" 3 true
phase "reload under load" 6 reload
phase "new configuration" 3 true
expect shop.test /api/cart 'origin-1200'
expect any.test /version '2200'

echo
echo "the reload took $reload_time; $failures of $requests requests failed"
kill -TERM "${pid[penstock]}"
wait "${pid[penstock]}" || die "penstock did not stop in good order"
unset 'pid[penstock]'
echo
PENSTOCK_BINARY=$penstock ./l4.sh
[ "$failures" -eq 0 ]
