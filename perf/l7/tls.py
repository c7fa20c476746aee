# SPDX-License-Identifier: Apache-2.0
"""TLS: what a request over a kept connection costs, and a handshake, in full and resumed."""

import pathlib
import subprocess
import sys

import load

# What is measured over kept connections: name, connections, body.
BULK = [("keep-alive, 64 connections, 1 KiB", 64, 1024), ("keep-alive, 8 connections, 1 MiB", 8, 1048576)]
HANDSHAKES = ["full", "resumed"]
# Handshakes under way at once, each in a process of its own.
AT_ONCE = 12


def make_certificate(directory):
    """A self-signed ECDSA P-256 certificate of bench.test: key and certificate by themselves, and in one file for haproxy."""
    key, cert = pathlib.Path(directory) / "bench.key", pathlib.Path(directory) / "bench.crt"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9", "-subj", "/CN=bench.test",
                    "-addext", "subjectAltName=DNS:bench.test", "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    key.chmod(0o600)
    (pathlib.Path(directory) / "bench.pem").write_text(cert.read_text() + key.read_text())


def bulk(server, seconds, warm, core):
    """Each cell over kept connections, with its figures."""
    load.run(server, 64, "/bench/1024", True, warm, core, tls=True)
    load.run(server, 8, "/bench/1048576", True, 1, core, tls=True)
    for cell, connections, body in BULK:
        yield cell, load.run(server, connections, f"/bench/{body}", True, seconds, core, tls=True)


def handshakes(server, seconds, warm, core):
    """What a connection of one handshake and one request costs, with and without a session to go on with."""
    load.run(server, 64, "/bench/0", False, warm, core, tls=True) # Far more of them a second.
    agree("full", server, max(1, warm // 2), core)
    for kind in HANDSHAKES:
        yield f"handshake, {kind}, and one request", agree(kind, server, seconds, core)


def agree(kind, server, seconds, core):
    command = ["taskset", "-c", core, sys.executable, str(pathlib.Path(__file__).parent / "handshakes.py"), str(server.tls_port), str(seconds), kind]
    before = server.cpu_seconds()
    clients = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(AT_ONCE)]
    said = [client.communicate(timeout=seconds + 30) for client in clients]
    cpu = server.cpu_seconds() - before
    if any(client.returncode for client in clients):
        raise RuntimeError(f"{server.name}: handshakes.py: {''.join(error for _, error in said)[-1000:]}")
    counts = [[int(word) for word in text.split()] for text, _ in said]
    done, resumed = sum(count for count, _ in counts), sum(count for _, count in counts)
    if resumed != (done if kind == "resumed" else 0):
        raise RuntimeError(f"{server.name}: {resumed} of {done} handshakes were resumed")
    # Each client began with one that it did not count.
    return {"cpu_us": cpu * 1e6 / (done + AT_ONCE), "per_second": done / seconds, "errors": 0}
