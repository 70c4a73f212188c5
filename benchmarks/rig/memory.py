"""Resident memory of the proxies with streams that have begun and then stay silent."""

import json
import select
import subprocess
import time

from rig.figure import Figure
from rig.process import BenchError, rss_megabytes
from rig.proxies import Nginx, Setup

SETTLE = 1.0  # seconds


def memory(rig):
    """One fresh proxy each: after start, with 1,000 and with 9,500 idle streams (fewer when the
    descriptor limit is lower: a proxy needs two for each)."""
    most = min(9500, (rig.descriptors - 500) // 2 // 100 * 100)
    figures = {0: Figure("rss_idle"), 1000: Figure("rss_1000_streams"),
               most: Figure("rss_9500_streams")}
    if most < 9500:
        figures[most].note = f"{most} streams: the descriptor limit is {rig.descriptors}"
    with rig.upstream("--hold") as upstream:
        setup = Setup(upstream, streaming=True)
        fill(rig, rig.ours(setup), figures)
        try:
            fill(rig, Nginx("nginx", rig, setup), figures)
        except BenchError as error:
            figures[most].note += f"nginx: {error}"
    return list(figures.values())


def translated(rig):
    """What an idle stream takes more when it is translated: Messages in and DeepSeek out, against
    chat in and DeepSeek out, of a fresh gateway each."""
    figure = Figure("rss_per_translated_stream")
    with rig.upstream("--hold") as upstream:
        plain = growth(rig, upstream)
        figure.ours.append(growth(rig, upstream, "--messages") - plain)
    figure.note = f"one without translation takes {plain:.1f} KB"
    return [figure]


def growth(rig, upstream, *client):
    streams = 1000
    with rig.to_deepseek(upstream) as proxy:
        time.sleep(SETTLE)
        before = rss_megabytes(proxy.pids)
        holder = hold(rig, proxy.port, streams, *client)
        try:
            time.sleep(SETTLE)
            return (rss_megabytes(proxy.pids) - before) * 1e6 / 1024 / streams
        finally:
            rig.children.stop(holder)


def fill(rig, proxy, figures):
    rig.progress(f"memory of {proxy.name}")
    holders = []
    try:
        proxy.start()
        open_streams = 0
        for streams, figure in figures.items():
            if streams > open_streams:
                holders.append(hold(rig, proxy.port, streams - open_streams))
                open_streams = streams
            time.sleep(SETTLE)
            getattr(figure, proxy.name).append(rss_megabytes(proxy.pids))
    finally:
        for holder in holders:
            rig.children.stop(holder)
        proxy.stop()


def hold(rig, port, streams, *client):
    """Opens streams and leaves them open until the returned process is stopped."""
    command = [rig.program("bench_load"), "hold", "--port", port, "--streams", streams,
               "--ramp", streams / 4000, "--timeout", 30, *client]
    child = rig.children.start([str(part) for part in command], rig.core, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    if not select.select([child.stdout], [], [], 45)[0]:
        raise BenchError(f"{streams} streams were not open within 45 s")
    report = json.loads(child.stdout.readline())
    if report["errors"] > 0:
        rig.children.stop(child)
        raise BenchError(f"{report['errors']} of {streams} streams failed: {report['first_error']}")
    return child
