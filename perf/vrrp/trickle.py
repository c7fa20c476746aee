#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An HTTP origin at 127.0.0.1:8080 whose responses never end: its name, and then a byte each 200 ms. Usage: trickle.py NAME"""
import asyncio
import sys


async def serve(reader, writer):
    try:
        await reader.readuntil(b"\r\n\r\n")
        name = sys.argv[1].encode()
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(name), name))
        while True:
            await writer.drain()
            await asyncio.sleep(0.2)
            writer.write(b"1\r\n.\r\n")
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 8080, backlog=1024)
    await server.serve_forever()


asyncio.run(main())
