#!/usr/bin/env python3
"""Checks what ARCHITECTURE.md promises about the sources; prints each breach, exits 1 if there is one.

usage: check_structure.py [ROOT]
"""

import pathlib
import re
import sys

# A folder may include those before it, never those after it.
ORDER = (
    "base json schema loop tls http telemetry config store redis catalog protocol translation workload limits "
    "routing ledger budgets sharing gateway client mcp workflow engine agents shadow preflight sizing simulator"
    " console cli"
).split()

# Third-party headers are heavy to compile and belong to one folder each, in its .cpp files.
OWNERS = {
    "simdjson": (r"simdjson", {"json"}),
    "RE2": (r"re2/", {"schema"}),
    "OpenSSL": (r"openssl/", {"tls"}),
    "yaml-cpp": (r"yaml-cpp/", {"config", "catalog"}),
    "SQLite": (r"sqlite3", {"store"}),
    "zlib": (r"zlib", {"store"}),
    "libpq": (r"postgresql/", {"store"}),
    "CLI11": (r"CLI/", {"cli"}),
    "c-ares": (r"ares", {"loop"}),
    "liburing": (r"liburing", {"loop"}),
    "fmt": (r"fmt/", set(ORDER)),
}
# Templates that only their own folder includes may do their formatting in the header.
# libpq's own names are the loader's interface.
EXEMPT = {("config", "option.h", "fmt"), ("translation", "chat_walk.h", "fmt"),
          ("store", "postgres_library.h", "libpq")}
TEST_ONLY = r"(gtest|gmock|benchmark)/"
TEST_FILE = r"^test_.*\.h$|_(test|bench)\.cpp$"

MAX_LINES = 800
MAX_README_LINES = 30
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
EMPTY_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "misc"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def check_includes(path, folder, text):
    if folder == "include":
        for quote, header in INCLUDE.findall(text):
            if not header.startswith("tidegate/") and (quote == '"' or "/" in header):
                yield f"includes {header}: a public header may use the standard library and tidegate/"
        return
    allowed = set(ORDER[: ORDER.index(folder) + 1]) if folder in ORDER else set()
    for _, header in INCLUDE.findall(text):
        top = header.split("/")[0]
        if "/" in header and top in ORDER and top not in allowed:
            yield f"includes {header}, which stands after {folder}/ in the order of the folders"
        for name, (pattern, folders) in OWNERS.items():
            if not re.match(pattern, header) or (folder, path.name, name) in EXEMPT:
                continue
            if path.name.endswith("_test.cpp"):
                continue  # a test may use a library as its oracle
            if path.suffix == ".h":
                yield f"includes {header}: {name} headers belong into .cpp files"
            elif folder not in folders:
                yield f"includes {header}: only {', '.join(sorted(folders))} may see {name}"
        if re.match(TEST_ONLY, header) and not re.search(TEST_FILE, path.name):
            yield f"includes {header}, which is for tests and benchmarks"


def check_source(path, folder, text):
    lines = text.count("\n")
    if lines > MAX_LINES:
        yield f"has {lines} lines, at most {MAX_LINES}"
    for match in UNFINISHED.finditer(text):
        yield f"says {match.group()}: finish it or leave it out"
    if path.stem in EMPTY_NAMES:
        yield "has a name that says nothing about its one idea"
    if path.suffix == ".h":
        if not text.startswith("// "):
            yield "does not open with a sentence that says what it is"
        if "#pragma once" not in text:
            yield "lacks #pragma once"
    yield from check_includes(path, folder, text)


def check_readme(folder):
    readme = folder / "README.md"
    if not readme.is_file():
        yield readme, "is missing"
    elif len(readme.read_text(encoding="utf-8").splitlines()) > MAX_README_LINES:
        yield readme, f"is longer than {MAX_README_LINES} lines"


def check_public(root):
    for path in sorted((root / "include").rglob("*.h")):
        for problem in check_source(path, "include", path.read_text(encoding="utf-8")):
            yield path, problem


def check(root):
    yield from check_public(root)
    for folder in sorted(path for path in (root / "src").iterdir() if path.is_dir()):
        sources = sorted(p for p in folder.rglob("*") if p.suffix in {".cpp", ".h"})
        if not sources:
            continue
        if folder.name not in ORDER:
            yield folder, "is not in the order of the folders (tests/support/check_structure.py)"
            continue
        yield from check_readme(folder)
        for path in sources:
            text = path.read_text(encoding="utf-8")
            for problem in check_source(path, folder.name, text):
                yield path, problem


def main(arguments):
    default = pathlib.Path(__file__).resolve().parents[2]
    root = pathlib.Path(arguments[0]) if arguments else default
    problems = list(check(root))
    for path, problem in problems:
        print(f"{path.relative_to(root)}: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
