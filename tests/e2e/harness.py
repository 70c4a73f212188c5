"""What the Python end-to-end tests share: a simulator and a gateway on free ports, in a folder of
their own, and plain requests to them. Processes are stopped by their ids."""

import http.client
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import ssl
import subprocess
import tempfile
import time
import unittest
import zlib

BINARY = os.path.abspath(os.environ.get("TIDEGATE_BIN", "build/tidegate"))
EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
PATIENCE = 20  # seconds; only a test that fails waits so long
KEY = "sk-good-1234"


def user(text):
    return {"role": "user", "content": text}


def chat(model="deepseek-v4-flash", text="Hi", **fields):
    return {"model": model, "messages": [user(text)]} | fields


def eventually(read, holds=bool, patience=PATIENCE):
    """The first value of read() for which holds() is true; the last one when patience ends."""
    deadline = time.monotonic() + patience
    while True:
        value = read()
        if holds(value) or time.monotonic() > deadline:
            return value
        time.sleep(0.01)


def contents_of(journal):
    """Every text that a workflow's journal in SQLite holds, one after the other."""
    def inflated(content, size):  # as in the shell sqlite3
        return zlib.decompress(content) if isinstance(content, bytes) and len(content) != size else content

    with sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=10) as database:
        database.create_function("sqlar_uncompress", 2, inflated)
        tables = [name for name, in database.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
        texts = [str(value) for table in tables if table != "packed"
                 for row in database.execute(f"SELECT * FROM {table}") for value in row]
    database.close()
    return "\n".join(texts)


class Answer:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = response.headers
        self.body = body
        self.route = response.headers["x-tidegate-route"]
        self.model = response.headers["x-tidegate-model"]
        self.request_id = response.headers["x-request-id"]

    def json(self):
        return json.loads(self.body)

    def error(self):
        return self.json()["error"]

    def events(self):
        """The data of each event of a stream."""
        lines = self.body.decode().split("\n")
        return [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]

    def chunks(self):
        return [json.loads(event) for event in self.events() if event != "[DONE]"]

    def text(self):
        """The visible words of a streamed answer."""
        choices = [choice for chunk in self.chunks() for choice in chunk.get("choices", [])]
        return "".join(choice["delta"].get("content") or "" for choice in choices)

    def __repr__(self):
        return f"<{self.status} {self.headers.items()} {self.body[:600]!r}>"


class Http:
    """Requests to one port of 127.0.0.1, a connection each."""

    def __init__(self, port, tls=None):
        self.port = port
        self.tls = tls

    def connect(self, timeout=PATIENCE):
        if self.tls:
            return http.client.HTTPSConnection("localhost", self.port, context=self.tls,
                                               timeout=timeout)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(self, method, path, body=None, headers=None):
        connection = self.connect()
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response, response.read())
        finally:
            connection.close()

    def get(self, path):
        return self.request("GET", path)

    def post(self, body, headers=None, path="/v1/chat/completions"):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request("POST", path, raw, {"content-type": "application/json"} | (headers or {}))


class Process:
    """A command that prints a first line when it is ready."""

    def __init__(self, *arguments, folder=None, environment=None):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [BINARY, *arguments], stdout=subprocess.PIPE, stderr=self.log, text=True, cwd=folder,
            env=os.environ | (environment or {}))
        self.first_line = self.process.stdout.readline().strip()
        if not self.first_line:
            self.process.wait(timeout=PATIENCE)
            errors = self.errors()
            self.process.stdout.close()
            self.log.close()
            raise RuntimeError(f"{arguments} did not start: {errors}")

    def errors(self):
        self.log.seek(0)
        return self.log.read().decode()

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        return self.process.wait(timeout=PATIENCE)

    def stop(self):
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            self.signal(signal.SIGTERM)
            try:
                self.wait()
            except subprocess.TimeoutExpired:
                self.signal(signal.SIGKILL)
                self.wait()
        self.process.stdout.close()
        self.log.close()
        return self.process.returncode


class Simulator(Process, Http):
    def __init__(self):
        Process.__init__(self, "simulate", "--listen", "127.0.0.1:0")
        Http.__init__(self, int(self.first_line.rpartition(":")[2]))

    def log_of_requests(self):
        return self.get("/sim/log").json()["requests"]

    def bodies(self):
        return [request["body"] for request in self.log_of_requests()]

    def open(self):
        return self.get("/sim/open").json()

    def reset(self):
        self.request("POST", "/sim/reset")

    def provider(self, name, dialect):
        url = f"http://127.0.0.1:{self.port}/sim/{name}"
        return {"dialect": dialect, "base_url": url, "api_key": KEY}

    def config(self, **changes):
        """A configuration with both providers, quick retries and no rest for failing models."""
        return {
            "providers": {
                "deepseek": self.provider("deepseek", "deepseek"),
                "openai": self.provider("openai", "openai"),
            },
            "retry": {"attempts": 3, "base": "1ms", "max": "3s", "budget": "100%"},
            "breaker": {"failures": 1000},
        } | changes


class Gateway(Process, Http):
    """`tidegate serve` with a configuration (a dict, or YAML text) in a folder of its own."""

    def __init__(self, config, environment=None, listen="127.0.0.1:0"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tidegate-e2e-"))
        self.file = self.folder / "tidegate.yaml"
        self.write_config(config)
        self.started_with = {"listen": listen, "environment": environment}
        self.start()
        tls_file = config["tls"]["certificate"] if self.https else None
        self.tls = ssl.create_default_context(cafile=tls_file) if tls_file else None
        self.ledger = self.folder / "tidegate.db"

    def start(self):
        listen, environment = self.started_with["listen"], self.started_with["environment"]
        try:
            Process.__init__(self, "serve", "-c", str(self.file), "--listen", listen, "--admin", "127.0.0.1:0", folder=self.folder, environment=environment)
        except Exception:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        client, admin = self.first_line.removeprefix("tidegate listens on ").split(", admin on ")
        self.https = client.startswith("https")
        Http.__init__(self, int(client.rpartition(":")[2]))
        self.admin = Http(int(admin.rpartition(":")[2]))

    def restart(self, number):
        """Ends it by a signal and starts another one in the same folder, with ports and a log of its own."""
        tls = self.tls
        self.signal(number)
        self.wait()
        self.process.stdout.close()
        self.log.close()
        self.start()
        self.tls = tls

    def write_config(self, config):
        # JSON is YAML, so a dict needs no library.
        text = config if isinstance(config, str) else json.dumps(config, indent=1)
        new = self.folder / "new"
        new.write_text(text)
        new.rename(self.file)

    def stop(self):
        code = super().stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        return code

    def run(self, *arguments, **options):
        return run(*arguments, folder=self.folder, **options)

    def cost(self, by="model"):
        return json.loads(self.run("cost", "--by", by, "--json").stdout)

    def records(self, answer, count=None):
        """The ledger's rows of one request, once there are as many as it had attempts."""
        if count is None:
            count = int(answer.headers["x-tidegate-attempts"] or 1)
        rows = eventually(lambda: self.select("request = ?", answer.request_id),
                          lambda found: len(found) >= count)
        return rows

    def select(self, where="true", *values):
        if not self.ledger.exists():
            return []
        connection = sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True, timeout=5)
        try:
            connection.row_factory = sqlite3.Row
            query = f"SELECT * FROM attempt WHERE {where} ORDER BY started, attempt"
            return [dict(row) for row in connection.execute(query, values)]
        except sqlite3.OperationalError:  # its first commit has not come yet
            return []
        finally:
            connection.close()

    def metrics(self):
        """Value by name and labels, as Prometheus' text has them: 'name{a="b"}'."""
        values = {}
        for line in self.admin.get("/metrics").body.decode().splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                values[name] = float(value)
        return values


def run(*arguments, folder=None, environment=None, stdin=None):
    """A command that ends by itself."""
    return subprocess.run([BINARY, *arguments], cwd=folder, env=os.environ | (environment or {}),
                          input=stdin, capture_output=True, text=True, timeout=PATIENCE)


class InFolder(unittest.TestCase):
    """Commands in a folder of the test's own, whose tidegate.yaml asks a simulator that all tests of a class share.
    No key of whoever runs the tests reaches them."""

    environment = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}

    @classmethod
    def setUpClass(cls):
        cls.simulator = Simulator()
        cls.addClassCleanup(cls.simulator.stop)

    def setUp(self):
        self.simulator.reset()
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.configure()

    def configure(self, **changes):
        (self.folder / "tidegate.yaml").write_text(json.dumps(self.simulator.config(**changes)))

    def write(self, text, name="w.yaml"):
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def workflow(self, *arguments):
        return subprocess.run([BINARY, "workflow", *arguments], cwd=self.folder, env=self.environment,
                              text=True, capture_output=True, timeout=PATIENCE)


class EndToEnd(unittest.TestCase):
    """One simulator and one gateway for all tests of a class; the simulator forgets between them."""

    changes = {}  # of Simulator.config

    @classmethod
    def setUpClass(cls):
        cls.simulator = Simulator()
        cls.addClassCleanup(cls.simulator.stop)
        cls.gateway = Gateway(cls.config())
        cls.addClassCleanup(cls.gateway.stop)

    @classmethod
    def config(cls):
        return cls.simulator.config(**cls.changes)

    def setUp(self):
        self.simulator.reset()

    def serve(self, config, environment=None, **options):
        """A gateway for this test alone."""
        gateway = Gateway(config, environment, **options)
        self.addCleanup(gateway.stop)
        return gateway

    def outcomes(self, answer, count=None):
        return [row["outcome"] for row in self.gateway.records(answer, count)]
