#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TLS 1.3 handshakes one after the other, each with one request for nothing. Prints how many, and how many of them went on with an earlier session.

    handshakes.py PORT SECONDS full|resumed
"""
import socket
import ssl
import sys
import time

REQUEST = b"GET /bench/0 HTTP/1.1\r\nHost: bench.test\r\nConnection: close\r\n\r\n"


def connect(context, port, session):
    """One connection to its end; whether it went on with the session given, and one that the next can go on with."""
    with socket.create_connection(("127.0.0.1", port), 10) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with context.wrap_socket(plain, server_hostname="bench.test", session=session) as client:
            if client.version() != "TLSv1.3":
                raise RuntimeError(f"{client.version()} was agreed on")
            client.sendall(REQUEST)
            answer = client.recv(4096)
            if not answer.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"answered {answer[:40]!r}")
            # Tickets come before the answer.
            return client.session_reused, client.session


def main():
    port, seconds, resumes = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3] == "resumed"
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _, session = connect(context, port, None)
    count = resumed = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        reused, newer = connect(context, port, session if resumes else None)
        session = newer if resumes else None
        count, resumed = count + 1, resumed + reused
    print(count, resumed)


main()
