"""Gateways that share limits through Redis (docs/many-gateways.md): what they admit together, and what they do
when Redis, the way to it, or one of them fails."""

import concurrent.futures
import http.client
import json
import threading
import time
import unittest

from harness import EndToEnd, chat, eventually, user
from redis_server import Proxy, Redis

SECOND = {"requests_per_second": 100, "burst": 0.5, "queue_time": "0s", "adaptive": False}
HANG = {"x-sim-fault": "hang-stream-1"}


class ManyGateways(EndToEnd):
    def setUp(self):
        super().setUp()
        self.redis = Redis()
        self.addCleanup(self.redis.stop)

    def gateways(self, count, limits, port=None, changes=None, **state):
        config = self.simulator.config(limits=limits, workers=1, state={
            "limits": f"redis://127.0.0.1:{port or self.redis.port}/0", **state}, **(changes or {}))
        gateways = [self.serve(config) for _ in range(count)]
        for gateway in gateways:
            eventually(gateway.metrics, lambda m: m["tidegate_redis_connected"] == 1
                       and m["tidegate_gateways"] == count)
        return gateways

    def storm(self, gateways, seconds, threads=8):
        """Everybody asks as fast as answers come, as long as its gateway lives. Admitted at times since the start."""
        begin = time.monotonic()
        admitted = []

        def ask(gateway):
            while (now := time.monotonic()) < begin + seconds:
                try:
                    answer = gateway.post(chat())
                except (OSError, http.client.HTTPException):
                    gateway.process.wait(1)  # raises for one that lives
                    return
                if answer.status == 200:
                    admitted.append(now - begin)
        pool = [threading.Thread(target=ask, args=(gateway,))
                for gateway in gateways for _ in range(threads)]
        for thread in pool:
            thread.start()
        for thread in pool:
            thread.join()
        return admitted

    def connected(self, gateway, value):
        metric = eventually(gateway.metrics, lambda m: m["tidegate_redis_connected"] == value)
        self.assertEqual(metric["tidegate_redis_connected"], value)

    def test_a_small_limit_is_one_limit(self):
        one, two = self.gateways(2, {"requests_per_minute": 6, "queue_time": "0s"})
        statuses = [gateway.post(chat()).status for _ in range(6) for gateway in (one, two)]
        self.assertEqual(statuses.count(200), 6)
        self.assertEqual(statuses[:2], [200, 200])
        refused = one.post(chat())
        self.assertEqual(refused.status, 429)
        self.assertIn(int(refused.headers["retry-after"]), range(1, 11))
        self.assertEqual(refused.headers["x-ratelimit-limit-requests"], "6")

    def test_together_they_admit_what_one_would(self):
        gateways = self.gateways(3, SECOND)
        admitted = len(self.storm(gateways, 3))
        # rate x time + burst, and what is leased and not yet spent. Four times as many are offered.
        self.assertLessEqual(admitted, 100 * 3 + 50 + 10)
        self.assertGreaterEqual(admitted, (100 * 3 + 50) * 0.85)
        for gateway in gateways:  # nobody was left out
            passed = gateway.metrics()['tidegate_limit_requests_total{scope="global",name=""}']
            self.assertGreater(passed, admitted / 3 / 3)

    def test_a_killed_gateway_costs_no_more_than_its_leases(self):
        gateways = self.gateways(3, SECOND)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            storm = pool.submit(self.storm, gateways, 4)
            eventually(gateways[2].metrics, lambda m: m["tidegate_limit_leases"] > 0)
            gateways[2].process.kill()
            admitted = storm.result()
        # Nobody holds more than half of the burst divided by three.
        self.assertLessEqual(len(admitted), 100 * 4 + 50 + 3 * 9)
        # The others go on, and are not held up by what the dead one had.
        self.assertGreaterEqual(sum(at >= 2 for at in admitted), 100 * 2 * 0.85)

    def test_tokens_are_settled_for_all(self):
        one, two = self.gateways(2, {"tokens_per_minute": 30000, "queue_time": "0s"})
        for gateway in (one, two):
            self.assertEqual(gateway.post(chat(max_tokens=20000)).status, 200)
        # What the first did not use is there for the second, and both are nearly full again.
        rest = eventually(lambda: self.level("limit:global::tokens_per_minute"),
                          lambda level: level > 29000)
        self.assertGreater(rest, 29000)

    def level(self, name):
        return float(self.redis.command("HGET", f"tidegate:{name}", "level") or 0)

    def test_slots_are_shared_and_come_back(self):
        # Time to ask for a slot: with none, whoever has no lease yet would be refused.
        one, two = self.gateways(2, {"max_concurrent": 2, "queue_time": "1s"})
        first, second = self.hold(one), self.hold(two)
        self.assertEqual((one.post(chat()).status, two.post(chat()).status), (429, 429))
        first()
        self.assertEqual(eventually(lambda: two.post(chat()).status, lambda s: s == 200), 200)
        second()

    def hold(self, gateway):
        connection = gateway.connect()
        connection.request("POST", "/v1/chat/completions", json.dumps(chat(stream=True)), HANG)
        response = connection.getresponse()
        self.assertEqual(response.status, 200)
        response.readline()

        def leave():
            response.close()
            connection.close()
        self.addCleanup(leave)
        return leave

    def test_slots_of_a_dead_gateway_come_back(self):
        one, two = self.gateways(2, {"max_concurrent": 1, "queue_time": "8s"})
        self.hold(two)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(one.post, chat())
            two.process.kill()
            self.assertEqual(waiting.result().status, 200)

    def test_a_waiter_wakes_when_a_slice_comes(self):
        one, two = self.gateways(2, {"max_concurrent": 1, "queue_time": "8s"})
        leave = self.hold(one)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(two.post, chat())
            eventually(two.metrics,
                       lambda m: m['tidegate_limit_waiting{scope="global",name=""}'] == 1)
            leave()
            self.assertEqual(waiting.result().status, 200)

    def test_a_target_limit_is_asked_for_before_another_target_is(self):
        gateway, = self.gateways(1, {"scopes": [{"scope": "model", "requests_per_minute": 60}]},)
        answer = gateway.post(chat("deepseek-v4-flash"))
        self.assertEqual((answer.status, answer.model), (200, "deepseek-v4-flash"))
        self.assertIsNone(answer.headers["x-tidegate-notes"])

    def test_without_redis_each_takes_its_share_and_says_so(self):
        gateways = self.gateways(2, SECOND)
        self.redis.kill()
        for gateway in gateways:
            self.connected(gateway, 0)
        admitted = self.storm(gateways, 2)
        # Each half of the rate and of what was left.
        self.assertLessEqual(len(admitted), 100 * 2.3 + 50 + 10)
        self.assertGreaterEqual(len(admitted), 100 * 2 * 0.85)
        answer = eventually(lambda: gateways[0].post(chat()), lambda a: a.status == 200)
        self.assertEqual(answer.headers["x-tidegate-notes"], "shared limits away: 1/2 of each")
        ready = gateways[0].admin.get("/readyz")
        self.assertEqual(ready.status, 200)
        shared = json.loads(ready.body)["shared_limits"]
        self.assertFalse(shared["available"])
        self.assertIn("Connection refused", shared["last_error"])
        self.redis.start()
        for gateway in gateways:
            self.connected(gateway, 1)
        # The server is empty, but what was spent is not forgotten.
        admitted = self.storm(gateways, 1)
        self.assertLessEqual(len(admitted), 100 * 1.3 + 50)
        answer = eventually(lambda: gateways[0].post(chat()), lambda a: a.status == 200)
        self.assertNotIn("away", answer.headers["x-tidegate-notes"] or "")
        self.assertTrue(json.loads(gateways[0].admin.get("/readyz").body)["shared_limits"]["available"])

    def test_a_slow_or_cut_way_counts_as_away(self):
        proxy = Proxy(self.redis.port)
        self.addCleanup(proxy.stop)
        gateway, = self.gateways(1, SECOND, proxy.port)
        for fault in ("slow", "cut"):
            with self.subTest(fault):
                proxy.delay, proxy.cut = (0.5, False) if fault == "slow" else (0, True)
                self.connected(gateway, 0)
                begin = time.monotonic()
                answer = eventually(lambda: gateway.post(chat()), lambda a: a.status == 200)
                self.assertEqual(answer.headers["x-tidegate-notes"], "shared limits away: 1/1 of each")
                self.assertLess(time.monotonic() - begin, 2)
                proxy.delay, proxy.cut = 0, False
                self.connected(gateway, 1)

    def test_two_configurations_of_one_limit_are_one_account(self):
        large, = self.gateways(1, {"requests_per_second": 100, "burst": 0.5, "queue_time": "0s"})
        config = self.simulator.config(
            limits={"requests_per_second": 10, "burst": 0.5, "queue_time": "0s"},
            state={"limits": f"redis://127.0.0.1:{self.redis.port}/0", "gateways": 2})
        small = self.serve(config)
        self.connected(small, 1)
        alone = self.storm([small], 2)
        self.assertLessEqual(len(alone), 10 * 2.3 + 5 + 5)
        both = self.storm([large, small], 2)
        # The larger one's numbers bound both together; the smaller one's do not hold the other back to theirs.
        self.assertLessEqual(len(both), 100 * 2.3 + 50)
        self.assertGreaterEqual(len(both), 50)

    def test_a_breaker_that_opens_is_open_on_all(self):
        one, two = self.gateways(2, SECOND, changes={
            "retry": {"attempts": 1}, "breaker": {"failures": 2, "open_for": "1m"}})
        for _ in range(2):
            one.post(chat(), {"x-sim-fault": "500"})
        answer = eventually(lambda: two.post(chat()), lambda a: a.status != 200)
        self.assertEqual(answer.status, 503)
        self.assertIn("is not asked for a while", answer.error()["message"])
        self.assertGreater(int(answer.headers["retry-after"]), 30)

    def test_a_task_keeps_its_route_wherever_it_comes(self):
        one, two = self.gateways(2, SECOND, changes={
            "routes": {"first": {"model": "deepseek-v4-flash"}, "second": {"model": "gpt-5.5"}},
            "policy": [{"when": "messages > 1", "route": "second"}, {"route": "first"}]})
        longer = chat("auto") | {"messages": [user("Hi"), {"role": "assistant", "content": "Hello"}, user("Go on")]}
        task = {"x-tidegate-task": "job-7"}
        self.assertEqual(one.post(longer).route, "second")
        self.assertEqual(one.post(chat("auto"), task).route, "first")
        time.sleep(1)
        answer = two.post(longer, task)
        self.assertEqual(answer.route, "first")
        self.assertIn("sticky: the task stays on first", answer.headers["x-tidegate-reason"])

    def test_a_gateway_starts_without_redis(self):
        self.redis.kill()
        config = self.simulator.config(limits=SECOND, state={
            "limits": f"redis://127.0.0.1:{self.redis.port}", "gateways": 4})
        gateway = self.serve(config)
        answer = gateway.post(chat())
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["x-tidegate-notes"], "shared limits away: 1/4 of each")
        self.assertIn("redis_away", eventually(gateway.errors, lambda log: "redis_away" in log))

    def test_a_wrong_password_is_said_and_never_shown(self):
        guarded = Redis("--requirepass", "the right one")
        self.addCleanup(guarded.stop)
        config = self.simulator.config(limits=SECOND, state={
            "limits": f"redis://:${{REDIS_PASSWORD}}@127.0.0.1:{guarded.port}"})
        gateway = self.serve(config, {"REDIS_PASSWORD": "mistaken-secret"})
        self.assertEqual(gateway.post(chat()).status, 200)
        log = eventually(gateway.errors, lambda text: "redis_away" in text)
        self.assertIn("state.limits", log)
        self.assertIn("refuses the user or password", log)
        self.assertNotIn("mistaken-secret", log + gateway.admin.get("/readyz").body.decode())

    def test_a_gateway_that_stops_gives_back_what_it_leased(self):
        one, two = self.gateways(2, {"requests_per_minute": 600, "queue_time": "0s"})
        for _ in range(20):
            self.assertEqual(two.post(chat()).status, 200)
        two.stop()
        rest = self.level("limit:global::requests_per_minute")
        self.assertGreaterEqual(rest, 580)
        self.assertEqual(one.post(chat()).status, 200)

    def test_idle_limits_make_no_traffic(self):
        gateway, = self.gateways(1, SECOND)
        gateway.post(chat())
        quiet = eventually(gateway.metrics, lambda m: m["tidegate_limit_leases"] == 0)
        self.assertEqual(quiet["tidegate_limit_leases"], 0)


if __name__ == "__main__":
    unittest.main()
