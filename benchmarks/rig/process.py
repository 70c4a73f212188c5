"""Child processes of a benchmark: started on a core, measured through /proc, ended by pid."""

import ctypes
import os
import signal
import socket
import subprocess
import time

TICK = 0.002
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True)


class BenchError(Exception):
    """A figure could not be measured; the sentence says why."""


class Children:
    """All that was started. `stop_all` ends them, also after an interrupt; the kernel ends them
    when this process is killed."""

    def __init__(self):
        self.running = []

    def start(self, command, core=None, **options):
        parent = os.getpid()

        def prepare():
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)
            if core is not None:
                os.sched_setaffinity(0, {core})

        options.setdefault("stdin", subprocess.DEVNULL)
        child = subprocess.Popen(command, preexec_fn=prepare, **options)
        self.running.append(child)
        return child

    def stop(self, child, patience=10):
        if child in self.running:
            self.running.remove(child)
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(patience)
            except subprocess.TimeoutExpired:
                for pid in [child.pid, *children_of(child.pid)]:
                    os.kill(pid, signal.SIGKILL)
                child.wait(10)
        for stream in (child.stdin, child.stdout, child.stderr):
            if stream:
                stream.close()

    def stop_all(self):
        for child in list(self.running):
            self.stop(child, patience=3)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, child, seconds, log=None):
    """Returns when something accepts connections; raises when the child ends or time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise BenchError(f"{child.args[0]} ended with {child.returncode}: {tail(log)}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(TICK)
    raise BenchError(f"{child.args[0]} did not listen on {port} within {seconds} s: {tail(log)}")


def tail(path, lines=5):
    try:
        with open(path, errors="replace") as file:
            return " | ".join(line.strip() for line in file.readlines()[-lines:]) or "no output"
    except (OSError, TypeError):
        return "no output"


def children_of(pid):
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat") as file:
                if int(file.read().rpartition(")")[2].split()[1]) == pid:
                    found.append(int(entry))
        except OSError:
            pass
    return found


def threads_of(pids):
    return [(pid, int(task)) for pid in pids for task in os.listdir(f"/proc/{pid}/task")]


def cpu_seconds(pids):
    """User and system time of all threads by the scheduler's own clock (nanoseconds)."""
    total = 0
    for pid, task in threads_of(pids):
        with open(f"/proc/{pid}/task/{task}/schedstat") as file:
            total += int(file.read().split()[0])
    return total / 1e9


def rss_megabytes(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/status") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
    return total * 1024 / 1e6
