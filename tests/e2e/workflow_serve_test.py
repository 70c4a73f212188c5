"""Runs of workflows over HTTP: begun, watched and steered on the admin listener of `tidegate serve`."""

import json
import pathlib
import signal
import subprocess
import sys
import unittest

from harness import EndToEnd, eventually

TOOLS = pathlib.Path(__file__).resolve().parents[1] / "support" / "mcp_server.py"
PATH = "/api/workflows"
SMALL = """\
name: small
inputs: { what: { type: string, required: true } }
tasks:
  draft: { model: deepseek-flash, prompt: "Write of ${{ inputs.what }}." }
outputs: { said: "${{ needs.draft.output }}" }
"""
GATED = """\
name: gated
tasks:
  draft: { model: deepseek-flash, prompt: Write. }
  gate: { needs: draft, approval: { message: "Is it good?" } }
  publish: { needs: gate, model: deepseek-flash, prompt: Publish. }
"""


def read_events(text):
    """(id, kind) of each event of a stream."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            json.loads(fields["data"])
            found.append((int(fields["id"]), fields["event"]))
    return found


class WorkflowServe(EndToEnd):
    def setUp(self):
        super().setUp()
        self.server = self.serve(self.config())
        self.admin = self.server.admin

    def begin(self, text, **fields):
        answer = self.admin.post({"workflow": text} | fields, path=PATH)
        self.assertEqual(answer.status, 201, answer)
        return answer.json()["run"]

    def report(self, run):
        answer = self.admin.get(f"{PATH}/{run}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def tasks(self, run):
        return {task["id"]: task["state"] for task in self.report(run)["tasks"]}

    def until(self, run, state):
        found = eventually(lambda: self.report(run), lambda report: report["state"] == state)
        self.assertEqual(found["state"], state, found)
        return found

    def test_a_run_is_begun_watched_and_reported(self):
        self.assertIn(PATH, self.admin.get("/").body.decode())
        self.assertFalse((self.server.folder / "tidegate.db.workflows").exists())
        run = self.begin(SMALL, inputs={"what": "the sea"}, budget_usd=5)
        stream = self.admin.get(f"{PATH}/{run}/events")  # ends with the run
        self.assertEqual(stream.headers["content-type"], "text/event-stream")
        events = read_events(stream.body.decode())
        self.assertGreater(len(events), 2, stream)
        numbers = [number for number, _ in events]
        self.assertEqual(numbers, sorted(set(numbers)))
        report = self.report(run)
        self.assertEqual(report["state"], "succeeded", report)
        self.assertIn("Write of the sea.", report["outputs"]["said"])
        rest = self.admin.request("GET", f"{PATH}/{run}/events", headers={"Last-Event-ID": str(numbers[1])})
        self.assertEqual(read_events(rest.body.decode()), events[2:])
        over = self.admin.request("GET", f"{PATH}/{run}/events", headers={"Last-Event-ID": str(numbers[-1])})
        self.assertEqual(over.status, 204)
        page = self.admin.get(f"{PATH}/{run}/report.html")
        self.assertEqual(page.headers["content-type"], "text/html; charset=utf-8")
        self.assertIn("small", page.body.decode())
        listed = self.admin.get(PATH).json()
        self.assertIn(run, json.dumps(listed))
        # The command line reads the same journal.
        self.assertIn("succeeded", self.server.run("workflow", "report", run).stdout)
        self.assertEqual(self.server.select("true")[0]["outcome"], "ok")

    def test_yaml_is_taken_as_it_is_and_what_is_wrong_has_its_place(self):
        bad = self.admin.request("POST", PATH, "tasks:\n  a: { promt: x }\n",
                                 {"content-type": "application/yaml"})
        self.assertEqual(bad.status, 400)
        places = {(each["line"], each["column"]): each["message"] for each in bad.error()["problems"]}
        self.assertIn("Did you mean prompt?", places[2, 8])
        missing = self.admin.post({"workflow": SMALL}, path=PATH)
        self.assertEqual(missing.status, 400)
        self.assertIn("what", missing.error()["message"])
        program = self.admin.request(
            "POST", PATH, "mcp_servers: { x: { command: [ls] } }\n"
            "tasks: { a: { model: deepseek-flash, tools: [x.y], prompt: hi } }\n",
            {"content-type": "application/yaml"})
        self.assertEqual(program.status, 400)
        self.assertIn("start programs", program.error()["message"])
        self.assertEqual(self.admin.get(f"{PATH}/r0nothing").status, 404)
        self.assertEqual(self.simulator.bodies(), [])

    def test_a_run_is_forked(self):
        first = self.begin(SMALL, inputs={"what": "the sea"})
        self.until(first, "succeeded")
        forked = self.admin.post({"from": "draft", "set": {"what": "the moon"}}, path=f"{PATH}/{first}/fork")
        self.assertEqual(forked.status, 201, forked)
        report = self.until(forked.json()["run"], "succeeded")
        self.assertEqual(report["forked_from"], first)
        self.assertIn("Write of the moon.", report["outputs"]["said"])
        wrong = self.admin.post({"from": "draft", "set": {"wat": 1}}, path=f"{PATH}/{first}/fork")
        self.assertEqual(wrong.status, 400)
        self.assertIn("Did you mean what?", wrong.error()["message"])
        unknown = self.admin.post({"from": "drafd"}, path=f"{PATH}/{first}/fork")
        self.assertEqual(unknown.status, 404)
        self.assertIn("Did you mean draft?", unknown.error()["message"])

    def test_a_run_that_a_budget_paused_is_resumed(self):
        run = self.begin("budget: 0.000001\n" + SMALL, inputs={"what": "the sea"})
        self.until(run, "paused_budget")
        self.assertEqual(self.simulator.bodies(), [])
        resumed = self.admin.post({"budget_usd": 5}, path=f"{PATH}/{run}/resume")
        self.assertEqual((resumed.status, resumed.json()), (200, {"run": run}))
        self.until(run, "succeeded")
        ended = self.admin.post({}, path=f"{PATH}/{run}/resume")
        self.assertEqual(ended.status, 400)
        self.assertIn("has ended", ended.error()["message"])

    def test_a_run_uses_tools_that_are_reached_by_http(self):
        calls = self.server.folder / "calls"
        tools = subprocess.Popen([sys.executable, str(TOOLS), "--http", "--journal", str(calls)],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(tools.communicate)  # the end of its input ends it
        run = self.begin(
            f"mcp_servers: {{ misc: {{ url: \"http://127.0.0.1:{int(tools.stdout.readline())}/mcp\" }} }}\n"
            "tasks:\n"
            "  look: { model: deepseek-flash, tools: [misc.echo], prompt: \"use the tool: 'low tide'\" }\n"
            "outputs: { said: \"${{ needs.look.output }}\" }\n")
        report = self.until(run, "succeeded")
        self.assertIn("low tide", report["outputs"]["said"])
        self.assertEqual(calls.read_text(), 'echo {"text": "low tide"}\n')

    def test_a_run_is_approved_and_another_is_cancelled(self):
        run = self.begin(GATED)
        eventually(lambda: self.tasks(run), lambda tasks: tasks["gate"] == "awaiting")
        approved = self.admin.post({"task": "gate", "by": "ana"}, path=f"{PATH}/{run}/approve")
        self.assertEqual((approved.status, approved.json()["answer"]), (200, "approved"), approved)
        self.until(run, "succeeded")
        other = self.begin(GATED)
        eventually(lambda: self.tasks(other), lambda tasks: tasks["gate"] == "awaiting")
        cancelled = self.admin.post({"reason": "enough"}, path=f"{PATH}/{other}/cancel")
        self.assertEqual((cancelled.status, cancelled.json()["answer"]), (200, "cancelled"), cancelled)
        self.until(other, "cancelled")

    def test_a_run_that_its_budget_pauses_is_resumed_from_the_command_line(self):
        run = self.begin(SMALL, inputs={"what": "tides"}, budget_usd=0.01)
        self.assertIn("cannot hold the next request", self.until(run, "paused_budget")["reason"])
        self.assertEqual(self.simulator.bodies(), [])
        resumed = self.server.run("workflow", "resume", run, "--budget", "5")
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.assertIn("Write of tides.", self.report(run)["outputs"]["said"])

    def test_a_stop_leaves_the_run_and_the_next_start_goes_on(self):
        run = self.begin(GATED)
        eventually(lambda: self.tasks(run), lambda tasks: tasks["gate"] == "awaiting")
        connection = self.admin.connect()
        self.addCleanup(connection.close)
        connection.request("GET", f"{PATH}/{run}/events")
        response = connection.getresponse()
        self.assertTrue(response.readline().startswith(b"id: "))
        self.server.restart(signal.SIGTERM)  # although the stream is open
        self.admin = self.server.admin
        self.assertEqual(self.tasks(run)["gate"], "awaiting")
        approved = self.admin.post({"task": "gate"}, path=f"{PATH}/{run}/approve")
        self.assertEqual(approved.status, 200, approved)
        self.until(run, "succeeded")
        self.assertEqual(len(self.simulator.bodies()), 2)  # nothing was asked twice


if __name__ == "__main__":
    unittest.main()
