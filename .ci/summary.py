# SPDX-License-Identifier: Apache-2.0
"""Sums up a directory of TRX files: failures, skips with their reasons, slow tests, and the count as the last line."""

import pathlib
import sys
import xml.etree.ElementTree

NAMESPACE = {"t": "http://microsoft.com/schemas/VisualStudio/TeamTest/2010"}
SLOW_SECONDS = 3


def seconds(duration):
    hours, minutes, rest = (duration or "0:0:0").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def results_of(path):
    """(name, outcome, seconds, message) of every test in one TRX file."""
    for result in xml.etree.ElementTree.parse(path).iterfind(".//t:UnitTestResult", NAMESPACE):
        message = result.find(".//t:Message", NAMESPACE)
        text = message.text if message is not None else result.findtext(".//t:StdOut", "", NAMESPACE)
        yield result.get("testName"), result.get("outcome"), seconds(result.get("duration")), (text or "").strip()


def main(directory):
    passed, failed, skipped, slow = 0, [], [], []
    for exit_file in sorted(directory.glob("*.exit")):
        project, trx = exit_file.stem, exit_file.with_suffix(".trx")
        results = list(results_of(trx)) if trx.exists() else []
        passed += sum(outcome == "Passed" for _, outcome, _, _ in results)
        broken = [(name, message) for name, outcome, _, message in results if outcome not in ("Passed", "NotExecuted")]
        if exit_file.read_text().strip() != "0" and not broken:
            broken = [(project, "the run ended early:\n" + exit_file.with_suffix(".log").read_text(errors="replace")[-3000:])]
        failed += broken
        skipped += [(name, message) for name, outcome, _, message in results if outcome == "NotExecuted"]
        slow += [(took, name) for name, _, took, _ in results if took >= SLOW_SECONDS]

    for took, name in sorted(slow, reverse=True):
        print(f"slow     {took:6.1f} s  {name}")
    for name, message in skipped:
        print(f"skipped  {name}: {message.splitlines()[0] if message else 'no reason given'}")
    for name, message in failed:
        print(f"FAILED   {name}\n         " + "\n         ".join(message.splitlines()[:40]))
    print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
