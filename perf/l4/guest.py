# SPDX-License-Identifier: Apache-2.0
"""guest.py ROUNDS CONNECTIONS PACKETS: measures each way to rs1 in turns, and prints lines "result WAY KIND INSTRUCTIONS".

KIND is connection (TCP opened, asked, answered and closed), packet (UDP, one way), or program: of the XDP program itself, for each frame.
Instructions are the processor's time less what a process that runs whenever there is nothing else (soak) has had, all of client, wires, director and server.
"""

import ctypes
import json
import mmap
import os
import pathlib
import socket
import struct
import subprocess
import sys
import time

CLONE_NEWNET = 0x40000000
VIP = "203.0.113.10"
SERVER = "10.0.0.11"
BATCH = 16
COUNTER = "/run/soak"
ROUTER = {"ipvs": "198.51.100.1", "xdp": "198.51.100.3", "routed": "198.51.100.4", "direct": SERVER}
# The cards at the bridge's ends of wires.
CARDS = {"ipvs": 1, "xdp": 3, "routed": 5}
DIRECTOR = {"ipvs": "lb", "xdp": "lb2", "routed": "rt", "direct": "rs1"}
# Name: engine, last digit of ports, by whom answers come back.
WAYS = {
    "direct": ("direct", 1, None),
    "routed": ("routed", 1, None),
    "routed both ways": ("routed", 1, "10.0.0.4"),
    "ipvs nat": ("ipvs", 1, "10.0.0.1"),
    "xdp nat": ("xdp", 1, None),
    "ipvs dsr-l2": ("ipvs", 2, None),
    "xdp dsr-l2": ("xdp", 2, None),
    "ipvs dsr-ipip": ("ipvs", 3, None),
    "xdp dsr-ipip": ("xdp", 3, None),
}

libc = ctypes.CDLL(None, use_errno=True)


def run(command):
    return subprocess.run(command, shell=True, check=True, capture_output=True, text=True).stdout


def enter(name):
    with open(f"/run/netns/{name}") as namespace:
        if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {name}")


def soak():
    """Counts what the processor has left."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with open(COUNTER, "r+b") as file:
        counter = mmap.mmap(file.fileno(), 8)
    done = 0
    while True:
        for _ in range(100):
            pass
        done += 1
        counter[:] = struct.pack("=q", done)


class Clock:
    """Instructions that others than the soak have had."""

    def __init__(self):
        pathlib.Path(COUNTER).write_bytes(bytes(8))
        with open(COUNTER, "r+b") as file:
            self.counter = mmap.mmap(file.fileno(), 8)
        if os.fork() == 0:
            soak()
        time.sleep(0.1)
        start, done = time.perf_counter_ns(), self.read()
        time.sleep(0.3)
        self.unit = (time.perf_counter_ns() - start) / (self.read() - done)

    def read(self):
        return struct.unpack("=q", self.counter[:])[0]

    def measure(self, work):
        start, done = time.perf_counter_ns(), self.read()
        work()
        return time.perf_counter_ns() - start - self.unit * (self.read() - done)


def connect(port, count):
    request = b"GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
    for _ in range(count // BATCH):
        clients = [socket.socket() for _ in range(BATCH)]
        for client in clients:
            client.setblocking(False)
            client.connect_ex((VIP, port))
        for client in clients:
            client.setblocking(True)
            client.settimeout(20)
            while True:
                try:
                    client.send(request)
                    break
                except BrokenPipeError:
                    pass
        for client in clients:
            answer = b""
            while part := client.recv(4096):
                answer += part
            if not answer.endswith(b"hello\n"):
                raise SystemExit(f"an answer on port {port}: {answer}")
            client.close()


class Pktgen:
    """The kernel's packet generator, at the client."""

    def __init__(self):
        self.home = pathlib.Path("/proc/thread-self/net/pktgen")

    def write(self, file, line):
        (self.home / file).write_text(line + "\n")

    def prepare(self, mac, port, count):
        self.write("kpktgend_0", "rem_device_all")
        self.write("kpktgend_0", "add_device eth0")
        for line in (f"count {count}", "pkt_size 60", "delay 200000", f"dst {VIP}", f"dst_mac {mac}", "udp_src_min 4000", "udp_src_max 4000",
                     f"udp_dst_min {port}", f"udp_dst_max {port}"):
            self.write("eth0", line)

    def send(self):
        self.write("pgctrl", "start")


def received(sinks):
    """Datagrams that came to rs1, those its sockets had no room for too."""
    for sink in sinks:
        while True:
            try:
                sink.recv(64, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
    lines = [line.split() for line in run("nsenter --net=/run/netns/rs1 cat /proc/net/snmp").splitlines() if line.startswith("Udp:")]
    counters = dict(zip(lines[0], lines[1]))
    return int(counters["InDatagrams"]) + int(counters["RcvbufErrors"])


def route(way):
    engine, digit, back = WAYS[way]
    run(f"ip -n c route replace {VIP} via {ROUTER[engine]} dev eth0 onlink")
    run(f"ip -n rs1 rule del from {VIP} to 198.51.100.0/24 table 7 || true")
    if back:
        run(f"ip -n rs1 route replace default via {back} table 7")
        run(f"ip -n rs1 rule add from {VIP} to 198.51.100.0/24 table 7")
    mac = run(f"ip -n {DIRECTOR[engine]} -br link show eth0").split()[2]
    return digit, mac


def strays(engine):
    """Frames on the wires of other directors."""
    return sum(int(pathlib.Path(f"/sys/class/net/card{card}/statistics/tx_packets").read_text()) for other, card in CARDS.items() if other != engine)


def programs():
    """Nanoseconds and frames of the XDP program so far."""
    shown = [one for one in json.loads(run("bpftool -j prog show")) if one["type"] == "xdp"]
    return sum(one.get("run_time_ns", 0) for one in shown), sum(one.get("run_cnt", 0) for one in shown)


def main(rounds, connections, packets):
    clock = Clock()
    enter("rs1")
    sinks = []
    for port in (9001, 9002, 9003):
        sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        sink.bind(("", port))
        sinks.append(sink)
    enter("c")
    pktgen = Pktgen()

    def once(way, connections, packets, show):
        digit, mac = route(way)
        connect(7000 + digit, BATCH)  # Neighbours are known, code is translated.
        pktgen.prepare(mac, 9000 + digit, packets)
        before, others = received(sinks), strays(WAYS[way][0])
        work = clock.measure(lambda: connect(7000 + digit, connections))
        sent = clock.measure(pktgen.send)
        for _ in range(50):
            if received(sinks) - before >= packets:
                break
            time.sleep(0.02)
        else:
            raise SystemExit(f"{way}: {received(sinks) - before} of {packets} packets arrived")
        if strays(WAYS[way][0]) - others > connections / 2:
            raise SystemExit(f"{way}: frames go by another director too")
        if show:
            print(f"result {way.replace(' ', '_')} connection {work / connections:.0f}", flush=True)
            print(f"result {way.replace(' ', '_')} packet {sent / packets:.0f}", flush=True)

    for number in range(rounds + 1):
        for way in WAYS:
            once(way, connections if number else 4 * BATCH, packets if number else 64, number > 0)

    run("sysctl -qw kernel.bpf_stats_enabled=1")
    for way in WAYS:
        if WAYS[way][0] == "xdp":
            spent, frames = programs()
            once(way, connections, BATCH, False)
            spent, frames = programs()[0] - spent, programs()[1] - frames
            print(f"result {way.replace(' ', '_')} program {spent / frames:.0f}", flush=True)


main(*map(int, sys.argv[1:]))
