#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The L4 part of the demo where the kernel can't be asked: engine userspace on loopback, without any privilege. A server is drained under load, one is
# removed, one that refuses is put in its place. Exits 1 if a single request failed.
set -euo pipefail
cd "$(dirname "$0")"
source ./common.sh
url=http://127.0.0.1:18180
reload_time=""

# Takes the list of backends.
configure() { sed "s|/tmp/penstock-demo/|$dir/|; s|@BACKENDS@|$1|" l4-userspace.yaml >"$dir/next.yaml" && mv "$dir/next.yaml" "$dir/l4.yaml"; }

reload() {
  configure "$1"
  "$penstock" reload --socket "$dir/l4.sock" >"$dir/reload.log" 2>&1 || { cat "$dir/reload.log" >&2; die "the reload was refused"; }
  reload_time=$(sed -n 's/.* runs, //p' "$dir/reload.log")
}

# Puts load on for some seconds, connections kept and one for each request; runs an event in the middle of it.
phase() {
  local title=$1 seconds=$2 word
  shift 2
  for word in keep-alive close; do
    wrk -t1 -c8 -d"${seconds}s" --timeout 5s -s traffic.lua $url -- $word >"$dir/$word.out" 2>&1 &
    pid[$word]=$!
  done
  sleep 1
  "$@"
  tally "$title" 2
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
