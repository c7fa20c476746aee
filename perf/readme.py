#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts the rows of the newest results into README.md, where it shows the older ones of the same name, and removes the files of those.
Usage: readme.py NAME...: of perf/results/NAME-DATE.md."""
import glob
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
DATE = r"\d{4}-\d\d-\d\d"


def renew(text, name):
    """The text with the newest rows of one name."""
    files = sorted(path for path in glob.glob(f"{ROOT}/perf/results/{name}-*.md") if re.fullmatch(rf"{re.escape(name)}-{DATE}\.md", os.path.basename(path)))
    newest = os.path.basename(files[-1])
    shown = re.search(rf"<!-- rows of perf/results/({re.escape(name)}-({DATE})\.md) -->\n\n(.*?)\n\n", text, re.DOTALL)
    if not shown:
        sys.exit(f"README.md shows no rows of perf/results/{name}-DATE.md")
    rows = "\n".join(line for line in open(files[-1]).read().splitlines() if line.startswith("|"))
    text = text[:shown.start(3)] + rows + text[shown.end(3):]
    # The paragraph before it names the file, and the day.
    start = text.rindex("\n\n", 0, text.rindex("\n\n", 0, shown.start() + 1) + 1)
    said = text[start:shown.start(3)].replace(shown[2], newest.removesuffix(".md")[-10:])
    for old in files[:-1]:
        os.remove(old)
    return text[:start] + said + text[shown.start(3):]


def main():
    path = f"{ROOT}/README.md"
    text = open(path).read()
    for name in sys.argv[1:]:
        text = renew(text, name)
    with open(path, "w") as file:
        file.write(text)


main()
