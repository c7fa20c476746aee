# SPDX-License-Identifier: Apache-2.0
"""Resident memory after the start, what an idle keep-alive connection adds, and what a long body adds."""

import resource
import socket
import time

REQUEST = b"GET /bench/0 HTTP/1.1\r\nHost: bench.test\r\n\r\n"
# Descriptors of a proxy that are no client's and no endpoint's.
SPARE = 600


def most():
    """Clients that a proxy can hold with two descriptors each: penstock and haproxy keep one for each client's endpoint."""
    return (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - SPARE) // 2


def settled(server, seconds=2.0):
    """Resident bytes once they have had time to settle."""
    time.sleep(seconds)
    return server.rss_bytes()


def open_idle(port, count):
    """Connections that each had one request answered and stay open."""
    clients = []
    for _ in range(count):
        client = socket.create_connection(("127.0.0.1", port), 10)
        clients.append(client)
        client.sendall(REQUEST)
        head = b""
        while b"\r\n\r\n" not in head:
            part = client.recv(4096)
            if not part:
                raise RuntimeError(f"connection {len(clients)} was closed")
            head += part
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"connection {len(clients)} was answered {head[:40]!r}")
    return clients


def measure(server, count):
    """Resident bytes at start, after some use, and for each of `count` idle connections."""
    start = settled(server)
    # Code compiled and pools filled by the first requests are not the connections' cost.
    for client in open_idle(server.port, 64):
        client.close()
    used = settled(server)
    clients = open_idle(server.port, count)
    idle = settled(server)
    for client in clients:
        client.close()
    return {"start_bytes": start, "used_bytes": used, "idle_bytes": idle,
            "connections": count, "per_connection_bytes": (idle - used) / count}


def read_body(port, size, look=lambda: None):
    """Reads one answer of `size` bytes as fast as it comes, and looks at something four times a second."""
    buffer = bytearray(1 << 20)
    received, looked = 0, 0.0
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.sendall(f"GET /bench/{size} HTTP/1.1\r\nHost: bench.test\r\nConnection: close\r\n\r\n".encode())
        while count := client.recv_into(buffer):
            received += count
            if time.monotonic() - looked > 0.25:
                looked = time.monotonic()
                look()
    if received < size:
        raise RuntimeError(f"port {port} sent {received} bytes of {size}")


def measure_body(server, size):
    """Resident bytes before and at most during one answer of `size` bytes, read as fast as it comes."""
    for client in open_idle(server.port, 8):
        client.close()
    before = settled(server)
    seen = [before]
    begun = time.monotonic()
    read_body(server.port, size, lambda: seen.append(server.rss_bytes()))
    return {"bytes": size, "seconds": time.monotonic() - begun, "before_bytes": before, "peak_bytes": max(seen)}
