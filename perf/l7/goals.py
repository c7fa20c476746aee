# SPDX-License-Identifier: Apache-2.0
"""What the HTTP tier is to reach, each beside what was measured."""

import protocols

# CPU of 64 connections, 1 KiB, keep-alive, no log, as a share of the other's.
CPU = {"nginx": 0.85, "haproxy": 0.80}
# CPU, or memory, of each row of protocols, as a share of the better one's.
OF_THE_BETTER = 0.95
START_BYTES, CONNECTION_BYTES = 60e6, 4096
SCALING = 1.8


def goals(result):
    """(what, measured, goal, whether it is held) for all that was measured."""
    return [*of_cells(result.get("cells", [])), *of_memory(result.get("memory", {})), *of_reactors(result.get("reactors")), *of_protocols(result.get("protocols", {}))]


def most(what, measured, goal, form="{:.2f}"):
    return what, form.format(measured), "at most " + form.format(goal), measured <= goal


def plain(cells):
    """The cell that the goals of requests are of, where it was measured."""
    return [cell for cell in cells if (cell["connections"], cell["body"], cell["mode"], cell["log"]) == (64, 1024, "keepalive", "off") and "penstock" in cell["proxies"]]


def of_cells(cells):
    for cell in plain(cells):
        figures = cell["proxies"]
        for other in (name for name in CPU if name in figures):
            yield most(f"CPU of a request over 64 connections, 1 KiB, of {other}'s", figures["penstock"]["cpu_us"] / figures[other]["cpu_us"], CPU[other])
            yield most(f"p99 over 64 connections, 1 KiB, of {other}'s", figures["penstock"]["p99_us"] / figures[other]["p99_us"], 1)
    failed = sum(cell["proxies"].get("penstock", {"errors": 0})["errors"] for cell in cells)
    if cells:
        yield most("failed requests", failed, 0, "{:.0f}")


def of_memory(memory):
    if row := memory.get("penstock"):
        yield most("resident after the start, MB", row["start_bytes"] / 1e6, START_BYTES / 1e6, "{:.1f}")
        yield most("resident for each idle connection, bytes", row["per_connection_bytes"], CONNECTION_BYTES, "{:.0f}")


def of_reactors(reactors):
    if reactors:
        yield "work of two reactors, of one's", f"{reactors['scaling']:.2f}", f"at least {SCALING}", reactors["scaling"] >= SCALING


def of_protocols(groups):
    for group, rows in groups.items():
        for row, figures in rows.items():
            key = "resident" if all("resident" in one for one in figures.values()) else "cpu_us"
            others = [figures[name][key] for name in ("nginx", "haproxy") if name in figures]
            if "penstock" not in figures or not others:
                continue
            what = f"{'memory' if key == 'resident' else 'CPU'} of {protocols.TITLES[group]}: {row}, of the better one's"
            if min(others) > 0:
                yield most(what, figures["penstock"][key] / min(others), OF_THE_BETTER)
            else:
                yield what, f"{figures['penstock'][key]:.1f} against 0", f"at most {OF_THE_BETTER}", figures["penstock"][key] <= 0
    if groups:
        failed = sum(figures["penstock"]["errors"] for rows in groups.values() for figures in rows.values() if "penstock" in figures)
        yield most("failed requests", failed, 0, "{:.0f}")


def lines(result):
    """Those of a report."""
    found = goals(result)
    return found and ["", "Goals:", "", *(f"- {what}: {measured}, {goal}{'' if held else ': MISSED'}" for what, measured, goal, held in found)]


def missed(result):
    """How many are not held."""
    return sum(not held for *_, held in goals(result))
