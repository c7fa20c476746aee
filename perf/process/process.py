#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a second process would cost: the XDP tier and the HTTP tier in one daemon, each alone, and two daemons of one tier each, as if the tiers were apart.

20 services of two backends with checks in the one, a listener with a route to two endpoints in the other, in a network namespace. Of each way: memory once it has served
and been reloaded (PSS counts a page of two processes half for each), processor and time until ready, the time of a reload as the daemon has it, and of an answer of
the admin socket, as the least that one process would wait for the other. Usage: process.py [--binary PATH] [--runs N] [--write FOLDER]
"""
import argparse
import datetime
import http.client
import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from namespaces import Host, run, until  # noqa: E402

L4, L7 = "the XDP tier", "the HTTP tier"
WAYS = [("one process, both tiers", [(L4, L7)]), (f"{L4} alone", [(L4,)]), (f"{L7} alone", [(L7,)]), ("two processes, a tier each", [(L4,), (L7,)])]
REQUESTS = 5000
RELOADS = 5
ANSWERS = 200


class Daemon:
    def __init__(self, bench, number, tiers):
        self.folder = f"{bench.folder}/{number}"
        os.makedirs(self.folder)
        self.tiers, self.bench, self.weight = tiers, bench, 1
        self.write()
        self.log = open(f"{self.folder}/log", "w")
        begun = time.monotonic()
        self.process = bench.host.start(bench.binary, "run", "--config", f"{self.folder}/penstock.yaml", stdout=self.log, stderr=self.log)
        self.begun = begun

    def write(self):
        text = f"node: lb1\nstate: {self.folder}/lib\nadmin: {{socket: {self.folder}/admin.sock}}\n"
        if L4 in self.tiers:
            text += f"l4:\n  interface: eth0\n  pins: {self.bench.folder}/pins\n  services:\n"
            for i in range(20):
                text += f"    - {{name: s{i}, listen: \"tcp://10.8.1.{i}:80\", forwarding: dsr-ipip, health: {{type: tcp, interval: 2s}}, backends: [{{address: 10.8.0.2, weight: {self.weight}}}, 10.8.0.3]}}\n"
        if L7 in self.tiers:
            text += f"l7:\n  listeners: [{{name: web, bind: \":80\", routes: main}}]\n  routes: {{main: [{{match: {{path_prefix: /app}}, to: app}}, {{respond: {{status: 200, body: w{self.weight}}}}}]}}\n"
            text += f"  clusters: {{app: {{endpoints: [{{address: \"10.8.0.2:8080\", weight: {self.weight}}}, \"10.8.0.3:8080\"]}}}}\n"
        with open(f"{self.folder}/penstock.yaml", "w") as file:
            file.write(text)

    def until_ready(self):
        while "ready:" not in open(self.log.name).read():
            if self.process.poll() is not None:
                raise RuntimeError(open(self.log.name).read())
            time.sleep(0.002)
        self.start_ms = (time.monotonic() - self.begun) * 1000
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        self.start_cpu_ms = (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")

    def memory(self):
        rows = dict(line.split(":", 1) for line in open(f"/proc/{self.process.pid}/smaps_rollup").read().splitlines()[1:])
        return {key: int(rows[key].split()[0]) / 1024 for key in ("Rss", "Pss", "Private_Dirty")} | {"threads": len(os.listdir(f"/proc/{self.process.pid}/task"))}

    def reload(self):
        self.weight += 1
        self.write()
        said = subprocess.run([self.bench.binary, "reload", "--socket", f"{self.folder}/admin.sock"], check=True, capture_output=True, text=True).stdout
        return float(re.search(r"([0-9.]+) ms", said)[1])

    def answer_us(self):
        """Median time of one question that is answered by the admin socket, on a connection that is kept."""
        link = http.client.HTTPConnection("localhost")
        link.sock = socket.socket(socket.AF_UNIX)
        link.sock.connect(f"{self.folder}/admin.sock")
        times = []
        for _ in range(ANSWERS):
            begun = time.monotonic()
            link.request("GET", "/v1/snapshot")
            link.getresponse().read()
            times.append((time.monotonic() - begun) * 1e6)
        link.close()
        return statistics.median(times)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


class Bench:
    def __init__(self, binary):
        self.binary, self.folder = binary, tempfile.mkdtemp(prefix="penstock-process-")
        self.host, self.peer = Host(f"pp{os.getpid()}a"), Host(f"pp{os.getpid()}b")
        self.host.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", self.peer.name)
        for host, number in ((self.host, 1), (self.peer, 2)):
            host.ip("addr", "add", f"10.8.0.{number}/24", "dev", "eth0")
            host.ip("link", "set", "eth0", "up")
        self.host.run("sysctl", "-qw", "net.ipv4.conf.eth0.forwarding=1")
        self.peer.ip("addr", "add", "10.8.0.3/24", "dev", "eth0")

    def serve(self):
        """Some use, so that what the first requests compile is there."""
        self.host.run("bash", "-c", f"for i in 1 2 3 4; do curl -s -o {self.folder}/out 'http://10.8.0.1/[1-{REQUESTS // 4}]' & done; wait")

    def measure(self, way):
        before = os.listdir(self.folder)
        daemons = [Daemon(self, len(before) + i, tiers) for i, tiers in enumerate(way)]
        try:
            for daemon in daemons:
                daemon.until_ready()
            if any(L7 in tiers for tiers in way):
                self.serve()
            reloads = statistics.median(sum(daemon.reload() for daemon in daemons) for _ in range(RELOADS))
            time.sleep(2)
            memories = [daemon.memory() for daemon in daemons]
            total = {key: sum(memory[key] for memory in memories) for key in memories[0]}
            return total | {"start_ms": max(d.start_ms for d in daemons), "start_cpu_ms": sum(d.start_cpu_ms for d in daemons), "reload_ms": reloads,
                            "answer_us": statistics.median(daemon.answer_us() for daemon in daemons)}
        finally:
            for daemon in daemons:
                daemon.stop()
            subprocess.run([self.binary, "detach", "--pins", f"{self.folder}/pins"], capture_output=True)
            subprocess.run(["umount", f"{self.folder}/pins"], capture_output=True)

    def close(self):
        for host in (self.host, self.peer):
            run("ip", "netns", "del", host.name, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def table(results):
    columns = [("Pss", "PSS (MiB)"), ("Rss", "RSS (MiB)"), ("Private_Dirty", "written (MiB)"), ("threads", "threads"), ("start_ms", "start (ms)"), ("start_cpu_ms", "CPU of the start (ms)"),
               ("reload_ms", "reload (ms)"), ("answer_us", "answer of the admin socket (us)")]
    rows = ["| | " + " | ".join(title for _, title in columns) + " |", "|---|" + "---|" * len(columns)]
    for name, runs in results:
        rows.append(f"| {name} | " + " | ".join(f"{statistics.median(one[key] for one in runs):.{1 if key == 'reload_ms' else 0}f}" for key, _ in columns) + " |")
    return "\n".join(rows)


def main():
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", default=os.path.join(root, "out/penstock"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--write")
    options = parser.parse_args()
    bench = Bench(os.path.abspath(options.binary))
    results = [(name, []) for name, _ in WAYS]
    try:
        for _ in range(options.runs):  # in turns, as the machine's speed drifts
            for (_, way), (_, runs) in zip(WAYS, results):
                runs.append(bench.measure(way))
    finally:
        bench.close()
    text = table(results)
    print(text)
    if options.write:
        with open(f"{options.write}/process-{datetime.date.today().isoformat()}.md", "w") as file:
            file.write(f"""# One process or two, {datetime.date.today().isoformat()}

Linux {platform.release()}, {os.cpu_count()} cores. Median of {options.runs} runs, in turns; `make perf-process`. Two processes: PSS, RSS, threads, processor and reloads of both added up, a start until both
are ready. A start and a reload are by the clock of a machine that is shared, so that what is twice as long means more than what is a tenth longer.

{text}
""")


main()
