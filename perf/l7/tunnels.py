#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What idle WebSockets cost: opens many upgraded connections through penstock and prints its memory for each of them.

    perf/l7/tunnels.py [--count 10000] [--binary out/penstock]

With fewer tunnels where the limit of open files (ulimit -Hn) does not allow twice as many files.
"""
import argparse
import asyncio
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
ASK = b"GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
PORT, ORIGIN = 28471, 28472
AT_ONCE = 200
SPARE = 1500


def rss(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))


async def origin(reader, writer):
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(SWITCH)
        while data := await reader.read(4096):
            writer.write(data)
    except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
        pass
    finally:
        writer.close()


async def tunnel(gate):
    async with gate:
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        writer.write(ASK)
        await reader.readuntil(b"\r\n\r\n")
        return reader, writer


async def measure(count, pid):
    server = await asyncio.start_server(origin, "127.0.0.1", ORIGIN, backlog=4096)
    async with server:
        gate = asyncio.Semaphore(AT_ONCE)
        warm = await asyncio.gather(*[tunnel(gate) for _ in range(100)])
        before = rss(pid)
        began = time.monotonic()
        opened = await asyncio.gather(*[tunnel(gate) for _ in range(count)])
        seconds = time.monotonic() - began
        after = rss(pid)
        for reader, writer in opened[:: max(1, count // 100)]:
            writer.write(b"ping")
            assert await reader.readexactly(4) == b"ping"
        print(f"{count} idle tunnels: {(after - before) / count / 1024:.1f} KiB each ({after / 2**20:.0f} MiB in all, {before / 2**20:.0f} before), opened in {seconds:.1f} s")
        for _, writer in warm + opened:
            writer.close()


def open_files(wanted):
    """Raises the limit of open files as far as it goes, for penstock too."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, hard)))
        return wanted
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
        return min(wanted, hard)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--count", type=int, default=10_000)
    arguments.add_argument("--binary", default=os.path.join(os.path.dirname(__file__), "../../out/penstock"))
    options = arguments.parse_args()
    most = open_files(2 * options.count + SPARE)
    count = min(options.count, (most - SPARE) // 2)
    if count < options.count:
        print(f"{most} open files are allowed: {count} tunnels instead of {options.count}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        config = os.path.join(folder, "penstock.yaml")
        with open(config, "w", encoding="ascii") as file:
            file.write(f"""
node: tunnels
state: {folder}/state
admin: {{socket: {folder}/admin.sock}}
l7:
  listeners: [{{name: front, bind: "127.0.0.1:{PORT}", routes: all}}]
  routes: {{all: [{{to: origin}}]}}
  clusters: {{origin: {{endpoints: "127.0.0.1:{ORIGIN}", pool: {{max_connections: {count + 1000}}}}}}}
""")
        proxy = subprocess.Popen([options.binary, "run", "--config", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(2)
            asyncio.run(measure(count, proxy.pid))
        finally:
            proxy.send_signal(signal.SIGKILL)
            proxy.wait()


if __name__ == "__main__":
    main()
