# SPDX-License-Identifier: Apache-2.0
"""Hosts as network namespaces: what the drills of fail-over share."""
import subprocess
import time


def run(*words, check=True):
    done = subprocess.run(words, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr or done.stdout}")
    return done.stdout


def until(condition, what, limit=60):
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.05)


class Host:
    def __init__(self, name):
        self.name = name
        run("ip", "netns", "add", name)
        self.ip("link", "set", "lo", "up")

    def ip(self, *words):
        return run("ip", "-n", self.name, *words)

    def start(self, *words, **options):
        return subprocess.Popen(["nsenter", f"--net=/run/netns/{self.name}", *words], **options)

    def run(self, *words, check=True):
        return run("nsenter", f"--net=/run/netns/{self.name}", *words, check=check)


def certify(folder, nodes):
    """A CA in a folder, and a certificate and key for each node: what peers show one another."""
    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=folder)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *key, "-days", "2", "-subj", "/CN=peers", "-keyout", "ca.key", "-out", "ca.crt")
    for node in nodes:
        openssl("req", *key, "-subj", f"/CN={node}", "-addext", f"subjectAltName=DNS:{node}", "-keyout", f"{node}.key", "-out", f"{node}.csr")
        openssl("x509", "-req", "-in", f"{node}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-copy_extensions", "copy", "-out", f"{node}.crt")
