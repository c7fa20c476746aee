#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two hosts with penstock and keepalived, a client, a bridge, each in a network namespace: what a client sees when the owner of a virtual address fails.

The client asks the address over HTTP every 5 ms, a connection each. Its gap is the longest time between the sending of two requests that were answered, with
nothing that was answered sent in between; an answer may take half a second.
Usage: drill.py [--binary PATH] [--runs N] [--adverts 100ms,1s] [--events kill,...] [--slack MILLISECONDS] [--patience SECONDS] [--write FOLDER]
It fails if the median gap is longer than it may be (3.7 adverts where nobody meant it, 50 ms where an operator did: a stop, a drain, its end), or if a request failed that may not: when the owner comes
back, and once a split has healed: there an answer may take three seconds, since the host that gives way may take a SYN with it, which TCP sends again after
one. On a machine that others use, slack is what a gap may be longer, and patience what an answer may take: of more than a second, only where no gap is asked for.
"""
import argparse
import atexit
import datetime
import json
import os
import select
import signal
import socket
import statistics
import subprocess
import sys
import time

from lab import VIP, Lab, write  # first: it says where the next is
from namespaces import run, until

UNPLANNED, PLANNED = 3.7, 50  # longest gaps: adverts, milliseconds
EVENTS = {
    "kill": "penstock and keepalived of the owner killed (SIGKILL)",
    "link": "the owner's link cut",
    "health": "the owner's health fails",
    "stop": "the owner's penstock told to stop (SIGTERM), as for an upgrade",
    "drain": "the owner is taken out (`penstock drain --node`)",
    "ready": "it is put back, and takes the address again (`penstock ready --node`)",
    "failback": "the owner comes back and takes the address again",
    "split": "adverts are cut between the hosts until both are master, then heal",
}
MEANT = ("stop", "drain", "ready")
SETTLED = ("failback", "split")  # looked at until there is one master again, and for two seconds more
PATIENCE = 0.5  # seconds an answer may take: less than TCP waits before it sends a SYN again (RFC 6298), whose answer would be to the host that took over
HEALING = 3  # the same where a split heals


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
        elif event in ("drain", "ready"):
            self.tell(event)
        elif event == "failback":
            self.start(0)
            until(lambda: self.role(0) == "master", "the first host is master again")
        elif event == "split":
            self.isolate("on")
            until(lambda: [self.role(0), self.role(1)] == ["master", "master"], "both are master")
            self.isolate("off")
            healed = time.monotonic()
            until(lambda: [self.role(0), self.role(1)] == ["master", "backup"], "one is master again")
            return healed
        return 0

    def tell(self, order):
        """Has the owner drain, or ends that; comes back at once."""
        run(self.binary, order, "--node", *(["--no-wait"] if order == "drain" else []), "--socket", self.path(0, "admin.sock"))

    def isolate(self, switch):
        """Hosts whose ports are isolated reach the client, and not each other."""
        for port in ("p11", "p12"):
            self.link.ip("link", "set", port, "type", "bridge_slave", "isolated", switch)

    def measure(self, event, seconds, patience):
        if event == "failback":
            self.daemons[0].terminate()
            self.daemons[0].wait()
            until(lambda: self.role(1) == "master", "the other host is master")
        elif event == "ready":
            self.tell("drain")
            until(lambda: self.role(1) == "master", "the other host is master")
        probe = self.client.start(sys.executable, os.path.abspath(__file__), "--probe", str(seconds + 1), "--patience", str(patience), stdout=subprocess.PIPE, text=True)
        time.sleep(1)
        settled = self.fire(event)
        if event in SETTLED:
            time.sleep(2)
            probe.terminate()  # how long it takes to get there is not what is measured
        out = json.loads(probe.communicate(timeout=seconds + 30)[0])
        return {**out, "failed": sum(at >= settled for at in out["failures"])}


def probe(seconds, patience):
    """Asks every 5 ms whether or not an answer has come; prints when each request that was answered was sent, and by whom it was."""
    os.nice(-20)  # a client is a machine of its own: that the hosts are busy here keeps it from nothing
    tick, poll, sockets, answered = 0.005, select.epoll(), {}, []
    failures, sent, start = [], 0, time.monotonic()
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    while not ended and (now := time.monotonic()) - start < seconds:
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
                failures.append(at)
            del sockets[number]
            one.close()
        for number, (one, at, _) in list(sockets.items()):
            if now - at > patience:
                failures.append(at)
                del sockets[number]
                one.close()
    times = sorted(answered)
    gaps = [(b[0] - a[0], a[0]) for a, b in zip(times, times[1:])]
    gap, at = max(gaps, default=(seconds, start))
    json.dump({"gap": gap * 1000, "failures": failures, "sent": sent, "first": times[0][1] if times else "", "last": times[-1][1] if times else ""}, sys.stdout)


def once(binary, advert, event, patience):
    drill = Drill(binary, advert)
    atexit.register(drill.close)
    try:
        drill.settle()
        time.sleep(1)
        out = drill.measure(event, 120 if event in SETTLED else 8 if advert == "1s" else 4, max(patience, HEALING) if event == "split" else patience)
        expected = "lb1" if event in (*SETTLED, "ready") else "lb2"
        if out["last"] != expected:
            raise RuntimeError(f"{event}: the address is at {out['last'] or 'nobody'}, not {expected}\n{drill.said()}")
        return out
    finally:
        drill.close()
        atexit.unregister(drill.close)


def fault(event, gap, failed, milliseconds, slack):
    """What of an event is not as it has to be; None: nothing."""
    if event in SETTLED:
        return f"{max(failed)} requests failed, none may" if max(failed) else None
    limit = slack + (PLANNED if event in MEANT else UNPLANNED * milliseconds)
    return f"the gap is {gap:.0f} ms, at most {limit:.0f} ms are allowed" if gap > limit else None


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--binary", default="out/penstock")
    options.add_argument("--runs", type=int, default=7)
    options.add_argument("--adverts", default="100ms,1s")
    options.add_argument("--events", default=",".join(EVENTS))
    options.add_argument("--slack", type=int, default=0)
    options.add_argument("--patience", type=float, default=PATIENCE)
    options.add_argument("--write", help="folder that takes the table")
    options.add_argument("--probe", type=float, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.probe:
        probe(chosen.probe, chosen.patience)
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to stop"))  # what it has made goes with it
    binary = os.path.abspath(chosen.binary)
    lines = ["| event | advert interval | gap, median (ms) | least to most | in adverts | requests failed, median |", "|---|---|---|---|---|---|"]
    print(lines[0], lines[1], sep="\n", flush=True)
    faults = []
    for advert in chosen.adverts.split(","):
        milliseconds = 1000 if advert == "1s" else int(advert.removesuffix("ms"))
        for event in chosen.events.split(","):
            runs = [once(binary, advert, event, chosen.patience) for _ in range(chosen.runs)]
            gaps = [one["gap"] for one in runs]
            median = statistics.median(gaps)
            failed = [one["failed"] for one in runs]
            lines.append(f"| {EVENTS[event]} | {advert} | {median:.0f} | {min(gaps):.0f} to {max(gaps):.0f} | {median / milliseconds:.2f} | {statistics.median(failed):.0f} |")
            print(lines[-1], flush=True)
            if why := fault(event, median, failed, milliseconds, chosen.slack):
                faults.append(f"{EVENTS[event]}, adverts each {advert}: {why}")
    if chosen.write:
        write(
            f"{chosen.write}/vrrp-{datetime.date.today().isoformat()}.md",
            "Failover seen by a client",
            f"{chosen.runs} runs of each. An HTTP request every 5 ms, a connection each. The gap is the longest time between the sending of two requests that were answered. At most\n"
            f"{UNPLANNED} adverts are allowed where nobody meant it, {PLANNED} ms where an operator meant it (a stop, a drain, its end); where it comes back, and once a split has healed, no request may fail;\n"
            f"an answer may take {PATIENCE} s, and {HEALING} s where a split heals: TCP sends a SYN again after one.\n\n"
            + "\n".join(lines) + "\n")
    for one in faults:
        print(f"beyond its limit: {one}", file=sys.stderr)
    sys.exit(1 if faults else 0)


main()
