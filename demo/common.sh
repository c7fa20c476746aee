# SPDX-License-Identifier: Apache-2.0
# What the parts of the demo share; sourced in this folder. What runs is in `pid` by name, all ends with the script, and so does $dir.
PATH=$PATH:/usr/sbin
penstock=${PENSTOCK_BINARY:-$PWD/../out/penstock}
dir=$(mktemp -d /tmp/penstock-demo-XXXXXX)
requests=0 failures=0
declare -A pid=()

# For a script that has more to take away, once its programs have ended.
take_away() { :; }

clean_up() {
  trap - EXIT
  for name in "${!pid[@]}"; do kill "${pid[$name]}" 2>/dev/null || true; done
  wait 2>/dev/null || true
  take_away
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

# Waits for the load, programs keep-alive and close; counts it, and prints it in a line with the share of each of so many origins.
tally() {
  local title=$1 origins=$2 sum=(0 0 0 0 0) answered=0 word values i
  for word in keep-alive close; do
    wait "${pid[$word]}" || true
    unset "pid[$word]"
    read -ra values <<<"$(sed -n 's/^result //p' "$dir/$word.out")"
    [ ${#values[@]} -eq 5 ] || { cat "$dir/$word.out" >&2; die "wrk gave no result"; }
    for i in 0 1 2 3 4; do sum[i]=$((sum[i] + values[i])); done
  done
  requests=$((requests + sum[0])) failures=$((failures + sum[1]))
  for ((i = 2; i < 2 + origins; i++)); do answered=$((answered + sum[i])); done
  [ $answered -gt 0 ] || answered=1
  printf '%-32s %9d %9d' "$title" "${sum[0]}" "${sum[1]}"
  for ((i = 2; i < 2 + origins; i++)); do printf ' %9s' "$((100 * sum[i] / answered)) %"; done
  echo
}
