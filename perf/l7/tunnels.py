# SPDX-License-Identifier: Apache-2.0
"""WebSockets: what opening one costs, a message there and back, and many that say nothing."""

import socket
import time

import memory

ASK = (b"GET /chat HTTP/1.1\r\nHost: bench.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
       b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
# A masked text message of ten bytes (RFC 6455 section 5.2); the origin sends back what it gets.
MESSAGE = b"\x81\x8a" + bytes(4) + b"ten bytes."
AT_ONCE = 50
# Over each: the first of all is not what one costs.
MESSAGES = 5
IDLE_SECONDS = 5


def ask(port, count):
    """Opens tunnels."""
    clients = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(count)]
    for client in clients:
        client.sendall(ASK)
    for client in clients:
        head = b""
        while b"\r\n\r\n" not in head:
            part = client.recv(4096)
            if not part:
                raise RuntimeError("a tunnel was closed")
            head += part
        if not head.startswith(b"HTTP/1.1 101"):
            raise RuntimeError(f"a tunnel was answered {head[:40]!r}")
    return clients


def talk(clients):
    """A message there and back over each."""
    for client in clients:
        client.sendall(MESSAGE)
    for client in clients:
        came = b""
        while len(came) < len(MESSAGE):
            part = client.recv(4096)
            if not part:
                raise RuntimeError("a tunnel was closed")
            came += part


def measure(server, count, warm, idle_seconds):
    """Each row with its figures."""
    end = time.monotonic() + warm
    while time.monotonic() < end:
        clients = ask(server.port, AT_ONCE)
        talk(clients)
        for client in clients:
            client.close()
    empty = memory.settled(server)
    began, clients = server.cpu_seconds(), []
    while len(clients) < count:
        clients += ask(server.port, min(AT_ONCE, count - len(clients)))
    opened = server.cpu_seconds()
    for _ in range(MESSAGES):
        for first in range(0, count, AT_ONCE):
            talk(clients[first:first + AT_ONCE])
    spoken = server.cpu_seconds()
    full = memory.settled(server)
    begin, before = time.monotonic(), server.cpu_seconds()
    time.sleep(idle_seconds)
    idle = (server.cpu_seconds() - before) / (time.monotonic() - begin)
    for client in clients:
        client.close()
    yield "opened", {"cpu_us": (opened - began) * 1e6 / count}
    yield "10 bytes there and back", {"cpu_us": (spoken - opened) * 1e6 / (MESSAGES * count)}
    yield f"{count} idle, a second", {"cpu_us": idle * 1e6}
    yield f"each of {count} idle", {"resident": (full - empty) / count}
