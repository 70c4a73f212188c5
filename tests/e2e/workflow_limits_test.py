"""What bounds runs of workflows from outside: limits of tools, idempotency keys, and what is secret."""

import json
import pathlib
import sqlite3
import sys
import unittest

from harness import Gateway, InFolder, contents_of

TOOLS = pathlib.Path(__file__).resolve().parents[1] / "support" / "mcp_server.py"
ONCE = """\
name: once
run: { idempotency_key: "report-${{ inputs.day }}" }
inputs: { day: { type: string, required: true } }
tasks: { draft: { model: deepseek-flash, prompt: "Write of ${{ inputs.day }}." } }
outputs: { said: "${{ needs.draft.output }}" }
"""


class WorkflowLimits(InFolder):
    def run_text(self, text, *arguments):
        return self.workflow("run", self.write(text), "--json", *arguments)

    def use_tools(self, tools, prompt, **limits):
        """What the model was told of its calls, and what came of the run."""
        self.configure(workflows=limits)
        command = json.dumps([sys.executable, str(TOOLS), "--journal", str(self.folder / "calls")])
        ran = self.run_text(
            f"mcp_servers: {{ misc: {{ command: {command} }} }}\n"
            f"tasks: {{ look: {{ model: deepseek-flash, tools: {json.dumps(tools)}, retry: {{ attempts: 1 }}, "
            f"prompt: {json.dumps(prompt)} }} }}\n")
        told = [message["content"] for body in map(json.loads, self.simulator.bodies()[-1:])
                for message in body["messages"] if message["role"] == "tool"]
        return told, ran

    def calls(self):
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def journal(self, sql):
        with sqlite3.connect(next(self.folder.glob("*.workflows"))) as journal:
            rows = journal.execute(sql).fetchall()
        journal.close()
        return rows

    def test_calls_of_a_turn(self):
        told, ran = self.use_tools(["misc.echo", "misc.add"], "use all tools, with 'low tide' and 7", tool_calls=1)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(len(self.calls()), 1)
        self.assertEqual(len(told), 2)
        self.assertIn("1", told[1])
        self.assertNotIn(told[1], ("low tide", '{"sum": 14}'))

    def test_what_a_model_is_given_of_a_result(self):
        told, ran = self.use_tools(["misc.huge"], "use the tool, with 5000", tool_output="1KiB")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(told[0].count("x"), 1024)
        self.assertIn("of 5000 bytes left out", told[0])

    def test_a_message_of_a_server(self):
        told, ran = self.use_tools(["misc.huge"], "use the tool, with 200000", tool_message="64KiB",
                                   tool_output="1MiB")
        self.assertNotIn("x" * 65536, "".join(told))
        self.assertIn("65536", "".join(told) + ran.stdout + ran.stderr)

    def test_how_long_a_call_takes(self):
        told, ran = self.use_tools(["misc.hang"], "use the tool", tool_total="1s")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        # One that only reads may be tried again.
        self.assertIn('notifications/cancelled {"reason": "timed out", "requestId": 3}', self.calls())
        self.assertIn("it gave no answer", told[0])

    def test_tools_of_a_server(self):
        _, ran = self.use_tools(["misc.echo"], "use the tool, with 'a'", server_tools=3)
        self.assertEqual(ran.returncode, 1, ran.stdout)
        self.assertIn("3 tools", ran.stdout + ran.stderr)
        self.assertEqual(self.calls(), [])

    def test_calls_side_by_side(self):
        tools, prompt = ["misc.progress", "misc.region"], "use all tools, with 'a' and 20"
        times = "SELECT begun_us, ended_us FROM tool_call ORDER BY run, tool"
        for limit in (1, 2):
            _, ran = self.use_tools(tools, prompt, parallel_tool_calls=limit)
            self.assertEqual(ran.returncode, 0, ran.stderr)
        (_, slow), (after, _), (_, second), (beside, _) = self.journal(times)
        self.assertGreaterEqual(after, slow)
        self.assertLess(beside, second)

    def test_a_key_begins_one_run_from_the_command_line(self):
        first = self.run_text(ONCE, "--input", "day=monday")
        again = self.run_text(ONCE, "--input", "day=monday")
        self.assertEqual((first.returncode, again.returncode), (0, 0), again.stderr)
        self.assertEqual(json.loads(first.stdout)["run"], json.loads(again.stdout)["run"])
        self.assertEqual(json.loads(first.stdout)["outputs"], json.loads(again.stdout)["outputs"])
        self.assertEqual(len(self.simulator.bodies()), 1)
        other = self.run_text(ONCE, "--input", "day=tuesday")
        self.assertNotEqual(json.loads(first.stdout)["run"], json.loads(other.stdout)["run"])
        self.assertEqual(self.journal("SELECT key FROM run ORDER BY id"), [("report-monday",), ("report-tuesday",)])

    def test_a_key_begins_one_run_over_http(self):
        gateway = Gateway(self.simulator.config())
        self.addCleanup(gateway.stop)
        begin = {"workflow": ONCE, "inputs": {"day": "monday"}}
        first = gateway.admin.post(begin, path="/api/workflows")
        again = gateway.admin.post(begin, path="/api/workflows")
        self.assertEqual((first.status, again.status), (201, 201), again)
        self.assertEqual(first.json()["run"], again.json()["run"])
        gateway.admin.get(f"/api/workflows/{first.json()['run']}/events")  # ends with the run
        self.assertEqual(len(self.simulator.bodies()), 1)
        after = gateway.admin.post(begin, path="/api/workflows")
        self.assertEqual(after.json()["run"], first.json()["run"])
        self.assertEqual(len(self.simulator.bodies()), 1)

    def test_a_secret_in_keys_of_items_and_in_texts(self):
        secret = "open-sesame-4711"
        ran = self.run_text(
            "inputs: { token: { type: string, secret: true } }\n"
            "tasks:\n"
            "  each:\n"
            "    model: deepseek-flash\n"
            "    for_each: ['x', 'y']\n"
            "    item_key: \"${{ item }}-${{ inputs.token }}\"\n"
            f"    prompt: \"Say ${{{{ inputs.token }}}}. {'A word or two. ' * 100}\"\n"
            "outputs: { said: \"${{ needs.each.outputs | json }}\" }\n", "--input", f"token={secret}")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn(secret, "".join(self.simulator.bodies()))  # the model was told
        kept = contents_of(next(self.folder.glob("*.workflows")))
        self.assertNotIn(secret, kept)
        self.assertIn("***", kept)
        self.assertEqual(self.journal("SELECT item_key FROM task WHERE item_key IS NOT NULL ORDER BY task"),
                         [("x-***",), ("y-***",)])
        for path in self.folder.glob("*.workflows*"):
            self.assertNotIn(secret.encode(), path.read_bytes())

    def test_an_input_with_a_key_of_the_gateway_is_refused(self):
        ran = self.run_text(ONCE, "--input", "day=sk-tg-0123456789abcdef0123456789abcdef")
        self.assertNotEqual(ran.returncode, 0)
        self.assertIn("secret", ran.stderr)
        self.assertEqual(self.simulator.bodies(), [])


if __name__ == "__main__":
    unittest.main()
