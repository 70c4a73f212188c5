"""What keys, limits and budgets cost: the micro-benchmarks of limits/, and the gateway with all of them beside the same
gateway without."""

import subprocess

from rig.counts import PER_REQUEST, instructions
from rig.figure import Figure
from rig.micro import google_benchmark
from rig.process import BenchError
from rig.proxies import Gateway, Setup

# Four nested scopes, a budget with its alerts; none of it is ever used up.
EVERYTHING = """
auth: keys
limits:
  requests_per_second: 1000000
  tokens_per_minute: 100000000000
  adaptive: false
  scopes:
    - { scope: key, requests_per_second: 1000000, tokens_per_minute: 100000000000 }
    - { scope: route, requests_per_second: 1000000, tokens_per_minute: 100000000000 }
    - { scope: model, requests_per_second: 1000000, tokens_per_minute: 100000000000 }
budgets:
  - { scope: global, usd: 1000000, per: day, alert_at: [0.8, 1], webhook: "http://127.0.0.1:9/alert" }
"""


def limits(rig):
    decisions = google_benchmark(rig, "limits_bench", "nested_decision|two_threads", pinned=False)
    keys = google_benchmark(rig, "limits_bench", "any_key")
    memory = google_benchmark(rig, "limits_bench", "build_table")
    return [
        Figure("limiter_decision", [run["cpu_time"] for run in single(decisions, "nested_decision")]),
        Figure("limiter_two_threads",
               [1e9 / run["items_per_second"] for run in single(decisions, "two_threads")]),
        Figure("limiter_accuracy", [abs(accuracy(rig))]),
        Figure("key_lookup", [run["real_time"] for run in single(keys, "any_key")]),
        Figure("key_memory", [run["MB"] for run in single(memory, "build_table")]),
        *with_everything(rig),
    ]


def accuracy(rig):
    rig.progress("limiter: a minute at 5 times the rate")
    done = google_benchmark(rig, "limits_bench", "admitted_in_a_minute", pinned=False, repetitions=1, patience=90)
    return done[0]["percent_off"]


def single(runs, name):
    """Times are in nanoseconds, as these benchmarks give them."""
    return [run for run in runs if name in run["name"] and run["run_type"] == "iteration"]


def with_everything(rig):
    """In nginx's column: the same gateway without. Judged is the difference."""
    cpu = Figure("limits_cpu", note="what keys, four scopes, a budget and its alerts add to a request")
    counted = Figure("limits_instructions", note="the same, in user instructions")
    with rig.upstream() as upstream:
        sides = {"with": start(rig, upstream, EVERYTHING), "without": start(rig, upstream, "")}
        try:
            seen = {}
            rounds = rig.rounds(9, 4)
            for number, name, (proxy, extra) in rig.interleaved(sides, rounds + 1, cpu.target.name):
                report, used = rig.load_with_cpu(proxy, "closed", connections=64, **extra,
                                                 seconds=rig.seconds(1.5, 0.5))
                seen[number, name] = used * 1e6 / report["requests"]
        finally:
            for proxy, _ in sides.values():
                proxy.stop()
        for number in range(1, rounds + 1):  # the first round warms up
            cpu.ours.append(seen[number, "with"] - seen[number, "without"])
        try:
            both = [instructions_per_request(rig, upstream, more) for more in (EVERYTHING, "")]
            counted.ours.append(both[0] - both[1])
        except (BenchError, FileNotFoundError) as error:
            counted.problem = str(error)
    return [cpu, counted]


def start(rig, upstream, more):
    proxy = Gateway("ours", rig, Setup(upstream, more=more))
    extra = key_for(proxy, more)
    return proxy.start(), extra


def key_for(proxy, more):
    """Where there is no key, nobody is asked for one."""
    return {"key": make_key(proxy)} if more else {}


def make_key(proxy):
    made = subprocess.run([proxy.rig.gateway, "keys", "create", "bench", "-c", proxy.command[-1]],
                          cwd=proxy.folder, capture_output=True, text=True, timeout=30)
    if made.returncode != 0:
        raise BenchError(f"tidegate keys create: {made.stderr.strip()}")
    return made.stdout.strip()


def instructions_per_request(rig, upstream, more):
    sizes = (500, 2000)
    counted = []
    for size in sizes:
        proxy = Gateway("ours", rig, Setup(upstream, single_process=True, more=more))
        load = PER_REQUEST | {"extra": PER_REQUEST["extra"] | key_for(proxy, more)}
        counted.append(instructions(rig, proxy, load, size))
    return (counted[1] - counted[0]) / (sizes[1] - sizes[0])
