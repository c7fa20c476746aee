#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Benchmarks of the HTTP tier against nginx and haproxy. `perf/l7/run.sh --help` lists what can be chosen.
set -euo pipefail
cd "$(dirname "$0")"
for tool in python3 nginx haproxy wrk h2load openssl taskset; do
  command -v "$tool" >/dev/null || PATH=$PATH:/usr/sbin command -v "$tool" >/dev/null || { echo "perf/l7: $tool is missing; run 'make deps'" >&2; exit 1; }
done
# Both ends of 10,000 idle connections, and room to spare.
ulimit -Hn 65536 2>/dev/null || true
ulimit -Sn "$(ulimit -Hn)"
PATH=$PATH:/usr/sbin exec python3 bench.py "$@"
