# SPDX-License-Identifier: Apache-2.0
"""The rows other than plain HTTP/1.1: TLS, HTTP/2, gRPC and WebSockets."""

import statistics
import sys

import http2
import servers
import tls
import tunnels

# What each group of rows asks a proxy that is ready; haproxy alone has HTTP/2 to an endpoint that is not gRPC's.
GROUPS = {
    "tls": lambda proxy, _, *how: tls.bulk(proxy, *how),
    "handshakes": lambda proxy, _, *how: tls.handshakes(proxy, *how),
    "h2": lambda proxy, _, *how: http2.requests(proxy, "/bench", *how),
    "h2-h2": lambda proxy, _, *how: http2.requests(proxy, "/h2", *how),
    "grpc": lambda proxy, directory, *how: http2.calls(proxy, directory, *how),
}
TITLES = {
    "tls": "TLS 1.3", "handshakes": "TLS 1.3", "h2": "HTTP/2 to HTTP/1.1", "h2-h2": "HTTP/2 to HTTP/2", "grpc": "gRPC, unary", "websockets": "WebSocket",
}
LACKING = {"nginx": {"h2-h2"}}
# Least seconds of a measurement: of handshakes there are few thousand in one, and what else goes on shows.
LEAST_SECONDS = {"handshakes": 4}
# Seconds of load before a group is measured; less by --warm. A compiler that runs beside the program needs time, elsewhere there is little to warm up.
WARM = {"penstock": 16}
WARM_OTHERS = 1


def measure(options, directory, origin, cores):
    """Every row for every proxy, in rounds, each with a fresh start; medians by group, row and proxy."""
    proxy_core, load_core = cores
    samples = {}
    for number in range(options.rounds):
        for name in options.proxies:
            warm = min(WARM.get(name, WARM_OTHERS), options.warm)
            groups = [group for group in GROUPS if group in options.rows and group not in LACKING.get(name, ())]
            if groups:
                with servers.start_proxy(name, directory, origin, proxy_core, options.penstock) as proxy:
                    proxy.wait_ready()
                    for group in groups:
                        for row, sample in GROUPS[group](proxy, directory, seconds(group, options), warm, load_core):
                            keep(samples, group, row, name, sample)
            if "websockets" in options.rows:
                with servers.start_proxy(name, directory, origin, proxy_core, options.penstock) as proxy:
                    for row, sample in tunnels.measure(proxy.wait_ready(), options.tunnels, warm, tunnels.IDLE_SECONDS if not options.quick else 1):
                        keep(samples, "websockets", row, name, sample)
            print(f"round {number + 1}/{options.rounds}, protocols: {name} done", file=sys.stderr, flush=True)
    return {group: {row: {name: summary(runs) for name, runs in by_proxy.items()} for row, by_proxy in rows.items()} for group, rows in samples.items()}


def seconds(group, options):
    return options.seconds if options.quick else max(options.seconds, LEAST_SECONDS.get(group, 0))


def keep(samples, group, row, name, sample):
    samples.setdefault(group, {}).setdefault(row, {}).setdefault(name, []).append(sample)


def summary(runs):
    """The median of each figure, the failures of all rounds, and what the rounds gave."""
    result = {key: statistics.median(run[key] for run in runs) for key in runs[0] if key != "errors"}
    return {**result, "errors": sum(run.get("errors", 0) for run in runs), "rounds": [{key: round(value, 3) for key, value in run.items()} for run in runs]}
