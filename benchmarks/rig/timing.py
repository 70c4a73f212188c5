"""Figures by the clock: CPU time per request and per chunk, added latency, start."""

import socket
import time

from rig.figure import Figure
from rig.process import BenchError
from rig.proxies import Nginx, Setup


def cpu_rows(rig, key, proxies, rounds, mode, per_request=1, **load):
    """Interleaved load runs; microseconds of the proxy's CPU per request (or part of one)."""
    figure = Figure(key)
    for number, name, proxy in rig.interleaved(proxies, rounds + 1, figure.target.name):
        report, cpu = rig.load_with_cpu(proxy, mode, **load)
        if number > 0:  # the first round warms up
            getattr(figure, name).append(cpu * 1e6 / (report["requests"] * per_request))
    return [figure]


def json(rig):
    with rig.upstream() as upstream, rig.both(upstream) as proxies:
        return cpu_rows(rig, "cpu_per_request", proxies, rig.rounds(9, 4), "closed",
                        connections=64, seconds=rig.seconds(1.5, 0.5))


def unique(rig):
    with rig.upstream("--unique") as upstream, rig.both(upstream) as proxies:
        return cpu_rows(rig, "cpu_per_unique_request", proxies, rig.rounds(7, 3), "closed",
                        connections=64, seconds=rig.seconds(1.5, 0.5), unique=True)


def body2m(rig):
    with rig.upstream() as upstream, rig.both(upstream) as proxies:
        return cpu_rows(rig, "cpu_per_2mb_request", proxies, rig.rounds(5, 2), "closed",
                        connections=8, seconds=rig.seconds(1.5, 0.5), body="large")


def tls(rig):
    certificate, key = rig.certificate()
    with (rig.upstream("--tls-cert", certificate, "--tls-key", key) as upstream,
          rig.both(upstream, ca_file=certificate) as proxies):
        return cpu_rows(rig, "cpu_per_tls_request", proxies, rig.rounds(7, 3), "closed",
                        connections=64, seconds=rig.seconds(1.5, 0.5))


def sse(rig):
    chunks = 200 if not rig.quick else 60
    with (rig.upstream("--chunks", chunks, "--interval", 20) as upstream,
          rig.both(upstream, streaming=True) as proxies):
        return cpu_rows(rig, "cpu_per_sse_chunk", proxies, rig.rounds(5, 2), "streams",
                        per_request=chunks, streams=400, ramp=0.4)


def translated(rig):
    """Both sides are the gateway: Messages in and DeepSeek out, and chat in and DeepSeek out."""
    chunks = 200 if not rig.quick else 60
    figure = Figure("cpu_per_translated_chunk", note="against the same gateway without translation")
    with (rig.upstream("--chunks", chunks, "--interval", 20) as upstream,
          rig.to_deepseek(upstream) as proxy):
        clients = {"ours": {"messages": True}, "nginx": {}}
        for number, name, client in rig.interleaved(clients, rig.rounds(5, 2) + 1,
                                                    figure.target.name):
            report, cpu = rig.load_with_cpu(proxy, "streams", streams=400, ramp=0.4, **client)
            if number > 0:  # the first round warms up
                getattr(figure, name).append(cpu * 1e6 / (report["requests"] * chunks))
    return [figure]


def latency(rig):
    """The client's percentiles through each proxy minus those of the upstream asked directly, in
    the same round. A load at full speed comes first, so that connections are open, memory is
    touched and the ledger's write-ahead log has its size."""
    p50, p99 = Figure("added_latency_p50", paired=False), Figure("added_latency_p99", paired=False)
    with rig.upstream() as upstream, rig.both(upstream) as proxies:
        ports = {"direct": upstream, **{name: proxy.port for name, proxy in proxies.items()}}
        for port in ports.values():
            rig.load("closed", port, connections=64, seconds=rig.seconds(3, 0.5))
        seen = {}
        for number, name, port in rig.interleaved(ports, rig.rounds(7, 3), "added latency"):
            report = rig.load("open", port, connections=64, rate=2000, seconds=rig.seconds(2.5, 1))
            seen[number, name] = report["latency_us"]
        for number in range(1 + max(number for number, _ in seen)):
            for name in proxies:
                for figure, percentile in ((p50, "p50"), (p99, "p99")):
                    added = seen[number, name][percentile] - seen[number, "direct"][percentile]
                    getattr(figure, name).append(added)
    return [p50, p99]


def start(rig):
    figure = Figure("start")
    with rig.upstream() as upstream:
        makers = {"ours": rig.ours, "nginx": lambda setup: Nginx("nginx", rig, setup)}
        for _, name, make in rig.interleaved(makers, rig.rounds(11, 5), "start"):
            proxy = make(Setup(upstream))
            try:
                getattr(figure, name).append(milliseconds_to_answer(proxy))
            finally:
                proxy.stop()
    return [figure]


BODY = b'{"model":"auto","messages":[{"role":"user","content":"ping"}]}'
REQUEST = (b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
           b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY))


def milliseconds_to_answer(proxy):
    begin = time.monotonic()
    proxy.launch()
    while time.monotonic() < begin + 10:
        try:
            with socket.create_connection(("127.0.0.1", proxy.port), 5) as client:
                client.sendall(REQUEST)
                answer = client.recv(65536)
                if not answer.startswith(b"HTTP/1.1 200"):
                    raise BenchError(f"first answer of {proxy.name}: {answer[:80]!r}")
                return (time.monotonic() - begin) * 1e3
        except ConnectionRefusedError:
            time.sleep(0.0002)
    raise BenchError(f"{proxy.name} did not answer within 10 s")
