#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Three hosts with penstock and BIRD announce one address to a router that runs FRR; a client holds flows over all three; then one host goes. Each is a network namespace.

The flows are HTTP connections that ask again and again. One that fails, or has no answer for ten seconds, is broken. As `dsr` the hosts forward in the kernel (XDP, dsr-l2) to two
nginx, by equal tables; as `tier` they share their proxies (forwarding: l7 over peers); as `l7` each proxies what comes to it, without a service of the L4 tier.
Where a host drains, flows begin all the time, each a request that takes four seconds to be sent, and the router does not heed GRACEFUL_SHUTDOWN: so they begin at the host until it withdraws.
Usage: drill.py [--binary PATH] [--program PATH] [--runs N] [--flows N] [--ways dsr,tier,l7] [--events cut,kill,stop,drain] [--write FOLDER]
It fails if a flow broke that should not have: with dsr any, with tier any that the host that goes has not proxied, or any where a host drains; with l7 none is counted on, since Linux moves
flows of the hosts that stay.
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
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from namespaces import Host, certify, run, until  # noqa: E402

VIP = "203.0.113.10"
FRR = "/usr/lib/frr"
EVENTS = {
    "cut": "the host's link is cut",
    "kill": "penstock and BIRD are killed (SIGKILL), the kernel goes on",
    "stop": "penstock is told to stop (SIGTERM)",
    "drain": "`penstock drain --node`, while flows begin",
}
PATIENCE = 10  # seconds a flow may wait for an answer
OPENING, LASTING = 10, 4  # seconds for which flows begin where a host drains, and that each takes
PARTS, PART = 20, b"X-Part: " + b"p" * 100 + b"\r\n"  # what each sends meanwhile: faster than the least that a listener takes


class Drill:
    def __init__(self, binary, program, way):
        self.binary, self.program, self.way = binary, program, way
        self.folder = tempfile.mkdtemp(prefix="penstock-drill-")
        self.children, self.logs, self.daemons, self.all = [], [], [None] * 3, []
        prefix = f"pb{os.getpid()}"
        self.client, self.router = self.make(prefix + "c"), self.make(prefix + "r")
        self.hosts = [self.make(f"{prefix}{number}") for number in (1, 2, 3)]
        self.servers = [self.make(f"{prefix}s{number}") for number in (1, 2)]
        self.router.ip("link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
        self.router.ip("addr", "add", "10.7.0.1/24", "dev", "br0")
        self.router.ip("link", "set", "br0", "up")
        for host, number in [(host, 11 + i) for i, host in enumerate(self.hosts)] + [(server, 21 + i) for i, server in enumerate(self.servers)]:
            self.router.ip("link", "add", f"p{number}", "type", "veth", "peer", "name", "eth0", "netns", host.name)
            self.router.ip("link", "set", f"p{number}", "master", "br0", "up")
            self.router.ip("link", "set", f"p{number}", "type", "bridge_slave", "flood", "off")  # else others get what a host is sent that has gone, and XDP takes it
            host.ip("link", "set", "eth0", "up")
            host.ip("addr", "add", f"10.7.0.{number}/24", "dev", "eth0")
            host.ip("route", "add", "default", "via", "10.7.0.1")
            host.run("ethtool", "-K", "eth0", "tx", "off", "rx", "off")
        self.router.ip("link", "add", "c0", "type", "veth", "peer", "name", "eth0", "netns", self.client.name)
        self.router.ip("addr", "add", "10.6.0.1/24", "dev", "c0")
        self.router.ip("link", "set", "c0", "up")
        self.client.ip("link", "set", "eth0", "up")
        self.client.ip("addr", "add", "10.6.0.2/24", "dev", "eth0")
        self.client.ip("route", "add", "default", "via", "10.6.0.1")
        self.client.run("ethtool", "-K", "eth0", "tx", "off", "rx", "off")
        self.router.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.fib_multipath_hash_policy=1", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.br0.rp_filter=0")

    def make(self, name):
        host = Host(name)
        self.all.append(host)
        return host

    def start_router(self, heeds):
        """FRR, which sends nothing to a host that says GRACEFUL_SHUTDOWN, unless it does not heed it. It has no BFD then: no session is to be lost, however busy the machine is."""
        bfd, ignore = (" neighbor lb bfd 3 100 100\n", "") if heeds else ("", "  neighbor lb route-map ignore in\n")
        neighbors = "".join(f" neighbor 10.7.0.{number} peer-group lb\n" for number in (11, 12, 13))
        with open(f"{self.folder}/bgpd.conf", "w") as file:
            file.write("router bgp 65000\n bgp router-id 10.7.0.1\n no bgp ebgp-requires-policy\n neighbor lb peer-group\n neighbor lb remote-as 65010\n"
                       " neighbor lb timers 3 9\n neighbor lb timers connect 1\n" + bfd + neighbors + " address-family ipv4 unicast\n  maximum-paths 8\n" + ignore +
                       " exit-address-family\nroute-map ignore permit 10\n set community none\n")
        for daemon in ("zebra", "bfdd"):
            open(f"{self.folder}/{daemon}.conf", "w").close()
        run("chown", "-R", "frr:frr", self.folder)
        os.chmod(self.folder, 0o755)
        for daemon in ("zebra", "bfdd", "bgpd"):
            more = ["--bfdctl", f"{self.folder}/bfdd.sock"] if daemon == "bfdd" else []
            self.router.run(f"{FRR}/{daemon}", "-d", "-A", "127.0.0.1", "--vty_socket", self.folder, "-z", f"{self.folder}/zserv.api", "-f", f"{self.folder}/{daemon}.conf", "-i", f"{self.folder}/{daemon}.pid", *more)
            until(lambda: os.path.exists(f"{self.folder}/{daemon}.vty"), f"{daemon} starts")

    def start_server(self, number):
        server, folder = self.servers[number], f"{self.folder}/s{number}"
        os.makedirs(folder)
        server.ip("addr", "add", f"{VIP}/32", "dev", "lo")
        server.run("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.eth0.rp_filter=0")
        with open(f"{folder}/nginx.conf", "w") as file:
            temporary = " ".join(f"{kind}_temp_path {folder};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
            file.write(f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\nevents {{ worker_connections 8192; }}\n"
                       f"http {{ access_log off; keepalive_timeout 300s; keepalive_requests 1000000; {temporary}\n server {{ listen 80 backlog=4096; location / {{ return 200 \"s{number}\"; }} }} }}\n")
        self.children.append(server.start("nginx", "-c", f"{folder}/nginx.conf", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        until(lambda: ":80 " in server.run("ss", "-Hltn"), "nginx listens")

    def start_host(self, host):
        folder = f"{self.folder}/{host}"
        os.makedirs(folder, exist_ok=True)
        if self.way == "dsr":
            rest = self.balance(folder, "forwarding: dsr-l2, backends: [10.7.0.21, 10.7.0.22]")
        else:
            rest = (f"l7:\n  reactors: 1\n  listeners: [{{name: web, bind: \"{VIP}:80\", routes: main}}]\n"
                    f"  routes: {{main: [{{respond: {{status: 200, body: lb{host + 1}}}}}]}}\n")
        if self.way == "tier":
            others = ", ".join(f"{{name: lb{1 + other}, address: 10.7.0.{11 + other}}}" for other in (0, 1, 2) if other != host)
            rest += self.balance(folder, "forwarding: l7") + (
                f"peers: {{listen: 10.7.0.{11 + host}, certificate: {self.folder}/lb{host + 1}.crt, key: {self.folder}/lb{host + 1}.key, ca: {self.folder}/ca.crt, "
                f"hosts: [{others}], interval: 500ms, timeout: 1s}}\n")
            self.hosts[host].run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.eth0.forwarding=1", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.eth0.rp_filter=0")
        with open(f"{folder}/penstock.yaml", "w") as file:
            file.write(f"node: lb{host + 1}\nshutdown_timeout: 20s\nstate: {folder}/lib\nadmin: {{socket: {folder}/admin.sock}}\nbird: {{run: {folder}/run, state: {folder}/state, restart_grace: 3s}}\n"
                       f"bgp:\n  asn: 65010\n  router_id: 10.7.0.{11 + host}\n  addresses: [{VIP}]\n  graceful_shutdown: 3s\n"
                       f"  neighbors: [{{name: tor, address: 10.7.0.1, asn: 65000, source: 10.7.0.{11 + host}, bfd: {{interval: 100ms}}}}]\n" + rest)
        log = open(f"{folder}/log", "a")
        self.logs.append(log)
        self.daemons[host] = self.hosts[host].start(self.binary, "run", "--config", f"{folder}/penstock.yaml", stdout=log, stderr=log)

    def balance(self, folder, how):
        return (f"l4:\n  interface: eth0\n  attach: generic\n  program: {self.program}\n  pins: {folder}/pins\n"
                f"  services: [{{name: web, listen: \"tcp://{VIP}:80\", {how}}}]\n")

    def next_hops(self):
        return self.router.ip("route", "show", VIP).count("via 10.7.0.")

    def settle(self):
        """Waits until the router has had three next hops for five seconds: FRR begins BFD anew once it has a session, and so loses the session once."""
        since = time.monotonic()
        def steady():
            nonlocal since
            if self.next_hops() != 3:
                since = time.monotonic()
            return time.monotonic() - since > 5
        until(steady, "the router has three next hops for good")

    def bird(self, host):
        try:
            return int(open(f"{self.folder}/{host}/run/bird.pid").read())
        except (OSError, ValueError):
            return None

    def status(self, host):
        return json.loads(run(self.binary, "status", "-o", "json", "--socket", f"{self.folder}/{host}/admin.sock"))

    def proxies(self, host):
        """The states of the proxies of all hosts, by one's own word."""
        return [backend["state"] for backend in self.status(host)["l4"]["services"][0]["backends"]]

    def connections(self, host):
        status = self.status(host)
        return sum(service["connections"] for service in status["l4"]["services"]) if self.way == "dsr" else sum(one["connections"] for one in status["listeners"])

    def fire(self, event):
        if event == "cut":
            self.router.ip("link", "set", "p11", "down")
        elif event == "kill":
            for pid in (self.daemons[0].pid, self.bird(0)):
                os.kill(pid, signal.SIGKILL)
        elif event == "stop":
            self.daemons[0].terminate()
        else:
            run(self.binary, "drain", "--node", "--no-wait", "--socket", f"{self.folder}/0/admin.sock")

    def once(self, event, flows):
        self.start_router(heeds=event != "drain")
        for number in (0, 1):
            self.start_server(number)
        certify(self.folder, ["lb1", "lb2", "lb3"])
        for host in (0, 1, 2):
            self.start_host(host)
        self.settle()
        if self.way == "tier":
            until(lambda: all(self.proxies(host) == ["ready"] * 3 for host in (0, 1, 2)), "each host knows that all are ready")
        self.client.run(sys.executable, os.path.abspath(__file__), "--hold", "1", "--flows", "10")  # neighbours are known by now
        before = [self.connections(host) for host in (0, 1, 2)]
        words = ("--open", str(flows // LASTING)) if event == "drain" else ("--hold", "18", "--flows", str(flows))
        client = self.client.start(sys.executable, os.path.abspath(__file__), *words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        client.stdout.readline()  # all are connected
        shares = [self.connections(host) - one for host, one in enumerate(before)]
        if 0 in shares:
            raise RuntimeError(f"a host without flows: {shares}")
        self.fire(event)
        at = time.monotonic()
        until(lambda: self.next_hops() == 2, "the router has two next hops")
        withdrawn = time.monotonic() - at
        found = json.loads(client.communicate(timeout=90)[0].strip().splitlines()[-1])
        return {"shares": shares, "withdrawn": withdrawn, **found}

    def close(self):
        for process in self.children:
            process.terminate()  # nginx ends its workers
            process.wait()
        for process in self.daemons:
            if process and process.poll() is None:
                process.kill()
                process.wait()
        for host in (0, 1, 2):
            run(self.binary, "detach", "--pins", f"{self.folder}/{host}/pins", check=False)
        pids = [self.bird(host) for host in (0, 1, 2)]
        for daemon in ("bgpd", "bfdd", "zebra"):
            try:
                pids.append(int(open(f"{self.folder}/{daemon}.pid").read()))
            except (OSError, ValueError):
                pass
        for pid in filter(None, pids):
            try:
                if self.folder in open(f"/proc/{pid}/cmdline").read():
                    os.kill(pid, signal.SIGKILL)
            except (OSError, ProcessLookupError):
                pass
        for log in self.logs:
            log.close()
        for host in self.all:
            run("ip", "netns", "del", host.name, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def hold(seconds, count):
    """Opens flows, says so, has each ask ten times a second for so long; prints which have broken, by whom they were answered first, and the longest wait for an answer."""
    flows, poll = {}, select.epoll()
    for _ in range(count):
        one = socket.create_connection((VIP, 80), timeout=PATIENCE)
        one.setblocking(False)
        flows[one.fileno()] = {"socket": one, "asked": None, "next": 0.0, "by": None, "wait": 0.0}
        poll.register(one.fileno(), select.EPOLLIN)
    print("connected", flush=True)
    broken, start = {}, time.monotonic()

    def end(number):
        flow = flows.pop(number)
        poll.unregister(number)
        flow["socket"].close()
        broken[flow["by"]] = broken.get(flow["by"], 0) + 1

    longest, done = 0.0, 0
    answered = {}
    while (now := time.monotonic()) - start < seconds:
        for number, flow in list(flows.items()):
            if flow["asked"] is not None and now - flow["asked"] > PATIENCE:
                end(number)
            elif flow["asked"] is None and now >= flow["next"]:
                try:
                    flow["socket"].send(b"GET / HTTP/1.1\r\nHost: drill\r\n\r\n")
                    flow["asked"] = now
                except OSError:
                    end(number)
        for number, _ in poll.poll(0.01):
            if number not in flows:
                continue
            flow = flows[number]
            try:
                answer = flow["socket"].recv(4096)
                if not answer.startswith(b"HTTP/1.1 200") or flow["asked"] is None:
                    raise OSError
            except OSError:
                end(number)
                continue
            by = answer.rsplit(b"\r\n", 1)[-1].decode()
            if flow["by"] is None:
                flow["by"] = by
                answered[by] = answered.get(by, 0) + 1
            wait = time.monotonic() - flow["asked"]
            longest, done = max(longest, wait), done + 1
            flow["asked"], flow["next"] = None, time.monotonic() + 0.1
    json.dump({"broken": broken, "answered": answered, "longest": longest, "answers": done}, sys.stdout)


def keep_opening(rate):
    """Opens so many flows a second, and says so once there are as many as there will be; prints how many had no answer to their request, which each sends slowly, and the longest wait for one."""
    flows, poll, start = {}, select.epoll(), time.monotonic()
    opened, broken, longest, done = 0, 0, 0.0, 0

    def end(number, failed):
        nonlocal broken
        poll.unregister(number)
        flows.pop(number)["socket"].close()
        broken += failed

    while (now := time.monotonic()) - start < OPENING + LASTING or flows:
        if opened < min(now - start, OPENING + LASTING) * rate:
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex((VIP, 80))
            flows[one.fileno()] = {"socket": one, "sent": 0, "next": now, "asked": now}
            poll.register(one.fileno(), select.EPOLLIN)
            opened += 1
            if opened == LASTING * rate:
                print("connected", flush=True)
        for number, flow in list(flows.items()):
            if now < flow["next"]:
                continue
            if flow["sent"] > PARTS:
                end(number, True)  # no answer
                continue
            try:
                flow["socket"].send(b"GET / HTTP/1.1\r\nHost: drill\r\n" if flow["sent"] == 0 else PART + (b"Connection: close\r\n\r\n" if flow["sent"] == PARTS else b""))
                flow["sent"] += 1
                flow["asked"] = now
            except BlockingIOError:
                if now - flow["asked"] > PATIENCE:
                    end(number, True)  # not connected
                continue
            except OSError:
                end(number, True)
                continue
            flow["next"] = now + (LASTING / PARTS if flow["sent"] <= PARTS else PATIENCE)
        for number, _ in poll.poll(0.01):
            if number not in flows:
                continue
            flow = flows[number]
            try:
                if flow["sent"] <= PARTS or not flow["socket"].recv(4096).startswith(b"HTTP/1.1 200"):
                    raise OSError
            except OSError:
                end(number, True)
                continue
            longest, done = max(longest, time.monotonic() - flow["asked"]), done + 1
            end(number, False)
    json.dump({"broken": {"": broken} if broken else {}, "longest": longest, "answers": done}, sys.stdout)


def once(binary, program, way, event, flows):
    drill = Drill(binary, program, way)
    atexit.register(drill.close)
    try:
        return drill.once(event, flows)
    except Exception:
        for host in (0, 1, 2):
            try:
                sys.stderr.write(open(f"{drill.folder}/{host}/log").read()[-3000:])
            except OSError:
                pass
        raise
    finally:
        drill.close()
        atexit.unregister(drill.close)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--binary", default="out/penstock")
    options.add_argument("--program", default="out/bpf/xdp_lb.bpf.o")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--flows", type=int, default=300)
    options.add_argument("--ways", default="dsr,tier,l7")
    options.add_argument("--events", default=",".join(EVENTS))
    options.add_argument("--write", help="folder that takes the table")
    options.add_argument("--hold", type=float, help=argparse.SUPPRESS)
    options.add_argument("--open", type=int, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.hold:
        hold(chosen.hold, chosen.flows)
        return
    if chosen.open:
        keep_opening(chosen.open)
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to stop"))  # what it has made goes with it
    binary, program = os.path.abspath(chosen.binary), os.path.abspath(chosen.program)
    lines = ["| way | one of three hosts goes: | flows on it, on the others | broken: of its flows, of the others' | router has two next hops after (s) | longest wait for an answer (s) |", "|---|---|---|---|---|---|"]
    print(lines[0], lines[1], sep="\n", flush=True)
    bad = 0
    for way in chosen.ways.split(","):
        for event in chosen.events.split(","):
            for _ in range(chosen.runs):
                found = once(binary, program, way, event, chosen.flows)
                broken = sum(found["broken"].values())
                if way == "dsr" or event == "drain":
                    bad += broken if way != "l7" else 0
                    split = f"{broken} of {broken + found['answers']}" if event == "drain" else f"{broken} in all"
                else:
                    gone = found["broken"].get("lb1", 0)
                    bad += broken - gone if way == "tier" else 0
                    split = f"{gone}, {broken - gone}"
                lines.append(f"| {way} | {EVENTS[event]} | {found['shares'][0]}, {sum(found['shares'][1:])} | {split} | {found['withdrawn']:.1f} | {found['longest']:.2f} |")
                print(lines[-1], flush=True)
    if chosen.write:
        today = datetime.date.today().isoformat()
        with open(f"{chosen.write}/bgp-{today}.md", "w") as file:
            file.write(f"# One of three hosts goes, {today}\n\nLinux {platform.release()}, {os.cpu_count()} cores, bird 2 and FRR from Debian; BFD 3 x 100 ms; network namespaces; {chosen.flows} flows, each asks ten times a second.\n"
                       "`dsr`: to real servers; `tier`: to proxies that the hosts share (`forwarding: l7` over `peers`); `l7`: to each host's own listener. Where a host drains, flows begin all the time, and\n"
                       "what is broken is of all that were answered or should have been.\n\n")
            file.write("\n".join(lines) + "\n")
    if bad:
        sys.exit(f"{bad} flows broke that should not have")


main()
