# SPDX-License-Identifier: Apache-2.0
"""The servers under test and the origin: started from a template, pinned, measured, stopped by process id."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

import http2

CONF = pathlib.Path(__file__).parent / "conf"

# Access log lines for the templates, by server: (off, on).
LOG_LINES = {
    "nginx": ("off", "{dir}/nginx.log combined buffer=64k flush=1s"),
    "haproxy": ("no log", "option httplog\n  log global"),
    "floor": ("", ""),
    "floor-50us": ("", ""),
    "penstock": ("", 'access_log: {{path: "{dir}/penstock.log"}}'),
}

RELAY = "clang -O2 -DPAUSE={pause} -o @CONF@.out @CONF@ && exec @CONF@.out"


def free_port():
    """A TCP port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One server process with its children, running from a filled-in template until `stop`."""

    def __init__(self, name, command, template, directory, values, core, environment=None):
        self.name, self.values = name, values
        self.port, self.tls_port, self.h2_port = values["PORT"], values.get("TLS_PORT"), values.get("H2_PORT")
        path = pathlib.Path(directory) / template
        text = (CONF / template).read_text()
        for key, value in {**values, "DIR": directory}.items():
            text = text.replace(f"@{key}@", str(value))
        path.write_text(text)
        pinned = ["taskset", "-c", core] if core else []
        self.output = open(pathlib.Path(directory) / f"{name}.out", "wb")
        self.process = subprocess.Popen(
            pinned + [part.replace("@CONF@", str(path)) for part in command],
            stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def wait_ready(self, path="/bench/0", timeout=15.0):
        """Polls until a request is answered 200; raises with the server's output when it never is."""
        request = f"GET {path} HTTP/1.1\r\nHost: bench.test\r\nConnection: close\r\n\r\n".encode()
        end = time.monotonic() + timeout
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as client:
                    client.sendall(request)
                    if client.recv(4096).startswith(b"HTTP/1.1 200"):
                        return self
            except OSError:
                pass
            time.sleep(0.05)
        output = pathlib.Path(self.output.name).read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{self.name} did not answer 200 within {timeout:.0f} s:\n{output}")

    def pids(self):
        """The process and all its descendants."""
        children = {}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/stat") as stat:
                        parent = int(stat.read().rsplit(")", 1)[1].split()[1])
                except (OSError, ValueError):
                    continue
                children.setdefault(parent, []).append(int(entry))
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            todo += children.get(pid, [])
        return found

    def cpu_seconds(self):
        """User and system time of all threads of all processes so far, to the nanosecond (clock_getcpuclockid(3))."""
        return sum(time.clock_gettime((~pid << 3) | 2) for pid in self.pids())

    def user_seconds(self):
        """The part of that in user mode, as the kernel tells it by the clock's ticks (/proc/PID/stat)."""
        ticks = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/stat") as stat:
                ticks += int(stat.read().rsplit(")", 1)[1].split()[11])
        return ticks / os.sysconf("SC_CLK_TCK")

    def thread_cpu_seconds(self):
        """CPU time so far of each thread, by thread id (/proc/PID/task/TID/schedstat)."""
        times = {}
        for pid in self.pids():
            for tid in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{tid}/schedstat") as stat:
                    times[int(tid)] = int(stat.read().split()[0]) / 1e9
        return times

    def rss_bytes(self):
        """Resident memory of all processes (VmRSS)."""
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/status") as status:
                total += sum(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))
        return total

    def stop(self):
        """Ends the process: asked first, then killed."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.output.close()


class Neighbour:
    """neighbour.py on a core, for as long as this is entered."""

    def __init__(self, core):
        self.process = subprocess.Popen(["python3", str(CONF.parent / "neighbour.py"), core])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def start_origin(directory, bodies, core):
    """nginx serving /bench/N, a file of N bytes (sparse beyond 1 GiB), for each N in bodies; on another port by HTTP/2, and gRPC's answer, the message that http2 asks with."""
    www = pathlib.Path(directory) / "www" / "bench"
    www.mkdir(parents=True)
    os.chmod(directory, 0o755)
    for size in {0, *bodies}:
        if size > 1 << 30:
            with open(www / str(size), "wb") as file:
                file.truncate(size)
        else:
            (www / str(size)).write_bytes(b"x" * size)
    (www.parent / "bench.Echo").mkdir()
    (www.parent / "bench.Echo" / "Say").write_bytes(http2.MESSAGE)
    os.symlink("bench", www.parent / "h2")
    port = free_port()
    return Server("origin", ["nginx", "-c", "@CONF@"], "origin.conf", directory, {"PORT": port, "ORIGIN": port, "ORIGIN_H2": free_port(), "ECHO": free_port()}, core)


@contextlib.contextmanager
def start_echo(origin, core):
    """The origin of WebSockets, on the port kept for it."""
    process = subprocess.Popen(["taskset", "-c", core, sys.executable, str(CONF.parent / "echo.py"), str(origin.values["ECHO"])], stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        yield
    finally:
        process.kill()
        process.wait()


def start_proxy(name, directory, origin, core, penstock, log=False, reactors=1, environment=None):
    """One of the proxies in front of the origin, on a port of its own."""
    line = LOG_LINES[name][log].format(dir=directory)
    own = {key: free_port() for key in ("PORT", "TLS_PORT", "H2_PORT", "METRICS")}
    values = {**own, **{key: origin.values[key] for key in ("ORIGIN", "ORIGIN_H2", "ECHO")}, "REACTORS": reactors, "LOG": line}
    template, command = {
        "nginx": ("nginx.conf", ["nginx", "-c", "@CONF@"]),
        "haproxy": ("haproxy.cfg", ["haproxy", "-db", "-f", "@CONF@"]),
        "floor": ("floor.c", ["sh", "-c", RELAY.format(pause=0)]),
        "floor-50us": ("floor.c", ["sh", "-c", RELAY.format(pause=50_000)]),
        "penstock": ("penstock.yaml", [penstock, "run", "--config", "@CONF@"]),
    }[name]
    return Server(name, command, template, directory, values, core, environment)


def version(name, penstock):
    """What a tool says of its version, in a word."""
    command = {"nginx": ["nginx", "-v"], "haproxy": ["haproxy", "-v"], "wrk": ["wrk", "-v"], "h2load": ["h2load", "--version"],
               "penstock": [penstock, "--version"]}[name]
    if not shutil.which(command[0]):
        return "missing"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    first = (done.stdout + done.stderr).strip().splitlines()[0].replace("nghttp2/", "")
    return next((word.split("+")[0] if name == "penstock" else word for word in first.replace("nginx/", "").replace("debian/", "").split() if word[0].isdigit()), first)
