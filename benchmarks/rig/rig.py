"""What all figures share: programs, the core, temporary folders, the mock provider, load runs."""

import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

from rig.process import BenchError, Children, cpu_seconds
from rig.proxies import Gateway, Nginx, Setup

LEDGER_SETTLES = 0.15  # seconds; work that an answer leaves behind is counted too


class Rig:
    def __init__(self, options):
        self.options = options
        self.quick = options.quick
        self.logs = options.logs == "on"
        self.nginx = options.nginx
        self.gateway = options.gateway
        self.nginx_body_buffer = options.nginx_body_buffer
        self.core = max(os.sched_getaffinity(0)) if options.core is None else options.core
        self.children = Children()
        self.temporary = tempfile.TemporaryDirectory(prefix="tidegate-bench-")
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.descriptors = min(hard, 1 << 17)
        self.folders = 0

    def close(self):
        self.children.stop_all()
        self.temporary.cleanup()

    def new_folder(self, name):
        self.folders += 1
        folder = f"{self.temporary.name}/{self.folders}-{name}"
        os.mkdir(folder)
        return folder

    def rounds(self, full, quick):
        return quick if self.quick else full

    def seconds(self, full, quick):
        return quick if self.quick else full

    def progress(self, text):
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="" if text else "", file=sys.stderr, flush=True)

    def program(self, name):
        path = os.path.join(self.options.build, name)
        if not os.access(path, os.X_OK):
            raise BenchError(f"{path} is not there; build it first (./dev build)")
        return path

    @contextlib.contextmanager
    def upstream(self, *arguments):
        """A mock provider; gives its port."""
        child = self.children.start([self.program("bench_upstream"), *map(str, arguments)],
                                    self.core, stdout=subprocess.PIPE, text=True)
        try:
            yield int(child.stdout.readline())
        finally:
            self.children.stop(child)

    def ours(self, setup):
        kind = Nginx if self.options.ours == "nginx" else Gateway
        return kind("ours", self, setup)

    @contextlib.contextmanager
    def to_deepseek(self, upstream):
        """The gateway alone, before a provider of DeepSeek's dialect."""
        proxy = Gateway("ours", self, Setup(upstream, dialect="deepseek"))
        try:
            yield proxy.start()
        finally:
            proxy.stop()

    @contextlib.contextmanager
    def both(self, upstream, **setup):
        """Both proxies before one upstream: {"ours": ..., "nginx": ...}."""
        setup = Setup(upstream, **setup)
        proxies = {"ours": self.ours(setup), "nginx": Nginx("nginx", self, setup)}
        try:
            for proxy in proxies.values():
                proxy.start()
            yield proxies
        finally:
            for proxy in proxies.values():
                proxy.stop()

    def load(self, mode, port, patience=60, **arguments):
        """One run of the load generator; every answer must be good."""
        command = [self.program("bench_load"), mode, "--port", str(port)]
        for name, value in arguments.items():
            command += [f"--{name}"] if value is True else [f"--{name}", str(value)]
        child = self.children.start(command, self.core, stdout=subprocess.PIPE, text=True)
        try:
            output, _ = child.communicate(timeout=patience)
        except subprocess.TimeoutExpired as error:
            raise BenchError(f"bench_load {mode} took longer than {patience} s") from error
        finally:
            self.children.stop(child)
        if child.returncode != 0:
            raise BenchError(f"bench_load {mode} ended with {child.returncode}")
        report = json.loads(output)
        if report["errors"] > 0 or report["requests"] == 0:
            sent = report["errors"] + report["requests"]
            raise BenchError(f"{report['errors']} of {sent} requests failed: "
                             f"{report['first_error'] or 'none was sent'}")
        return report

    def load_with_cpu(self, proxy, mode, **arguments):
        """A load run and the CPU seconds that the proxy spent on it."""
        before = cpu_seconds(proxy.pids)
        report = self.load(mode, proxy.port, **arguments)
        time.sleep(LEDGER_SETTLES)
        return report, cpu_seconds(proxy.pids) - before

    def interleaved(self, targets, rounds, what):
        """(round, name, target) in rounds, the order turned around every round."""
        for number in range(rounds):
            self.progress(f"{what}: round {number + 1} of {rounds}")
            order = list(targets.items())
            for name, target in order if number % 2 == 0 else reversed(order):
                yield number, name, target

    def certificate(self):
        """A self-signed certificate for localhost: (certificate file, key file)."""
        folder = self.new_folder("certificate")
        certificate, key = f"{folder}/cert.pem", f"{folder}/key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", key, "-out", certificate],
                       check=True, capture_output=True, timeout=60)
        return certificate, key
