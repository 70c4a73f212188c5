#!/usr/bin/env python3
"""Measures the gateway against nginx as a plain reverse proxy and prints one table.

    benchmarks/run.py [PART ...] [--quick] [--json]

What each row means, and how to read it: benchmarks/README.md.
"""

import argparse
import json
import os
import shutil
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from rig import counts, ledger, limits, machine, memory, micro, sharing, spread, table, timing, workflows
from rig.figure import Figure
from rig.process import BenchError
from rig.rig import Rig

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# In the order of the table: what measures it, and the figures that it gives.
PARTS = {
    "json": (timing.json, ["cpu_per_request"]),
    "unique": (timing.unique, ["cpu_per_unique_request"]),
    "sse": (timing.sse, ["cpu_per_sse_chunk"]),
    "translated": (timing.translated, ["cpu_per_translated_chunk"]),
    "latency": (timing.latency, ["added_latency_p50", "added_latency_p99"]),
    "body2m": (timing.body2m, ["cpu_per_2mb_request"]),
    "tls": (timing.tls, ["cpu_per_tls_request"]),
    "counts": (counts.counts, ["instructions_per_request", "syscalls_per_request"]),
    "memory": (memory.memory, ["rss_idle", "rss_1000_streams", "rss_9500_streams"]),
    "translated_memory": (memory.translated, ["rss_per_translated_stream"]),
    "start": (timing.start, ["start"]),
    "sharing": (sharing.sharing, ["redis_round_trips", "shared_limit_p99"]),
    "limits": (limits.limits, ["limiter_decision", "limiter_two_threads", "limiter_accuracy",
                               "key_lookup", "key_memory", "limits_cpu", "limits_instructions"]),
    "ledger": (ledger.ledger, ["ledger_sqlite", "ledger_postgres", *ledger.REPORTS]),
    "workflow_tasks": (workflows.tasks, ["workflow_task_cpu", "workflow_chain_vs_langgraph",
                                         "workflow_fan_vs_langgraph", "workflow_task_p50", "workflow_task_p99",
                                         "workflow_task_durable", "workflow_resume", "workflow_stored"]),
    "workflow_processes": (workflows.several_processes, ["workflow_task_shared"]),
    "workflow_spread": (spread.spread, ["workflow_task_spread"]),
    "workflow_plan": (workflows.large_file, ["workflow_plan", "workflow_plan_rss"]),
    "workflow_streams": (workflows.streams, ["workflow_rss"]),
    "micro": (micro.micro, ["understand_2kb", "understand_2mb", "translate_messages",
                            "translate_chat", "translate_responses"]),
}


GROUPS = {"overhead": list(PARTS), "workflows": [part for part in PARTS if part.startswith("workflow_")]}


def find(program):
    """Debian keeps servers in /usr/sbin, which is not in everybody's PATH."""
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin") or program


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=["overhead"], metavar="part",
                        help="overhead (all, the default), workflows (all of them) or any of " + ", ".join(PARTS))
    parser.add_argument("--json", action="store_true", help="print one object, not the table")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--gate", action="store_true", help="exit 1 when a must is missed")
    parser.add_argument("--build", default=f"{ROOT}/build", help="the programs' folder (build/)")
    parser.add_argument("--gateway", help="the gateway to measure (tidegate in --build)")
    parser.add_argument("--nginx", default=find("nginx"), help="the nginx program")
    parser.add_argument("--ours", choices=["gateway", "nginx"], default="gateway",
                        help="nginx: measure nginx on both sides, to see the noise")
    parser.add_argument("--core", type=int, help="the core that everything shares (the last one)")
    parser.add_argument("--logs", choices=["on", "off"], default="off",
                        help="one log line per request, on both sides")
    parser.add_argument("--nginx-body-buffer", metavar="SIZE",
                        help="client_body_buffer_size of nginx, e.g. 4m: large bodies in memory")
    options = parser.parse_args()
    options.gateway = options.gateway or os.path.join(options.build, "tidegate")
    options.parts = [part for name in options.parts for part in GROUPS.get(name, [name])]
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"unknown part {unknown[0]}; expected overhead or any of {', '.join(PARTS)}")
    return options


def measure(rig, part):
    run, keys = PARTS[part]
    try:
        return run(rig)
    except (BenchError, OSError, ValueError) as error:
        return [Figure(key, problem=str(error)) for key in keys]


def stop(*_):
    raise KeyboardInterrupt


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, stop)
    if options.ours == "gateway" and not os.access(options.gateway, os.X_OK):
        print(f"{options.gateway} is not there; build it first, or give --ours nginx",
              file=sys.stderr)
        return 3
    rig = Rig(options)
    try:
        about = machine.describe(rig)
        figures = [figure for part in options.parts for figure in measure(rig, part)]
        rig.progress("")
    except KeyboardInterrupt:
        return 130
    finally:
        rig.close()
    if options.json:
        print(json.dumps(table.as_object(figures, about), indent=1))
    else:
        print(table.as_text(figures, about))
    missed = [figure for figure in figures if figure.verdict in ("MISSED", "failed")]
    return 1 if options.gate and missed else 0


if __name__ == "__main__":
    sys.exit(main())
