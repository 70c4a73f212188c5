"""What limits that are shared through Redis cost, measured within one process (src/sharing/sharing_bench.cpp)."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

from rig.figure import Figure
from rig.process import BenchError

KEYS = {"redis_round_trips": "round_trips_per_100", "shared_limit_p99": "p99_later_us"}


def sharing(rig):
    if shutil.which("redis-server") is None:
        raise BenchError("skipped: redis-server is not installed (./dev setup test)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "",
             "--appendonly", "no", "--dir", folder],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(port)
            runs = [run(rig, port) for _ in range(3)]
        finally:
            server.kill()
            server.wait()
    return [Figure(key, ours=[each[counter] for each in runs]) for key, counter in KEYS.items()]


def wait_for(port):
    deadline = time.monotonic() + 5
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise BenchError("redis-server did not start") from None
            time.sleep(0.01)


def run(rig, port):
    done = subprocess.run([rig.program("sharing_bench"), "--benchmark_format=json"],
                          env=os.environ | {"TIDEGATE_BENCH_REDIS_PORT": str(port)},
                          capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise BenchError(f"sharing_bench ended with {done.returncode}")
    result = json.loads(done.stdout)["benchmarks"][0]
    if result.get("error_occurred"):
        raise BenchError(result["error_message"])
    return result
