# SPDX-License-Identifier: Apache-2.0
"""Two hosts with penstock and keepalived, a client, a bridge between them, each in a network namespace: what the drills of fail-over share."""
import datetime
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from namespaces import Host, run, until  # noqa: E402

VIP = "10.8.0.100"


class Lab:
    """The hosts, of which the first has the higher priority. `settings(host)` is what a host is to run, beside node, admin and VRRP."""

    def __init__(self, binary, advert, settings, mtu=1500):
        self.binary, self.advert, self.settings = binary, advert, settings
        self.folder = tempfile.mkdtemp(prefix="penstock-drill-")
        prefix = f"pd{os.getpid()}"
        self.link, self.client = Host(prefix + "l"), Host(prefix + "c")
        self.hosts = [Host(prefix + "1"), Host(prefix + "2")]
        self.daemons, self.origins, self.logs = [None, None], [None, None], []
        self.link.ip("link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
        self.link.ip("link", "set", "br0", "up")
        for host, number in ((self.client, 1), (self.hosts[0], 11), (self.hosts[1], 12)):
            self.link.ip("link", "add", f"p{number}", "mtu", str(mtu), "type", "veth", "peer", "name", "eth0", "mtu", str(mtu if number > 1 else 1500), "netns", host.name)
            self.link.ip("link", "set", f"p{number}", "master", "br0", "up")
            host.ip("link", "set", "eth0", "up")
            host.ip("addr", "add", f"10.8.0.{number}/24", "dev", "eth0")

    def path(self, host, name):
        return f"{self.folder}/{host}/{name}"

    def configure(self, host, track=""):
        folder = f"{self.folder}/{host}"
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/penstock.yaml", "w") as file:
            file.write(f"""
node: lb{host + 1}
shutdown_timeout: 10s
state: {folder}/lib
admin: {{socket: {folder}/admin.sock}}
vrrp:
  - name: edge
    interface: eth0
    router_id: 50
    priority: {150 if host == 0 else 100}
    advert_interval: {self.advert}
    peers: [10.8.0.1{2 - host}]
    addresses: [{VIP}/24]
    {track}
keepalived: {{run: {folder}/run, state: {folder}/state}}
{self.settings(host)}""")

    def start(self, host):
        log = open(self.path(host, "log"), "a")
        self.logs.append(log)
        self.daemons[host] = self.hosts[host].start(self.binary, "run", "--config", self.path(host, "penstock.yaml"), stdout=log, stderr=log)

    def originate(self, host, program, *words):
        """Starts a Python program on a host that listens at 127.0.0.1:8080."""
        self.origins[host] = self.hosts[host].start("python3", program, *words)
        until(lambda: "127.0.0.1:8080" in self.hosts[host].run("ss", "-Hltn"), "the origin listens")

    def ask(self, host, *words):
        """What a command answers as JSON; None where the daemon does not."""
        answer = subprocess.run([self.binary, *words, "-o", "json", "--socket", self.path(host, "admin.sock")], capture_output=True, text=True)
        return json.loads(answer.stdout) if answer.returncode == 0 else None

    def role(self, host):
        """The role penstock reports; None while it does not answer."""
        status = self.ask(host, "status")
        return status["vrrp"][0]["role"] if status else None

    def settle(self):
        """Both run, the first has the address."""
        self.start(0)
        until(lambda: self.role(0) == "master", "the first host is master")
        self.start(1)
        until(lambda: self.role(1) == "backup", "the second host is backup")

    def pids(self, host):
        found = []
        for name in ("keepalived.pid", "vrrp.pid"):
            try:
                found.append(int(open(self.path(host, f"run/edge/{name}")).read()))
            except (OSError, ValueError):
                pass
        return found

    def kill(self, host):
        """Ends all that runs on it, as the host's own end would."""
        ending = [self.daemons[host].pid, *self.pids(host)]
        for sign in (signal.SIGSTOP, signal.SIGKILL):  # none may do anything in order when another has gone
            for pid in ending:
                os.kill(pid, sign)
        self.daemons[host].wait()

    def said(self):
        return "\n".join(open(log.name).read()[-3000:] for log in self.logs)

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
        self.remove()

    def remove(self):
        for host in [self.link, self.client, *self.hosts]:
            run("ip", "netns", "del", host.name, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def write(path, title, text):
    """Writes a file of results, with what they were measured on."""
    keepalived = subprocess.run(["keepalived", "--version"], capture_output=True, text=True).stderr.split("\n")[0]
    with open(path, "w") as file:
        file.write(f"# {title}, {datetime.date.today().isoformat()}\n\nLinux {platform.release()}, {os.cpu_count()} cores, {keepalived}; unicast VRRPv3 between network namespaces.\n{text}")
