# SPDX-License-Identifier: Apache-2.0
"""Compares penstock with nginx and haproxy as reverse proxies. See README.md beside this file for the method."""

import argparse
import contextlib
import datetime
import itertools
import json
import os
import pathlib
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile

import goals
import load
import memory
import protocols
import report
import servers
import tls

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROXY_CORE, LOAD_CORE = "0", "1"
PLAIN = ["requests", "memory", "body", "reactors"]
ROWS = [*PLAIN, *protocols.TITLES]


def numbers(text):
    return [int(part) for part in text.split(",")]


def words(text):
    return text.split(",")


def rows(text):
    chosen = text.replace("protocols", ",".join(protocols.TITLES)).split(",")
    if unknown := set(chosen) - set(ROWS):
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: there are {', '.join(ROWS)}, and protocols for all from {next(iter(protocols.TITLES))} on")
    return chosen


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="what one tunes by: of requests 64 connections, 1 KiB, keep-alive, no log; "
                        "of rows chosen by --rows one short round")
    parser.add_argument("--rounds", type=int, help="rounds, each with a fresh start of every proxy (default 5; 3 where only protocols are measured)")
    parser.add_argument("--seconds", type=int, default=2, help="length of one measurement (default 2)")
    parser.add_argument("--proxies", type=words, default=["penstock", "nginx", "haproxy"], help="which, and in which order")
    parser.add_argument("--connections", type=numbers, default=[1, 64, 512])
    parser.add_argument("--floor", action="store_true", help="requests also by a bare relay in C that parses nothing (conf/floor.c): the least that a proxy of this shape can cost; and by one that, once woken, waits 50 us for more")
    parser.add_argument("--busy", action="store_true", help="requests: a real-time neighbour takes half of the proxy's core, so that the proxy never waits for load (root)")
    parser.add_argument("--bodies", type=numbers, default=[0, 1024, 65536, 1048576], help="bytes of an answer's body")
    parser.add_argument("--modes", type=words, default=["keepalive", "close"], help="keepalive, close (one request a connection)")
    parser.add_argument("--logs", type=words, default=["off", "on"], help="access log: off, on")
    parser.add_argument("--rows", type=rows, help=f"what is measured, of {', '.join(ROWS)}; or protocols, which is all from tls on (default all)")
    parser.add_argument("--warm", type=int, default=16, help="seconds of load before a group of protocols' rows is measured, at most (default 16)")
    parser.add_argument("--body", type=int, default=10_000_000_000, help="bytes of the answer of the body part (default 10 GB)")
    parser.add_argument("--idle", type=int, default=10_000, help="idle connections for the memory part, as far as the limit of open files goes (default 10000)")
    parser.add_argument("--tunnels", type=int, default=10_000, help="idle WebSockets, as far as the limit of open files goes (default 10000)")
    parser.add_argument("--penstock", default=str(ROOT / "out" / "penstock"), help="the binary (default out/penstock)")
    parser.add_argument("--out", type=pathlib.Path, help="directory for json, md and svg (default perf/results, where all rows of a file are measured)")
    parser.add_argument("--profile", action="store_true", help="perf record of penstock under the --quick load, then exit")
    options = parser.parse_args()
    if options.quick or options.profile:
        options.connections, options.bodies, options.modes, options.logs = [64], [1024], ["keepalive"], ["off"]
        if options.rows:
            options.rounds, options.seconds, options.warm, options.tunnels = 1, 1, 5, 2000
    options.rounds = options.rounds or (3 if options.rows and not set(PLAIN) & set(options.rows) else 5)
    options.rows = options.rows or (["requests"] if options.quick else ROWS)
    options.tunnels, options.idle = min(options.tunnels, memory.most()), min(options.idle, memory.most())
    return options


@contextlib.contextmanager
def workplace(options):
    """A temporary directory and the running origin; both are gone afterwards."""
    directory = tempfile.mkdtemp(prefix="penstock-perf-")
    try:
        with servers.start_origin(directory, {1024, 65536, 1048576, *options.bodies, options.body}, LOAD_CORE) as origin, servers.start_echo(origin, LOAD_CORE):
            origin.wait_ready()
            tls.make_certificate(directory)
            yield directory, origin
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def warm_up(proxy):
    """Lets compilers and caches settle: one connection and many, both kinds, small and large bodies."""
    for connections, body, keepalive, seconds in ((64, 1024, True, 12), (1, 1024, True, 3), (64, 1024, False, 2), (8, 65536, True, 1)):
        load.run(proxy, connections, f"/bench/{body}", keepalive, seconds, LOAD_CORE)


def measure_cpu(options, directory, origin):
    """Every cell for every proxy, in rounds; returns the samples by cell and proxy."""
    samples = {}
    for number in range(options.rounds):
        for log in options.logs:
            for name in options.proxies + ["floor", "floor-50us"] * options.floor:
                with servers.start_proxy(name, directory, origin, PROXY_CORE, options.penstock, log == "on") as proxy:
                    warm_up(proxy.wait_ready())
                    with servers.Neighbour(PROXY_CORE) if options.busy else contextlib.nullcontext():
                        for mode, connections, body in itertools.product(options.modes, options.connections, options.bodies):
                            sample = load.run(proxy, connections, f"/bench/{body}", mode == "keepalive", options.seconds, LOAD_CORE)
                            samples.setdefault((log, mode, connections, body), {}).setdefault(name, []).append(sample)
                            if options.quick:
                                print(f"  round {number + 1} {name}: {sample['cpu_us']:.2f} us, p99 {sample['p99_us']} us, "
                                      f"{sample['per_second']:.0f}/s, {sample['errors']} errors", flush=True)
                print(f"round {number + 1}/{options.rounds}, log {log}: {name} done", file=sys.stderr, flush=True)
    return samples


def medians(samples):
    """Cells with the median over the rounds of each figure, and all errors."""
    cells = []
    for (log, mode, connections, body), by_proxy in samples.items():
        figures = {}
        for name, runs in by_proxy.items():
            figures[name] = {key: statistics.median(run[key] for run in runs) for key in ("cpu_us", "user_us", "p50_us", "p99_us", "per_second")}
            figures[name]["errors"] = sum(run["errors"] for run in runs)
            figures[name]["cpu_us_rounds"] = [round(run["cpu_us"], 3) for run in runs]
        cells.append({"log": log, "mode": mode, "connections": connections, "body": body, "proxies": figures})
    return cells


def measure_memory(options, directory, origin):
    result = {}
    for name in options.proxies:
        with servers.start_proxy(name, directory, origin, PROXY_CORE, options.penstock) as proxy:
            result[name] = memory.measure(proxy.wait_ready(), options.idle)
    return result


def measure_body(options, directory, origin):
    result = {}
    memory.read_body(origin.port, options.body)  # the first to ask would wait for the origin's page cache
    for name in options.proxies:
        with servers.start_proxy(name, directory, origin, PROXY_CORE, options.penstock) as proxy:
            result[name] = memory.measure_body(proxy.wait_ready(), options.body)
    return result


def measure_reactors(options, directory, origin):
    """CPU per request of the busiest thread with one and with two reactors, answers of penstock's own, all on both cores."""
    runs = {1: [], 2: []}
    both = f"{PROXY_CORE},{LOAD_CORE}"
    for _ in range(options.rounds):
        for reactors, results in runs.items():
            with servers.start_proxy("penstock", directory, origin, both, options.penstock, reactors=reactors) as proxy:
                proxy.wait_ready()
                load.run(proxy, 512, "/fixed", True, 3, both)
                before = proxy.thread_cpu_seconds()
                sample = load.run(proxy, 512, "/fixed", True, 2 * options.seconds, both)
                after = proxy.thread_cpu_seconds()
                busiest = max(after[tid] - before.get(tid, 0) for tid in after)
                results.append({"cpu_us": sample["cpu_us"], "busiest_us": busiest * 1e6 / sample["requests"]})
    result = {str(count): {key: statistics.median(run[key] for run in results) for key in ("cpu_us", "busiest_us")}
              for count, results in runs.items()}
    return {**result, "scaling": result["1"]["busiest_us"] / result["2"]["busiest_us"]}


def profile(options, directory, origin):
    """Prints where penstock spends its time, by symbol; needs Debian's linux-perf."""
    data = pathlib.Path(directory) / "perf.data"
    # Code compiled ahead of time has no names in the map that the runtime writes.
    settings = {"DOTNET_PerfMapEnabled": "1", "DOTNET_ReadyToRun": "0", "DOTNET_EnableWriteXorExecute": "0"}
    with servers.start_proxy("penstock", directory, origin, PROXY_CORE, options.penstock, environment=settings) as proxy:
        warm_up(proxy.wait_ready())
        load.run(proxy, 64, "/bench/1024", True, 5, LOAD_CORE)
        recorder = subprocess.Popen(["perf", "record", "-q", "-F", "1999", "-g", "-p", str(proxy.process.pid), "-o", str(data)])
        print(load.run(proxy, 64, "/bench/1024", True, 5, LOAD_CORE))
        recorder.send_signal(signal.SIGINT)
        recorder.wait(30)
        for order in ("comm,dso", "symbol"):
            subprocess.run(["perf", "report", "-i", str(data), "--stdio", "--no-children", "-g", "none", "--percent-limit", "0.4",
                            "--sort", order], check=True)


def environment(options):
    with open("/proc/cpuinfo") as info:
        model = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), platform.machine())
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "machine": f"{model}, {os.cpu_count()} cores",
        "kernel": platform.release(),
        "commit": commit.stdout.strip(),
        "rounds": options.rounds,
        "seconds": options.seconds,
        "versions": {name: servers.version(name, options.penstock) for name in (*options.proxies, "wrk", "h2load")},
    }


def main():
    options = arguments()
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if "penstock" in options.proxies and not os.access(options.penstock, os.X_OK):
        sys.exit(f"perf/l7: {options.penstock} is missing; run 'make build'")
    if os.cpu_count() < 2:
        sys.exit("perf/l7: needs two cores, one for the proxy and one for load and origin")
    with workplace(options) as (directory, origin):
        if options.profile:
            profile(options, directory, origin)
            return 0
        result = environment(options)
        # The short ones first: what fails, fails before the long one.
        if "memory" in options.rows:
            result["memory"] = measure_memory(options, directory, origin)
        if "body" in options.rows:
            result["body"] = measure_body(options, directory, origin)
        if "reactors" in options.rows and "penstock" in options.proxies:
            result["reactors"] = measure_reactors(options, directory, origin)
        if "requests" in options.rows:
            result["cells"] = medians(measure_cpu(options, directory, origin))
        done = {"l7": result} if set(PLAIN) & set(options.rows) else {}
        if set(protocols.TITLES) & set(options.rows):
            done["l7-protocols"] = {**environment(options), "protocols": protocols.measure(options, directory, origin, (PROXY_CORE, LOAD_CORE))}
    for name, one in done.items():
        print(report.markdown(one))
        whole = not options.quick and set(protocols.TITLES if "protocols" in one else PLAIN) <= set(options.rows)
        if out := options.out or (ROOT / "perf" / "results" if whole else None):
            out.mkdir(parents=True, exist_ok=True)
            path = out / f"{name}-{one['date']}"
            path.with_suffix(".json").write_text(json.dumps(one, indent=1) + "\n")
            path.with_suffix(".md").write_text(report.markdown(one))
            if "cells" in one:
                path.with_suffix(".svg").write_text(report.svg(one))
            print(f"wrote {path}.md")
    return 1 if sum(goals.missed(one) for one in done.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
