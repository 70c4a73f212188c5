"""Where and how the numbers came about; printed below every table."""

import datetime
import mmap
import os
import platform
import subprocess
import time


def describe(rig):
    return {
        "date": f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC",
        "machine": f"{cpu_model()}, {os.cpu_count()} cores, Linux {platform.release()}",
        "load": f"{os.getloadavg()[0]:.2f} at the start",
        "memory": f"the first touch of a page takes {first_touch():.1f} us",
        "set-up": f"one worker each; proxy, upstream and client share core {rig.core}; "
                  f"request logs {'on' if rig.logs else 'off'}; "
                  f"descriptor limit {rig.descriptors}",
        "versions": f"{gateway_version(rig)}; {output(rig.nginx, '-v')}",
    }


def first_touch(pages=1 << 14):
    """Microseconds a page, of memory that was free. 2 or less where the machine has it; far more
    where a hypervisor took it back, and then whoever writes a file is slower, too."""
    with mmap.mmap(-1, pages * mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        begin = time.monotonic()
        for at in range(0, pages * mmap.PAGESIZE, mmap.PAGESIZE):
            memory[at] = 1
        return (time.monotonic() - begin) * 1e6 / pages


def gateway_version(rig):
    if rig.options.ours == "nginx":
        return "nginx on both sides"
    return output(rig.gateway, "--version")


def cpu_model():
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def output(*command):
    try:
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             timeout=10)
        return (run.stdout.strip().splitlines() or ["?"])[0]
    except (OSError, subprocess.TimeoutExpired):
        return f"{command[0]}: ?"
