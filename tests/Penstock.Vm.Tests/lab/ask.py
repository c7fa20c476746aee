# SPDX-License-Identifier: Apache-2.0
"""ask.py ADDRESS:PORT...: sends each a UDP datagram and prints the answers."""

import socket
import sys

for target in sys.argv[1:]:
    address, port = target.rsplit(":", 1)
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(30)
        client.sendto(b"hello\n", (address.strip("[]"), int(port)))
        print(client.recv(4096).decode(), end="")
