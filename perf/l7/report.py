# SPDX-License-Identifier: Apache-2.0
"""Results as a Markdown table and as an SVG plot."""

import goals
import protocols

COLOURS = {"penstock": "#1b6ca8", "nginx": "#6aa84f", "haproxy": "#c27ba0"}
SIZES = {0: "0", 1024: "1 KiB", 65536: "64 KiB", 1048576: "1 MiB"}
MODES = {"keepalive": "keep-alive", "close": "one request a connection"}


def size(value):
    return SIZES.get(value, f"{value} B")


def ratio(figures, name, other, key="cpu_us"):
    """What `name` takes, as a share of what `other` takes; None when either is missing."""
    if name not in figures or other not in figures or not figures[other][key]:
        return None
    return figures[name][key] / figures[other][key]


def show(value, form="{:.2f}"):
    return "" if value is None else form.format(value)


def markdown(result):
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    lines = ["# HTTP tier against nginx and haproxy", "",
             f"{result['date']}, {result['machine']}, kernel {result['kernel']}, commit {result['commit']}; {versions}.",
             f"`make perf-l7`: medians of {result['rounds']} rounds of {result['seconds']} s a cell. CPU is that of the whole proxy, "
             "user and system, per request.", ""]
    if "cells" in result:
        lines += cells_table(result["cells"])
    if "protocols" in result:
        lines += protocols_table(result["protocols"])
    if "memory" in result:
        lines += ["", "| resident memory | after start | for each idle connection | connections |", "|---|--:|--:|--:|"]
        lines += [f"| {name} | {row['start_bytes'] / 1e6:.1f} MB | {row['per_connection_bytes']:.0f} B | {row['connections']} |"
                  for name, row in result["memory"].items()]
    if "body" in result:
        lines += ["", "| one answer | bytes | resident before | at most during | seconds |", "|---|--:|--:|--:|--:|"]
        lines += [f"| {name} | {row['bytes']} | {row['before_bytes'] / 1e6:.1f} MB | {row['peak_bytes'] / 1e6:.1f} MB | {row['seconds']:.1f} |"
                  for name, row in result["body"].items()]
    if "reactors" in result:
        rows = result["reactors"]
        lines += ["", "Reactors, fixed answers over 512 connections, on both cores: busiest thread "
                  f"{rows['1']['busiest_us']:.2f} us a request with one reactor, {rows['2']['busiest_us']:.2f} us with two: "
                  f"two can do **{rows['scaling']:.2f}** times the work of one."]
    return "\n".join(lines + goals.lines(result)) + "\n"


def cells_table(cells):
    lines = ["| connections | body | mode | log | penstock us | nginx us | haproxy us | of nginx | of haproxy | p99 penstock | p99 nginx | p99 haproxy |",
             "|--:|--:|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for cell in cells:
        figures = cell["proxies"]
        names = ("penstock", "nginx", "haproxy")
        lines.append("| " + " | ".join([
            str(cell["connections"]), size(cell["body"]), MODES[cell["mode"]], cell["log"],
            *(show(figures[name]["cpu_us"] if name in figures else None, "{:.1f}") for name in names),
            show(ratio(figures, "penstock", "nginx")), show(ratio(figures, "penstock", "haproxy")),
            *(show(figures[name]["p99_us"] if name in figures else None, "{:.0f} us") for name in names)]) + " |")
    lines += floor_table(cells) + modes_table(cells)
    failed = [f"{name}: {figures['errors']} of {cell['connections']} x {size(cell['body'])} {cell['mode']}, log {cell['log']}"
              for cell in cells for name, figures in cell["proxies"].items() if figures["errors"]]
    return lines + (["", "Failed requests: " + "; ".join(failed) + "."] if failed else ["", "No request failed."])


def protocols_table(groups):
    names = ("penstock", "nginx", "haproxy")
    lines = ["| what | unit | penstock | nginx | haproxy | of nginx | of haproxy | of the better | rounds |", "|---|---|--:|--:|--:|--:|--:|--:|--:|"]
    failed = []
    for group, rows in groups.items():
        for row, figures in rows.items():
            key, unit, form = ("resident", "bytes", "{:.0f}") if all("resident" in one for one in figures.values()) else ("cpu_us", "us CPU", "{:.1f}")
            shares = [ratio(figures, "penstock", other, key) for other in names[1:]]
            # One that takes nothing at all is the better one, whatever its share.
            better = None if any(name in figures and not figures[name][key] for name in names[1:]) else max((share for share in shares if share is not None), default=None)
            lines.append(f"| {protocols.TITLES[group]}: {row} | {unit} | " + " | ".join([
                *(show(figures[name][key] if name in figures else None, form) for name in names),
                *(show(share) for share in (*shares, better)), show(spread(figures, key), "{}")]) + " |")
            failed += [f"{name}: {one['errors']} of {protocols.TITLES[group]}: {row}" for name, one in figures.items() if one["errors"]]
    return lines + ["", "Failed requests: " + "; ".join(failed) + "." if failed else "No request failed."]


def spread(figures, key):
    """The least and the most that penstock took, round by round, of the better one's in that round."""
    shares = []
    for number, run in enumerate(figures.get("penstock", {}).get("rounds", [])):
        others = [one["rounds"][number][key] for name, one in figures.items() if name != "penstock"]
        if others and min(others):
            shares.append(run[key] / min(others))
    return f"{min(shares):.2f} to {max(shares):.2f}" if shares else None


def floor_table(cells):
    """The bare relays and what each proxy takes of them; nothing where they were not asked for."""
    lines = []
    for cell in cells:
        figures = cell["proxies"]
        lines += ["| " + " | ".join([
            name, str(cell["connections"]), size(cell["body"]), MODES[cell["mode"]], cell["log"], show(figures[name]["cpu_us"], "{:.1f}"),
            show(ratio(figures, name, "nginx")), show(ratio(figures, name, "haproxy")), show(ratio(figures, "penstock", name)),
            show(figures[name]["p99_us"], "{:.0f} us")]) + " |" for name in figures if name.startswith("floor")]
    return lines and ["", "| bare relay | connections | body | mode | log | us | of nginx | of haproxy | penstock of it | p99 |",
                      "|---|--:|--:|---|---|--:|--:|--:|--:|--:|", *lines]


def modes_table(cells):
    """Where the CPU of the cell that the goals are of goes."""
    return [line for cell in goals.plain(cells) for line in (
        "", f"| {cell['connections']} connections, {size(cell['body'])} | user us | kernel us |", "|---|--:|--:|",
        *(f"| {name} | {row['user_us']:.1f} | {row['cpu_us'] - row['user_us']:.1f} |" for name, row in cell["proxies"].items()))]


def svg(result):
    """CPU per request relative to nginx: a panel for each number of connections and mode, a group of bars for each body."""
    cells = [cell for cell in result.get("cells", []) if cell["log"] == "off" and "nginx" in cell["proxies"]]
    modes = list(dict.fromkeys(cell["mode"] for cell in cells))
    columns = list(dict.fromkeys(cell["connections"] for cell in cells))
    bodies = list(dict.fromkeys(cell["body"] for cell in cells))
    width, height, top = 40 + 300 * len(columns), 70 + 210 * len(modes), 56
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
             'font-family="sans-serif" font-size="11">', f'<rect width="{width}" height="{height}" fill="white"/>',
             '<text x="20" y="20" font-size="14">CPU per request, nginx = 1 (lower is better)</text>',
             f'<text x="20" y="36" fill="#555">{result["date"]}, {result["machine"]}, kernel {result["kernel"]}</text>']
    for index, (name, colour) in enumerate(COLOURS.items()):
        x = width - 260 + 85 * index
        parts += [f'<rect x="{x}" y="11" width="10" height="10" fill="{colour}"/>', f'<text x="{x + 14}" y="20">{name}</text>']
    for cell in cells:
        left = 40 + 300 * columns.index(cell["connections"])
        base = top + 210 * modes.index(cell["mode"]) + 160
        parts += panel(left, base, cell, bodies)
    return "\n".join(parts + ["</svg>"]) + "\n"


def panel(left, base, cell, bodies):
    """The bars of one cell; the first body also draws the panel's frame."""
    scale, slot = 90, 65
    parts = []
    if cell["body"] == bodies[0]:
        parts.append(f'<text x="{left}" y="{base - 145}">{cell["connections"]} connections, {MODES[cell["mode"]]}</text>')
        for level in (0, 0.5, 1, 1.5):
            y = base - level * scale
            parts += [f'<line x1="{left}" x2="{left + slot * len(bodies)}" y1="{y}" y2="{y}" stroke="#ddd"/>',
                      f'<text x="{left - 4}" y="{y + 4}" text-anchor="end" fill="#555">{level:g}</text>']
    x = left + slot * bodies.index(cell["body"]) + 6
    parts.append(f'<text x="{x + 25}" y="{base + 14}" text-anchor="middle">{size(cell["body"])}</text>')
    for index, (name, colour) in enumerate(COLOURS.items()):
        value = ratio(cell["proxies"], name, "nginx")
        if value is not None:
            tall = min(value, 1.5) * scale
            parts += [f'<rect x="{x + 17 * index}" y="{base - tall:.1f}" width="15" height="{tall:.1f}" fill="{colour}"/>',
                      f'<text x="{x + 17 * index + 7}" y="{base - tall - 3:.1f}" text-anchor="middle" font-size="8">{value:.2f}</text>']
    return parts
