#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What floods of HTTP/2 cost before they end their connection, as FloodTests measures it, as a table. Usage: floods.py [--write FOLDER]"""
import argparse
import datetime
import os
import platform
import subprocess
import sys

TESTS = ["dotnet", "test", "tests/Penstock.L7.Tests", "-c", "Release", "--filter", "FullyQualifiedName~Http2.FloodTests", "--logger", "console;verbosity=detailed"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", metavar="FOLDER")
    folder = parser.parse_args().write
    run = subprocess.run(TESTS, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(run.stdout + run.stderr)
    rows = sorted(line.strip().removeprefix("flood ") + " |" for line in run.stdout.splitlines() if line.strip().startswith("flood | "))
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    today = datetime.date.today().isoformat()
    text = f"""# Floods of HTTP/2, {today}

{model}, {os.cpu_count()} cores, Linux {platform.release()}; `make perf-floods`. One connection, over loopback, to a proxy in the process of the test. *Sent*: frames, or streams, until the client
found its connection ended, or all there were. *CPU*: of client and proxy together. *Held*: what the managed heap has more afterwards, with the pools it keeps for others; of one field asked for
again and again all that was allocated. Streams without a window: from when they stand, until they and their connection are ended.

| flood | sent | CPU (ms) | held (KiB) |
|---|---|---|---|
""" + "\n".join(rows) + "\n"
    print(text)
    if folder:
        with open(f"{folder}/floods-{today}.md", "w") as file:
            file.write(text)


if __name__ == "__main__":
    main()
