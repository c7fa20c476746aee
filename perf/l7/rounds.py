# SPDX-License-Identifier: Apache-2.0
"""Rounds of measurements, each with a fresh start of every proxy."""

import statistics

import servers


def medians(options, directory, origin, core, samples_of, keys):
    """Medians by cell and proxy of the figures named by keys. samples_of takes a proxy that is ready, and gives each cell with its figures."""
    samples = {}
    for _ in range(options.rounds):
        for name in options.proxies:
            with servers.start_proxy(name, directory, origin, core, options.penstock) as proxy:
                for cell, sample in samples_of(proxy.wait_ready()):
                    samples.setdefault(cell, {}).setdefault(name, []).append(sample)
    return {cell: {name: {key: statistics.median(run[key] for run in runs) for key in keys} for name, runs in by_proxy.items()}
            for cell, by_proxy in samples.items()}
