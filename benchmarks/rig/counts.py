"""Figures that do not depend on the clock: user instructions (callgrind) and system calls (strace).
Each is the difference between a long and a short run, so that start and end do not count."""

import glob
import os
import re
import shutil
import signal
import subprocess
import time

from rig.figure import Figure
from rig.process import BenchError, threads_of
from rig.proxies import Nginx, Setup

CHUNKS = 100
PER_REQUEST = {"mode": "closed", "argument": "requests",
               "extra": {"connections": 64, "seconds": 60}}
FEW = (5, 25)  # streams: chunks that arrive together while the proxy is behind would count as one
PER_STREAM = {"mode": "streams", "argument": "streams", "extra": {"ramp": 0.2}}


def counts(rig):
    figures = []
    with rig.upstream("--chunks", CHUNKS, "--interval", 20) as upstream:
        for key, tool, count, load, parts, sizes in (
                ("instructions_per_request", "valgrind", instructions, PER_REQUEST, 1, (500, 2000)),
                ("syscalls_per_request", "strace", system_calls, PER_REQUEST, 1, (2000, 12000)),
                ("instructions_per_sse_chunk", "valgrind", instructions, PER_STREAM, CHUNKS, FEW),
                ("syscalls_per_sse_chunk", "strace", system_calls, PER_STREAM, CHUNKS, FEW)):
            if rig.quick and load is PER_STREAM:
                continue
            figure = Figure(key)
            rig.progress(figure.target.name)
            measure(rig, figure, tool, count, upstream, load, parts, sizes)
            figures.append(figure)
    return figures


def measure(rig, figure, tool, count, upstream, load, parts, sizes):
    if not shutil.which(tool):
        figure.problem = f"{tool} is not installed"
        return
    setup = Setup(upstream, streaming=load is PER_STREAM, single_process=True)
    try:
        for name, make in (("ours", rig.ours), ("nginx", lambda setup: Nginx("nginx", rig, setup))):
            short, long = (count(rig, make(setup), load, size) for size in sizes)
            getattr(figure, name).append((long - short) / ((sizes[1] - sizes[0]) * parts))
    except BenchError as error:
        figure.problem = str(error)


def drive(rig, proxy, load, size):
    rig.load(load["mode"], proxy.port, **{load["argument"]: size}, **load["extra"])


def instructions(rig, proxy, load, size):
    """All user instructions of one life of the proxy under callgrind, all threads."""
    output = f"{proxy.folder}/callgrind"
    proxy.start(["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}.%p"], patience=30)
    try:
        drive(rig, proxy, load, size)
    finally:
        proxy.stop(patience=30)
    total = 0
    for path in glob.glob(f"{output}.*"):
        with open(path) as file:
            total += sum(int(number) for number in re.findall(r"^totals: (\d+)", file.read(), re.M))
    if total == 0:
        raise BenchError("callgrind wrote no totals")
    return total


def system_calls(rig, proxy, load, size):
    """System calls of all threads while one load run lasts."""
    output = f"{proxy.folder}/strace"
    proxy.start()
    try:
        command = ["strace", "-f", "-c", "-q", "-o", output]
        for pid in proxy.pids:
            command += ["-p", str(pid)]
        tracer = rig.children.start(command, stderr=subprocess.DEVNULL)
        wait_until_traced(proxy, tracer)
        drive(rig, proxy, load, size)
        tracer.send_signal(signal.SIGINT)
        tracer.wait(10)
        rig.children.stop(tracer)
    finally:
        proxy.stop()
    with open(output) as file:
        total = re.search(r"^100\.00 .*? (\d+) +(?:\d+ +)?total$", file.read(), re.M)
    if not total:
        raise BenchError("strace wrote no total")
    return int(total[1])


def wait_until_traced(proxy, tracer):
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and tracer.poll() is None:
        if all(traced(pid, task) for pid, task in threads_of(proxy.pids)):
            return
        time.sleep(0.01)
    raise BenchError("strace may not trace here")


def traced(pid, task):
    path = f"/proc/{pid}/task/{task}/status"
    if not os.path.exists(path):
        return True
    with open(path) as file:
        return not re.search(r"^TracerPid:\s+0$", file.read(), re.M)
