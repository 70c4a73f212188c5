"""A process that is not heard of for longer than its lease loses its run to another one. When it comes
back, it writes nothing more and sends nothing more, and no task is answered twice."""

import collections
import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from harness import BINARY, PATIENCE, Simulator

TASKS = 80  # as many as the simulator remembers, and some in reserve
LEASE = 20


class Takeover(unittest.TestCase):
    def test_who_was_stopped_for_too_long(self):
        simulator = Simulator()
        self.addCleanup(simulator.stop)
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        (self.folder / "tidegate.yaml").write_text(json.dumps(simulator.config()))
        (self.folder / "w.yaml").write_text("tasks:\n" + "".join(
            f"  t{i}: {{ {f'needs: t{i - 1}, ' if i else ''}model: deepseek-flash, max_tokens: 5, "
            f'thinking: "off", prompt: "<t{i}>" }}\n' for i in range(TASKS)))

        first = self.start("run", "w.yaml")
        for line in first.stderr:
            if line.startswith("t5: succeeded"):
                break
        self.stop_between_commits(first)
        at_once = self.start("resume", "last")
        said = at_once.communicate(timeout=PATIENCE)[1]
        self.assertEqual(at_once.returncode, 3)
        self.assertIn("is being worked on by another process", said)

        time.sleep(LEASE + 1)
        second = self.start("resume", "last")
        for line in second.stderr:
            if ": succeeded" in line:
                break
        first.send_signal(signal.SIGCONT)
        said = first.communicate(timeout=PATIENCE)[1]
        self.assertEqual(first.returncode, 1, said)
        self.assertIn("another process has taken over run", said)
        said = second.communicate(timeout=PATIENCE)[1]
        self.assertEqual(second.returncode, 0, said)

        with sqlite3.connect(next(self.folder.glob("*.workflows"))) as journal:
            states = collections.Counter(
                state for state, in journal.execute("SELECT state FROM attempt"))
        journal.close()
        self.assertEqual(states["done"], TASKS)
        self.assertLessEqual(states["orphaned"], 1)
        asked = collections.Counter(re.search(r"<t\d+>", body)[0] for body in simulator.bodies())
        self.assertEqual(len(asked), TASKS)
        self.assertLessEqual(sum(asked.values()), TASKS + states["orphaned"])

    def stop_between_commits(self, process):
        """Who is stopped in the middle of one has SQLite's lock until it goes on."""
        path, = self.folder.glob("*.workflows")
        for _ in range(100):
            process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, process.pid, os.WSTOPPED)  # all its threads; until then it may still commit
            journal = sqlite3.connect(path, timeout=0, isolation_level=None)
            try:
                journal.execute("BEGIN IMMEDIATE")
                journal.execute("ROLLBACK")
                return
            except sqlite3.OperationalError:
                process.send_signal(signal.SIGCONT)
                time.sleep(0.01)
            finally:
                journal.close()
        self.fail("the journal is never free")

    def start(self, *arguments):
        process = subprocess.Popen([BINARY, "workflow", *arguments], cwd=self.folder, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env={name: value for name, value in os.environ.items()
                                        if not name.endswith("_API_KEY")})

        def end():
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.addCleanup(end)
        return process


if __name__ == "__main__":
    unittest.main()
