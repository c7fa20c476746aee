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
import platform
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

VIP = "10.8.0.100"
EVENTS = {
    "kill": "penstock and keepalived of the owner killed (SIGKILL)",
    "link": "the owner's link cut",
    "health": "the owner's health fails",
    "stop": "the owner's penstock told to stop (SIGTERM), as for an upgrade",
    "failback": "the owner comes back and takes the address again",
}
PATIENCE = 0.5  # seconds an answer may take: less than TCP waits before it sends a SYN again (RFC 6298), whose answer would be to the host that took over


def run(*words, check=True):
    return subprocess.run(words, check=check, capture_output=True, text=True).stdout


class Host:
    def __init__(self, name):
        self.name = name
        run("ip", "netns", "add", name)
        self.ip("link", "set", "lo", "up")

    def ip(self, *words):
        return run("ip", "-n", self.name, *words)

    def start(self, *words, **options):
        return subprocess.Popen(["nsenter", f"--net=/run/netns/{self.name}", *words], **options)

    def run(self, *words):
        return run("nsenter", f"--net=/run/netns/{self.name}", *words)


class Drill:
    def __init__(self, binary, advert):
        self.binary, self.advert = binary, advert
        self.folder = tempfile.mkdtemp(prefix="penstock-drill-")
        prefix = f"pd{os.getpid()}"
        self.link, self.client = Host(prefix + "l"), Host(prefix + "c")
        self.hosts = [Host(prefix + "1"), Host(prefix + "2")]
        self.daemons, self.origins, self.logs = [None, None], [None, None], []
        self.link.ip("link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
        self.link.ip("link", "set", "br0", "up")
        for host, number in ((self.client, 1), (self.hosts[0], 11), (self.hosts[1], 12)):
            self.link.ip("link", "add", f"p{number}", "type", "veth", "peer", "name", "eth0", "netns", host.name)
            self.link.ip("link", "set", f"p{number}", "master", "br0", "up")
            host.ip("link", "set", "eth0", "up")
            host.ip("addr", "add", f"10.8.0.{number}/24", "dev", "eth0")

    def configure(self, host):
        folder = f"{self.folder}/{host}"
        os.makedirs(folder, exist_ok=True)
        text = f"""
node: lb{host + 1}
shutdown_timeout: 1s
admin: {{socket: {folder}/admin.sock}}
vrrp:
  - name: edge
    interface: eth0
    router_id: 50
    priority: {150 if host == 0 else 100}
    advert_interval: {self.advert}
    peers: [10.8.0.1{2 - host}]
    addresses: [{VIP}/24]
    track: {{clusters: [app]}}
keepalived: {{run: {folder}/run, state: {folder}/state}}
l7:
  reactors: 1
  listeners: [{{name: web, bind: ":80", routes: main}}]
  routes: {{main: [{{match: {{path_prefix: /app}}, to: app}}, {{respond: {{status: 200, body: lb{host + 1}}}}}]}}
  clusters: {{app: {{endpoints: ["127.0.0.1:8080"], health: {{type: tcp, interval: 100ms, timeout: 1s, rise: 1, fall: 1}}}}}}
"""
        with open(f"{folder}/penstock.yaml", "w") as file:
            file.write(text)
        return folder

    def start(self, host):
        folder = self.configure(host)
        if self.origins[host] is None:
            self.origins[host] = self.hosts[host].start(
                sys.executable, "-c", "import socket\ns=socket.create_server(('127.0.0.1',8080))\nwhile 1: s.accept()[0].close()")
            until(lambda: "127.0.0.1:8080" in self.hosts[host].run("ss", "-Hltn"), "the origin listens")
        log = open(f"{folder}/log", "a")
        self.logs.append(log)
        self.daemons[host] = self.hosts[host].start(self.binary, "run", "--config", f"{folder}/penstock.yaml", stdout=log, stderr=log)

    def role(self, host):
        """The role penstock reports; None while it does not answer."""
        answer = subprocess.run([self.binary, "status", "-o", "json", "--socket", f"{self.folder}/{host}/admin.sock"], capture_output=True, text=True)
        return json.loads(answer.stdout)["vrrp"][0]["role"] if answer.returncode == 0 else None

    def pids(self, host):
        found = []
        for name in ("keepalived.pid", "vrrp.pid"):
            try:
                found.append(int(open(f"{self.folder}/{host}/run/edge/{name}").read()))
            except (OSError, ValueError):
                pass
        return found

    def fire(self, event):
        owner = self.daemons[0]
        if event == "kill":
            for pid in [owner.pid, *self.pids(0)]:
                os.kill(pid, signal.SIGKILL)
        elif event == "link":
            self.link.ip("link", "set", "p11", "down")
        elif event == "health":
            self.origins[0].kill()
        elif event == "stop":
            owner.terminate()
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

    def close(self):
        for process in [*self.daemons, *self.origins]:
            if process and process.poll() is None:
                process.kill()
                process.wait()
        for host in (0, 1):
            for pid in self.pids(host):
                try:
                    if "keepalived" in open(f"/proc/{pid}/cmdline").read():
                        os.kill(pid, signal.SIGKILL)
                except (OSError, ProcessLookupError):
                    pass
        for log in self.logs:
            log.close()
        for host in [self.link, self.client, *self.hosts]:
            run("ip", "netns", "del", host.name, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def until(condition, what, limit=60):
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.05)


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
        drill.start(0)
        until(lambda: drill.role(0) == "master", "the first host is master")
        drill.start(1)
        until(lambda: drill.role(1) == "backup", "the second host is backup")
        time.sleep(1)
        out = drill.measure(event, 8 if advert == "1s" else 4)
        expected = "lb1" if event == "failback" else "lb2"
        if out["last"] != expected:
            raise RuntimeError(f"{event}: the address is at {out['last'] or 'nobody'}, not {expected}\n" + "\n".join(open(f"{drill.folder}/{host}/log").read()[-2000:] for host in (0, 1)))
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
        keepalived = subprocess.run(["keepalived", "--version"], capture_output=True, text=True).stderr.split("\n")[0]
        today = datetime.date.today().isoformat()
        with open(f"{chosen.write}/vrrp-{today}.md", "w") as file:
            file.write(f"# Failover seen by a client, {today}\n\nLinux {platform.release()}, {os.cpu_count()} cores, {keepalived}; unicast VRRPv3 between network namespaces; {chosen.runs} runs of each.\n")
            file.write("An HTTP request every 5 ms, a connection each. The gap is the longest time between the sending of two requests that were answered.\n\n")
            file.write("\n".join(lines) + "\n")


main()
