#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two builds of penstock against each other: both run, and are measured in turns. See README.md beside this file."""

import argparse
import contextlib
import itertools
import os
import pathlib
import shutil
import statistics
import tempfile

import load
import servers
import tls

PROXY_CORE, LOAD_CORE = "0", "1"
WARM_SECONDS = 4


def numbers(text):
    return [int(part) for part in text.split(",")]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", help="a binary, out/penstock of another commit")
    parser.add_argument("after", help="another one")
    parser.add_argument("--rounds", type=int, default=8, help="how often each is measured (default 8)")
    parser.add_argument("--seconds", type=int, default=1, help="length of one measurement (default 1)")
    parser.add_argument("--connections", type=numbers, default=[8, 64])
    parser.add_argument("--bodies", type=numbers, default=[1024, 65536, 131072, 1048576], help="bytes of an answer's body")
    return parser.parse_args()


def start(stack, directory, origin, binary):
    """One build in front of the origin, with files of its own, and warm."""
    own = tempfile.mkdtemp(prefix="build-", dir=directory)
    for file in pathlib.Path(directory).glob("bench.*"):
        shutil.copy(file, own)
    return stack.enter_context(servers.start_proxy("penstock", own, origin, PROXY_CORE, binary)).wait_ready()


def measure(options, builds):
    """CPU microseconds a request by connections and body: those of the one, and those of the other."""
    cells = {}
    for connections, body in itertools.product(options.connections, options.bodies):
        for build in builds:
            load.run(build, connections, f"/bench/{body}", True, WARM_SECONDS, LOAD_CORE)
    for number in range(options.rounds):
        turns = (0, 1) if number % 2 == 0 else (1, 0)  # Who comes second finds caches that the first has filled.
        for connections, body in itertools.product(options.connections, options.bodies):
            for turn in turns:
                sample = load.run(builds[turn], connections, f"/bench/{body}", True, options.seconds, LOAD_CORE)
                if sample["errors"]:
                    raise SystemExit(f"{sample['errors']} requests failed: {connections} connections, {body} bytes")
                cells.setdefault((connections, body), ([], []))[turn].append(sample["cpu_us"])
    return cells


def main():
    options = arguments()
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    directory = tempfile.mkdtemp(prefix="penstock-perf-")
    try:
        with contextlib.ExitStack() as stack:
            origin = stack.enter_context(servers.start_origin(directory, {1024, *options.bodies}, LOAD_CORE)).wait_ready()
            tls.make_certificate(directory)
            cells = measure(options, [start(stack, directory, origin, binary) for binary in (options.before, options.after)])
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print("| connections | body | before, us CPU | after | after of before | rounds |\n|--:|--:|--:|--:|--:|--:|")
    for (connections, body), (before, after) in cells.items():
        shares = [a / b for a, b in zip(after, before)]
        print(f"| {connections} | {body} | {statistics.median(before):.1f} | {statistics.median(after):.1f} | {statistics.median(shares):.2f} | {min(shares):.2f} to {max(shares):.2f} |")


if __name__ == "__main__":
    main()
