"""`tidegate workflow` with runs: tools, reports and commands, against the simulator."""

import collections
import json
import os
import pathlib
import pty
import sqlite3
import subprocess
import sys
import time
import unittest

from harness import BINARY, PATIENCE, InFolder, contents_of, eventually

TOOLS = pathlib.Path(__file__).resolve().parents[1] / "support" / "mcp_server.py"
GATED = """\
tasks:
  draft: { model: deepseek-flash, prompt: Write. }
  gate: { needs: draft, approval: { message: "Is it good?" } }
  publish: { needs: gate, model: deepseek-flash, prompt: Publish. }
outputs: { said: "${{ needs.publish.output | default('nothing') }}" }
"""


class WorkflowRuns(InFolder):
    def begin(self, text):
        """A run that goes on behind the test's back."""
        process = subprocess.Popen([BINARY, "workflow", "run", self.write(text), "--json"],
                                   cwd=self.folder, env=self.environment, text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)

        def end():
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.addCleanup(end)
        return process

    def states(self):
        lines = map(json.loads, self.workflow("export", "last").stdout.splitlines())
        return {line["task"]: line["state"] for line in lines if line["kind"] == "task"}

    def until_asked(self):
        states = eventually(self.states, lambda found: found.get("gate") == "awaiting")
        self.assertEqual(states.get("gate"), "awaiting", states)

    def test_a_report_as_a_page(self):
        ran = self.workflow("run", self.write("name: <b>\ntasks:\n"
                                              "  a: { model: deepseek-flash, prompt: Hi }\n"))
        self.assertEqual(ran.returncode, 0, ran.stderr)
        wrote = self.workflow("report", "last", "--html", "run.html")
        self.assertEqual((wrote.returncode, wrote.stdout), (0, "wrote run.html\n"), wrote.stderr)
        page = (self.folder / "run.html").read_text(encoding="utf-8")
        self.assertTrue(page.startswith("<!doctype html>"), page[:80])
        self.assertIn("&lt;b&gt;", page)
        self.assertIn("succeeded", page)
        nowhere = self.workflow("report", "last", "--html", "none/run.html")
        self.assertEqual(nowhere.returncode, 3)
        self.assertIn("cannot write none/run.html", nowhere.stderr)
        self.assertEqual(self.workflow("report", "last", "--html", "x", "--json").returncode, 2)

    def test_a_terminal_shows_a_table_and_a_pipe_lines(self):
        flow = self.write("tasks:\n  first: { model: deepseek-flash, prompt: Hi }\n"
                          "  second: { needs: first, model: deepseek-flash, prompt: Hi }\n")
        ours, theirs = pty.openpty()
        process = subprocess.Popen([BINARY, "workflow", "run", flow], cwd=self.folder, env=self.environment | {"TERM": "xterm"},
                                   stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:  # the other end is closed
            pass
        os.close(ours)
        self.assertEqual(process.wait(PATIENCE), 0, shown)
        table = shown.decode()
        for word in ("\x1b[J", "running", "waiting", "first", "second", "0 of 2 tasks", "tokens", "$", "succeeded"):
            self.assertIn(word, table)
        piped = self.workflow("run", flow).stderr
        self.assertNotIn("\x1b", piped)
        for line in ("first: running\n", "first: succeeded, $", "second: succeeded, $"):
            self.assertIn(line, piped)

    def test_a_task_uses_the_tools_that_it_names(self):
        calls = self.folder / "calls"
        command = json.dumps([sys.executable, str(TOOLS), "--journal", str(calls)])
        ran = self.workflow("run", self.write(
            "mcp_servers:\n"
            f"  misc: {{ command: {command} }}\n"
            "tasks:\n"
            "  look:\n"
            "    model: deepseek-flash\n"
            "    tools: [misc.echo, misc.add]\n"
            "    prompt: \"use all tools, with 'seven seas' and 7\"\n"
            "outputs: { said: \"${{ needs.look.output }}\" }\n"), "--json")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        made = sorted(calls.read_text().splitlines())
        self.assertEqual(made, ['add {"a": 7, "b": 7}', 'echo {"text": "seven seas"}'])
        self.assertIn("seven seas", json.loads(ran.stdout)["outputs"]["said"])
        first, second = map(json.loads, self.simulator.bodies())
        self.assertEqual(sorted(tool["function"]["name"] for tool in first["tools"]),
                         ["misc__add", "misc__echo"])
        self.assertEqual([each["content"] for each in second["messages"] if each["role"] == "tool"],
                         ["seven seas", '{"sum": 14}'] if first["tools"][0]["function"]["name"] ==
                         "misc__echo" else ['{"sum": 14}', "seven seas"])

    def test_no_secret_reaches_the_journal(self):
        secret = "open-sesame-4711"
        calls = self.folder / "calls"
        command = json.dumps([sys.executable, str(TOOLS), "--journal", str(calls)])
        ran = self.workflow("run", self.write(
            "inputs: { token: { type: string, secret: true } }\n"
            f"mcp_servers: {{ misc: {{ command: {command} }} }}\n"
            "tasks:\n"
            "  look:\n"
            "    model: deepseek-flash\n"
            "    tools: [misc.echo]\n"
            "    prompt: \"use the tool: '${{ inputs.token }}'\"\n"
            "outputs: { said: \"${{ needs.look.output }}\" }\n"), "--input", f"token={secret}")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn(secret, calls.read_text())  # the tool was given it
        kept = contents_of(next(self.folder.glob("*.workflows")))
        self.assertIn("***", kept)
        self.assertNotIn(secret, kept)
        for path in self.folder.glob("*.workflows*"):
            self.assertNotIn(secret.encode(), path.read_bytes())

    def test_a_tool_server_that_is_not_there_fails_the_task(self):
        ran = self.workflow("run", self.write(
            "mcp_servers: { gone: { command: [./no-such-program] } }\n"
            "tasks: { look: { model: deepseek-flash, tools: [gone.read], prompt: Hi } }\n"))
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assertIn('MCP server "gone"', ran.stderr)
        self.assertEqual(self.simulator.bodies(), [])

    def test_a_tool_server_that_dies_in_a_call(self):
        """What only reads is called once more; whether the other was done is told to the model."""
        calls = self.folder / "calls"
        command = json.dumps([sys.executable, str(TOOLS), "--journal", str(calls)])
        ran = self.workflow("run", self.write(
            f"mcp_servers: {{ misc: {{ command: {command} }} }}\n"
            "tasks:\n"
            "  look:\n"
            "    model: deepseek-flash\n"
            "    tools: [misc.read_and_die, misc.record_and_die]\n"
            "    prompt: \"use all tools, with 'a note'\"\n"), "--json")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        made = collections.Counter(line.split()[0] for line in calls.read_text().splitlines())
        self.assertEqual(made["record_and_die"], 1)
        self.assertGreater(made["read_and_die"], 1)
        told = [each["content"] for each in json.loads(self.simulator.bodies()[-1])["messages"]
                if each["role"] == "tool"]
        self.assertEqual(len(told), 2)
        for each in told:
            self.assertIn("fatal: out of luck", each)
        self.assertIn("unknown", " ".join(told))

    def test_a_journal_that_is_locked_stops_sending_and_says_so(self):
        chain = "".join(f"  t{i}: {{ {f'needs: t{i - 1}, ' if i else ''}model: deepseek-flash, "
                        f'max_tokens: 5, thinking: "off", prompt: Hi {i} }}\n' for i in range(200))
        process = subprocess.Popen([BINARY, "workflow", "run", self.write("tasks:\n" + chain)],
                                   cwd=self.folder, env=self.environment, text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        said = []
        for line in process.stderr:
            said.append(line)
            if line.startswith("t5: succeeded"):
                break
        journal = next(self.folder.glob("*.workflows"))
        other = sqlite3.connect(journal, isolation_level=None, timeout=30)
        other.execute("BEGIN IMMEDIATE")
        for line in process.stderr:
            said.append(line)
            if "takes nothing" in line:
                break
        self.assertIn("so nothing is sent until it does: ", said[-1])
        self.assertIn("locked", said[-1])
        asked = self.simulator.bodies()  # the last of them
        time.sleep(1)
        self.assertEqual(self.simulator.bodies(), asked)
        other.execute("COMMIT")
        other.close()
        said += process.stderr.readlines()
        process.stdout.close()
        process.stderr.close()
        self.assertEqual(process.wait(PATIENCE), 0, said[-5:])
        self.assertIn("the journal takes what is written again\n", said)

    def test_approve_lets_a_live_run_go_on(self):
        process = self.begin(GATED)
        self.until_asked()
        approved = self.workflow("approve", "last", "gate")
        self.assertEqual((approved.returncode, approved.stdout), (0, "approved\n"), approved.stderr)
        out, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0, errors)
        self.assertIn("Publish", json.loads(out)["outputs"]["said"])
        again = self.workflow("approve", "last", "gate")
        self.assertEqual(again.returncode, 1)
        self.assertIn("has ended", again.stderr)

    def test_reject_skips_what_depends_on_it(self):
        process = self.begin(GATED)
        self.until_asked()
        self.assertNotEqual(self.workflow("reject", "last", "draft").returncode, 0)
        rejected = self.workflow("reject", "last", "gate")
        self.assertEqual((rejected.returncode, rejected.stdout), (0, "rejected\n"), rejected.stderr)
        out, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 1, errors)
        self.assertEqual(json.loads(out)["state"], "partial")
        self.assertEqual(self.states(),
                         {"draft": "succeeded", "gate": "rejected", "publish": "skipped"})
        self.assertEqual(len(self.simulator.bodies()), 1)

    def test_fork_does_a_task_again_and_what_depends_on_it(self):
        ran = self.workflow("run", self.write(
            "inputs: { tone: { type: string, default: dry } }\n"
            "defaults: { model: deepseek-flash }\n"
            "tasks:\n"
            "  draft: { prompt: Draft. }\n"
            "  review: { needs: draft, prompt: \"Review, ${{ inputs.tone }}.\" }\n"
            "outputs: { said: \"${{ needs.review.output }}\" }\n"), "--json")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        first = json.loads(ran.stdout)["run"]
        self.simulator.reset()
        forked = self.workflow("fork", first, "--from", "review", "--set", "tone=warm", "--json")
        self.assertEqual(forked.returncode, 0, forked.stderr)
        self.assertIn("Review, warm.", json.loads(forked.stdout)["outputs"]["said"])
        self.assertEqual(len(self.simulator.bodies()), 1)
        second = json.loads(forked.stdout)["run"]
        report = json.loads(self.workflow("report", second, "--json").stdout)
        self.assertEqual((report["forked_from"], report["reused_tasks"], report["totals"]["attempts"]),
                         (first, 1, 1), report)
        paid = json.loads(self.workflow("report", first, "--json").stdout)["dearest"]
        self.assertEqual([report["reused_cost_nano_usd"]],
                         [each["cost_nano_usd"] for each in paid if each["task"] == "draft"])
        self.assertIn(f"{first}: 1 results taken over", self.workflow("report", second).stdout)

        compared = self.workflow("diff", first, second)
        self.assertEqual(compared.returncode, 0, compared.stderr)
        for line in ["  tone\n    @@ line 1 @@\n    -\"dry\"\n    +\"warm\"\n",
                     "\n1 tasks and items have in one of the two the result of an earlier run\n"]:
            self.assertIn(line, compared.stdout)
        self.assertRegex(compared.stdout, r"(?s)review\n.*output\n    @@ line 1 @@\n    -.*Review, dry\.")
        found = json.loads(self.workflow("diff", first, second, "--json").stdout)
        tasks = {task["task"]: task for task in found["tasks"]}
        self.assertEqual((tasks["draft"]["output_differs"], tasks["draft"]["right"]["reused_from"]),
                         (False, first))
        self.assertTrue(tasks["review"]["output_differs"])
        self.assertEqual((found["left"]["attempts"], found["right"]["attempts"]), (2, 1))
        self.assertEqual(self.workflow("diff", first, "r0nothing").returncode, 3)

        for arguments, code, message in [
                ((first, "--from", "reviev"), 2, "Did you mean review?"),
                ((first, "--from", "review", "--set", "tune=x"), 2,
                 "--set tune: the workflow has no such input. Did you mean tone?"),
                ((first, "--from", "review", "--set", "tone"), 2, "expected NAME=VALUE"),
                ((first[:-1], "--from", "review"), 3, f"Did you mean {first}")]:
            refused = self.workflow("fork", *arguments)
            self.assertEqual(refused.returncode, code, refused.stderr)
            self.assertIn(message, refused.stderr)

        process = self.begin(GATED)
        self.until_asked()
        early = self.workflow("fork", "last", "--from", "publish")
        self.assertEqual(early.returncode, 2, early.stderr)
        self.assertIn("has not ended: it is waiting_approval", early.stderr)
        process.terminate()

    def test_cancel_ends_a_task_or_the_run(self):
        process = self.begin(GATED)
        self.until_asked()
        cancelled = self.workflow("cancel", "last", "publish")
        self.assertEqual((cancelled.returncode, cancelled.stdout), (0, "cancelled\n"),
                         cancelled.stderr)
        self.assertEqual(self.states()["publish"], "cancelled")
        cancelled = self.workflow("cancel", "last")
        self.assertEqual((cancelled.returncode, cancelled.stdout), (0, "cancelled\n"),
                         cancelled.stderr)
        out, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 1, errors)
        self.assertEqual(json.loads(out)["state"], "cancelled")


if __name__ == "__main__":
    unittest.main()
