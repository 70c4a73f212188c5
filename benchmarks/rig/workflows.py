"""What runs of workflows cost: engine_bench (src/engine/engine_bench.cpp), a large file and many
streams through the program, and LangGraph.js with as many tasks that do nothing."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time

from rig.figure import Figure, middle
from rig.postgres import check_sent_once, postgres
from rig.process import BenchError, rss_megabytes

LANGGRAPH = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "langgraph")
TASKS = 500         # of the graphs that LangGraph.js runs too
LARGE = 100_000     # tasks of a file
STREAMS = 2500
PROCESSES = 4       # on one PostgreSQL server
PATIENCE = 300

CONFIG = """
models:
  bench-model: {{ provider: bench, name: bench, context: 100000, max_output: 8000,
                  price: {{ input: 1, output: 2 }} }}
providers:
  bench: {{ dialect: openai, base_url: "http://127.0.0.1:{port}/v1", api_key: sk-bench,
            max_connections: 4000 }}
state: {{ ledger: "sqlite:{folder}/bench.db" }}
"""


def tasks(rig):
    # Not in the system's folder for temporary files, which may be memory.
    with tempfile.TemporaryDirectory(prefix="workflows-", dir=rig.options.build) as disk:
        runs = [Engine(rig, disk) for _ in range(rig.rounds(3, 1))]
        disks = [bare_commits(disk) for _ in runs]
    return [
        Figure("workflow_task_cpu", [run.cpu(10000, 1) for run in runs]),
        *against_langgraph(rig, runs),
        Figure("workflow_task_p50", [run.value("OneAtATime", "p50_ms") for run in runs],
               [middle(times) for times in disks], note="in nginx's column: a bare commit of SQLite"),
        Figure("workflow_task_p99", [run.value("OneAtATime", "p99_ms") for run in runs],
               [times[len(times) * 99 // 100] for times in disks]),
        Figure("workflow_task_durable",
               [1e6 / run.value("TasksPerSecond", "tasks_per_second") for run in runs]),
        Figure("workflow_resume", [run.value("ResumeHalf", "seconds_to_first") for run in runs]),
        Figure("workflow_stored", [run.value("BytesStored/10000", "of_outputs") for run in runs],
               note="of letters at random, 10 KB each; {:.2f} with 2 KB".format(
                   runs[0].value("BytesStored/2000", "of_outputs"))),
    ]


def several_processes(rig):
    """Processes that write the tasks of runs of their own into one PostgreSQL server, which is synced."""
    figure = Figure("workflow_task_shared")
    command = [os.path.abspath(rig.program("engine_bench")), "--benchmark_filter=TasksPerSecond",
               "--benchmark_format=json"]
    with postgres() as server:
        for _ in range(rig.rounds(3, 1)):
            rig.progress("four processes on PostgreSQL")
            children = [rig.children.start(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                           env=os.environ | {"TIDEGATE_TEST_POSTGRES": server.url()})
                        for _ in range(PROCESSES)]
            rates = [json.loads(child.communicate(timeout=PATIENCE)[0])["benchmarks"][0]["tasks_per_second"]
                     for child in children]
            figure.ours.append(1e6 / sum(rates))
        check_sent_once(server)
    return [figure]


class Engine:
    """One run of engine_bench. On no core of its own: it has a thread that writes."""

    def __init__(self, rig, disk):
        rig.progress("engine_bench")
        command = [os.path.abspath(rig.program("engine_bench")), "--benchmark_format=json"]
        child = rig.children.start(command, cwd=disk, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        try:
            output, _ = child.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired as error:
            raise BenchError(f"engine_bench took longer than {PATIENCE} s") from error
        finally:
            rig.children.stop(child)
        if child.returncode != 0:
            raise BenchError(f"engine_bench ended with {child.returncode}")
        self.runs = json.loads(output)["benchmarks"]

    def value(self, name, counter):
        for run in self.runs:
            if name in run["name"]:
                return run[counter]
        raise BenchError(f"engine_bench has no {name}")

    def cpu(self, tasks, chain):
        return self.value(f"WithoutAStore/tasks:{tasks}/chain:{chain}", "cpu_us_per_task")


def bare_commits(disk):
    """What the disk allows: a row and a commit each, by SQLite with the settings of the journal."""
    path = f"{disk}/bare.db"
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE fact (bytes TEXT)")
    times = []
    for _ in range(2000):
        began = time.perf_counter()
        database.execute("INSERT INTO fact VALUES (?)", ("x" * 500,))
        times.append((time.perf_counter() - began) * 1e3)
    database.close()
    os.unlink(path)
    return sorted(times)


def against_langgraph(rig, runs):
    figures = [Figure("workflow_chain_vs_langgraph", [run.cpu(TASKS, 1) for run in runs],
                      paired=False),
               Figure("workflow_fan_vs_langgraph", [run.cpu(TASKS, 0) for run in runs],
                      paired=False)]
    try:
        theirs = langgraph(rig)
    except BenchError as error:
        for figure in figures:
            figure.problem = str(error)
        return figures
    figures[0].nginx, figures[1].nginx = theirs["chain"], theirs["fan"]
    figures[0].note = ("in nginx's column: LangGraph.js; with checkpoints in memory "
                       f"{middle(theirs['chain_saved']):,.0f} us")
    return figures


def langgraph(rig):
    if shutil.which("node") is None:
        raise BenchError("skipped: node is not installed (./dev setup bench)")
    if not os.path.isdir(f"{LANGGRAPH}/node_modules"):
        raise BenchError("skipped: LangGraph.js is not installed (./dev setup bench)")
    rig.progress("LangGraph.js")
    done = subprocess.run(["node", "tasks.mjs", str(TASKS), str(rig.rounds(3, 1))], cwd=LANGGRAPH,
                          capture_output=True, text=True, timeout=PATIENCE,
                          env=os.environ | {"LANGSMITH_TRACING": "false"})
    if done.returncode != 0:
        raise BenchError(f"LangGraph.js ended with {done.returncode}: {done.stderr[-300:]}")
    return json.loads(done.stdout)


def large_file(rig):
    """Read, checked, priced and printed, from the start of the program to its end."""
    folder = rig.new_folder("plan")
    with open(f"{folder}/large.yaml", "w") as file:
        file.write("name: large\ndefaults: { model: deepseek-v4-flash }\ntasks:\n")
        for i in range(LARGE):
            needs = f"    needs: [t{i - 1}, t{i // 2}]\n" if i > 2 else ""
            given = f", given ${{{{ needs.t{i - 1}.output }}}}" if i > 2 else ""
            file.write(f"  t{i}:\n    role: documentation\n{needs}"
                       f'    prompt: "Describe part {i} of the program{given}"\n')
    seconds, memory = Figure("workflow_plan"), Figure("workflow_plan_rss")
    for _ in range(rig.rounds(3, 1)):
        rig.progress("a large file")
        began = time.perf_counter()
        child = subprocess.Popen([rig.gateway, "workflow", "plan", "large.yaml"], cwd=folder,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        errors = child.stderr.read()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            raise BenchError(f"tidegate workflow plan: {errors[-300:]}")
        seconds.ours.append(time.perf_counter() - began)
        memory.ours.append(used.ru_maxrss * 1024 / 1e6)
    return [seconds, memory]


def streams(rig):
    """The program with 2,500 tasks in flight, each of which gets a chunk a second."""
    figure = Figure("workflow_rss")
    rig.progress("many streams")
    with rig.upstream("--chunks", 600, "--interval", 1000) as port:
        folder = rig.new_folder("streams")
        with open(f"{folder}/tidegate.yaml", "w") as file:
            file.write(CONFIG.format(port=port, folder=folder))
        with open(f"{folder}/flow.yaml", "w") as file:
            file.write(f"name: flow\nrun: {{ max_parallel: {STREAMS} }}\n"
                       "defaults: { model: bench-model, max_tokens: 4000 }\ntasks:\n")
            file.writelines(f'  t{i}: {{ prompt: "Say what {i} is." }}\n' for i in range(STREAMS))
        child = rig.children.start([rig.gateway, "workflow", "run", "flow.yaml", "-c", "tidegate.yaml"],
                                   cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 60
            while connections(port) < STREAMS:
                if child.poll() is not None or time.monotonic() > deadline:
                    raise BenchError(f"{connections(port)} of {STREAMS} streams began")
                time.sleep(0.2)
            for _ in range(3):
                time.sleep(3)
                figure.ours.append(rss_megabytes([child.pid]))
        finally:
            child.send_signal(signal.SIGKILL)
            rig.children.stop(child)
    return [figure]


def connections(port):
    """Those that a server on `port` has open."""
    mine = f":{port:04X}"
    with open("/proc/net/tcp") as table:
        return sum(1 for line in table if line.split()[1].endswith(mine) and line.split()[3] == "01")
