# SPDX-License-Identifier: Apache-2.0
"""load.py HOST PORT END [new|flows|slow|slow-flows]: asks for a page that says "one" until the file END is there. Without a pause, 4 clients with a connection for each request and 4 that keep theirs; new: all 8
with a connection for each; flows: 40 clients that keep theirs and ask five times a second, and 4 with a connection for each request, twenty a second; slow and slow-flows: as many clients as
without it and with flows, that ask twice and once a second.

Prints how many requests were answered, how many connections were refused and how many requests failed otherwise, the longest answer in ms, how many connections were kept and how many of
them ended meanwhile, and the first reason of a failure.
"""
import os
import socket
import sys
import threading
import time

HOST, PORT, END = sys.argv[1], int(sys.argv[2]), sys.argv[3]
KEPT, NEW = (True, 0.002), (False, 0.002)  # whether a client keeps its connection, and its pause in seconds
CLIENTS = {
    "": [KEPT, NEW] * 4,
    "new": [NEW] * 8,
    "flows": [(True, 0.2)] * 40 + [(False, 0.2)] * 4,
    "slow": [(True, 0.5), (False, 0.5)] * 4,
    "slow-flows": [(True, 1)] * 40 + [(False, 1)] * 4,
}["".join(sys.argv[4:])]
counts = {"answered": 0, "refused": 0, "failed": 0, "longest": 0, "ended": 0}
reasons = []
gate = threading.Lock()


def ask(connection, keep):
    close = "" if keep else "Connection: close\r\n"
    connection.sendall(f"GET / HTTP/1.1\r\nHost: a\r\n{close}\r\n".encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\none"):
        part = connection.recv(4096)
        if not part:
            raise ConnectionError(f"closed after {len(answer)} bytes")
        answer += part
    if not answer.startswith(b"HTTP/1.1 200"):
        raise ConnectionError(answer.split(b"\r\n")[0].decode())
    return keep and b"connection: close" not in answer.lower()


def run(keep, pause):
    connection = None
    while not os.path.exists(END):
        begun = time.monotonic()
        kind = "answered"
        try:
            if connection is None:
                connection = socket.create_connection((HOST, PORT), timeout=30)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if not ask(connection, keep):
                connection.close()
                connection = None
                with gate:
                    counts["ended"] += keep
        except OSError as error:
            kind = "refused" if isinstance(error, ConnectionRefusedError) else "failed"
            if connection is not None:
                connection.close()
            connection = None
            with gate:
                counts["ended"] += keep
                reasons.append(f"{'kept' if keep else 'new'}: {error}")
        with gate:
            counts[kind] += 1
            counts["longest"] = max(counts["longest"], int((time.monotonic() - begun) * 1000))
        time.sleep(pause)


threads = [threading.Thread(target=run, args=client) for client in CLIENTS]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
kept = sum(keep for keep, _ in CLIENTS)
print(f"{counts['answered']} answered, {counts['refused']} refused, {counts['failed']} failed, longest {counts['longest']} ms, {kept} kept, {counts['ended']} ended", *reasons[:1], sep="; ")
