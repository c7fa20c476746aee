# SPDX-License-Identifier: Apache-2.0
"""Sums up a directory of TRX files: failures, skips with their reasons, slow tests, and the count as the last line.

A test that fails is run once more by itself when all others are over (`--failed` says which, `.ci/test` runs them): drills with real daemons, timers and kernels
share a machine with strangers. One that then passes is counted as passed, and named as UNSTABLE with what it said at first: it is to be mended, and no secret.
Where many fail, nothing is run again: that is no accident.
"""

import pathlib
import sys
import xml.etree.ElementTree

NAMESPACE = {"t": "http://microsoft.com/schemas/VisualStudio/TeamTest/2010"}
SLOW_SECONDS = 3
MOST_AGAIN = 5


def seconds(duration):
    hours, minutes, rest = (duration or "0:0:0").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def results_of(path):
    """(name, outcome, seconds, message) of every test in one TRX file."""
    for result in xml.etree.ElementTree.parse(path).iterfind(".//t:UnitTestResult", NAMESPACE):
        message = result.find(".//t:Message", NAMESPACE)
        text = message.text if message is not None else result.findtext(".//t:StdOut", "", NAMESPACE)
        yield result.get("testName"), result.get("outcome"), seconds(result.get("duration")), (text or "").strip()


def projects(directory):
    """(exit file, results, those that failed) of every project."""
    for exit_file in sorted(directory.glob("*.exit")):
        trx = exit_file.with_suffix(".trx")
        results = list(results_of(trx)) if trx.exists() else []
        yield exit_file, results, [(name, message) for name, outcome, _, message in results if outcome not in ("Passed", "NotExecuted")]


def print_failed(directory):
    """A line for each project with failures that are worth a second look: its name, and a filter of `dotnet test`."""
    broken = [(exit_file.stem, {name.split("(")[0] for name, _ in broken}) for exit_file, _, broken in projects(directory) if broken]
    if sum(len(methods) for _, methods in broken) <= MOST_AGAIN:
        for project, methods in broken:
            print(project, "|".join(f"FullyQualifiedName={method}" for method in sorted(methods)), sep="\t")


def main(directory):
    passed, failed, unstable, skipped, slow = 0, [], [], [], []
    for exit_file, results, broken in projects(directory):
        project = exit_file.stem
        passed += sum(outcome == "Passed" for _, outcome, _, _ in results)
        again = exit_file.with_suffix(".again.trx")
        mended = {name for name, outcome, _, _ in (results_of(again) if again.exists() else []) if outcome == "Passed"}
        log = exit_file.with_suffix(".log").read_text(errors="replace")
        if exit_file.read_text().strip() != "0" and (not broken or "run was aborted" in log):
            broken += [(project, "the run ended early:\n" + log[-3000:])]
        failed += [(name, message) for name, message in broken if name not in mended]
        unstable += [(name, message) for name, message in broken if name in mended]
        skipped += [(name, message) for name, outcome, _, message in results if outcome == "NotExecuted"]
        slow += [(took, name) for name, _, took, _ in results if took >= SLOW_SECONDS]

    for took, name in sorted(slow, reverse=True):
        print(f"slow     {took:6.1f} s  {name}")
    for name, message in skipped:
        print(f"skipped  {name}: {message.splitlines()[0] if message else 'no reason given'}")
    for word, tests in (("UNSTABLE", unstable), ("FAILED  ", failed)):
        for name, message in tests:
            print(f"{word} {name}\n         " + "\n         ".join(message.splitlines()[:40]))
    print(f"{passed + len(unstable)} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    if sys.argv[1] == "--failed":
        print_failed(pathlib.Path(sys.argv[2]))
    else:
        sys.exit(main(pathlib.Path(sys.argv[1])))
