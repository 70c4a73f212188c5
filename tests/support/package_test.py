#!/usr/bin/env python3
"""The installed C++ library builds into projects of their own, examples/rate_limiter,
examples/client and examples/workflow, which know nothing of this source tree. The latter two ask
the simulator.

usage: package_test.py BUILD_FOLDER
"""

import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*command, **environment):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          env=os.environ | environment)
    if done.returncode:
        sys.exit(f"{command}\n{done.stdout}{done.stderr}")
    return done.stdout


def build_example(name, build, prefix, folder):
    sources, example = pathlib.Path(folder, name), pathlib.Path(folder, name + "-build")
    sources.mkdir()
    for file in (ROOT / "examples" / name).iterdir():
        (sources / file.name).write_bytes(file.read_bytes())
    run("cmake", "-G", "Ninja", "-S", sources, "-B", example, f"-DCMAKE_PREFIX_PATH={prefix}", *compiler_of(build))
    run("cmake", "--build", example)
    return example / name


def ask_simulator(build, client):
    simulator = subprocess.Popen([build / "tidegate", "simulate", "--listen", "127.0.0.1:0"],
                                 stdout=subprocess.PIPE, text=True)
    try:
        address = simulator.stdout.readline().split()[-1]
        return run(client, f"http://{address}", DEEPSEEK_API_KEY="sk-for-the-simulator")
    finally:
        simulator.terminate()
        simulator.wait(10)


def main(build):
    with tempfile.TemporaryDirectory() as folder:
        prefix = pathlib.Path(folder, "installed")
        run("cmake", "--install", build, "--component", "library", "--prefix", prefix)
        said = run(build_example("rate_limiter", build, prefix, folder))
        if "64 requests, 31360 tokens" not in said:
            sys.exit(f"the example said: {said}")
        said = ask_simulator(build, build_example("client", build, prefix, folder))
        if "9 requests, " not in said or "times 7?" not in said:
            sys.exit(f"the example said: {said}")
        said = ask_simulator(build, build_example("workflow", build, prefix, folder))
        if "notes: succeeded" not in said or said.count("100 % succeeded") != 3:
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
