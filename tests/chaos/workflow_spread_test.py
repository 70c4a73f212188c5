"""Processes that work on one run in PostgreSQL: its owner gives requests to the others. A helper is killed or stopped
in the middle of its requests, or the owner is: the run ends as it would have, what had an answer is not asked again,
and what may have been is shown as orphaned with its reserved cost."""

import collections
import pathlib
import random
import re
import signal
import sys
import time
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "e2e"), str(TESTS / "support")]
from harness import Gateway, Simulator, eventually
from with_postgres import Server

PATH = "/api/workflows"
TASKS = 40  # of a run, side by side
REMEMBERED = 100  # requests, by the simulator
KEEP = 4    # requests that a gateway makes itself before it gives any away
ENDED_IN = 30  # seconds; also after a process died
CHAOS_RUNS = 4


def workflow(name):
    return (f"name: {name}\nrun: {{ max_parallel: 24 }}\n"
            "defaults: { model: slow, max_tokens: 30, thinking: 'off' }\ntasks:\n" +
            "".join(f"  t{i}: {{ prompt: \"<{name}-t{i}>\" }}\n" for i in range(TASKS)) +
            f"  last: {{ needs: [{', '.join(f't{i}' for i in range(TASKS))}], prompt: \"<{name}-last>\" }}\n"
            "outputs: { said: \"${{ needs.last.output }}\" }\n")


class Processes(unittest.TestCase):
    lease = 3

    @classmethod
    def setUpClass(cls):
        cls.database = Server()
        cls.addClassCleanup(cls.database.stop)
        cls.database.start()
        cls.simulator = Simulator()
        cls.addClassCleanup(cls.simulator.stop)

    def setUp(self):
        self.simulator.reset()
        earlier = self.there()  # of processes that were killed
        self.owner, *self.helpers = [self.serve() for _ in range(3)]
        self.assertTrue(eventually(lambda: len(self.there() - earlier) == 3))

    def there(self):
        """The processes that offer help. Those that were killed stay for a while."""
        tables = self.number("SELECT count(*) FROM pg_tables WHERE tablename = 'helper'")
        return set(self.database.query("SELECT name FROM helper").split()) if tables else set()

    def serve(self):
        slow = {"provider": "deepseek", "name": "deepseek-v4-flash:fault=slow-chunks-60", "context": 400000,
                "max_output": 65536, "price": {"input": 1, "cached": 0.1, "output": 1}}
        gateway = Gateway(self.simulator.config(
            models={"slow": slow}, workflows={"keep": KEEP, "help": 8, "orphans": 1000},
            state={"workflows": self.database.url(), "workflow_lease": f"{self.lease}s"}))
        self.addCleanup(gateway.stop)
        return gateway

    def begin(self, gateway, name):
        answer = gateway.admin.post({"workflow": workflow(name)}, path=PATH)
        self.assertEqual(answer.status, 201, answer)
        return answer.json()["run"]

    def number(self, sql):
        return int(self.database.query(sql) or 0)

    def claimed(self):
        rows = self.database.query("SELECT r.name || '-' || t.id FROM offer o JOIN task t ON t.run = o.run AND "
                                   "t.task = o.task JOIN run r ON r.id = o.run WHERE o.state = 'claimed'")
        return set(rows.split())

    def all_claimed(self):
        """Once both helpers have claimed something."""
        self.assertTrue(eventually(lambda: self.number(
            "SELECT count(DISTINCT helper) FROM offer WHERE state = 'claimed'") == 2))

    def finish(self, names):
        listed = ", ".join(f"'{name}'" for name in names)
        ended = eventually(lambda: self.number(
            f"SELECT count(*) FROM run WHERE name IN ({listed}) AND state = 'succeeded'"),
            lambda count: count == len(names), patience=ENDED_IN)
        states = self.database.query(f"SELECT name, state, reason FROM run WHERE name IN ({listed})")
        self.assertEqual(ended, len(names), states)

    def check(self, names):
        """Each task is done once; it is asked for once more only where the process that asked was cut off. Gives the
        orphans."""
        rows = self.database.query(
            "SELECT r.name || '-' || t.id || ' ' || a.state FROM attempt a JOIN task t ON t.run = a.run AND "
            "t.task = a.task JOIN run r ON r.id = a.run WHERE r.name IN (" +
            ", ".join(f"'{name}'" for name in names) + ")").splitlines()
        attempts = collections.Counter(tuple(row.split()) for row in rows)
        orphans = collections.Counter({task: count for (task, state), count in attempts.items() if state == "orphaned"})
        done = {task: count for (task, state), count in attempts.items() if state == "done"}
        all_tasks = [f"{name}-{task}" for name in names for task in [f"t{i}" for i in range(TASKS)] + ["last"]]
        self.assertEqual(done, {task: 1 for task in all_tasks})
        self.assertEqual({state for _, state in attempts}, {"done"} | ({"orphaned"} if orphans else set()))
        served = self.simulator.open()["served"]
        self.assertGreaterEqual(served, len(done))
        self.assertLessEqual(served, len(done) + sum(orphans.values()))
        if served <= REMEMBERED:
            asked = collections.Counter(re.search(r"<([\w-]+)>", body)[1] for body in self.simulator.bodies())
            self.assertEqual(set(asked), set(done))
            for task, count in asked.items():
                self.assertLessEqual(count, 1 + orphans[task], task)
        self.assertEqual(self.number("SELECT count(*) FROM attempt WHERE state = 'orphaned' AND "
                                     "(cost_nano <> reserved_nano OR cost_nano = 0)"), 0)
        self.assertEqual(self.number("SELECT count(*) FROM offer"), 0)
        return orphans

    def made_by(self, name):
        """How many requests each process made, its owner's under the empty name."""
        rows = self.database.query("SELECT coalesce(made_by, ''), count(*) FROM attempt a JOIN run r ON r.id = a.run "
                                   f"WHERE r.name = '{name}' AND a.state = 'done' GROUP BY 1").splitlines()
        return {helper: int(count) for helper, count in (row.split("|") for row in rows)}


class Spread(Processes):
    def test_all_make_requests_of_one_run(self):
        self.begin(self.owner, "all")
        self.finish(["all"])
        self.assertFalse(self.check(["all"]))
        made = self.made_by("all")
        self.assertEqual(len(made), 3, made)
        self.assertGreaterEqual(min(made.values()), 3, made)
        ledger = [len(gateway.select()) for gateway in (self.owner, *self.helpers)]
        self.assertTrue(eventually(lambda: sum(len(gateway.select()) for gateway in (self.owner, *self.helpers))
                                   == TASKS + 1), ledger)

    def test_a_helper_is_killed(self):
        self.begin(self.owner, "helper-killed")
        self.all_claimed()
        self.helpers[0].signal(signal.SIGKILL)
        self.helpers[0].wait()
        self.finish(["helper-killed"])
        orphans = self.check(["helper-killed"])
        self.assertTrue(orphans, "it was killed too late")
        self.assertLessEqual(sum(orphans.values()), 8)

    def test_the_owner_is_killed(self):
        self.begin(self.owner, "owner-killed")
        self.all_claimed()
        claimed = self.claimed()
        self.owner.signal(signal.SIGKILL)
        self.owner.wait()
        self.finish(["owner-killed"])
        orphans = self.check(["owner-killed"])
        self.assertTrue(claimed)
        self.assertFalse(claimed & set(orphans), "what a helper had was asked for again")

    def test_a_helper_is_stopped_for_longer_than_its_lease(self):
        self.begin(self.owner, "helper-stopped")
        self.all_claimed()
        stopped = self.helpers[0]
        stopped.signal(signal.SIGSTOP)
        self.finish(["helper-stopped"])
        before = self.database.query("SELECT md5(string_agg(x::text, '' ORDER BY x::text)) FROM attempt x")
        stopped.signal(signal.SIGCONT)
        self.assertTrue(eventually(lambda: self.number("SELECT count(*) FROM helper") == 3))
        orphans = self.check(["helper-stopped"])
        self.assertTrue(orphans, "it was stopped too late")
        self.assertEqual(before, self.database.query(
            "SELECT md5(string_agg(x::text, '' ORDER BY x::text)) FROM attempt x"))
        # It is one of them again.
        self.simulator.reset()
        self.begin(self.owner, "again")
        self.finish(["again"])
        self.assertEqual(len(self.made_by("again")), 3)

    def test_the_owner_is_stopped_for_longer_than_its_lease(self):
        self.begin(self.owner, "owner-stopped")
        self.all_claimed()
        claimed = self.claimed()
        self.owner.signal(signal.SIGSTOP)
        self.finish(["owner-stopped"])
        self.owner.signal(signal.SIGCONT)
        self.assertTrue(eventually(lambda: "another process has taken over run" in self.owner.errors()))
        orphans = self.check(["owner-stopped"])
        self.assertFalse(claimed & set(orphans), "what a helper had was asked for again")

    def test_a_run_is_cancelled_everywhere(self):
        run = self.begin(self.owner, "cancelled")
        self.all_claimed()
        answer = self.owner.admin.post({}, path=f"{PATH}/{run}/cancel")
        self.assertIn(answer.status, (200, 202), answer)
        self.assertTrue(eventually(lambda: self.number(
            "SELECT count(*) FROM run WHERE name = 'cancelled' AND state = 'cancelled'") == 1))
        self.assertEqual(self.number("SELECT count(*) FROM offer"), 0)
        self.assertEqual(eventually(lambda: self.simulator.open()["in_flight"], lambda count: count == 0), 0)

    def test_processes_die_at_random(self):
        """One of three at a time, while runs that all of them began go on; another takes its place."""
        names = [f"chaos{i}" for i in range(CHAOS_RUNS)]
        gateways = [self.owner, *self.helpers]
        for i, name in enumerate(names):
            self.begin(gateways[i % 3], name)
        seed = time.time_ns()
        chance = random.Random(seed)
        kills = 0
        while kills < 8 and self.number("SELECT count(*) FROM run WHERE name LIKE 'chaos%' AND state = 'running'"):
            time.sleep(chance.uniform(0.05, 0.5))
            victim = chance.randrange(3)
            gateways[victim].signal(signal.SIGKILL)
            gateways[victim].wait()
            gateways[victim] = self.serve()
            kills += 1
        self.finish(names)
        orphans = self.check(names)
        requests = self.simulator.open()["served"]
        print(f"{kills} kills, {requests} requests for {len(names) * (TASKS + 1)} tasks, "
              f"{sum(orphans.values())} orphans, seed {seed}", file=sys.stderr)


class DefaultLease(Processes):
    """How long it takes until what a process had in hand is taken over. One that is stopped is not heard of any more,
    as if its machine were gone; of one that was killed, the others on its machine see that it is."""

    lease = 20

    def sent_again(self, run, since):
        """Seconds until the first task of the run that was in flight was sent again."""
        found = self.database.query(
            f"SELECT min(n.sent_us) / 1e6 - {since} FROM attempt n JOIN attempt o ON o.run = n.run AND o.task = n.task AND "
            f"o.number < n.number AND o.state = 'orphaned' JOIN run r ON r.id = n.run WHERE r.name = '{run}'")
        return float(found) if found else None

    def seconds_after(self, sign):
        """Of the process that owns one run and helps with another one."""
        owned, helped = f"owned-{sign.name}", f"helped-{sign.name}"
        self.begin(self.helpers[0], helped)
        self.assertTrue(eventually(lambda: self.number(
            f"SELECT count(*) FROM offer o JOIN run r ON r.id = o.run WHERE r.name = '{helped}' AND o.state = 'claimed' "
            f"AND o.helper LIKE '%/{self.owner.process.pid}/%'")))
        self.begin(self.owner, owned)
        self.assertTrue(eventually(lambda: self.number(
            f"SELECT count(*) FROM attempt a JOIN run r ON r.id = a.run WHERE r.name = '{owned}' AND a.state = 'sent'")))
        self.owner.signal(sign)
        if sign == signal.SIGKILL:
            self.owner.wait()
        since = time.time()
        both = [eventually(lambda: self.sent_again(run, since), lambda seconds: seconds is not None, ENDED_IN)
                for run in (owned, helped)]
        for seconds, whose in zip(both, ("owner", "helper")):
            self.assertIsNotNone(seconds, f"the tasks of the {whose} were not taken over within {ENDED_IN} s")
            print(f"{sign.name}: what the {whose} had was sent again after {seconds:.1f} s", file=sys.stderr)
        self.finish([owned, helped])
        self.check([owned, helped])

    def test_a_process_that_is_not_heard_of(self):
        self.seconds_after(signal.SIGSTOP)
        self.owner.signal(signal.SIGCONT)

    def test_a_process_that_was_killed(self):
        self.seconds_after(signal.SIGKILL)


if __name__ == "__main__":
    unittest.main()
