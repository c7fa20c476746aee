#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two hosts with penstock and keepalived, a client, a bridge, each in a network namespace: what a client sees when the owner of a virtual address fails.

The client asks the address over HTTP every 5 ms, a connection each. Its gap is the longest time between the sending of two requests that were answered, with
nothing that was answered sent in between; an answer may take half a second. Usage: drill.py [--binary PATH] [--runs N] [--adverts 100ms,1s] [--events kill,...] [--write FOLDER]
"""
import argparse
import atexit
import datetime
import json
import os
import select
import socket
import statistics
import subprocess
import sys
import time

from lab import VIP, Lab, until, write

EVENTS = {
    "kill": "penstock and keepalived of the owner killed (SIGKILL)",
    "link": "the owner's link cut",
    "health": "the owner's health fails",
    "stop": "the owner's penstock told to stop (SIGTERM), as for an upgrade",
    "failback": "the owner comes back and takes the address again",
}
PATIENCE = 0.5  # seconds an answer may take: less than TCP waits before it sends a SYN again (RFC 6298), whose answer would be to the host that took over


ORIGIN = """
import socket
s = socket.create_server(("127.0.0.1", 8080))
while 1:
    s.accept()[0].close()
"""


def settings(host):
    return f"""l7:
  reactors: 1
  listeners: [{{name: web, bind: ":80", routes: main}}]
  routes: {{main: [{{match: {{path_prefix: /app}}, to: app}}, {{respond: {{status: 200, body: lb{host + 1}}}}}]}}
  clusters: {{app: {{endpoints: ["127.0.0.1:8080"], health: {{type: tcp, interval: 100ms, timeout: 1s, rise: 1, fall: 1}}}}}}
"""


class Drill(Lab):
    def __init__(self, binary, advert):
        super().__init__(binary, advert, settings)
        for host in (0, 1):
            self.configure(host, track="track: {clusters: [app]}")
            with open(self.path(host, "origin.py"), "w") as file:
                file.write(ORIGIN)
            self.originate(host, self.path(host, "origin.py"))

    def fire(self, event):
        if event == "kill":
            self.kill(0)
        elif event == "link":
            self.link.ip("link", "set", "p11", "down")
        elif event == "health":
            self.origins[0].kill()
        elif event == "stop":
            self.daemons[0].terminate()
        elif event == "failback":
            self.start(0)

    def measure(self, event, seconds):
        if event == "failback":
            self.daemons[0].terminate()
            self.daemons[0].wait()
            until(lambda: self.role(1) == "master", "the other host is master")
        probe = self.client.start(sys.executable, os.path.abspath(__file__), "--probe", str(seconds + 1), stdout=subprocess.PIPE, text=True)
        time.sleep(1)
        self.fire(event)
        out = json.loads(probe.communicate(timeout=seconds + 30)[0])
        return out


def probe(seconds):
    """Asks every 5 ms whether or not an answer has come; prints when each request that was answered was sent, and by whom it was."""
    tick, poll, sockets, answered = 0.005, select.epoll(), {}, []
    failed, sent, start = 0, 0, time.monotonic()
    while (now := time.monotonic()) - start < seconds:
        if now - start >= sent * tick:
            sent += 1
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex((VIP, 80))
            sockets[one.fileno()] = (one, now, False)
            poll.register(one.fileno(), select.EPOLLOUT)
        for number, events in poll.poll(max(0, start + sent * tick - time.monotonic())):
            one, at, asked = sockets[number]
            try:
                if not asked:
                    one.send(b"GET / HTTP/1.1\r\nHost: drill\r\nConnection: close\r\n\r\n")
                    sockets[number] = (one, at, True)
                    poll.modify(number, select.EPOLLIN)
                    continue
                answer = one.recv(4096)
                if not answer.startswith(b"HTTP/1.1 200"):
                    raise OSError
                answered.append((at, answer[-3:].decode()))
            except OSError:
                failed += 1
            del sockets[number]
            one.close()
        for number, (one, at, _) in list(sockets.items()):
            if now - at > PATIENCE:
                failed += 1
                del sockets[number]
                one.close()
    times = sorted(answered)
    gaps = [(b[0] - a[0], a[0]) for a, b in zip(times, times[1:])]
    gap, at = max(gaps, default=(seconds, start))
    json.dump({"gap": gap * 1000, "failed": failed, "sent": sent, "first": times[0][1] if times else "", "last": times[-1][1] if times else ""}, sys.stdout)


def once(binary, advert, event):
    drill = Drill(binary, advert)
    atexit.register(drill.close)
    try:
        drill.settle()
        time.sleep(1)
        out = drill.measure(event, 8 if advert == "1s" else 4)
        expected = "lb1" if event == "failback" else "lb2"
        if out["last"] != expected:
            raise RuntimeError(f"{event}: the address is at {out['last'] or 'nobody'}, not {expected}\n{drill.said()}")
        return out
    finally:
        drill.close()
        atexit.unregister(drill.close)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--binary", default="out/penstock")
    options.add_argument("--runs", type=int, default=7)
    options.add_argument("--adverts", default="100ms,1s")
    options.add_argument("--events", default=",".join(EVENTS))
    options.add_argument("--write", help="folder that takes the table")
    options.add_argument("--probe", type=float, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.probe:
        probe(chosen.probe)
        return
    binary = os.path.abspath(chosen.binary)
    lines = ["| event | advert interval | gap, median (ms) | least to most | in adverts | requests failed, median |", "|---|---|---|---|---|---|"]
    print(lines[0], lines[1], sep="\n", flush=True)
    for advert in chosen.adverts.split(","):
        milliseconds = 1000 if advert == "1s" else int(advert.removesuffix("ms"))
        for event in chosen.events.split(","):
            runs = [once(binary, advert, event) for _ in range(chosen.runs)]
            gaps = [one["gap"] for one in runs]
            median = statistics.median(gaps)
            failed = statistics.median(one["failed"] for one in runs)
            lines.append(f"| {EVENTS[event]} | {advert} | {median:.0f} | {min(gaps):.0f} to {max(gaps):.0f} | {median / milliseconds:.2f} | {failed:.0f} |")
            print(lines[-1], flush=True)
    if chosen.write:
        write(
            f"{chosen.write}/vrrp-{datetime.date.today().isoformat()}.md",
            "Failover seen by a client",
            f"{chosen.runs} runs of each. An HTTP request every 5 ms, a connection each. The gap is the longest time between the sending of two requests that were answered.\n\n"
            + "\n".join(lines) + "\n")


main()
