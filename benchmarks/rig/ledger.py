"""What the ledger takes and answers: ledger_bench (src/ledger/ledger_bench.cpp), in SQLite and in a PostgreSQL server of
its own, and `tidegate cost` as users run it. Reports are timed by the clock, as somebody waits for them."""

import json
import os
import subprocess
import tempfile
import time

from rig.figure import Figure
from rig.postgres import postgres
from rig.process import BenchError

PATIENCE = 900  # the ledger of 10 million records is made first
REPORTS = {"report_by_model": 0, "report_by_day": 7, "report_by_hour": 8, "report_by_task": 9}  # BM_Report's "by"
BIG_LEDGER = os.path.join(tempfile.gettempdir(), "tidegate_10000000_v4.db")  # ledger_bench keeps it
PROCESSES = {"report_process": ["--by", "task", "--top", "20"], "report_process_json": ["--by", "task", "--json"]}


def ledger(rig):
    figures = [sustained(rig, "ledger_sqlite", 0, os.environ), in_postgres(rig)]
    rig.progress("reports over 10 million records")
    for key, by in REPORTS.items():
        runs = run(rig, f"BM_Report/records:10000000/by:{by}/last_day:0/top:0$", os.environ)
        figures.append(Figure(key, [each["real_time"] for each in runs]))
    for key, arguments in PROCESSES.items():
        figures.append(Figure(key, [process(rig, arguments) for _ in range(5)]))
    return figures


def process(rig, arguments):
    """Milliseconds from the start of a process to its end."""
    begin = time.monotonic()
    done = subprocess.run([rig.program("tidegate"), "cost", "--ledger", BIG_LEDGER, *arguments],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise BenchError(f"tidegate cost ended with {done.returncode}: {done.stderr}")
    return (time.monotonic() - begin) * 1e3


def sustained(rig, key, postgres, environment):
    """A microsecond a record is a million records a second."""
    rig.progress(f"{key}: sustained records")
    runs = run(rig, f"BM_Sustained/postgres:{postgres}/", environment, repetitions=1)
    return Figure(key, [1e6 / each["records_per_second"] for each in runs])


def in_postgres(rig):
    try:
        with postgres() as server:
            environment = os.environ | {"TIDEGATE_TEST_POSTGRES": server.url()}
            return sustained(rig, "ledger_postgres", 1, environment)
    except BenchError as error:  # the other rows need no server
        return Figure("ledger_postgres", problem=str(error))


def run(rig, name, environment, repetitions=3):
    """On no core of its own: the ledger has a thread that writes, and PostgreSQL its processes."""
    done = subprocess.run([rig.program("ledger_bench"), f"--benchmark_filter={name}", "--benchmark_format=json",
                           f"--benchmark_repetitions={repetitions}"],
                          env=environment, capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode != 0:
        raise BenchError(f"ledger_bench ended with {done.returncode}")
    runs = [each for each in json.loads(done.stdout)["benchmarks"] if each["run_type"] == "iteration"]
    for each in runs:
        if each.get("error_occurred"):
            raise BenchError(each["error_message"])
    return runs
