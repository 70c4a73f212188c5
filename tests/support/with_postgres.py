#!/usr/bin/env python3
"""Runs a command with a PostgreSQL server of its own, whose address is in TIDEGATE_TEST_POSTGRES.

usage: with_postgres.py COMMAND [ARGUMENTS]

The server listens on a free loopback port, keeps its data in a temporary folder and does not sync it. It
does not run as root, so that root's tests run it as the user postgres or nobody.
"""

import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PATIENCE = 60
PASSWORD = "tide-secret-7731"


def programs():
    """The newest version's folder of initdb and postgres, as Debian has them."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
    initdb = shutil.which("initdb")
    if not found and not initdb:
        raise RuntimeError("PostgreSQL is not installed; ./dev setup test does it")
    return found[-1] if found else os.path.dirname(initdb)


class Server:
    """Started by start(), stopped by stop(); kill() and start() again are an outage."""

    def __init__(self, tls=None, sync=False):
        self.bin = programs()
        self.folder = tempfile.mkdtemp(prefix="tidegate-postgres-")
        self.data = os.path.join(self.folder, "data")
        self.user = None
        if os.getuid() == 0:
            names = [entry.pw_name for entry in pwd.getpwall()]
            self.user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        password_file = os.path.join(self.folder, "password")
        with open(password_file, "w") as file:
            file.write(PASSWORD)
        os.chmod(password_file, 0o644)
        self.run("initdb", "-D", self.data, "-U", "tide", "-E", "UTF8", "--locale=C", "--no-sync",
                 "--auth=scram-sha-256", f"--pwfile={password_file}")
        self.options = ["-c", "listen_addresses=127.0.0.1", "-c", f"port={self.port}",
                        "-c", f"unix_socket_directories={self.folder}", "-c", f"fsync={'on' if sync else 'off'}",
                        "-c", "max_connections=50"]
        if tls:
            for name, path in zip(("server.crt", "server.key"), tls):
                copy = os.path.join(self.data, name)
                shutil.copy(path, copy)
                os.chmod(copy, 0o600)
                if self.user:
                    os.chown(copy, self.user.pw_uid, self.user.pw_gid)
            self.options += ["-c", "ssl=on"]
        self.process = None

    def as_user(self):
        if not self.user:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def run(self, program, *arguments):
        done = subprocess.run([os.path.join(self.bin, program), *arguments], cwd=self.folder,
                              capture_output=True, text=True, timeout=PATIENCE, **self.as_user())
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")

    def url(self, more=""):
        return f"postgresql://tide:{PASSWORD}@127.0.0.1:{self.port}/postgres{more}"

    def start(self):
        self.log = open(os.path.join(self.folder, "log"), "ab")
        self.process = subprocess.Popen([os.path.join(self.bin, "postgres"), "-D", self.data,
                                         *self.options], cwd=self.folder, stdout=self.log,
                                        stderr=self.log, **self.as_user())
        deadline = time.monotonic() + PATIENCE
        while self.answers() is None:
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(self.log.name) as file:
                    raise RuntimeError(f"the server did not start: {file.read()[-2000:]}")
            time.sleep(0.02)
        return self

    def answers(self):
        done = subprocess.run([os.path.join(self.bin, "pg_isready"), "-q", "-h", "127.0.0.1", "-p",
                               str(self.port)], timeout=PATIENCE)
        return True if done.returncode == 0 else None

    def query(self, sql):
        done = subprocess.run([os.path.join(self.bin, "psql"), self.url(), "-XAtc", sql],
                              capture_output=True, text=True, timeout=PATIENCE)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def kill(self):
        """At once, as a power failure would; its children notice and end."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(PATIENCE)
        self.log.close()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def main(command):
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    server = Server()
    try:
        server.start()
        environment = os.environ | {"TIDEGATE_TEST_POSTGRES": server.url()}
        return subprocess.run(command, env=environment).returncode
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
