#!/usr/bin/env python3
"""Runs the GoogleTest binaries of one build with one ctest label and counts their cases.

    run_tests.py BUILD_DIR LABEL OUT_DIR [--jobs N] [--only NAME,NAME]

Prints the failed cases with the end of their binary's output, and last `cases: N passed, N failed`. A binary that crashes or
runs out of time counts as one more failed case. Exit 1 when anything failed or there was nothing to run.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys


def property_of(test, name, fallback):
    return next((p["value"] for p in test.get("properties", []) if p["name"] == name), fallback)


def tests_of(build, label):
    out = subprocess.run(["ctest", "--show-only=json-v1", "-L", f"^{label}$"], cwd=build, capture_output=True, check=True, text=True)
    return json.loads(out.stdout)["tests"]


def cases_in(report):
    for suite in report.get("testsuites", []):
        for case in suite.get("testsuite", []):
            if case.get("status") == "RUN":
                told = "\n".join(f.get("failure", "") for f in case.get("failures", []))
                yield f'{suite["name"]}.{case["name"]}', "failures" not in case, told


def unended(log):
    """The case that ran when the binary ended."""
    cases = re.findall(r"^\[ RUN      \] (.*)$", log.read_text(errors="replace"), re.M)
    return cases[-1] if cases else "none of its cases"


def run(test, out_dir):
    name, out = test["name"], out_dir / f'{test["name"]}.json'
    if "command" not in test:  # ctest leaves it out when the program is not there
        return name, 0, {f"{name}: its program was not built": ""}, None
    out.unlink(missing_ok=True)
    log = out_dir / f"{name}.log"
    env = dict(os.environ, GTEST_OUTPUT=f"json:{out}", GTEST_COLOR="no")
    timeout = float(property_of(test, "TIMEOUT", 300))
    with open(log, "wb") as sink:
        try:
            code = subprocess.run(test["command"], stdout=sink, stderr=subprocess.STDOUT, env=env, timeout=timeout,
                                  cwd=property_of(test, "WORKING_DIRECTORY", None)).returncode
        except subprocess.TimeoutExpired:
            code = "out of time"
        except OSError as error:
            code = f"no start: {error.strerror}"
    failed, passed = {}, 0  # case -> what it told
    try:
        for case, good, told in cases_in(json.loads(out.read_text())):
            passed += good
            if not good:
                failed[case] = told
    except (OSError, ValueError):
        if code == 0:  # no GoogleTest: the command itself is the case
            passed = 1
    if code != 0 and not failed:
        failed[f"{name}: ended with {code} in {unended(log)}"] = ""
    return name, passed, failed, log


def part_of(lines, case):
    """What the case printed, its last 40 lines; the end of everything when it did not end itself."""
    starts = [i for i, line in enumerate(lines) if line.startswith("[ RUN ") and line.endswith(" " + case)]
    ends = [i for i, line in enumerate(lines) if line.startswith("[  FAILED  ] " + case)]
    if starts and ends:
        return lines[starts[0] + 1:ends[0]][-40:]
    return lines[-40:] if ": ended with" in case or starts else []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("label")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", type=lambda names: set(names.split(",")), help="of the tests with this label")
    options = parser.parse_args()
    options.out = options.out.resolve()
    options.out.mkdir(parents=True, exist_ok=True)
    passed = failed = 0
    chosen = [t for t in tests_of(options.build, options.label) if not options.only or t["name"] in options.only]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for name, good, bad, log in pool.map(lambda t: run(t, options.out), chosen):
            passed += good
            failed += len(bad)
            print(f"{name}: {good} passed, {len(bad)} failed")
            lines = log.read_text(errors="replace").split("\n") if bad and log else []
            for case, told in bad.items():
                print(f"  FAILED {case}")
                print("\n".join("    " + line for line in part_of(lines, case) or told.split("\n")[-40:]))
    print(f"cases: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
