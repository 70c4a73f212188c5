"""Processes that share the runs of workflows in PostgreSQL. One is killed: the other finishes its runs, and no task
that had ended is sent again. One is stopped for longer than its lease: when it comes back it writes nothing."""

import collections
import json
import pathlib
import re
import signal
import sys
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "e2e"), str(TESTS / "support")]
from harness import EndToEnd, eventually
from with_postgres import Server

PATH = "/api/workflows"
RUNS, TASKS = 6, 8  # as many tasks as the simulator remembers, and some in reserve
LEASE = 4


def workflow(name):
    return f"name: {name}\ndefaults: {{ model: slow, max_tokens: 8, thinking: 'off' }}\ntasks:\n" + "".join(
        f"  t{i}: {{ {f'needs: t{i - 1}, ' if i else ''}prompt: \"<{name}-t{i}>\" }}\n" for i in range(TASKS))


class Sharing(EndToEnd):
    @classmethod
    def setUpClass(cls):
        cls.database = Server()
        cls.addClassCleanup(cls.database.stop)
        cls.database.start()
        super().setUpClass()

    @classmethod
    def config(cls):
        slow = {"provider": "deepseek", "name": "deepseek-v4-flash:fault=slow-chunks-40", "context": 400000,
                "max_output": 65536, "price": {"input": 1, "cached": 0.1, "output": 1}}
        return cls.simulator.config(models={"slow": slow}, workflows={"orphans": 1000}, state={
            "workflows": cls.database.url(), "workflow_lease": f"{LEASE}s"})

    def setUp(self):
        super().setUp()
        self.first, self.second = self.serve(self.config()), self.serve(self.config())

    def begin(self, gateway, name):
        answer = gateway.admin.post({"workflow": workflow(name)}, path=PATH)
        self.assertEqual(answer.status, 201, answer)
        return answer.json()["run"]

    def states(self):
        listed = self.second.admin.get(PATH)
        return {run["run"]: run["state"] for run in listed.json()["runs"]} if listed.status == 200 else {}

    def finish(self, runs, gateway):
        ended = eventually(self.states, lambda states: all(states.get(run) == "succeeded" for run in runs))
        self.assertEqual({ended.get(run) for run in runs}, {"succeeded"}, gateway.errors())

    def done_tasks(self, name):
        return int(self.database.query(
            "SELECT count(*) FROM task t JOIN run r ON r.id = t.run "
            f"WHERE r.name = '{name}' AND t.state = 'succeeded'"))

    def asked(self):
        return collections.Counter(re.search(r"<([\w-]+)>", body)[1] for body in self.simulator.bodies())

    def attempts(self, names):
        listed = ", ".join(f"'{name}'" for name in names)
        rows = self.database.query(
            "SELECT r.name || '-' || t.id || ' ' || a.state FROM attempt a JOIN task t ON t.run = a.run AND "
            f"t.task = a.task JOIN run r ON r.id = a.run WHERE r.name IN ({listed})").splitlines()
        return collections.Counter(tuple(row.split()) for row in rows)

    def check_counts(self, names, cut):
        """Every task is done once, and sent once more only where the process was cut off from its request."""
        attempts = self.attempts(names)
        orphans = collections.Counter({task: count for (task, state), count in attempts.items() if state == "orphaned"})
        done = {task: count for (task, state), count in attempts.items() if state == "done"}
        self.assertEqual(done, {f"{name}-t{i}": 1 for name in names for i in range(TASKS)})
        self.assertLessEqual(sum(orphans.values()), cut)
        asked = self.asked()
        self.assertEqual(set(asked), set(done))
        for task, count in asked.items():
            self.assertLessEqual(count, 1 + orphans[task], task)

    def test_who_is_killed_has_its_runs_finished_by_the_other(self):
        names = [f"kill{i}" for i in range(RUNS)]
        runs = [self.begin((self.first, self.second)[i % 2], name) for i, name in enumerate(names)]
        self.assertTrue(eventually(lambda: self.done_tasks("kill0"), lambda count: count >= 3))
        self.first.signal(signal.SIGKILL)
        self.first.wait()
        left = [name for name in names[::2] if self.done_tasks(name) < TASKS]
        self.assertTrue(left, "it was killed too late")
        self.finish(runs, self.second)
        self.check_counts(names, cut=len(names[::2]))

    def test_who_was_stopped_for_too_long_writes_nothing(self):
        names = ["stop0", "stop1"]
        runs = [self.begin(self.first, name) for name in names]
        self.assertTrue(eventually(lambda: self.done_tasks("stop0"), lambda count: count >= 3))
        self.first.signal(signal.SIGSTOP)
        self.assertLess(self.done_tasks("stop0"), TASKS)
        self.finish(runs, self.second)
        tables = ("run", "task", "attempt", "event", "lease")
        before = [self.database.query(f"SELECT count(*), md5(string_agg(x::text, '' ORDER BY x::text)) FROM {table} x")
                  for table in tables]
        self.first.signal(signal.SIGCONT)
        self.assertTrue(eventually(lambda: self.first.errors().count("workflow_run_held_up") >= 2),
                        self.first.errors())
        self.assertIn("another process has taken over run", self.first.errors())
        after = [self.database.query(f"SELECT count(*), md5(string_agg(x::text, '' ORDER BY x::text)) FROM {table} x")
                 for table in tables]
        self.assertEqual(before, after)
        self.check_counts(names, cut=2)

    def test_the_database_restarts_under_runs(self):
        names = ["away0", "away1"]
        runs = [self.begin(gateway, name) for gateway, name in zip((self.first, self.second), names)]
        self.assertTrue(eventually(lambda: self.done_tasks("away0"), lambda count: count >= 2))
        self.database.kill()
        self.database.start()
        self.finish(runs, self.first)
        self.check_counts(names, cut=0)


if __name__ == "__main__":
    unittest.main()
