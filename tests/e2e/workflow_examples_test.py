"""The examples run to their end on the embedded default, and their reports agree with the ledger."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ["TIDEGATE_BIN"]


class WorkflowExamples(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name

    def tidegate(self, *arguments):
        clean = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
        return subprocess.run([BINARY, *arguments], cwd=self.folder, env=clean, text=True,
                              capture_output=True, timeout=60, stdin=subprocess.DEVNULL)

    def runs_to_its_end(self, example):
        # At any hour: in dear ones it would wait for cheap ones, as it says.
        text = (ROOT / "examples" / f"{example}.yaml").read_text().replace("window: off-peak", "window: any")
        file = pathlib.Path(self.folder, f"{example}.yaml")
        file.write_text(text)
        ran = self.tidegate("workflow", "run", str(file), "--yes")
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        report = json.loads(self.tidegate("workflow", "report", "last", "--json").stdout)
        self.assertEqual((report["state"], report["failed"]), ("succeeded", 0))
        self.assertGreater(report["totals"]["cost_nano_usd"], 0)

        spent = json.loads(self.tidegate("cost", "--by", "task", "--json").stdout)
        row, = (row for row in spent["rows"] if row["task"] == report["run"])
        self.assertEqual(row["cost_nano_usd"], report["totals"]["cost_nano_usd"])
        self.assertEqual(row["attempts"], report["totals"]["attempts"])
        self.assertEqual(row["prompt_tokens"], report["totals"]["prompt_tokens"])
        self.assertEqual(row["completion_tokens"], report["totals"]["completion_tokens"])
        return report

    def test_discovery_and_execution(self):
        report = self.runs_to_its_end("discovery_execution")
        models = {row["role"]: row["model"] for row in report["costs"]}
        self.assertNotEqual(models["data_analyst"], models["code_generator"], "discovery is handed over")

    def test_nightly_audit(self):
        report = self.runs_to_its_end("nightly_audit")
        audits = sum(row["attempts"] for row in report["costs"] if row["role"] == "security_auditor")
        self.assertGreater(audits, 1, "the audit fans out")

    def test_release(self):
        report = self.runs_to_its_end("release")
        self.assertEqual(len({row["role"] for row in report["costs"]}), 17)


if __name__ == "__main__":
    unittest.main()
