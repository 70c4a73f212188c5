"""`tidegate workflow`: the verbs that read a file and send nothing."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ["TIDEGATE_BIN"]
EXAMPLES = ("discovery_execution", "nightly_audit", "release")


def run(*arguments, folder):
    clean = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    return subprocess.run([BINARY, "workflow", *arguments], cwd=folder, env=clean, text=True,
                          capture_output=True, timeout=60)


class WorkflowFile(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def run_(self, *arguments):
        return run(*arguments, folder=self.folder)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return name

    def test_the_examples_are_valid_and_priced(self):
        for example in EXAMPLES:
            with self.subTest(example=example):
                path = str(ROOT / "examples" / f"{example}.yaml")
                checked = self.run_("validate", path)
                self.assertEqual(checked.returncode, 0, checked.stdout)
                planned = self.run_("plan", path, "--json", "--at", "2026-12-01T12:00:00Z")
                self.assertEqual(planned.returncode, 0, planned.stderr)
                total = json.loads(planned.stdout)["total"]["cost_nano_usd"]
                self.assertGreater(total["expected"], 0)
                self.assertLessEqual(total["min"], total["expected"])
                self.assertLessEqual(total["expected"], total["max"])

    def test_the_release_has_all_roles(self):
        roles = {path.stem for path in (ROOT / "data" / "roles").glob("*.yaml")}
        planned = self.run_("plan", str(ROOT / "examples" / "release.yaml"), "--json")
        self.assertEqual({row["role"] for row in json.loads(planned.stdout)["rows"]}, roles)
        self.assertEqual(len(roles), 17)

    def test_all_problems_are_said_with_their_place(self):
        name = self.write("w.yaml", "tasks:\n  a: { promt: x }\n  b: { needs: c, prompt: y }\n")
        checked = self.run_("validate", name)
        self.assertEqual(checked.returncode, 1)
        self.assertIn("w.yaml:2:8: tasks.a.promt: unknown key. Did you mean prompt?", checked.stdout)
        self.assertIn("w.yaml:3:15: tasks.b.needs: c: no such task.", checked.stdout)
        answer = json.loads(self.run_("validate", "--json", name).stdout)
        self.assertFalse(answer["ok"])
        self.assertEqual(answer["problems"][0]["line"], 2)
        self.assertEqual(self.run_("plan", name).returncode, 1)
        self.assertEqual(self.run_("validate", "none.yaml").returncode, 1)
        self.assertEqual(self.run_("validate").returncode, 2)

    def test_the_clock_of_a_plan_can_be_set(self):
        name = self.write("w.yaml", "run: { window: off-peak }\n"
                                    "tasks: { a: { model: deepseek-flash, prompt: x } }\n")
        dear = json.loads(self.run_("plan", name, "--json", "--at", "2026-12-01T02:00:00Z").stdout)
        self.assertEqual(dear["holds"][0]["until"], "2026-12-01T04:00:00.000Z")
        cheap = json.loads(self.run_("plan", name, "--json", "--at", "2026-12-01T12:00:00Z").stdout)
        self.assertEqual(cheap["holds"], [])
        self.assertEqual(self.run_("plan", name, "--at", "tonight").returncode, 2)

    def test_inputs_are_checked(self):
        name = self.write("w.yaml", "inputs: { n: { type: integer, required: true } }\n"
                                    "tasks: { a: { model: deepseek-flash, prompt: \"${{ inputs.n }}\" } }\n")
        self.assertIn("input n: missing", self.run_("plan", name).stderr)
        self.assertIn("not a whole number", self.run_("plan", name, "--input", "n=many").stderr)
        self.assertIn("Did you mean n?", self.run_("plan", name, "--input", "m=1").stderr)
        self.assertEqual(self.run_("plan", name, "--input", "n=1").returncode, 0)

    def test_the_schema_is_the_published_one(self):
        printed = self.run_("schema")
        self.assertEqual(printed.stdout,
                         (ROOT / "data" / "workflow.schema.json").read_text(encoding="utf-8"))

    def test_graphs(self):
        name = self.write("w.yaml", "tasks: { a: { prompt: x }, b: { needs: a, prompt: y } }")
        self.assertIn("t0 --> t1", self.run_("graph", name).stdout)
        self.assertIn('"a" -> "b"', self.run_("graph", "--dot", name).stdout)

    def test_init_writes_a_workflow_that_is_valid(self):
        subprocess.run([BINARY, "init", str(self.folder)], check=True, capture_output=True)
        (self.folder / "tidegate.yaml").unlink()
        self.assertEqual(self.run_("validate", "workflow.yaml").returncode, 0)
        self.assertEqual(self.run_("plan", "workflow.yaml").returncode, 0)


if __name__ == "__main__":
    unittest.main()
