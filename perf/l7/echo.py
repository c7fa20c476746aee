#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The origin of WebSockets: agrees to each, and sends back what comes. Prints a line once it listens.

    echo.py PORT
"""
import select
import socket
import sys

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"


def answer(client, agreed):
    """Takes what one client sent; false when it has gone."""
    try:
        data = client.recv(4096)
        if data and client not in agreed:
            # The request is short, and comes in one piece.
            agreed.add(client)
            data = SWITCH
        client.sendall(data)
        return bool(data)
    except OSError:
        return False


def main():
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=4096)
    print("listening", flush=True)
    poll = select.epoll()
    poll.register(listener, select.EPOLLIN)
    clients, agreed = {}, set()
    while True:
        for number, _ in poll.poll():
            if number == listener.fileno():
                client, _ = listener.accept()
                clients[client.fileno()] = client
                poll.register(client, select.EPOLLIN)
            elif not answer(clients[number], agreed):
                client = clients.pop(number)
                agreed.discard(client)
                client.close()


main()
