#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two hosts whose proxy tiers share a virtual address (forwarding: l7): what long TCP flows and requests see when it moves, and how many of them are lost.

200 flows are open all the time, half of them idle between two requests of a connection, half with a response that trickles; besides, 500 requests a second, a connection
each. Each event tells which host served them. Usage: flows.py [--binary PATH] [--flows N] [--rate N] [--write FOLDER]
"""
import argparse
import atexit
import collections
import ctypes
import datetime
import errno
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time

from lab import VIP, Lab, write  # first: it says where the next is
from namespaces import certify, run, until

PATIENCE = 8  # seconds that a request may take: more than a SYN that is lost costs twice
FIRST_PORT = 10_000  # of requests: below those that the kernel gives out
SECONDS = 24  # for which no port is used twice
ORIGIN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "trickle.py")
PASS = 'char _license[] __attribute__((section("license"), used)) = "GPL";\n__attribute__((section("xdp"), used)) int pass(void *ctx) { (void)ctx; return 2; }\n'


def settings(lab, host):
    certificates = f"certificate: {lab.folder}/lb{host + 1}.crt, key: {lab.folder}/lb{host + 1}.key, ca: {lab.folder}/ca.crt"
    other = f"{{name: lb{2 - host}, address: 10.9.0.1{2 - host}, proxy: 10.8.0.1{2 - host}}}"
    return f"""peers: {{listen: 10.9.0.1{host + 1}, proxy: 10.8.0.1{host + 1}, {certificates}, hosts: [{other}], interval: 500ms, timeout: 1s}}
l4:
  interface: eth0
  pins: {lab.path(host, "pins")}
  services: [{{name: web, listen: "tcp://{VIP}:80", forwarding: l7}}]
l7:
  reactors: 1
  listeners: [{{name: web, bind: ":80", routes: main, timeouts: {{idle: 10m}}}}]
  routes: {{main: [{{match: {{path_prefix: /trickle}}, to: app}}, {{respond: {{status: 200, body: lb{host + 1}}}}}]}}
  clusters: {{app: {{endpoints: ["127.0.0.1:8080"]}}}}
"""


class Tier(Lab):
    """The lab with what the tier asks of a host: the address on lo of both, XDP on their links, certificates, and a link of its own for the peers' channel."""

    def __init__(self, binary, advert):
        super().__init__(binary, advert, lambda host: settings(self, host), mtu=1540)
        certify(self.folder, ["lb1", "lb2"])
        self.hosts[0].ip("link", "add", "eth1", "type", "veth", "peer", "name", "eth1", "netns", self.hosts[1].name)
        for number, host in enumerate(self.hosts):
            host.ip("addr", "add", f"10.9.0.1{number + 1}/24", "dev", "eth1")
            host.ip("link", "set", "eth1", "up")
        with open(f"{self.folder}/pass.c", "w") as file:
            file.write(PASS)
        subprocess.run(["clang", "-target", "bpf", "-O2", "-c", f"{self.folder}/pass.c", "-o", f"{self.folder}/pass.o"], check=True)
        for host, number in ((self.link, 1), (self.link, 11), (self.link, 12), (self.client, 0), (self.hosts[0], 0), (self.hosts[1], 0)):
            host.run("ethtool", "-K", f"p{number}" if number else "eth0", "tx", "off", "rx", "off")
        for number in (11, 12):
            self.link.ip("link", "set", f"p{number}", "xdp", "obj", f"{self.folder}/pass.o", "sec", "xdp")
        for number, host in enumerate(self.hosts):
            host.ip("addr", "add", f"{VIP}/32", "dev", "lo")
            host.run("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2", "net.ipv4.ip_forward=1", "net.ipv4.conf.eth0.forwarding=1",
                     "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.eth0.rp_filter=0", "net.core.somaxconn=4096")
            self.configure(number)
            self.originate(number, ORIGIN, f"lb{number + 1}")

    def states(self, host):
        """The states of both hosts in the service, by the host's own word."""
        status = self.ask(host, "status")
        return [backend["state"] for backend in status["l4"]["services"][0]["backends"]] if status else []

    def channel(self, state):
        """Brings the link of the channel down or up, and waits until both hosts say so."""
        self.hosts[0].ip("link", "set", "eth1", state)
        until(lambda: [self.ask(host, "status")["peers"][0]["state"] for host in (0, 1)] == [state, state], f"both say that the other is {state}")

    def owner(self, host):
        until(lambda: self.role(host) == "master" and self.role(1 - host) != "master", f"lb{host + 1} is the one master")

    def remove(self):
        for host in (0, 1):
            subprocess.run([self.binary, "detach", "--pins", self.path(host, "pins")], capture_output=True)
            subprocess.run(["umount", self.path(host, "pins")], capture_output=True)
        super().remove()


class Flow:
    """A connection that lasts: idle between two requests, or with a response that trickles."""

    def __init__(self, trickles):
        self.trickles, self.error, self.received = trickles, None, 0
        self.socket = socket.create_connection((VIP, 80), timeout=PATIENCE)
        self.socket.sendall(b"GET /%s HTTP/1.1\r\nHost: drill\r\n\r\n" % (b"trickle" if trickles else b""))
        answer = b""
        while b"lb" not in answer:
            more = self.socket.recv(4096)
            if not more:
                raise OSError("ended at once")
            answer += more
        self.host, self.port = answer[answer.index(b"lb"):][:3].decode(), self.socket.getsockname()[1]
        self.socket.settimeout(PATIENCE)

    def read(self):
        try:
            more = self.socket.recv(4096)
            self.received += len(more)
            if not more and self.trickles:
                self.error = "ended"
        except OSError as error:
            self.error = str(error)

    def ask(self):
        """Asks on an idle connection once more."""
        try:
            self.socket.sendall(b"GET / HTTP/1.1\r\nHost: drill\r\n\r\n")
            answer = self.socket.recv(4096)
            if not answer.startswith(b"HTTP/1.1 200") or not answer.endswith(self.host.encode()):
                self.error = f"answered {answer[:20]!r}"
        except OSError as error:
            self.error = str(error)


class Flows:
    """All of them, read in the background."""

    def __init__(self):
        self.all, self.stop, self.thread = [], False, threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def open(self, count):
        self.all += [Flow(trickles=i % 2 == 0) for i in range(count)]

    def run(self):
        while not self.stop:
            alive = {flow.socket: flow for flow in self.all if flow.trickles and not flow.error and flow.socket.fileno() >= 0}
            ready = select.select(list(alive), [], [], 0.1)[0] if alive else time.sleep(0.1) or []
            for one in ready:
                alive[one].read()

    def check(self):
        """Uses every flow once more; those that are lost, by the host that served them."""
        before = {flow: flow.received for flow in self.all if flow.trickles}
        time.sleep(2)
        lost, kept = collections.Counter(), collections.Counter()
        for flow in self.all:
            if not flow.trickles and not flow.error:
                flow.ask()
            elif not flow.error and flow.received == before[flow]:
                flow.error = "silent"
            (lost if flow.error else kept)[flow.host] += 1
        return lost, kept

    def leave(self, host):
        """Ends those of one host, as their clients would in their time."""
        for flow in [flow for flow in self.all if flow.host == host]:
            self.all.remove(flow)
            flow.socket.close()

    def close(self):
        self.stop = True
        self.thread.join()
        for flow in self.all:
            flow.socket.close()


class Requests:
    """
    So many requests a second, a connection each, from ports of their own: of a port whose host is known, a request that fails tells which one it would have gone to.
    Ports that a connection before still holds are left out: it has ended for its client, but nobody has answered its end.
    """

    def __init__(self, rate):
        self.rate, self.stop, self.sent, self.failed, self.held, self.host_of = rate, False, 0, [], [], {}
        self.answered, self.thread = collections.Counter(), None

    def start(self):
        self.stop, self.sent, self.failed, self.held, self.answered = False, 0, [], [], collections.Counter()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def end(self):
        self.stop = True
        self.thread.join()
        return self

    def run(self):
        poll, open_, start = select.epoll(), {}, time.monotonic()
        while not self.stop or open_:
            now = time.monotonic()
            while not self.stop and self.sent < (now - start) * self.rate:
                port = FIRST_PORT + self.sent % (self.rate * SECONDS)
                self.sent += 1
                one = socket.socket()
                one.setblocking(False)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    one.bind(("", port))
                    refused = one.connect_ex((VIP, 80))
                    if refused != errno.EINPROGRESS:
                        raise OSError(refused, os.strerror(refused))
                except OSError as error:
                    ports = subprocess.run(["ss", "-Htano", f"sport = :{port}"], capture_output=True, text=True).stdout.strip()
                    self.held.append((port, f"{error}: {ports}"))
                    one.close()
                    continue
                open_[one.fileno()] = [one, now, port, b""]
                poll.register(one.fileno(), select.EPOLLOUT)
            for number, _ in poll.poll(0.002):
                self.serve(poll, open_, number)
            for number, (one, at, port, _) in list(open_.items()):
                if now - at > PATIENCE:
                    self.failed.append((port, "no answer"))
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # its port is to be free, for nobody may ever end it
                    open_.pop(number)[0].close()

    def serve(self, poll, open_, number):
        if number not in open_:
            return  # its time was over
        one, _, port, answer = open_[number]
        try:
            if not answer:
                one.send(b"GET / HTTP/1.1\r\nHost: drill\r\nConnection: close\r\n\r\n")
                open_[number][3] = b" "
                poll.modify(number, select.EPOLLIN)
                return
            more = one.recv(4096)
            if more:
                open_[number][3] = answer + more
                return
            if b" 200 " not in answer:
                raise OSError(f"answered {answer[:20]!r}")
            host = answer[-3:].decode()
            self.answered[host] += 1
            self.host_of[port] = host
        except BlockingIOError:
            return  # woken for nothing
        except OSError as error:
            self.failed.append((port, str(error)))
        open_.pop(number)[0].close()


def enter(host):
    """This process is in the host's network from now on."""
    with open(f"/run/netns/{host.name}") as namespace:
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), "setns")


def share(counter):
    return ", ".join(f"{host} {counter[host]}" for host in sorted(counter)) or "0"


class Table:
    def __init__(self, lab):
        self.lab, self.faults, self.died = lab, [], False
        self.lines = ["| event | flows | lost, by the host that served them | requests | failed | answered by |", "|---|---|---|---|---|---|"]
        print(*self.lines, sep="\n", flush=True)

    def add(self, event, flows, requests, may_lose=()):
        lost, kept = flows.check()
        failed = collections.Counter(requests.host_of.get(port, "?") for port, _ in requests.failed)
        self.lines.append(f"| {event} | {sum(lost.values()) + sum(kept.values())} | {share(lost)} | {requests.sent} | {share(failed)} | {share(requests.answered)} |")
        print(self.lines[-1], flush=True)
        self.died |= bool(may_lose)
        if requests.held and not self.died:
            self.faults.append(f"{event}: connections whose end no host has answered: {requests.held}\n{self.explained([port for port, _ in requests.held])}")
        if set(lost) - set(may_lose) or set(failed) - set(may_lose):
            why = collections.Counter(flow.error for flow in flows.all if flow.error) + collections.Counter(why for _, why in requests.failed)
            self.faults.append(f"{event}: flows lost: {share(lost)}; requests failed: {share(failed)}; {dict(why)}\n"
                               + self.explained([flow.port for flow in flows.all if flow.error][:4] + [port for port, _ in requests.failed][:4]))

    def explained(self, ports):
        """What both hosts say of packets of these ports, and have of them."""
        own = run("ip", "-n", self.lab.client.name, "-4", "-o", "addr", "show", "eth0").split()[3].split("/")[0]
        return "\n".join(self.of_port(host, own, port) for port in ports[:8] for host in (0, 1))

    def of_port(self, host, own, port):
        explained = self.lab.ask(host, "explain", "packet", "--src", f"{own}:{port}", "--dst", f"{VIP}:80")
        return f"lb{host + 1} of port {port}: {explained}; its sockets: {self.lab.hosts[host].run('ss', '-Htano', f'dport = :{port}').strip() or 'none'}"


def drill(binary, count, rate):
    lab = Tier(binary, "100ms")
    atexit.register(lab.close)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    flows, requests = None, Requests(rate)
    try:
        lab.settle()
        for host in (0, 1):
            until(lambda: lab.states(host) == ["ready", "ready"], "both hosts know that both are ready")
        enter(lab.client)
        flows, table = Flows(), Table(lab)
        flows.open(count)

        def during(event, act, seconds=4, may_lose=()):
            requests.start()
            time.sleep(2)
            act()
            time.sleep(seconds)
            table.add(event, flows, requests.end(), may_lose)

        def drain():
            lab.ask(0, "drain", "--node", "--no-wait")
            lab.owner(1)

        def ready():
            lab.ask(0, "ready", "--node")
            lab.owner(0)

        def die():
            lab.link.ip("link", "set", "p11", "down")
            lab.kill(0)
            run("ip", "-n", lab.hosts[0].name, "addr", "del", f"{VIP}/24", "dev", "eth0", check=False)  # where keepalived was too late to: as with the host itself

        def back():
            lab.link.ip("link", "set", "p11", "up")
            lab.start(0)
            lab.owner(0)

        during("the owner drains (`penstock drain --node`)", drain)
        flows.open(count)  # those that begin meanwhile are all of the other host
        flows.leave("lb1")
        begun = time.monotonic()
        emptied = subprocess.run([binary, "drain", "--node", "--timeout", "60s", "--socket", lab.path(0, "admin.sock")], capture_output=True, text=True)
        if emptied.returncode:
            raise RuntimeError(f"the host that drains is not empty: {emptied.stdout}{emptied.stderr}")
        print(f"empty {time.monotonic() - begun:.1f} s after its clients have left: {emptied.stdout.strip().splitlines()[-1]}", flush=True)
        during("it is ready again, and takes the address back (`penstock ready --node`)", ready)
        flows.leave("lb2")
        flows.open(count)
        during("the peers' channel is cut, their proxies are well", lambda: lab.channel("down"))
        during("it is whole again", lambda: lab.channel("up"))
        during("learning which port goes where", lambda: None, seconds=SECONDS)
        table.lines.pop()
        during("the owner dies (penstock and keepalived killed, link cut)", die, seconds=12, may_lose=("lb1",))
        flows.leave("lb1")
        flows.open(count)
        during("it comes back, and takes the address back", back, seconds=6)
        return table
    except Exception:
        print(lab.said(), file=sys.stderr)
        raise
    finally:
        if flows:
            flows.close()
        ctypes.CDLL(None).setns(home, 0x40000000)
        lab.close()
        atexit.unregister(lab.close)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--binary", default="out/penstock")
    options.add_argument("--flows", type=int, default=200)
    options.add_argument("--rate", type=int, default=500)
    options.add_argument("--write", help="folder that takes the table")
    chosen = options.parse_args()
    table = drill(os.path.abspath(chosen.binary), chosen.flows, chosen.rate)
    if chosen.write:
        write(
            f"{chosen.write}/vrrp-flows-{datetime.date.today().isoformat()}.md",
            "Flows and requests across moves of a virtual address",
            f"Two hosts with engine xdp share a service with `forwarding: l7`; advert interval 100 ms, peers' interval 500 ms over a link of its own. {chosen.flows} flows, half of them idle between two requests of a\n"
            f"connection, half with a response that trickles, and {chosen.rate} requests a second, a connection each. By the flow that is lost or the request that fails, the host that served it\n"
            "or would have.\n\n" + "\n".join(table.lines) + "\n")
    for fault in table.faults:
        print("lost although its host lived: " + fault, file=sys.stderr)
    sys.exit(1 if table.faults else 0)


main()
