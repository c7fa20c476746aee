# SPDX-License-Identifier: Apache-2.0
"""A Service of a thousand EndpointSlices with a hundred endpoints each: what the first list takes, which has a goal, and what one change costs the whole daemon. `make perf-micro` has discovery's own part."""
import collections
import datetime
import json
import os
import time
import urllib.parse

from cluster import ask, pod, service, slice_of
from namespaces import until

NAMESPACE, NAME = "load", "large"
SLICES, PODS, PAGE = 1000, 100, 250
LISTS, WARM, CHANGES = 3, 40, 40  # before code is compiled at its best, it takes longer
INTERVAL = 0.15  # seconds between changes: more than the 100 ms within which changes go into one snapshot
LIST_SECONDS = 2.0
PATH = f"/apis/discovery.k8s.io/v1beta1/namespaces/{NAMESPACE}/endpointslices"


def slice_number(number, octet=100):
    pods = [pod(f"10.{octet + number // 250}.{number % 250}.{i + 1}", f"node-{i}") for i in range(PODS)]
    return slice_of(NAMESPACE, NAME, f"{NAME}-{number:04}", [("http2", 8080)], pods)


def fill(cluster):
    cluster.kubectl("create", "namespace", NAMESPACE)
    cluster.kubectl("-n", NAMESPACE, "create", "role", "penstock", "--verb=list,watch", "--resource=endpointslices.discovery.k8s.io")
    cluster.kubectl("-n", NAMESPACE, "create", "rolebinding", "penstock", "--role=penstock", "--serviceaccount=penstock:lb")
    cluster.apply(service(NAMESPACE, NAME, [("http2", 80, {"targetPort": 8080})]))
    connection = cluster.connect()
    for number in range(SLICES):
        ask(connection, "POST", PATH, slice_number(number))


def pages(cluster):
    """Seconds that the API server takes for the pages of the list, asked for by a client that does nothing with them, and their bytes."""
    connection, begun, size, following = cluster.connect(), time.monotonic(), 0, ""
    while True:
        text = ask(connection, "GET", f"{PATH}?limit={PAGE}&labelSelector=" + urllib.parse.quote(f"kubernetes.io/service-name={NAME}") + following)
        size += len(text)
        token = json.loads(text)["metadata"].get("continue")
        if not token:
            return time.monotonic() - begun, size
        following = "&continue=" + urllib.parse.quote(token)


def listed_at(penstock, cluster):
    """When the log says that a cluster has its first endpoints; None: not yet."""
    with open(f"{penstock.folder}/log") as log:
        for line in log:
            if f" {cluster}: Kubernetes has {SLICES * PODS} endpoints" in line:
                return datetime.datetime.fromisoformat(line.split()[0].replace("Z", "+00:00")).timestamp()
    return None


def processor_time(penstock):
    """Seconds of processor time by the names of threads."""
    seconds = collections.Counter()
    for thread in os.listdir(f"/proc/{penstock.process.pid}/task"):
        try:
            with open(f"/proc/{penstock.process.pid}/task/{thread}/stat") as file:
                name, words = file.read().split("(", 1)[1].rsplit(")", 1)
            words = words.split()
            seconds[name] += (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
        except FileNotFoundError:
            continue  # it has ended
    return seconds


def measure_list(drill, name):
    """Seconds from a reload that adds a cluster, its own time included, to its list of endpoints."""
    drill.configure(**{name: [f"{{kubernetes: {{service: {NAMESPACE}/{NAME}, port: http2, kubeconfig: {drill.kubeconfig}}}}}"]})
    begun = time.time()
    drill.penstock.reload()
    until(lambda: listed_at(drill.penstock, name), "all endpoints are there")
    return listed_at(drill.penstock, name) - begun


def measure_changes(cluster, penstock):
    """Milliseconds of processor time for one change: of discovery with the control plane, and of the reactor, which takes the snapshot."""
    connection = cluster.connect()
    for number in range(WARM + CHANGES):
        if number == WARM:
            before = processor_time(penstock)
        ask(connection, "PUT", f"{PATH}/{NAME}-0500", slice_number(500, octet=200 + number % 10))
        time.sleep(INTERVAL)
    time.sleep(1)
    spent = processor_time(penstock) - before
    reactors = sum(seconds for name, seconds in spent.items() if name.startswith("reactor"))
    compiler = sum(seconds for name, seconds in spent.items() if name.startswith(".NET Tiered"))
    return [1000 * seconds / CHANGES for seconds in (sum(spent.values()) - reactors - compiler, reactors)]


def measure(drill):
    fill(drill.cluster)
    drill.penstock.stop()  # one that has not grown by what came before
    drill.configure()
    drill.penstock.start()
    server, size = pages(drill.cluster)
    listing = min(measure_list(drill, f"large{number}") for number in range(LISTS))
    changing, reactor = measure_changes(drill.cluster, drill.penstock)
    said = (f"{SLICES} slices, {PODS} endpoints each ({size / 1e6:.0f} MB): the first list {listing:.2f} s after the reload that asks for it (best of {LISTS}, goal {LIST_SECONDS:.0f} s; the API server alone takes {server:.2f} s); "
            f"one change costs {changing:.1f} ms of processor time in discovery and the control plane, and {reactor:.1f} ms in each reactor")
    drill.configure()
    drill.penstock.reload()
    if listing > LIST_SECONDS:
        raise AssertionError(said)
    return said
