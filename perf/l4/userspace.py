#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Engine userspace beside haproxy (mode tcp, splice) and nginx (stream, TCP and UDP), in turns on one core with one thread each; load and backend on the other.

Bytes and datagrams by iperf3, connections by wrk: one request each, answered by nginx. CPU is the whole process's, from /proc. Writes perf/results.
"""

import datetime
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so"
ROUNDS = 3
SECONDS = 3
BULK, PAGES = 21001, 21002  # the backends
PORTS = {"direct": (BULK, PAGES), "penstock": (21011, 21012), "haproxy": (21021, 21022), "nginx": (21031, 21032)}

PENSTOCK = """
node: perf
admin: {{socket: {folder}/admin.sock}}
shutdown_timeout: 0s
l7: {{reactors: 1}}
l4:
  engine: userspace
  services:
    - {{name: bulk, listen: "tcp://127.0.0.1:21011", forwarding: nat, backends: [{{address: 127.0.0.2, port: 21001}}]}}
    - {{name: datagrams, listen: "udp://127.0.0.1:21011", forwarding: nat, backends: [{{address: 127.0.0.2, port: 21001}}]}}
    - {{name: pages, listen: "tcp://127.0.0.1:21012", forwarding: nat, backends: [{{address: 127.0.0.2, port: 21002}}]}}
"""

HAPROXY = """
global
  nbthread 1
  maxconn 4000
defaults
  mode tcp
  timeout connect 5s
  timeout client 1m
  timeout server 1m
  option splice-auto
  option splice-request
  option splice-response
listen bulk
  bind 127.0.0.1:21021
  server s 127.0.0.2:21001
listen pages
  bind 127.0.0.1:21022
  server s 127.0.0.2:21002
"""

NGINX = """
load_module {module};
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
worker_processes 1;
events {{ worker_connections 4096; }}
stream {{
  tcp_nodelay on;
  server {{ listen 127.0.0.1:21031; proxy_pass 127.0.0.2:21001; }}
  server {{ listen 127.0.0.1:21031 udp; proxy_pass 127.0.0.2:21001; }}
  server {{ listen 127.0.0.1:21032; proxy_pass 127.0.0.2:21002; }}
}}
"""

ORIGIN = """
daemon off;
pid {folder}/origin.pid;
error_log {folder}/origin.log;
worker_processes 1;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_timeout 0;
  server {{ listen 127.0.0.2:21002 backlog=4096; location / {{ return 200 ok; }} }}
}}
"""


def on(core, *command):
    return subprocess.Popen(["taskset", "-c", str(core), *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def processes(pid):
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(process for child in children for process in processes(int(child)))]


def seconds_of(pid):
    ticks = 0
    for process in processes(pid):
        fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def run(*command):
    done = subprocess.run(["taskset", "-c", "0", *command], capture_output=True, text=True, timeout=SECONDS + 30)
    if done.returncode != 0:
        sys.exit(f"perf-l4: {' '.join(command)}: {done.stdout[-400:]}{done.stderr[-400:]}")
    return done.stdout


def iperf(address, port, *more):
    return json.loads(run("iperf3", "-J", "-c", address, "-p", str(port), "-t", str(SECONDS), *more))["end"]


def measure(kind, address, ports):
    """How many bytes, connections or datagrams came through in SECONDS."""
    if kind == "bytes":
        return iperf(address, ports[0])["sum_received"]["bytes"]
    if kind == "datagrams":
        end = iperf(address, ports[0], "-u", "-b", "0", "-l", "64")["sum"]
        return end["packets"] - end["lost_packets"]
    output = run("wrk", "-t1", "-c32", f"-d{SECONDS}s", f"http://{address}:{ports[1]}/")
    if "Socket errors" in output:
        sys.exit(f"perf-l4: {output}")
    return int(output.split(" requests in")[0].split()[-1])


def table(samples):
    units = {"bytes": ("TCP, one stream", 1 << 30, "GiB/s", 1e3, "ms CPU a GiB"), "connections": ("TCP, connections of one request", 1, "a second", 1e6, "us CPU each"),
             "datagrams": ("UDP, datagrams of 64 bytes", 1, "a second", 1e6, "us CPU each")}
    lines = ["| what | by | rate | | CPU | spread | |", "|---|---|--:|---|--:|--:|---|"]
    for kind, (what, unit, rate_unit, scale, cpu_unit) in units.items():
        for name in PORTS:
            rounds = samples.get((name, kind))
            if not rounds:
                continue
            rate = statistics.median(count / unit / SECONDS for count, _ in rounds)
            shown = f"{rate:.2f}" if unit > 1 else f"{rate:.0f}"
            if name == "direct":
                lines.append(f"| {what} | {name} | {shown} | {rate_unit} | | | |")
                continue
            costs = sorted(cpu * scale / (count / unit) for count, cpu in rounds)
            lines.append(f"| {what} | {name} | {shown} | {rate_unit} | {statistics.median(costs):.1f} | {costs[-1] - costs[0]:.1f} | {cpu_unit} |")
    return "\n".join(lines) + "\n"


def machine():
    model = next(line for line in open("/proc/cpuinfo") if line.startswith("model name")).split(":")[1].strip()
    return f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}, {model}, {os.cpu_count()} cores, kernel {os.uname().release}"


def main():
    if not os.path.exists(MODULE):
        sys.exit("perf-l4: nginx lacks its stream module: apt-get install libnginx-mod-stream")
    samples, running = {}, []
    with tempfile.TemporaryDirectory() as folder:
        def write(name, text):
            path = pathlib.Path(folder, name)
            path.write_text(text.format(folder=folder, module=MODULE))
            return str(path)

        try:
            running += [on(0, "iperf3", "-s", "-B", "127.0.0.2", "-p", str(BULK)), on(0, "nginx", "-c", write("origin.conf", ORIGIN))]
            relays = {
                "penstock": on(1, str(ROOT / "out/penstock"), "run", "--config", write("penstock.yaml", PENSTOCK)),
                "haproxy": on(1, "haproxy", "-db", "-f", write("haproxy.cfg", HAPROXY)),
                "nginx": on(1, "nginx", "-c", write("nginx.conf", NGINX)),
            }
            running += relays.values()
            time.sleep(3)
            for name in relays:  # The first connections compile code and fault memory in.
                run("wrk", "-t1", "-c32", "-d2s", f"http://127.0.0.1:{PORTS[name][1]}/")
            for _ in range(ROUNDS):
                for kind in ("bytes", "connections", "datagrams"):
                    for name, ports in PORTS.items():
                        if (name, kind) == ("haproxy", "datagrams"):
                            continue  # It relays none.
                        before = seconds_of(relays[name].pid) if name in relays else 0
                        count = measure(kind, "127.0.0.2" if name == "direct" else "127.0.0.1", ports)
                        after = seconds_of(relays[name].pid) if name in relays else 0
                        samples.setdefault((name, kind), []).append((count, after - before))
                        print(name, kind, count, f"{after - before:.2f} s", file=sys.stderr, flush=True)
        finally:
            for process in running:
                process.send_signal(signal.SIGTERM)
            for process in running:
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
    text = (f"# Engine userspace, haproxy and nginx as relays\n\n{machine()}.\n`make perf-l4 ARGS=--userspace`: medians of {ROUNDS} rounds in turns, {SECONDS} s each, on loopback: the relay with one "
            "thread on one core, load and backend on the other.\nhaproxy 2.6 (mode tcp, splice), nginx 1.22 (stream). CPU is the relay's own; *direct* is without one.\n"
            "As many datagrams come as the sender can send: those that found no room are not counted.\n\n" + table(samples))
    print(text)
    (ROOT / f"perf/results/l4-userspace-{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}.md").write_text(text)


main()
