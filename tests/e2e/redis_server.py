"""A redis-server on a loopback port, without persistence, and a proxy before it that can be slow or dead."""

import pathlib
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

PATIENCE = 10


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Redis:
    def __init__(self, *options):
        self.options = options
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tidegate-redis-"))
        self.port = free_port()
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", "",
             "--appendonly", "no", "--dir", str(self.folder), *self.options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise AssertionError("redis-server did not start (./dev setup test)") from None
                time.sleep(0.01)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        self.go_on()
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, *words):
        """One command's reply, as redis-cli prints it."""
        return subprocess.run(["redis-cli", "-p", str(self.port), *words], capture_output=True,
                              text=True, timeout=PATIENCE).stdout.strip()


class Proxy:
    """Passes bytes on; `delay` seconds late each way, or, when `cut`, not at all."""

    def __init__(self, port):
        self.target = port
        self.delay = 0.0
        self.cut = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.target), timeout=1)
        except OSError:
            client.close()
            return
        waiting = []  # (when, to, bytes)
        open_ends = {client: server, server: client}
        try:
            while True:
                now = time.monotonic()
                while waiting and waiting[0][0] <= now and not self.cut:
                    _, to, data = waiting.pop(0)
                    to.sendall(data)
                ready, _, _ = select.select(list(open_ends), [], [], 0.005 if waiting else 0.05)
                for end in ready:
                    data = end.recv(65536)
                    if not data:
                        return
                    if self.delay == 0 and not waiting and not self.cut:
                        open_ends[end].sendall(data)
                    else:
                        waiting.append((now + self.delay, open_ends[end], data))
        except OSError:
            pass
        finally:
            client.close()
            server.close()

    def stop(self):
        self.listener.close()
