"""A ledger in PostgreSQL: shared by gateways, restarted under load, of a newer version, over TLS."""

import concurrent.futures
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from harness import PATIENCE, EndToEnd, chat, eventually, run
from redis_server import Redis
from with_postgres import PASSWORD, Server


class Postgres(EndToEnd):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.certificate = f"{folder.name}/cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
                        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
                       cwd=folder.name, check=True, capture_output=True)
        cls.server = Server(tls=(cls.certificate, f"{folder.name}/key.pem"))
        cls.addClassCleanup(cls.server.stop)
        cls.server.start()
        super().setUpClass()

    @classmethod
    def config(cls):
        more = f"?sslmode=verify-full&sslrootcert={cls.certificate}"
        return cls.simulator.config(state={"ledger": cls.server.url(more)})

    def requests(self):
        return int(self.server.query("SELECT count(*) FROM attempt"))

    def total(self, gateway):
        return json.loads(gateway.run("cost", "--json").stdout)["total"]["requests"]

    def test_the_server_restarts_under_load(self):
        gateways = (self.gateway, self.serve(self.config()))
        answers = []  # statuses
        stop = threading.Event()

        def ask(gateway):
            while not stop.is_set():
                answers.append(gateway.post(chat("gpt-5.5")).status)

        def more_answers(count=40):
            wanted = len(answers) + count
            self.assertTrue(eventually(lambda: len(answers) >= wanted))

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            clients = [pool.submit(ask, gateway) for gateway in gateways * 2]
            try:
                self.assertGreaterEqual(eventually(self.requests, lambda count: count >= 40), 40)
                self.server.kill()
                for gateway in gateways:
                    self.becomes_available(gateway, False)
                more_answers()
                failed = self.gateway.run("cost")
                self.assertEqual(failed.returncode, 3)
                self.assertNotIn(PASSWORD, failed.stderr)
                self.server.start()
                for gateway in gateways:
                    self.becomes_available(gateway, True)
                more_answers()
            finally:
                stop.set()
            for client in clients:
                client.result(PATIENCE)
        self.assertEqual(set(answers), {200})
        count = len(answers)
        self.assertEqual(eventually(self.requests, lambda found: found >= count), count)
        self.assertEqual(self.total(self.gateway), count)
        self.assertEqual(self.gateway.admin.get("/api/usage").json()["total"]["requests"], count)
        self.assertEqual(self.server.query("SELECT sum(requests) FROM usage_by_hour"), str(count))
        for gateway in gateways:
            self.assertNotIn(PASSWORD, gateway.errors())

    def becomes_available(self, gateway, available):
        state = eventually(lambda: gateway.admin.get("/readyz").json()["ledger"],
                           lambda ledger: ledger["store_available"] == available)
        self.assertEqual((state["store_available"], state["lost"]), (available, 0))
        self.assertNotIn(PASSWORD, json.dumps(state))

    def test_an_unknown_authority_a_wrong_host_and_a_wrong_password_are_said(self):
        trusted = f"?sslmode=verify-full&sslrootcert={self.certificate}"
        for url, words in ((self.server.url("?sslmode=verify-full"), "certificate"),
                           (self.server.url(trusted).replace("@127.0.0.1", "@localhost"), "does not match host name"),
                           (self.server.url(trusted).replace(PASSWORD, "wrong-guess"), "authentication"),
                           (self.server.url().replace(PASSWORD, "wrong-guess"), "authentication")):
            result = run("cost", "--ledger", url)
            self.assertEqual(result.returncode, 3)
            self.assertIn(words, result.stderr)
            self.assertNotIn(PASSWORD, result.stderr)
            self.assertNotIn("wrong-guess", result.stderr)

    def test_what_all_spent_before_a_reload_brings_a_budget_is_counted_once(self):
        redis = Redis()
        self.addCleanup(redis.stop)
        self.server.query("CREATE DATABASE budgets")
        house = {"provider": "openai", "name": "gpt-4.1", "context": 10000, "max_output": 100,
                 "price": {"input": 1, "cached": 1, "output": 10}}
        config = self.simulator.config(
            models={"house": house}, routes={"main": {"model": "house"}}, policy=[{"route": "main"}],
            state={"ledger": self.server.url().replace("/postgres", "/budgets"), "gateways": 2,
                   "limits": f"redis://127.0.0.1:{redis.port}"})
        gateways = [self.serve(config) for _ in range(2)]

        def ask_all(count):
            for gateway in gateways * count:
                self.assertEqual(gateway.post(chat("house", max_tokens=100)).status, 200)

        def spent_by(gateway):
            return [each["spent_nanodollars"] for each in gateway.admin.get("/api/budgets").json()["budgets"]]

        def ledger(count):
            rows = eventually(lambda: json.loads(gateways[0].run("cost", "--json").stdout)["total"],
                              lambda total: total["requests"] == count)
            self.assertEqual(rows["requests"], count)
            return rows["cost_nano_usd"]

        def all_know(count):
            everything = ledger(count)
            self.assertGreater(everything, 0)
            seen = eventually(lambda: [spent_by(gateway) for gateway in gateways],
                              lambda seen: seen == [[everything]] * 2)
            self.assertEqual(seen, [[everything]] * 2)

        ask_all(5)
        ledger(10)
        for gateway in gateways:
            gateway.write_config(config | {"budgets": [{"scope": "global", "usd": 1, "per": "total"}]})
            gateway.signal(signal.SIGHUP)
            eventually(lambda: spent_by(gateway), lambda seen: len(seen) == 1)
        all_know(10)
        ask_all(5)
        all_know(20)
        gateways[0].restart(signal.SIGTERM)
        all_know(20)
        ask_all(2)
        all_know(24)

    def test_a_newer_version_is_refused(self):
        self.server.query("CREATE DATABASE newer")
        url = self.server.url().replace("/postgres", "/newer")
        config = self.simulator.config(state={"ledger": url})
        self.serve(config).stop()
        subprocess.run(["psql", url, "-qc", "UPDATE schema_version SET version = 99"], check=True)
        with self.assertRaisesRegex(RuntimeError, "version 99 .*newer Tidegate") as refused:
            self.serve(config)
        self.assertNotIn(PASSWORD, str(refused.exception))
        self.assertIn("newer", run("cost", "--ledger", url).stderr)
