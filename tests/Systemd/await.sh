# SPDX-License-Identifier: Apache-2.0
# Sourced by tests that run under systemd (see run). Its caller says by shown what is worth seeing of a failure.
set -euo pipefail

fail() {
  echo "FAILED: $*"
  shown || true
  journalctl --no-pager -n 60 -u penstock -u 'penstock-*' || true
  exit 1
}
await() { # SECONDS WHAT COMMAND...
  local left=$(($1 * 10)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $((left--)) -gt 0 ] || fail "waited for: $what"
    sleep 0.1
  done
  echo "ok: $what"
}
