# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 without TLS, to an origin of HTTP/1.1 or HTTP/2, and gRPC: what a request costs, and a MiB."""

import pathlib
import re
import subprocess

# What is measured: name, connections, streams of each at once, bytes of an answer's body.
CELLS = [("8 x 16 streams, 1 KiB", 8, 16, 1024), ("1 x 100 streams, 1 KiB", 1, 100, 1024), ("8 x 1 stream, 1 MiB", 8, 1, 1048576)]
# Calls: name, connections, streams of each at once.
CALLS = [("8 x 16 calls", 8, 16), ("1 x 100 calls", 1, 100)]
CALL = "/bench.Echo/Say"
# A message of 100 bytes, not compressed, behind the five bytes that gRPC puts before each.
MESSAGE = b"\0" + (100).to_bytes(4, "big") + b"m" * 100
GRPC_FIELDS = ["-H", "content-type: application/grpc", "-H", "te: trailers"]


def run(server, connections, streams, path, body, seconds, core, more=()):
    """Loads a server for some seconds by h2load; returns errors and CPU microseconds per request."""
    command = ["taskset", "-c", core, "h2load", "-D", str(seconds), "-c", str(connections), "-m", str(streams), "-w", "24", "-W", "28",
               "-H", ":authority: bench.test", *more, f"http://127.0.0.1:{server.h2_port}{path}"]
    before = server.cpu_seconds()
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 30)
    cpu = server.cpu_seconds() - before
    codes = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", done.stdout)
    data = re.search(r"space savings [\d.]+%\), [\d.]+\w*B \((\d+)\) data", done.stdout)
    if codes is None or data is None:
        raise RuntimeError(f"h2load: {done.stdout[-500:]}{done.stderr[-500:]}")
    # What was under way at the end cost CPU, too: of large answers the bytes that came count.
    work = int(data[1]) / body if body >= 65536 else int(codes[1])
    return {"cpu_us": cpu * 1e6 / max(work, 1), "per_second": work / seconds, "errors": sum(int(codes[number]) for number in (2, 3, 4))}


def requests(server, prefix, seconds, warm, core):
    """Each cell with its figures; the prefix chooses the origin."""
    run(server, 8, 16, f"{prefix}/1024", 1024, warm, core)
    for cell, connections, streams, body in CELLS:
        yield cell, run(server, connections, streams, f"{prefix}/{body}", body, seconds, core)


def calls(server, directory, seconds, warm, core):
    """Each cell of gRPC's unary calls, with its figures."""
    message = pathlib.Path(directory) / "message"
    message.write_bytes(MESSAGE)
    fields = [*GRPC_FIELDS, "-d", str(message)]
    check_call(server, message)
    run(server, 8, 16, CALL, 0, warm, core, fields)
    for cell, connections, streams in CALLS:
        yield cell, run(server, connections, streams, CALL, 0, seconds, core, fields)


def check_call(server, message):
    """One call whose answer has to have all that gRPC asks for: the message and, behind it, the status."""
    fields = [*GRPC_FIELDS, "-H", ":authority: bench.test", "-d", str(message)]
    done = subprocess.run(["nghttp", "-v", "-n", "--no-dep", *fields, f"http://127.0.0.1:{server.h2_port}{CALL}"], capture_output=True, text=True, check=True, timeout=30)
    data = done.stdout.find("recv DATA frame <length=105")
    if data < 0 or done.stdout.find("grpc-status: 0", data) < 0:
        raise RuntimeError(f"{server.name}: a call was answered without message or status: {done.stdout[-2000:]}")
