"""Figures of the micro-benchmarks that lie beside the sources (Google Benchmark)."""

import json
import re
import subprocess

from rig.figure import Figure
from rig.process import BenchError

TO_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}


def micro(rig):
    """What a request costs before it is routed: its body is read once and measured. And what a
    history costs that has to be written anew for its provider."""
    understood = google_benchmark(rig, "workload_bench", "read_and_measure")
    translated = google_benchmark(rig, "translation_bench", "translate_1mb")
    return [figure("understand_2kb", understood, r"2_?kb", 1e6),
            figure("understand_2mb", understood, r"2_?mb", 1e3),
            figure("translate_messages", translated, "messages", 1e3),
            figure("translate_chat", translated, "chat", 1e3),
            figure("translate_responses", translated, "responses", 1e3)]


def figure(key, runs, size, units_per_second):
    result = Figure(key)
    for run in runs:
        if re.search(size, run["name"], re.I) and run["run_type"] == "iteration":
            result.ours.append(run["cpu_time"] * TO_SECONDS[run["time_unit"]] * units_per_second)
    if not result.ours:
        result.problem = f"there is no benchmark of {size}"
    return result


def google_benchmark(rig, program, name, pinned=True, repetitions=5, patience=60):
    command = [rig.program(program), f"--benchmark_filter={name}", "--benchmark_format=json",
               f"--benchmark_repetitions={repetitions}", "--benchmark_min_time=0.1"]
    child = rig.children.start(command, rig.core if pinned else None, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    try:
        output, _ = child.communicate(timeout=patience)
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{program} took longer than {patience} s") from error
    finally:
        rig.children.stop(child)
    if child.returncode != 0:
        raise BenchError(f"{program} ended with {child.returncode}")
    return json.loads(output)["benchmarks"]
