"""Gateways that share budgets through Redis (docs/many-gateways.md): what they spend together, and what they do when
Redis or one of them fails. Each has a ledger of its own."""

import json
import threading
import time
import unittest

from harness import EndToEnd, chat, eventually, user
from redis_server import Redis

# Dollars per million tokens: an answer of 100 tokens costs a tenth of a cent.
HOUSE = {"provider": "deepseek", "name": "deepseek-v4-flash", "context": 100000, "max_output": 100,
         "price": {"input": 1, "cached": 1, "output": 10}}
NANO = 10**9


class SharedBudgets(EndToEnd):
    def setUp(self):
        super().setUp()
        self.redis = Redis()
        self.addCleanup(self.redis.stop)

    def gateways(self, count, budgets, **state):
        self.configuration = self.simulator.config(
            models={"house": HOUSE}, routes={"main": {"model": "house"}}, policy=[{"route": "main"}],
            budgets=budgets, workers=1,
            state={"limits": f"redis://127.0.0.1:{self.redis.port}/0", "gateways": count} | state)
        gateways = [self.serve(self.configuration) for _ in range(count)]
        for gateway in gateways:
            self.connected(gateway, 1)
            eventually(gateway.metrics, lambda m: m["tidegate_gateways"] == count)
        return gateways

    def connected(self, gateway, value):
        self.assertEqual(eventually(gateway.metrics, lambda m: m["tidegate_redis_connected"] == value)
                         ["tidegate_redis_connected"], value)

    def house(self, gateway, headers=None):
        return gateway.post(chat("house", max_tokens=100), headers)

    def storm(self, gateways, seconds, threads=3):
        """Everybody asks as fast as answers come, until its gateway says that the money is spent."""
        end = time.monotonic() + seconds
        answers = []

        def ask(gateway):
            while time.monotonic() < end:
                try:
                    answer = self.house(gateway)
                except OSError:
                    return
                answers.append(answer)
                if answer.status == 429 and answer.headers["retry-after"] is None:
                    return
        pool = [threading.Thread(target=ask, args=(each,)) for each in gateways for _ in range(threads)]
        for thread in pool:
            thread.start()
        for thread in pool:
            thread.join()
        return answers

    def ledgers(self, gateways):
        return sum(row["cost_nano"] or 0 for gateway in gateways for row in gateway.select())

    def standing(self, gateway):
        return gateway.admin.get("/api/budgets").json()["budgets"][0]

    def spent(self):
        """By whom, as Redis has it."""
        words = self.redis.command("HGETALL", self.redis.command("--raw", "KEYS", "tidegate:budget:*")).split("\n")
        return {who[1:]: int(value) for who, value in zip(words[::2], words[1::2]) if who.startswith("s")}

    def test_together_they_spend_one_budget(self):
        gateways = self.gateways(3, [{"scope": "global", "usd": 0.3, "per": "day"}])
        answers = self.storm(gateways, 20)
        self.assertEqual({answer.status for answer in answers}, {200, 429})
        refused = [a for a in answers if a.status == 429]
        self.assertEqual(len([a for a in refused if a.headers["retry-after"] is None]), 9)
        spent = eventually(lambda: self.ledgers(gateways), lambda cost: cost == sum(self.spent().values()))
        self.assertEqual(spent, sum(self.spent().values()))
        # No attempt was dearer than what was reserved for it, so there is nothing above the budget.
        self.assertLessEqual(spent, 0.3 * NANO)
        self.assertGreater(spent, 0.29 * NANO)
        for gateway in gateways:  # nobody was left out, and everybody knows
            self.assertGreater(self.ledgers([gateway]), spent / 20)
            standing = eventually(lambda: self.standing(gateway), lambda s: s["spent_nanodollars"] == spent)
            self.assertEqual(standing["spent_nanodollars"], spent)
        self.assertIsNone(answers[0].headers["x-tidegate-notes"])

    def test_a_small_budget_of_each_is_one(self):
        one, two = self.gateways(2, [{"scope": "task", "usd": 0.0035, "per": "total"}])
        task = {"x-tidegate-task": "a"}
        statuses = []
        for _ in range(8):
            for gateway in (one, two):
                answer = eventually(lambda: self.house(gateway, task), lambda a: a.headers["retry-after"] is None)
                statuses.append(answer.status)
        self.assertLessEqual(self.ledgers([one, two]), 0.0035 * NANO)
        self.assertEqual(statuses[:2], [200, 200])
        self.assertEqual(set(statuses[6:]), {429})
        self.assertEqual(self.house(two, {"x-tidegate-task": "b"}).status, 200)

    def test_a_gateway_that_comes_again_is_counted_once(self):
        one, two = self.gateways(2, [{"scope": "global", "usd": 1, "per": "total"}])
        for _ in range(20):
            self.assertEqual(self.house(one).status, 200)
        eventually(lambda: len(one.select()), lambda rows: rows == 20)
        one.restart(9)
        self.connected(one, 1)
        self.assertEqual(self.house(one).status, 200)
        self.assertEqual(self.house(two).status, 200)
        spent = eventually(self.spent, lambda said: len(said) == 2 and sum(said.values()) == self.ledgers([one, two]))
        self.assertEqual(sum(spent.values()), self.ledgers([one, two]))
        self.assertEqual(len(spent), 2)

    def test_the_lease_of_a_dead_gateway_comes_back(self):
        one, two = self.gateways(2, [{"scope": "global", "usd": 0.05, "per": "day"}])
        held = self.hold(two)
        two.process.kill()
        two.process.wait()
        held.close()
        leases = lambda: {k: v for k, v in zip(*[iter(self.redis.command(
            "HGETALL", self.redis.command("KEYS", "tidegate:budget:*")).split("\n"))] * 2) if k.startswith("l")}
        self.assertTrue(leases())
        answers = self.storm([one], 20, threads=1)
        refused = [a for a in answers if a.status == 429]
        spent = eventually(lambda: self.ledgers([one]), lambda cost: cost > 0.048 * NANO)
        self.assertGreater(spent, 0.048 * NANO)
        self.assertLessEqual(spent, 0.05 * NANO)
        self.assertTrue(all(a.headers["retry-after"] in ("1", None) for a in refused))

    def hold(self, gateway):
        connection = gateway.connect()
        connection.request("POST", "/v1/chat/completions",
                           json.dumps(chat("house", max_tokens=100, stream=True)), {"x-sim-fault": "hang-stream-1"})
        self.assertEqual(connection.getresponse().status, 200)
        return connection

    def test_without_redis_each_goes_on_with_its_share_and_reconciles(self):
        gateways = self.gateways(2, [{"scope": "global", "usd": 0.2, "per": "day"}])
        for gateway in gateways:
            for _ in range(10):
                self.assertEqual(self.house(gateway).status, 200)
        before = self.ledgers(gateways)
        for gateway in gateways:
            eventually(lambda: self.standing(gateway)["spent_nanodollars"], lambda spent: spent == before)
        self.redis.kill()
        for gateway in gateways:
            self.connected(gateway, 0)
        answer = self.house(gateways[0])
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["x-tidegate-notes"], "shared budgets away: 1/2 of what was left")
        self.storm(gateways, 3)  # ends before the money does, or where each has spent its half
        self.assertLessEqual(self.ledgers(gateways), 0.2 * NANO)
        self.assertGreater(self.ledgers(gateways), before)
        self.redis.start()  # empty
        for gateway in gateways:
            self.connected(gateway, 1)
        known = eventually(lambda: sum(self.spent().values()), lambda sum: sum == self.ledgers(gateways))
        self.assertEqual(known, self.ledgers(gateways))
        self.storm(gateways, 20)
        spent = eventually(lambda: self.ledgers(gateways), lambda cost: cost == sum(self.spent().values()))
        self.assertLessEqual(spent, 0.2 * NANO)
        self.assertGreater(spent, 0.19 * NANO)

    def test_a_server_that_lost_its_memory_learns_what_the_dead_spent(self):
        one, two = self.gateways(2, [{"scope": "global", "usd": 0.1, "per": "day"}])
        for _ in range(20):
            self.assertEqual(self.house(two).status, 200)
        eventually(lambda: sum(self.spent().values()), lambda sum: sum == self.ledgers([two]))
        self.assertEqual(self.house(one).status, 200)
        gone = self.ledgers([two])
        # What Redis alone had heard of the dead would be gone with it.
        eventually(lambda: self.standing(one)["spent_nanodollars"], lambda spent: spent == self.ledgers([one, two]))
        two.process.kill()
        two.process.wait()
        self.redis.kill()
        self.connected(one, 0)
        self.redis.start()
        self.connected(one, 1)
        self.storm([one], 20)
        self.assertLessEqual(self.ledgers([one]) + gone, 0.1 * NANO)
        self.assertGreater(self.ledgers([one]), gone)

    def test_a_new_gateway_learns_what_is_spent(self):
        one, = self.gateways(1, [{"scope": "global", "usd": 0.02, "per": "day"}])
        self.storm([one], 20)
        two = self.serve(self.configuration)
        self.connected(two, 1)
        answer = eventually(lambda: self.house(two), lambda a: a.headers["retry-after"] is None)
        self.assertEqual(answer.status, 429)
        self.assertIn("is left", answer.error()["message"])


if __name__ == "__main__":
    unittest.main()
