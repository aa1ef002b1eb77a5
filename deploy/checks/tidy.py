#!/usr/bin/env python3
"""clang-tidy over the rooms, with a cache: a file whose text, headers, flags and rules have not changed is not looked at again.

    tidy.py BUILD_DIR CACHE_DIR [--jobs N] [FOLDER...]
"""

import argparse
import concurrent.futures
import functools
import hashlib
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIDY = "clang-tidy-14"
OURS = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


@functools.lru_cache(maxsize=None)
def text_of(name):
    path = ROOT / name
    return path.read_text(errors="replace") if path.is_file() else ""


@functools.lru_cache(maxsize=None)
def headers_of(name):
    """All of our headers that the file reaches."""
    seen, todo = set(), [name]
    while todo:
        for header in OURS.findall(text_of(todo.pop())):
            if header not in seen:
                seen.add(header)
                todo.append(header)
    return tuple(sorted(seen))


def key_of(name, command, version):
    digest = hashlib.sha256()
    for part in (version, text_of(".clang-tidy"), re.sub(r" -o \S+", "", command), name, text_of(name)):
        digest.update(part.encode() + b"\0")
    for header in headers_of(name):
        digest.update(header.encode() + b"\0" + text_of(header).encode() + b"\0")
    return digest.hexdigest()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("cache", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("folders", nargs="*", default=["base", "crm", "archive", "connectors"])
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([TIDY, "--version"], capture_output=True, check=True, text=True).stdout
    entries = {}
    for entry in json.loads((options.build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if path.is_relative_to(ROOT):
            entries[str(path.relative_to(ROOT))] = entry["command"]
    wanted = sorted(n for n in entries if n.split("/")[0] in options.folders)

    def look(name):
        mark = options.cache / key_of(name, entries[name], version)
        if mark.exists():
            return name, True, None
        done = subprocess.run([TIDY, "--quiet", "--extra-arg=-Wno-error", "-p", options.build, name], cwd=ROOT, capture_output=True, text=True)
        findings = "\n".join(line for line in done.stdout.split("\n") if line)
        if done.returncode == 0:
            mark.touch()
            return name, False, None
        return name, False, findings or done.stderr[-2000:]

    cached = bad = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for name, hit, findings in pool.map(look, wanted):
            cached += hit
            if findings:
                bad += 1
                print(findings, flush=True)
    print(f"tidy: {len(wanted)} files, {cached} unchanged, {bad} with findings")
    return 1 if bad or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
