# SPDX-License-Identifier: Apache-2.0
"""wrk against one server, and what it cost that server."""

import json
import pathlib
import subprocess

SCRIPT = pathlib.Path(__file__).parent / "report.lua"


def run(server, connections, path, keepalive, seconds, core, tls=False):
    """Loads a server for some seconds; returns requests, errors, latency and CPU microseconds per request."""
    headers = ["-H", "Host: bench.test"] + ([] if keepalive else ["-H", "Connection: close"])
    pinned = ["taskset", "-c", core] if core else []
    command = pinned + ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "10s", "-s", str(SCRIPT),
                        *headers, f"{'https' if tls else 'http'}://127.0.0.1:{server.tls_port if tls else server.port}{path}"]
    before, user_before = server.cpu_seconds(), server.user_seconds()
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 30)
    cpu, user = server.cpu_seconds() - before, server.user_seconds() - user_before
    result = json.loads(done.stdout.strip().splitlines()[-1])
    # Answers still on their way when wrk stops cost CPU but are not counted as requests; where they are large,
    # bytes received count them by the part that came.
    body = int(path.rsplit("/", 1)[1]) if path.rsplit("/", 1)[1].isdigit() else 0
    work = result["bytes"] / body if body >= 65536 else result["requests"]
    return {**result, "cpu_us": cpu * 1e6 / max(work, 1), "user_us": user * 1e6 / max(work, 1), "per_second": result["requests"] / result["seconds"]}
