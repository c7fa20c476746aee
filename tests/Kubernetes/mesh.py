# SPDX-License-Identifier: Apache-2.0
"""What stands around the API server: nginx as the gateways of a mesh, in a network namespace of their own, Penstock, and clients that count what fails."""
import collections
import http.client
import json
import os
import subprocess
import threading
import time

from cluster import end
from namespaces import Host, until

GATEWAYS = {"gw1": "10.77.1.11", "gw2": "10.77.1.12", "gw3": "10.77.1.13"}
NODES = {"node1": "10.77.2.1", "node2": "10.77.2.2", "node3": "10.77.2.3"}
PORT, STATE_PORT, NODE_PORT = 8080, 15021, 30080
SLOW_BYTES = 200_000  # of /slow, at 50 kB a second: a request that is in flight while things change


class Mesh:
    """Gateways, each an nginx at the address of a pod; and the node ports of nodes. Each answers with its name."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder)
        with open(f"{folder}/slow", "wb") as file:
            file.write(b"s" * SLOW_BYTES)
        self.host = Host("mesh")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        subprocess.run(["ip", "link", "add", "mesh0", "type", "veth", "peer", "name", "eth0", "netns", self.host.name], check=True)
        subprocess.run(["ip", "addr", "add", "10.77.0.1/16", "dev", "mesh0"], check=True)
        subprocess.run(["ip", "link", "set", "mesh0", "up"], check=True)
        self.host.ip("link", "set", "eth0", "up")
        for name, address in {**GATEWAYS, **NODES}.items():
            self.host.ip("addr", "add", f"{address}/16", "dev", "eth0")
            ports = [NODE_PORT] if name in NODES else [PORT, STATE_PORT]
            self.nginx(name, address, ports)

    def nginx(self, name, address, ports):
        folder = f"{self.folder}/{name}"
        os.makedirs(folder)
        temporary = " ".join(f"{kind}_temp_path {folder};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        listen = " ".join(f"listen {address}:{port};" for port in ports)
        with open(f"{folder}/nginx.conf", "w") as file:
            file.write(f"daemon off; worker_processes 1; user root; pid {folder}/pid; error_log {folder}/error.log;\nevents {{ worker_connections 4096; }}\n"
                       f"http {{ access_log off; keepalive_timeout 300s; keepalive_requests 1000000; {temporary}\n"
                       f" server {{ {listen} add_header X-Gateway {name}; location / {{ return 200 \"{name}\"; }} location = /healthz/ready {{ return 200 ok; }}\n"
                       f"  location = /slow {{ root {self.folder}; limit_rate 50k; sendfile off; }} }} }}\n")
        self.host.start("nginx", "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: f"{address}:{ports[-1]} " in self.host.run("ss", "-Hltn"), f"nginx {name} listens")


class Penstock:
    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.config, self.socket = f"{folder}/penstock.yaml", f"{folder}/admin.sock"
        os.makedirs(folder)
        self.log = open(f"{folder}/log", "a")
        self.process = None

    def configure(self, text):
        with open(self.config, "w") as file:
            file.write(text)

    def start(self):
        self.process = subprocess.Popen([self.binary, "run", "--config", self.config], stdout=self.log, stderr=self.log)
        until(self.answers, "penstock answers")

    def answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"penstock ended with {self.process.returncode}: {self.folder}/log")
        return subprocess.run([self.binary, "status", "-o", "json", "--socket", self.socket], capture_output=True).returncode == 0

    def run(self, *words):
        done = subprocess.run([self.binary, *words], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"penstock {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def reload(self):
        self.run("reload", "--socket", self.socket)

    def status(self):
        return json.loads(self.run("status", "-o", "json", "--socket", self.socket))

    def endpoints(self, cluster):
        """States of the endpoints of a cluster by their addresses, without ports."""
        found = next(one for one in self.status()["clusters"] if one["name"] == cluster)
        return {one["address"].split(":")[0]: one["state"] for one in found["endpoints"]}

    def backends(self, service):
        found = next(one for one in self.status()["l4"]["services"] if one["name"] == service)
        return {one["address"].split(":")[0]: one["state"] for one in found["backends"]}

    def warning(self, *texts):
        """The warning that has all of the texts; None: there is none."""
        return next((one for one in self.status()["warnings"] if all(text in one for text in texts)), None)

    def metric(self, name, **labels):
        connection = http.client.HTTPConnection("127.0.0.1", 9464, timeout=30)
        connection.request("GET", "/metrics")
        for line in connection.getresponse().read().decode().splitlines():
            if line.startswith(name + "{") and all(f'{key}="{value}"' in line for key, value in labels.items()):
                return float(line.rsplit(" ", 1)[1])
        return None


    def stop(self):
        end(self.process)


class Traffic:
    """Clients that ask again and again, on connections that last for twenty requests, until the block ends: who answered, and what failed."""
    CLIENTS, REQUESTS, PAUSE = 4, 20, 0.005

    def __init__(self, address):
        self.address = address
        self.answers, self.failures = collections.Counter(), []
        self.stopped = False
        self.threads = [threading.Thread(target=self.ask, daemon=True) for _ in range(self.CLIENTS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self.stopped = True
        for thread in self.threads:
            thread.join()
        if error[0] is None and self.failures:
            raise AssertionError(f"{len(self.failures)} of {len(self.failures) + self.answers.total()} requests failed, the first: {self.failures[0]}")

    def ask(self):
        while not self.stopped:
            connection = http.client.HTTPConnection(self.address, timeout=10)
            for _ in range(self.REQUESTS):
                try:
                    connection.request("GET", "/", headers={"Host": "shop.example.com"})
                    response = connection.getresponse()
                    body = response.read().decode()
                except (OSError, http.client.HTTPException) as error:
                    self.failures.append(repr(error))
                    break
                if response.status == 200:
                    self.answers[body] += 1
                else:
                    self.failures.append(f"{response.status} {body}")
                time.sleep(self.PAUSE)
            connection.close()

    def by(self, seconds):
        """Who answers in a span from now on."""
        before = self.answers.copy()
        time.sleep(seconds)
        return set(self.answers - before)

    def until_by(self, names):
        until(lambda: self.by(0.5) == set(names), f"requests go to {', '.join(sorted(names))} and nobody else")

    @property
    def text(self):
        return f"{self.answers.total():,} requests, {len(self.failures)} failed"


class Slow:
    """Requests that take four seconds, begun at once: each says who answers it, and whether it ended whole."""

    def __init__(self, address, number):
        self.gateways, self.lengths = collections.Counter(), []
        self.begun = threading.Barrier(number + 1)
        self.threads = [threading.Thread(target=self.ask, args=(address,), daemon=True) for _ in range(number)]
        for thread in self.threads:
            thread.start()
        self.begun.wait(30)

    def ask(self, address):
        connection = http.client.HTTPConnection(address, timeout=60)
        connection.request("GET", "/slow", headers={"Host": "shop.example.com"})
        response = connection.getresponse()
        self.gateways[response.getheader("X-Gateway")] += 1
        self.begun.wait(30)
        try:
            self.lengths.append(len(response.read()))
        except (OSError, http.client.HTTPException):
            self.lengths.append(0)

    def all_whole(self):
        for thread in self.threads:
            thread.join()
        return self.lengths == [SLOW_BYTES] * len(self.threads)
