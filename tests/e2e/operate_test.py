"""Running a gateway: check, route, cost, reload, stop, crash, metrics, TLS, the sample requests."""

import json
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from harness import EXAMPLES, PATIENCE, EndToEnd, chat, eventually, run

SLOW = {"x-sim-fault": "slow-chunks-40", "x-sim-tokens": "25"}  # a stream of about a second


class Check(unittest.TestCase):
    def check(self, text, *options):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "tidegate.yaml")
            file.write_text(text)
            return run("check", "-c", str(file), *options, folder=folder)

    BAD = """listen: nowhere
providers:
  mine: { dialect: klingon, base_url: "http://127.0.0.1:1/v1" }
  lab: { dialect: vllm, base_url: "http://127.0.0.1:1/v1" }
models: { house: { provider: lab } }
routes:
  cheap: { model: hause, max_tokens: lots }
policy:
  - { when: "context_tokns > 5", route: cheap }
  - { route: chep }
retry: { atempts: 3 }
timeouts: { idle: 5 }
"""

    def test_a_missing_base_url_is_said_once(self):
        result = self.check("providers: { lab: { dialect: openai_compatible } }\n"
                            "models: { m: { provider: lab } }\n"
                            "routes: { r: { model: m } }\npolicy: [ { route: r } ]\n")
        self.assertEqual(result.stdout.count("\n"), 1, result.stdout)
        self.assertIn("providers.lab.base_url", result.stdout)

    def test_all_problems_at_once_each_with_its_place(self):
        result = self.check(self.BAD)
        self.assertEqual(result.returncode, 1)
        found = re.findall(r"tidegate\.yaml:(\d+):(\d+): (.*)", result.stdout)
        self.assertEqual({int(line) for line, _, _ in found}, {1, 3, 7, 9, 10, 11, 12}, result.stdout)
        places = [(int(line), int(column)) for line, column, _ in found]
        self.assertEqual(places, sorted(places))
        for words in ("klingon", "hause", "house", "context_tokns", "context_tokens", "atempts",
                      "attempts", "chep", "cheap"):
            self.assertIn(words, result.stdout)
        self.assertIn(("11", "10"), [(line, column) for line, column, _ in found])

    def test_json(self):
        report = json.loads(self.check(self.BAD, "--json").stdout)
        self.assertFalse(report["ok"])
        self.assertGreaterEqual(len(report["problems"]), 8)
        self.assertEqual({"file", "line", "column", "message", "warning"},
                         set(report["problems"][0]))

    def test_a_good_file(self):
        good = ('providers: { lab: { dialect: vllm, base_url: "http://127.0.0.1:1/v1" } }\n'
                'models: { house: { provider: lab } }\nroutes: { all: { model: house } }\n')
        result = self.check(good)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("ok (providers: 1, routes: 1,", result.stdout)

    def test_serve_refuses_a_bad_file(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "bad.yaml").write_text(self.BAD)
            result = run("serve", "-c", "bad.yaml", folder=folder)
        self.assertEqual(result.returncode, 3)
        self.assertIn("bad.yaml:3:", result.stderr)

    def test_usage(self):
        self.assertEqual(run("serve", "--no-such-option").returncode, 2)
        self.assertEqual(run("dance").returncode, 2)
        for command in ("serve", "check", "init", "route", "cost", "simulate"):
            result = run(command, "--help")
            self.assertEqual(result.returncode, 0)
            self.assertIn(f"tidegate {command}", result.stdout)

    def test_init_writes_what_check_accepts(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(run("init", folder).returncode, 0)
            result = run("check", "-c", "tidegate.yaml", folder=folder,
                         environment={"DEEPSEEK_API_KEY": "sk-test"})
            self.assertEqual(result.returncode, 0, result.stdout)

    def test_init_leaves_what_is_there_and_writes_the_rest(self):
        with tempfile.TemporaryDirectory() as folder:
            dotenv = pathlib.Path(folder, ".env")
            dotenv.write_text("MINE=1\n")
            result = run("init", folder)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn(".env exists; it was left as it is", result.stdout)
            self.assertEqual(dotenv.read_text(), "MINE=1\n")
            self.assertTrue(pathlib.Path(folder, "tidegate.yaml").exists())
            again = run("init", folder)
            self.assertEqual(again.returncode, 1)
            self.assertIn("nothing was written", again.stderr)


class Samples(EndToEnd):
    """The sample requests take the four default routes."""

    def samples(self):
        for name, route in (("short_task", "short_task_batch"),
                            ("critical_planning", "critical_planning"),
                            ("terminal_agentic", "terminal_agentic")):
            yield route, (EXAMPLES / "requests" / f"{name}.json").read_text()
        made = subprocess.run([sys.executable, EXAMPLES / "make_long_request.py"], check=True,
                              capture_output=True, text=True)
        yield "long_context_discovery", made.stdout

    def test_all_three_ways_to_ask(self):
        for route, text in self.samples():
            with self.subTest(route=route):
                report = json.loads(run("route", "--file", "-", "--json", stdin=text).stdout)
                self.assertEqual(report["route"], route)
                told = run("route", "--file", "-", stdin=text).stdout
                self.assertRegex(told, rf"^route +{route}\nreason +rule \d: ")
                explained = self.gateway.post(text.encode(), path="/v1/route").json()
                self.assertEqual(explained["route"], route)
                self.assertEqual(explained["workload"]["messages"], report["workload"]["messages"])
                self.assertEqual(self.simulator.open()["served"], 0)
                answer = self.gateway.post(text.encode())
                self.assertEqual((answer.status, answer.route), (200, route), answer)
                self.simulator.reset()

    def test_the_demo_prints_them(self):
        demo = subprocess.run(
            ["bash", EXAMPLES / "demo.sh", f"http://127.0.0.1:{self.gateway.port}"],
            cwd=self.gateway.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(demo.returncode, 0, demo.stdout + demo.stderr)
        for route, _ in self.samples():
            self.assertIn(f"route   {route}\n", demo.stdout)
        self.assertEqual(len(re.findall(r"cost    \$0\.\d+", demo.stdout)), 4, demo.stdout)


class Books(EndToEnd):
    def test_cost_by_everything_adds_up(self):
        total = 0
        for number in range(6):
            headers = {"x-tidegate-task": f"task {number % 2}", "user-agent": "Robot/1.0"}
            if number % 3 == 0:
                headers["x-tidegate-role"] = "lead"
            model = ("deepseek-v4-flash", "gpt-5.5", "auto")[number % 3]
            answer = self.gateway.post(chat(model, f"{number}", stream=number > 2), headers)
            row, = self.gateway.records(answer)
            self.assertEqual(row["client"], "Robot")
            total += row["cost_nano"]
        expected = {
            "model": {"deepseek-v4-flash": 4, "gpt-5.5": 2},
            "task": {"task 0": 3, "task 1": 3},
            "role": {"lead": 2, None: 4},
            "route": {"short_task_batch": 2, None: 4},
            "provider": {"deepseek": 4, "openai": 2},
            "key": {None: 6},
        }
        for by, counts in expected.items():
            report = self.gateway.cost(by)
            self.assertEqual({row[by]: row["requests"] for row in report["rows"]}, counts, by)
            self.assertEqual(report["total"]["cost_nano_usd"], total)
            text = self.gateway.run("cost", "--by", by).stdout
            self.assertRegex(text, rf"^{by} +requests +success +attempts")
        self.assertEqual(sum(row["requests"] for row in self.gateway.cost("day")["rows"]), 6)
        self.assertEqual(self.gateway.run("cost", "--by", "colour").returncode, 2)
        future = self.gateway.run("cost", "--since", "2200-01-01", "--json").stdout
        self.assertEqual(json.loads(future)["total"]["requests"], 0)
        self.metrics_match_the_ledger()

    def metrics_match_the_ledger(self):
        text = self.gateway.admin.get("/metrics").body.decode()
        names = [line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")]
        self.assertEqual(len(names), len(set(names)), "no series twice")
        for line in text.splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) [a-z_]+ .+'
                                   r'|[a-z_]+(\{([a-z_]+="[^"\n]*",?)+\})? [0-9.e+-]+)$')

        def added(name, *labels):
            return sum(value for series, value in self.gateway.metrics().items()
                       if series.partition("{")[0] == name and all(label in series for label in labels))

        total = self.gateway.cost()["total"]
        self.assertEqual(added("tidegate_requests_total", 'result="ok"'), total["requests"])
        self.assertEqual(added("tidegate_attempts_total"), total["attempts"])
        self.assertEqual(added("tidegate_cost_nanodollars_total"), total["cost_nano_usd"])
        for kind in ("prompt", "cached", "completion", "reasoning"):
            self.assertEqual(added("tidegate_tokens_total", f'kind="{kind}"'), total[f"{kind}_tokens"])
        self.assertEqual(added("gen_ai_client_operation_duration_seconds_count"), total["requests"])
        self.assertEqual(added("tidegate_requests_in_flight"), 0)

    def test_requests_that_failed_are_requests(self):
        gateway = self.serve(self.config())
        for fault in ("400", "500*1", "close", "cut"):
            gateway.records(gateway.post(chat("gpt-4.1"), {"x-sim-fault": fault}), 1)
        self.assertEqual(eventually(lambda: gateway.cost()["total"]["requests"],
                                    lambda count: count == 4), 4)

    def test_health(self):
        self.assertEqual(self.gateway.admin.get("/healthz").status, 200)
        self.assertTrue(self.gateway.admin.get("/readyz").json()["ready"])

    def test_no_key_in_the_log(self):
        self.gateway.post(chat("gpt-5.5"), {"authorization": "Bearer sk-client-secret"})
        lines = eventually(self.gateway.errors, lambda text: "request id=" in text)
        self.assertIn("request id=", lines)
        self.assertNotIn("sk-", lines)

    def test_expect_continue(self):
        body = self.gateway.folder / "body.json"
        body.write_text(json.dumps(chat("gpt-5.5", "x" * 2_000_000)))
        result = subprocess.run(
            ["curl", "-sS", "-v", "-H", "Expect: 100-continue", "--data-binary", f"@{body}",
             f"http://127.0.0.1:{self.gateway.port}/v1/chat/completions"],
            capture_output=True, text=True, timeout=PATIENCE)
        self.assertIn("HTTP/1.1 100 Continue", result.stderr)
        self.assertIn('"finish_reason":"stop"', result.stdout)


class Reload(EndToEnd):
    def config_with(self, model):
        return self.simulator.config(routes={"only": {"model": model}}, policy=[{"route": "only"}])

    def model_now(self, gateway):
        return gateway.post(chat("auto", f"{time.monotonic()}")).model

    def reloads(self, gateway, result):
        return gateway.metrics()[f'tidegate_config_reloads_total{{result="{result}"}}']

    def test_by_file_and_by_signal_and_not_when_bad(self):
        gateway = self.serve(self.config_with("gpt-4.1"))
        self.assertEqual(self.model_now(gateway), "gpt-4.1")

        gateway.write_config(self.config_with("gpt-5.5"))
        self.assertEqual(eventually(lambda: self.model_now(gateway), lambda m: m == "gpt-5.5"),
                         "gpt-5.5", "the file changed")

        gateway.write_config("routes: { only: { model: gpt-4.1 }\n")
        gateway.signal(signal.SIGHUP)
        self.assertTrue(eventually(lambda: self.reloads(gateway, "failed") > 0))
        self.assertEqual(self.model_now(gateway), "gpt-5.5", "the old one stays in force")
        self.assertIn("config_problem", eventually(gateway.errors, lambda e: "config_problem" in e))

        done = self.reloads(gateway, "done")
        gateway.write_config(self.config_with("deepseek-v4-pro"))
        gateway.signal(signal.SIGHUP)
        self.assertTrue(eventually(lambda: self.reloads(gateway, "done") > done))
        self.assertEqual(self.model_now(gateway), "deepseek-v4-pro")

    def test_a_stream_in_flight_keeps_its_configuration(self):
        gateway = self.serve(self.config_with("gpt-4.1"))
        connection = gateway.connect()
        self.addCleanup(connection.close)
        connection.request("POST", "/v1/chat/completions", json.dumps(chat("auto", stream=True)), SLOW)
        response = connection.getresponse()
        response.readline()
        gateway.write_config(self.config_with("gpt-5.5"))
        gateway.signal(signal.SIGHUP)
        self.assertTrue(eventually(lambda: self.reloads(gateway, "done") > 0))
        self.assertTrue(response.read().endswith(b"data: [DONE]\n\n"))
        rows = eventually(gateway.select)
        self.assertEqual([(row["model"], row["outcome"]) for row in rows], [("gpt-4.1", "ok")])


class Stop(EndToEnd):
    def begin_stream(self, gateway, headers):
        connection = gateway.connect()
        self.addCleanup(connection.close)
        connection.request("POST", "/v1/chat/completions",
                           json.dumps(chat("gpt-4.1", stream=True)), headers)
        response = connection.getresponse()
        response.readline()
        return response

    def ledger_of(self, gateway):
        """A copy of the ledger that outlives the gateway's folder."""
        return json.loads(gateway.run("cost", "--json").stdout)["total"]

    def test_term_lets_a_stream_end(self):
        gateway = self.serve(self.config())
        response = self.begin_stream(gateway, SLOW)
        gateway.signal(signal.SIGTERM)
        eventually(lambda: "draining" in gateway.errors())
        self.assertEqual(gateway.admin.get("/readyz").status, 503)
        with self.assertRaises(OSError):
            gateway.post(chat("gpt-4.1"))
        self.assertTrue(response.read().endswith(b"data: [DONE]\n\n"))
        self.assertEqual(gateway.wait(), 0)
        self.assertEqual([row["outcome"] for row in gateway.select()], ["ok"])

    def test_a_second_term_stops_at_once(self):
        gateway = self.serve(self.config())
        self.begin_stream(gateway, {"x-sim-fault": "hang-stream-3"})
        gateway.signal(signal.SIGTERM)
        eventually(lambda: "draining" in gateway.errors())
        gateway.signal(signal.SIGTERM)
        self.assertEqual(gateway.wait(), 0)
        self.assertEqual([row["outcome"] for row in gateway.select()], ["client_gone"])
        self.assertTrue(eventually(lambda: self.simulator.open()["in_flight"] == 0))

    def test_idle_connections_do_not_hold_it_up(self):
        gateway = self.serve(self.config())
        connection = gateway.connect()
        self.addCleanup(connection.close)
        connection.request("GET", "/v1/models")
        connection.getresponse().read()
        begin = time.monotonic()
        gateway.signal(signal.SIGTERM)
        self.assertEqual(gateway.wait(), 0)
        self.assertLess(time.monotonic() - begin, 10)

    def test_kill_loses_nothing_that_was_durable(self):
        gateway = self.serve(self.config())
        for number in range(20):
            answer = gateway.post(chat("gpt-4.1", f"{number}"))
        gateway.records(answer)  # the last is durable, so all are
        self.begin_stream(gateway, {"x-sim-fault": "hang-stream-3"})
        gateway.signal(signal.SIGKILL)
        gateway.wait()
        self.assertEqual(self.ledger_of(gateway)["requests"], 20)
        again = self.serve(self.config() | {"state": {"ledger": f"sqlite:{gateway.ledger}"}})
        again.ledger = gateway.ledger
        again.records(again.post(chat("gpt-4.1")))
        self.assertEqual(self.ledger_of(gateway)["requests"], 21)


class LedgerAway(EndToEnd):
    def test_requests_go_on_and_nothing_is_lost(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="tidegate-ledger-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        (folder / "blocked.db").mkdir()  # no file can be opened here
        gateway = self.serve(self.config() | {"state": {
            "ledger": f"sqlite:{folder}/blocked.db", "journal": f"{folder}/journal"}})
        for _ in range(3):
            self.assertEqual(gateway.post(chat("gpt-4.1")).status, 200)
        self.assertTrue(eventually(
            lambda: gateway.metrics()["tidegate_ledger_journal_bytes"] > 0))
        state = gateway.admin.get("/readyz")
        self.assertEqual(state.status, 200)
        self.assertFalse(state.json()["ledger"]["store_available"])
        (folder / "blocked.db").rmdir()
        gateway.ledger = folder / "blocked.db"
        self.assertEqual(len(eventually(gateway.select, lambda rows: len(rows) == 3)), 3)
        self.assertEqual(gateway.metrics()["tidegate_ledger_lost_total"], 0)


class ListenerTls(EndToEnd):
    @classmethod
    def config(cls):
        cls.folder = tempfile.mkdtemp(prefix="tidegate-tls-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                       cwd=cls.folder, check=True, capture_output=True)
        return cls.simulator.config(tls={"certificate": f"{cls.folder}/cert.pem",
                                         "key": f"{cls.folder}/key.pem"})

    def curl(self, *options):
        return subprocess.run(
            ["curl", "-sS", *options, "-d", json.dumps(chat("gpt-4.1", stream=True)), "--resolve",
             f"localhost:{self.gateway.port}:127.0.0.1",
             f"https://localhost:{self.gateway.port}/v1/chat/completions"],
            capture_output=True, text=True, timeout=PATIENCE)

    def test_curl(self):
        for version in ("--tlsv1.2", "--tlsv1.3"):
            options = ["--cacert", f"{self.folder}/cert.pem", version]
            if version == "--tlsv1.2":
                options += ["--tls-max", "1.2"]
            result = self.curl(*options)
            self.assertTrue(result.stdout.endswith("data: [DONE]\n\n"), result.stderr)
        self.assertEqual(self.curl().returncode, 60, "an unknown authority")
        old = self.curl("--cacert", f"{self.folder}/cert.pem", "--tlsv1.0", "--tls-max", "1.1")
        self.assertNotEqual(old.returncode, 0)

    def test_plain_http_to_the_tls_port(self):
        self.gateway.tls, tls = None, self.gateway.tls
        with self.assertRaises(Exception):
            self.gateway.get("/v1/models")
        self.gateway.tls = tls
        self.assertEqual(self.gateway.get("/v1/models").status, 200)


if __name__ == "__main__":
    unittest.main()
