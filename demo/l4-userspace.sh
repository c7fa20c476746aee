#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The L4 part of the demo where the kernel can't be asked: engine userspace on loopback, without any privilege. A server is drained under load, one is
# removed, one that refuses is put in its place. Exits 1 if a single request failed.
set -euo pipefail
cd "$(dirname "$0")"
PATH=$PATH:/usr/sbin
penstock=${PENSTOCK_BINARY:-$PWD/../out/penstock}
url=http://127.0.0.1:18180
dir=$(mktemp -d /tmp/penstock-demo-XXXXXX)
requests=0 failures=0 reload_time=""
declare -A pid=()

clean_up() {
  trap - EXIT
  for name in "${!pid[@]}"; do kill "${pid[$name]}" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

die() { echo "demo: $*" >&2; exit 1; }
listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

await() {
  for _ in $(seq 100); do
    listening "$1" && return
    sleep 0.1
  done
  cat "$dir"/*.log >&2 || true
  die "nothing listens on port $1 after 10 s"
}

start_origin() {
  sed "s|@DIR@|$dir|; s|@NAME@|$1|; s|@PORT@|$2|" origin.conf | sed "s|@NAME@|$1|" >"$dir/$1.conf"
  nginx -c "$dir/$1.conf" >"$dir/$1.log" 2>&1 &
  pid[$1]=$!
}

# Takes the list of backends.
configure() { sed "s|/tmp/penstock-demo/|$dir/|; s|@BACKENDS@|$1|" l4-userspace.yaml >"$dir/next.yaml" && mv "$dir/next.yaml" "$dir/l4.yaml"; }

reload() {
  configure "$1"
  "$penstock" reload --socket "$dir/l4.sock" >"$dir/reload.log" 2>&1 || { cat "$dir/reload.log" >&2; die "the reload was refused"; }
  reload_time=$(sed -n 's/.* runs, //p' "$dir/reload.log")
}

# Puts load on for some seconds, connections kept and one for each request; runs an event in the middle of it.
phase() {
  local title=$1 seconds=$2 sum=(0 0 0 0) word values
  shift 2
  for word in keep-alive close; do
    wrk -t1 -c8 -d"${seconds}s" --timeout 5s -s traffic.lua $url -- $word >"$dir/$word.out" 2>&1 &
    pid[$word]=$!
  done
  sleep 1
  "$@"
  for word in keep-alive close; do
    wait "${pid[$word]}" || true
    unset "pid[$word]"
    read -ra values <<<"$(sed -n 's/^result //p' "$dir/$word.out")"
    [ ${#values[@]} -eq 5 ] || { cat "$dir/$word.out" >&2; die "wrk gave no result"; }
    for i in 0 1 2 3; do sum[i]=$((sum[i] + values[i])); done
  done
  requests=$((requests + sum[0])) failures=$((failures + sum[1]))
  local answered=$((sum[2] + sum[3]))
  [ $answered -gt 0 ] || answered=1
  printf '%-32s %9d %9d %9s %9s\n' "$title" "${sum[0]}" "${sum[1]}" "$((100 * sum[2] / answered)) %" "$((100 * sum[3] / answered)) %"
}

for port in 18180 18181 18182 18183; do ! listening $port || die "port $port is taken"; done
one='{address: 127.0.0.1, port: 18181}' two='{address: 127.0.0.1, port: 18182}' absent='{address: 127.0.0.1, port: 18183}'
start_origin origin-1 18181
start_origin origin-2 18182
configure "$one, $two"
for port in 18181 18182; do await $port; done
"$penstock" run --config "$dir/l4.yaml" >"$dir/penstock.log" 2>&1 & pid[penstock]=$!
await 18180

printf '%-32s %9s %9s %9s %9s\n' "L4, in userspace" requests failures origin-1 origin-2
phase "two real servers" 3 true
phase "origin-2 drains under load" 3 reload "$one, {address: 127.0.0.1, port: 18182, state: drain}"
reload "$one"
phase "origin-2 is removed" 2 true
reload "$one, $absent"
phase "another one refuses" 2 true

echo
"$penstock" explain packet --socket "$dir/l4.sock" --src 127.0.0.1:40000 --dst 127.0.0.1:18180
echo
echo "the reload took $reload_time; $failures of $requests requests failed"
[ "$failures" -eq 0 ]
