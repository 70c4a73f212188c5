#!/usr/bin/env python3
"""The installed C++ library builds into a project of its own: examples/rate_limiter, which knows
nothing of this source tree.

usage: package_test.py BUILD_FOLDER
"""

import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command}\n{done.stdout}{done.stderr}")
    return done.stdout


def main(build):
    with tempfile.TemporaryDirectory() as folder:
        prefix, example = pathlib.Path(folder, "installed"), pathlib.Path(folder, "example")
        run("cmake", "--install", build, "--component", "library", "--prefix", prefix)
        sources = pathlib.Path(folder, "sources")
        sources.mkdir()
        for file in (ROOT / "examples" / "rate_limiter").iterdir():
            (sources / file.name).write_bytes(file.read_bytes())
        run("cmake", "-S", sources, "-B", example, f"-DCMAKE_PREFIX_PATH={prefix}",
            *compiler_of(build))
        run("cmake", "--build", example)
        said = run(example / "rate_limiter")
        if "64 requests, 31360 tokens" not in said:
            sys.exit(f"the example said: {said}")


def compiler_of(build):
    """A sanitizer's library needs the same compiler and its run-time library."""
    cache = dict(line.split("=", 1) for line in (build / "CMakeCache.txt").read_text().splitlines()
                 if "=" in line and not line.startswith(("#", "//")))
    values = {name.split(":")[0]: value for name, value in cache.items()}
    options = [f"-DCMAKE_CXX_COMPILER={values['CMAKE_CXX_COMPILER']}"]
    if values.get("TIDEGATE_SANITIZE"):
        options.append(f"-DCMAKE_CXX_FLAGS=-fsanitize={values['TIDEGATE_SANITIZE']}")
    return options


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
