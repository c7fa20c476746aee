# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 without TLS, to an origin of HTTP/1.1: what a request costs, and a MiB."""

import re
import subprocess

import rounds

# What is measured: name, connections, streams of each at once, bytes of an answer's body.
CELLS = [("8 x 16 streams, 1 KiB", 8, 16, 1024), ("1 x 100 streams, 1 KiB", 1, 100, 1024), ("8 x 1 stream, 1 MiB", 8, 1, 1048576)]


def run(server, connections, streams, body, seconds, core):
    """Loads a server for some seconds by h2load; returns errors and CPU microseconds per request."""
    command = ["taskset", "-c", core, "h2load", "-D", str(seconds), "-c", str(connections), "-m", str(streams), "-w", "24", "-W", "28",
               "-H", ":authority: bench.test", f"http://127.0.0.1:{server.h2_port}/bench/{body}"]
    before = server.cpu_seconds()
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 30)
    cpu = server.cpu_seconds() - before
    codes = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", done.stdout)
    data = re.search(r"space savings [\d.]+%\), [\d.]+\wB \((\d+)\) data", done.stdout)
    if codes is None or data is None:
        raise RuntimeError(f"h2load: {done.stdout[-500:]}{done.stderr[-500:]}")
    # What was under way at the end cost CPU, too: of large answers the bytes that came count.
    work = int(data[1]) / body if body >= 65536 else int(codes[1])
    return {"cpu_us": cpu * 1e6 / max(work, 1), "per_second": work / seconds, "errors": sum(int(codes[number]) for number in (2, 3, 4))}


def measure(options, directory, origin, cores):
    """Every cell for every proxy, in rounds; medians by cell and proxy."""
    proxy_core, load_core = cores

    def samples(proxy):
        run(proxy, 8, 16, 1024, 12, load_core)
        for cell, connections, streams, body in CELLS:
            yield cell, run(proxy, connections, streams, body, options.seconds, load_core)

    return rounds.medians(options, directory, origin, proxy_core, samples, ("cpu_us", "per_second", "errors"))
