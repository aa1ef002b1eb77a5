#!/usr/bin/env python3
"""Runs the system tests: run.py BIN_DIR [PATTERN...]. With GTEST_OUTPUT=json:FILE it also writes the report that
deploy/checks/run_tests.py reads. LEADBRIDGE_FULL=1 runs every acceptance at its stated size."""

import json
import os
import pathlib
import sys
import time
import unittest


class Report(unittest.TextTestResult):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.cases = []

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        bad = [text for case, text in self.failures + self.errors if case is test]
        case = {"name": test._testMethodName, "status": "RUN", "time": f"{time.monotonic() - self.began:.3f}s"}
        if any(case is test for case, _ in self.skipped):
            case["status"] = "NOTRUN"
        if bad:
            case["failures"] = [{"failure": text} for text in bad]
        self.cases.append((type(test).__name__, case))


def main():
    here = pathlib.Path(__file__).parent
    os.environ["LEADBRIDGE_BIN"] = str(pathlib.Path(sys.argv[1]).resolve())
    sys.path.insert(0, str(here))
    loader = unittest.TestLoader()
    if len(sys.argv) > 2:
        loader.testNamePatterns = [f"*{p}*" for p in sys.argv[2:]]
    suite = loader.discover(str(here), pattern="test_*.py", top_level_dir=str(here))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Report).run(suite)
    wanted = os.environ.get("GTEST_OUTPUT", "")
    if wanted.startswith("json:"):
        suites = {}
        for suite_name, case in result.cases:
            suites.setdefault(suite_name, []).append(case)
        report = {"testsuites": [{"name": name, "testsuite": cases} for name, cases in suites.items()]}
        pathlib.Path(wanted[5:]).write_text(json.dumps(report))
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
