# SPDX-License-Identifier: Apache-2.0
"""servers.py VIP VIP6: HTTP and UDP servers of rs1 and rs2, all in one process, each in its host's namespace.

An answer names the host, and the client as the server sees it. HTTP on ports 80 and 8000 to 8035; UDP on 53 and 5300 to 5335.
/slow sends a byte a tick until there is a file /run/ends, and then "end".
"""

import ctypes
import os
import selectors
import socket
import sys
import threading
import time

CLONE_NEWNET = 0x40000000
HTTP_PORTS = [80, *range(8000, 8036)]
UDP_PORTS = [53, *range(5300, 5336)]

libc = ctypes.CDLL(None, use_errno=True)


def enter(name):
    with open(f"/run/netns/{name}") as namespace:
        if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {name}")


def serve_http(name, connection, peer):
    with connection:
        connection.settimeout(120)
        request = connection.recv(4096)
        if b"/slow" in request:
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            while not os.path.exists("/run/ends"):
                connection.sendall(b".")
                time.sleep(0.05)
            connection.sendall(b"end\n")
        else:
            body = f"{name} {peer[0]}\n".encode()
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def open_sockets(selector, name, addresses):
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        for port in HTTP_PORTS:
            listener = socket.socket(family, socket.SOCK_STREAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            listener.listen(256)
            selector.register(listener, selectors.EVENT_READ, (name, True))
        for port in UDP_PORTS:
            server = socket.socket(family, socket.SOCK_DGRAM)
            server.bind((address, port))
            selector.register(server, selectors.EVENT_READ, (name, False))


def main(vip, vip6):
    selector = selectors.DefaultSelector()
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    for number in (1, 2):
        enter(f"rs{number}")
        open_sockets(selector, f"rs{number}", [f"10.0.0.1{number}", f"2001:db8::1{number}", vip, vip6])
    libc.setns(home, CLONE_NEWNET)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            name, is_http = key.data
            if is_http:
                connection, peer = key.fileobj.accept()
                threading.Thread(target=serve_http, args=(name, connection, peer), daemon=True).start()
            else:
                _, peer = key.fileobj.recvfrom(4096)
                key.fileobj.sendto(f"{name} {peer[0]}\n".encode(), peer)


main(*sys.argv[1:])
