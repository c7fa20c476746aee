#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How bytes best get from one socket to another: by copying, by splice(2), or by the kernel itself (sockmap). Root, for sockmap.

    make perf-relays [ARGS="--rounds 9"]

One connection through each kind of relay in turn, round by round, so that a machine whose speed drifts treats all alike. CPU time of the relay, and of all: relay, both ends, and the
kernel's threads, which do sockmap's work. The kernel's threads serve whatever else runs, too: keep the machine quiet. Prints the table, and writes it to perf/results/relays-DATE.md.
"""
import argparse
import datetime
import glob
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
WAYS = {"direct": "no relay", "copy": "copy, 64 KiB buffer", "splice64": "splice, pipe of 64 KiB", "splice256": "splice, pipe of 256 KiB", "sockmap": "sockmap (BPF)"}
PATTERNS = {"bulk": ("one stream", 2048), "64k": ("messages of 64 KiB, one at a time", 512), "1k": ("messages of 1 KiB both ways, one at a time", 16)}
PATIENCE = 60
OFFERED = 512


def kernel_seconds():
    """CPU of the threads that run what the kernel puts off."""
    total = 0
    for stat in glob.glob("/proc/[0-9]*/comm"):
        try:
            with open(stat, encoding="ascii") as name:
                if name.read().startswith(("kworker", "ksoftirqd")):
                    with open(os.path.join(os.path.dirname(stat), "schedstat"), encoding="ascii") as file:
                        total += int(file.read().split()[0])
        except OSError:
            pass
    return total / 1e9


def run(relay, way, pattern, mebibytes, program):
    before = kernel_seconds()
    try:
        result = subprocess.run([relay, way, pattern, str(mebibytes), program], check=True, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return None
    figures = json.loads(result.stdout)
    if "relay" in figures:
        figures["all"] = figures["relay"] + figures["ends"] + max(0, kernel_seconds() - before)
    return figures


def machine():
    with open("/proc/cpuinfo", encoding="ascii") as file:
        model = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    return f"{model}, {os.cpu_count()} cores, kernel {platform.release()}"


def table(samples, stalled):
    lines = ["| what | by | relay | spread | all | rate |", "|---|---|--:|--:|--:|--:|"]
    for pattern, (name, mebibytes) in PATTERNS.items():
        for way, called in WAYS.items():
            done = samples.get((pattern, way), [])
            if not done:
                lines.append(f"| {name} | {called} | | | | did not end |")
                continue
            relay = [figures["relay"] * 1024 / mebibytes * 1000 for figures in done]
            every = [figures["all"] * 1024 / mebibytes * 1000 for figures in done]
            rate = statistics.median(figures["bytes"] / 2**20 / figures["wall"] for figures in done)
            quarters = statistics.quantiles(relay, n=4) if len(relay) > 1 else [0, 0, 0]
            lines.append(f"| {name} | {called} | {statistics.median(relay):.0f} | {quarters[2] - quarters[0]:.0f} | {statistics.median(every):.0f} | {rate:.0f} MiB/s |")
    lines += ["", f"What a sender gets rid of while nobody reads at the other end, of {OFFERED} MiB that it offers:", "", "| by | MiB |", "|---|--:|"]
    return "\n".join(lines + [f"| {WAYS[way]} | {taken / 2**20:.1f} |" for way, taken in stalled.items()]) + "\n"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--relay", default=str(ROOT / "out/perf/relay"))
    arguments.add_argument("--program", default=str(ROOT / "out/perf/redirect.bpf.o"))
    options = arguments.parse_args()
    samples, stalled = {}, {}
    for turn in range(options.rounds):
        for pattern, (_, mebibytes) in PATTERNS.items():
            for way in WAYS:
                figures = run(options.relay, way, pattern, mebibytes, options.program)
                print(turn, pattern, way, figures, file=sys.stderr, flush=True)
                if figures is not None:
                    samples.setdefault((pattern, way), []).append(figures)
    for way in WAYS:
        figures = run(options.relay, way, "stalled", OFFERED, options.program)
        if figures is not None:
            stalled[way] = figures["taken"]
    today = f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}"
    text = (f"# Ways of a relay to move bytes\n\n{today}, {machine()}.\n`make perf-relays`: medians of {options.rounds} rounds in turns, on loopback: the relay on one core, both ends on the other. CPU in ms a GiB, of the relay\n"
            "(with the distance of its quartiles) and of all: relay, ends, and the kernel's threads, which do the work of sockmap. *no relay* is without one.\n\n" + table(samples, stalled))
    print(text)
    (ROOT / f"perf/results/relays-{today}.md").write_text(text, encoding="ascii")


main()
