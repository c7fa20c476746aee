# SPDX-License-Identifier: Apache-2.0
"""TLS: what a request over a kept connection costs, and a handshake, in full and resumed."""

import pathlib
import re
import subprocess

import load
import rounds

# What is measured: name, connections, body, keep-alive; the last two send no body, so that the handshake is what counts.
CELLS = [("keepalive, 1 KiB", 64, 1024, True), ("keepalive, 1 MiB", 8, 1048576, True)]
HANDSHAKES = ["handshake, full", "handshake, resumed"]


def make_certificate(directory):
    """A self-signed ECDSA P-256 certificate of bench.test: key and certificate by themselves, and in one file for haproxy."""
    key, cert = pathlib.Path(directory) / "bench.key", pathlib.Path(directory) / "bench.crt"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9", "-subj", "/CN=bench.test",
                    "-addext", "subjectAltName=DNS:bench.test", "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    key.chmod(0o600)
    (pathlib.Path(directory) / "bench.pem").write_text(cert.read_text() + key.read_text())


def handshakes(server, resumed, seconds, core):
    """Handshakes one after the other, TLS 1.2 (what openssl's s_time resumes), each with one request for nothing."""
    command = ["taskset", "-c", core, "openssl", "s_time", "-connect", f"127.0.0.1:{server.tls_port}", "-www", "/bench/0", "-tls1_2", "-time", str(seconds),
               "-reuse" if resumed else "-new"]
    before = server.cpu_seconds()
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 30)
    cpu = server.cpu_seconds() - before
    found = re.search(r"(\d+) connections in [\d.]+ real seconds", done.stdout)
    if found is None:
        raise RuntimeError(f"openssl s_time: {done.stdout[-500:]}{done.stderr[-500:]}")
    return {"cpu_us": cpu * 1e6 / max(int(found[1]), 1), "per_second": int(found[1]) / seconds}


def measure(options, directory, origin, cores):
    """Every cell for every proxy, in rounds; medians by cell and proxy."""
    proxy_core, load_core = cores

    def samples(proxy):
        load.run(proxy, 64, "/bench/1024", True, 6, load_core, tls=True)
        load.run(proxy, 64, "/bench/0", False, 2, load_core, tls=True)
        for cell, connections, body, keepalive in CELLS:
            yield cell, load.run(proxy, connections, f"/bench/{body}", keepalive, options.seconds, load_core, tls=True)
        for cell in HANDSHAKES:
            yield cell, handshakes(proxy, cell.endswith("resumed"), options.seconds, load_core)

    return rounds.medians(options, directory, origin, proxy_core, samples, ("cpu_us", "per_second"))
