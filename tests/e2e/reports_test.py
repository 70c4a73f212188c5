"""What was spent: groups, filters, formats, /api/usage, other prices, comparisons, imports."""

import contextlib
import csv
import io
import json
import pathlib
import shutil
import sqlite3
import tempfile

from harness import EndToEnd, chat, eventually, run


class Reports(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for number in range(6):
            headers = {"x-tidegate-task": f"task {number % 2}"}
            if number % 3 == 0:
                headers["x-tidegate-role"] = "lead"
            model = "gpt-5.5" if number < 2 else "deepseek-v4-flash"
            answer = cls.gateway.post(chat(model), headers)
            assert answer.status == 200, answer
        cls.gateway.post(chat("gpt-5.5"), {"x-sim-fault": "400", "x-tidegate-task": "task 1"})
        eventually(lambda: cls.gateway.cost()["total"]["requests"] == 7)

    def usage(self, query):
        return self.gateway.admin.get("/api/usage" + query)

    def test_two_groups_and_filters(self):
        report = json.loads(self.gateway.run(
            "cost", "--by", "role,model", "--role", "lead", "--role", "(none)", "--model",
            "deepseek-v4-flash", "--json").stdout)
        self.assertEqual(report["by"], ["role", "model"])
        rows = {(row["role"], row["model"]): row["requests"] for row in report["rows"]}
        self.assertEqual(rows, {("lead", "deepseek-v4-flash"): 1, (None, "deepseek-v4-flash"): 3})

    def test_tasks_succeed_if_their_last_request_did(self):
        report = json.loads(self.gateway.run("cost", "--by", "task", "--json").stdout)
        tasks = {row["task"]: row["succeeded_tasks"] for row in report["rows"]}
        self.assertEqual(tasks, {"task 0": 1, "task 1": 0})
        total = report["total"]
        self.assertEqual((total["tasks"], total["succeeded_tasks"]), (2, 1))
        self.assertEqual(total["cost_per_succeeded_task_nano_usd"], total["cost_nano_usd"])
        self.assertEqual((total["requests"], total["succeeded"]), (7, 6))

    def test_csv_has_what_json_has(self):
        text = self.gateway.run("cost", "--by", "model", "--csv").stdout
        rows = list(csv.DictReader(io.StringIO(text)))
        expected = json.loads(self.gateway.run("cost", "--by", "model", "--json").stdout)["rows"]
        self.assertEqual([{key: "" if value is None else str(value) for key, value in row.items()}
                          for row in expected], rows)

    def test_days_of_a_time_zone(self):
        for zone in ("UTC", "Asia/Kolkata", "America/New_York", "+12:00"):
            rows = json.loads(self.gateway.run("cost", "--by", "day", "--time-zone", zone,
                                               "--since", "24h", "--json").stdout)["rows"]
            self.assertEqual(sum(row["requests"] for row in rows), 7, zone)

    def test_all_problems_at_once(self):
        result = self.gateway.run("cost", "--by", "colour,model", "--since", "yesterday",
                                  "--time-zone", "Mars/Olympus", "--top", "none")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        for words in ("--by: \"colour\"", "--since: \"yesterday\"", "--time-zone: \"Mars/Olympus\"",
                      "--top: \"none\""):
            self.assertIn(words, result.stderr)

    def test_the_admin_api_says_the_same(self):
        answer = self.usage("?by=role%2Cmodel&since=24h&role=lead")
        self.assertEqual(answer.status, 200, answer)
        here = json.loads(self.gateway.run("cost", "--by", "role,model", "--role", "lead",
                                           "--json").stdout)
        self.assertEqual(answer.json()["rows"], here["rows"])
        self.assertEqual(self.usage("").json()["total"]["requests"], 7)

    def test_the_admin_api_names_all_problems(self):
        answer = self.usage("?by=colour&until=never&hue=1")
        self.assertEqual(answer.status, 400)
        problems = answer.error()["problems"]
        self.assertEqual({problem["parameter"] for problem in problems}, {"by", "until", "hue"})
        for parameter in ("by", "until", "hue"):
            self.assertIn(parameter + ": ", answer.error()["message"])
        self.assertEqual(self.gateway.admin.request("POST", "/api/usage").status, 405)
        self.assertEqual(self.gateway.admin.request(
            "GET", "/api/usage", headers={"origin": "http://evil.example"}).status, 403)

    def test_other_prices_change_nothing(self):
        file = self.gateway.folder / "prices.yaml"
        file.write_text("models:\n  gpt-5.5:\n    provider: openai\n    source: a test\n    prices:\n"
                        "      - { from: 2020-01-01, price: { input: 1000, cached: 0, output: 0 },"
                        " source: a test }\n")
        before = self.gateway.cost()["total"]["cost_nano_usd"]
        report = json.loads(self.gateway.run("cost", "--prices", str(file), "--json").stdout)
        for row in report["rows"]:
            if row["model"] == "gpt-5.5":
                fresh = row["prompt_tokens"] - row["cached_tokens"]
                self.assertEqual(row["repriced_nano_usd"], fresh * 1_000_000)
            else:
                self.assertEqual(row["repriced_nano_usd"], row["cost_nano_usd"])
        self.assertEqual(self.gateway.cost()["total"]["cost_nano_usd"], before)
        self.assertIn("at other prices", self.gateway.run("cost", "--prices", str(file)).stdout)
        file.write_text("models: [")
        self.assertEqual(self.gateway.run("cost", "--prices", str(file)).returncode, 3)

    def test_compare_a_given_workload(self):
        result = self.gateway.run("cost", "compare", "--requests", "1M", "--prompt", "500",
                                  "--completion", "200", "--cached", "60%", "--json")
        report = json.loads(result.stdout)
        self.assertEqual((report["requests"], report["cached_tokens"]), (1_000_000, 300_000_000))
        prices = {row["model"]: row["off_peak_nano_usd"] for row in report["models"]}
        self.assertEqual(prices["claude-opus-4.7"], 6150 * 10**9)
        self.assertIsNone(prices["openrouter/auto"])
        known = [row["off_peak_nano_usd"] for row in report["models"] if row["off_peak_nano_usd"]]
        self.assertEqual(known, sorted(known))
        text = self.gateway.run("cost", "compare", "--requests", "2", "--prompt", "2M").stdout
        self.assertIn("does not fit its context", text)
        bad = self.gateway.run("cost", "compare", "--requests", "many", "--cached", "101%")
        self.assertEqual(bad.returncode, 2)
        self.assertIn("--requests", bad.stderr)
        self.assertIn("--cached", bad.stderr)

    def test_compare_what_was_recorded(self):
        report = json.loads(self.gateway.run("cost", "compare", "--json").stdout)
        total = self.gateway.cost()["total"]
        self.assertEqual(report["requests"], 6, "the refused one used nothing")
        self.assertEqual(report["prompt_tokens"], total["prompt_tokens"])

    def test_importing_twice_is_importing_once(self):
        gateway = self.serve(self.config())
        gateway.records(gateway.post(chat("gpt-5.5")))
        gateway.signal(9)
        gateway.wait()
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for file in gateway.folder.glob("tidegate.db*"):
                shutil.copy(file, folder / file.name.replace("tidegate", "old"))
            for attempt in range(2):
                result = run("ledger", "import", "--ledger", "sqlite:new.db", "--json", "old.db",
                             "old.db.journal", folder=folder)
                self.assertEqual(result.returncode, 0, result.stderr)
                new = sum(json.loads(line)["records"] for line in result.stdout.splitlines())
                self.assertEqual(new, 1 if attempt == 0 else 0)
                report = json.loads(run("cost", "--ledger", "new.db", "--json", folder=folder).stdout)
                self.assertEqual(report["total"]["requests"], 1)

    def test_what_cannot_be_imported_is_named(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "text").write_text("no ledger")
            with contextlib.closing(sqlite3.connect(folder / "other.db")) as database:
                database.execute("CREATE TABLE something (id INTEGER)")
            bad = run("ledger", "import", "--ledger", "new.db", "text", "gone", "other.db",
                      folder=folder)
            self.assertEqual(bad.returncode, 1)
            self.assertIn("text is neither a ledger's journal nor an SQLite file", bad.stderr)
            self.assertIn("cannot read gone", bad.stderr)
            self.assertIn("other.db is a database, but not a ledger", bad.stderr)
