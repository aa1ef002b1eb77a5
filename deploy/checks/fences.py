#!/usr/bin/env python3
"""Holds the architecture: floors, rooms, library fences, portable SQL, and a few rules a compiler cannot see.

Prints one line per breach and exits 1 if there is any. Long files and functions are advice: printed with --advice, never a breach.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLOORS = ["base", "crm", "archive", "connectors", "gateway", "console"]  # from the ground up
SOURCE_FOLDERS = {*FLOORS, "config"}
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')

# Library headers and the only files that may include them.
LIBRARY_FENCES = [
    (r"boost/(asio|beast)[/.]", r"base/(http_server|websocket)(_[a-z]+)?\.cpp"),
    (r"curl/", r"base/http_(client|transfer)\.cpp"),
    (r"openssl/", r"base/crypto(_[a-z]+)?\.cpp|connectors/sandbox/fake_sdk/.*"),
    (r"sqlite3(ext)?\.h", r"base/sqlite_[a-z]+\.cpp"),
    (r"(libpq-fe|postgres)", r"base/postgres_[a-z]+\.cpp"),
    (r"spdlog/", r"base/log\.cpp"),
    (r"pugixml", r"base/xml\.cpp"),
    (r"(zstd|zdict|zlib)", r"base/(zstd|compression)[a-z_]*\.cpp"),
    (r"prometheus/", r"base/metrics\.cpp"),
    (r"date/", r"base/time_zone\.cpp"),
    (r"utf8proc", r"base/text[a-z_]*\.cpp"),
    (r"re2/", r"base/[a-z_]+\.cpp"),
    (r"toml\+\+/", r"config/reader\.cpp"),
    (r"CLI/", r"gateway/.*"),
    (r"roaring/", r"crm/nurture/[a-z_]+\.cpp"),
    (r"qrencode\.h", r"base/qr_code\.cpp"),
    (r"dlfcn\.h", r"connectors/wecom/archive_worker/library\.cpp"),
    (r"fmt/", r".*\.cpp"),
    (r"boost/json/fwd\.hpp", r".*"),
    (r"boost/json", r".*\.cpp|base/json\.h"),
    (r"(regex|format|expected|source_location)", r"(?!)"),
]
LIBRARY_FENCES = [(re.compile(a + r"$|" + a), re.compile(b + r"$")) for a, b in LIBRARY_FENCES]

# Words that may not stand in the code of a room, with the files that may have them and what to do instead.
WORD_FENCES = [
    (r"\bco_(await|return|yield)\b", r"base/(http_server|websocket)(_[a-z]+)?\.cpp", "coroutines live in the HTTP server's files only"),
    (r"\b(TODO|FIXME|XXX|HACK)\b", r"(?!)", "finish it or say what is missing in docs"),
    # steady_clock is free: waits of the operating system are in real time.
    (r"\bsystem_clock::now|\bgettimeofday\b|[^_\w:.>]time\(\s*(nullptr|NULL|0)\s*\)",
     r"base/clock\.cpp|gateway/doctor\.cpp|connectors/sandbox/fake_sdk/.*|connectors/wecom/archive_worker/.*",
     "time comes from the injected Clock"),
    (r"\bstd::random_device\b|\bs?rand\(\)", r"(?!)", "randomness comes from the injected Rng"),
    (r"\bgetenv\(", r"gateway/.*|base/(vault|master_key)\.cpp|connectors/(sandbox/fake_sdk/.*|wecom/archive_worker/.*)",
     "the environment is read at the door only"),
    (r"^\s*#\s*define\b", r"connectors/sandbox/fake_sdk/.*", "no macros"),
    (r"^#ifndef \w+_H_?$", r"(?!)", "use #pragma once"),
    (r"\bstd::ranges::(unique|remove(_if)?|rotate|(stable_)?partition|search(_n)?|equal_range|find_end|subrange)\b|\bstd::(views|ranges::views)::|\bstd::ranges::\w+_view\b",
     r"(?!)", "clang 14 cannot compile this with libstdc++ 12; use the iterator form"),
    (r"\busing namespace std\s*;", r"(?!)", "name what you use"),
]
WORD_FENCES = [(re.compile(a), re.compile(b + r"$"), why) for a, b, why in WORD_FENCES]

# SQL that only one engine understands. The engines' own files may use it.
SQL_IDIOMS = re.compile(
    r"\bINSERT OR \w+|\bREPLACE INTO\b|\bAUTOINCREMENT\b|\browid\b|\bstrftime\(|\bdatetime\(|\bunixepoch\(|\bGLOB\b|"
    r"\bPRAGMA\b(?! once)|\bIFNULL\(|\bjulianday\(|\bWITHOUT ROWID\b|\bsqlite_master\b|"
    r"\bCASE WHEN \? THEN\b"
)
SQL_FREE = re.compile(r"base/((sqlite|postgres)_\w+|migrations)\.(cpp|h)$")
# Words every room of crm speaks; a library of their own below those rooms.
OWN_LIBRARY = {name: "crm_outbox" for name in ("crm/touch.h", "crm/outbox.h", "crm/outbox.cpp")}
MACHINE_PATHS = re.compile(r"/(work/(main|shared)|farm)/|/tmp/bash_")


def tracked(*suffixes):
    """Every file of the repository (also new ones), relative; works outside git too."""
    try:
        out = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"], capture_output=True, check=True, text=True)
        names = out.stdout.split("\n")
    except (OSError, subprocess.CalledProcessError):
        names = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if "build" not in p.relative_to(ROOT).parts[:1]]
    return sorted(n for n in names if n and n.endswith(suffixes or ("",)) and (ROOT / n).is_file())


def lines_of(name):
    return (ROOT / name).read_text(encoding="utf-8", errors="replace").split("\n")


def ours_in(name):
    return {m.group(1) for m in map(INCLUDE.match, lines_of(name)) if m and m.group(1)}


def room_table():
    """folder -> (library, its DEPS), from the CMake lists."""
    rooms = {}
    for name in tracked("CMakeLists.txt"):
        text = (ROOT / name).read_text()
        for match in re.finditer(r"leadbridge_room\(\s*(\w+)([^)]*)\)", text):
            words = re.search(r"\bDEPS\s+([\w\s]*?)(?=\b(?:LIBS|EXCLUDE)\b|$)", match.group(2))
            rooms[str(pathlib.PurePath(name).parent)] = (match.group(1), words.group(1).split() if words else [])
    return rooms


def reachable(library, deps):
    seen, todo = set(), [library]
    while todo:
        here = todo.pop()
        if here not in seen:
            seen.add(here)
            todo += deps.get(here, [])
    return seen


def room_of(name, rooms):
    if name in OWN_LIBRARY:
        return OWN_LIBRARY[name]
    folder = pathlib.PurePath(name).parent
    while str(folder) not in rooms and str(folder) != ".":
        folder = folder.parent
    return rooms.get(str(folder), (None, []))[0]


def code_only(line):
    return re.sub(r"//.*", "", line)


def check_includes(name, number, line, rooms, deps, breaches):
    match = INCLUDE.match(line)
    if not match:
        return
    ours, library = match.groups()
    if library:
        for pattern, allowed in LIBRARY_FENCES:
            if pattern.match(library):
                if not allowed.match(name):
                    breaches.append(f"{name}:{number}: <{library}> is fenced; only {allowed.pattern} may include it")
                return
        return
    top, target_top = name.split("/")[0], ours.split("/")[0]
    if not (ROOT / ours).is_file():
        breaches.append(f"{name}:{number}: \"{ours}\" is not a path from the repository's root")
        return
    if target_top == "config" and top not in ("config", "gateway"):
        breaches.append(f"{name}:{number}: only gateway may include config")
    if top in FLOORS and target_top in FLOORS and FLOORS.index(target_top) > FLOORS.index(top):
        breaches.append(f"{name}:{number}: {top} may not include {target_top}, a floor above it")
    mine, theirs = room_of(name, rooms), room_of(ours, rooms)
    if mine and theirs and theirs not in reachable(mine, deps):
        breaches.append(f"{name}:{number}: room {mine} does not depend on {theirs} ({ours}); see its CMakeLists.txt")
    if ours.endswith(".h") and "base/json.h" in ours_in(ours) and mine != theirs and ours != "base/json.h":
        breaches.append(f"{name}:{number}: {ours} includes base/json.h and so is private to its room; headers pass structs or text")
    if target_top == "tests":
        breaches.append(f"{name}:{number}: the program may not include tests")


def check_source(name, rooms, deps, breaches):
    for number, line in enumerate(lines_of(name), 1):
        check_includes(name, number, line, rooms, deps, breaches)
        code = code_only(line)
        for pattern, allowed, why in WORD_FENCES:
            if pattern.search(line if "TODO" in pattern.pattern else code) and not allowed.match(name):
                breaches.append(f"{name}:{number}: {why}: {line.strip()[:80]}")
        found = SQL_IDIOMS.search(code)
        if found and '"' in code and not SQL_FREE.match(name):
            breaches.append(f"{name}:{number}: \"{found.group(0)}\" is not portable SQL")
    if name.endswith(".h") and "#pragma once" not in lines_of(name)[:40]:
        breaches.append(f"{name}:1: #pragma once is missing")


def check_definitions(sources, breaches):
    """Two types of one name in one namespace: the linker keeps one's destructor for both, and memory breaks far from here."""
    seen = {}
    for name in sources:
        spaces = []
        for number, line in enumerate(lines_of(name), 1):
            if opened := re.match(r"namespace ?([\w:]*) ?\{", line):
                spaces.append(opened.group(1))
            elif line.startswith("}  // namespace") and spaces:
                spaces.pop()
            elif (made := re.match(r"(?:struct|class|enum class) (\w+)(?!\w|::)(?!.*;\s*$)", code_only(line).rstrip())) and "" not in spaces:
                first = seen.setdefault(("::".join(spaces), made.group(1)), name)
                if first != name:
                    breaches.append(f"{name}:{number}: {made.group(1)} is also defined in {first}")


def check_readmes(sources, breaches):
    for folder in sorted({str(pathlib.PurePath(s).parent) for s in sources}):
        if len([s for s in sources if str(pathlib.PurePath(s).parent) == folder]) > 3 and not (ROOT / folder / "README.md").is_file():
            breaches.append(f"{folder}/: a README.md of at most 30 lines is missing")
    for name in tracked("README.md"):
        count = len((ROOT / name).read_text().splitlines())
        if name != "README.md" and not name.startswith("docs/") and count > 30:
            breaches.append(f"{name}: {count} lines; a folder's README has at most 30")


def advice(sources):
    for name in sources:
        lines = lines_of(name)
        if len(lines) > 301:
            print(f"advice: {name}: {len(lines) - 1} lines; 300 are a good end")
        start = None
        for number, line in enumerate(lines, 1):
            if re.match(r"^(    )?[\w:<>~&*, \[\]]+[^;=]*\{$|^\) .*\{$", line) and not re.match(r"^\s*(namespace|class|struct|enum|union|extern|template)", line):
                start = number if start is None else start
            elif line in ("}", "    }", "    };", "};") and start is not None:
                if number - start > 42 and name.endswith(".cpp"):
                    print(f"advice: {name}:{start}: a function of {number - start} lines; 40 are a good end")
                start = None


def main():
    breaches = []
    rooms = room_table()
    deps = {library: needs for library, needs in rooms.values()} | {"crm_outbox": ["base"]}
    sources = [n for n in tracked(".h", ".cpp") if n.split("/")[0] in SOURCE_FOLDERS]
    for name in sources:
        check_source(name, rooms, deps, breaches)
    check_definitions(sources, breaches)
    check_readmes(sources, breaches)
    for name in tracked():
        if name != "deploy/checks/fences.py" and (ROOT / name).stat().st_size < 1 << 20 and MACHINE_PATHS.search("\n".join(lines_of(name))):
            breaches.append(f"{name}: names a path of somebody's machine")
    for breach in breaches:
        print(breach)
    if "--advice" in sys.argv:
        advice(sources)
    print(f"fences: {len(sources)} files, {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
