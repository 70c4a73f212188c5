"""Limits: what passes, what waits and in which order, what is refused and how the client is told; and
that what was counted is what the ledger says (docs/limits.md)."""

import concurrent.futures
import json
import unittest

from harness import EndToEnd, chat, eventually, user

FLASH, GPT = "deepseek-v4-flash", "gpt-5.5"
HANG = {"x-sim-fault": "hang-stream-1"}  # holds what it reserved until its client leaves


def messages(text="Hi", **fields):
    return {"model": FLASH, "max_tokens": 100, "messages": [user(text)]} | fields


class Limits(EndToEnd):
    def limited(self, limits, **changes):
        self.gateway = self.serve(self.simulator.config(limits=limits, **changes))
        return self.gateway

    def hold(self, body=None, headers=None):
        """A stream that does not end; returns what ends it."""
        connection = self.gateway.connect()
        raw = json.dumps((body or chat()) | {"stream": True})
        connection.request("POST", "/v1/chat/completions", raw, HANG | (headers or {}))
        response = connection.getresponse()
        self.assertEqual(response.status, 200)
        response.readline()

        def leave():
            response.close()
            connection.close()
        leave.headers = response.headers
        self.addCleanup(leave)
        return leave

    def waiting(self, scope, name=""):
        return self.gateway.metrics()[f'tidegate_limit_waiting{{scope="{scope}",name="{name}"}}']

    def in_background(self, *arguments):
        pool = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(pool.shutdown)
        return pool.submit(self.gateway.post, *arguments)

    def test_a_refusal_says_when_to_come_back(self):
        gateway = self.limited({"requests_per_minute": 2, "tokens_per_minute": 100000,
                                "queue_time": "0s"})
        answers = [gateway.post(chat()) for _ in range(3)]
        self.assertEqual([a.status for a in answers], [200, 200, 429])
        self.assertEqual([a.headers["x-ratelimit-limit-requests"] for a in answers], ["2"] * 3)
        self.assertEqual([a.headers["x-ratelimit-remaining-requests"] for a in answers],
                         ["1", "0", "0"])
        self.assertRegex(answers[0].headers["x-ratelimit-reset-requests"], r"^(30|2\d)s$")
        self.assertEqual(answers[0].headers["x-ratelimit-limit-tokens"], "100000")
        refused = answers[2]
        self.assertIn(int(refused.headers["retry-after"]), range(1, 31))
        self.assertEqual(refused.error()["type"], "rate_limit_error")
        self.assertEqual(refused.error()["message"], "global.requests_per_minute: the limit "
                         "requests_per_minute is reached; try again later")
        self.assertEqual(len(self.simulator.bodies()), 2)
        self.assertIn(" limit=global.requests_per_minute ", eventually(
            gateway.errors, lambda log: "status=429" in log))

    def test_messages_clients_are_told_in_their_words(self):
        gateway = self.limited({"requests_per_minute": 1, "tokens_per_minute": 9999,
                                "queue_time": "0s"})
        first, second = (gateway.post(messages(), path="/v1/messages") for _ in range(2))
        self.assertEqual((first.status, second.status), (200, 429))
        self.assertEqual(first.headers["anthropic-ratelimit-requests-limit"], "1")
        self.assertEqual(first.headers["anthropic-ratelimit-requests-remaining"], "0")
        self.assertRegex(first.headers["anthropic-ratelimit-tokens-reset"], r"^20\d\d-.*Z$")
        self.assertIsNone(first.headers["x-ratelimit-limit-requests"])
        self.assertEqual(second.error()["type"], "rate_limit_error")
        self.assertGreaterEqual(int(second.headers["retry-after"]), 1)

    def test_what_can_never_fit_is_refused_at_once(self):
        gateway = self.limited({"tokens_per_minute": 50})
        refused = gateway.post(chat(text="word " * 100))
        self.assertEqual(refused.status, 413)
        self.assertIn("tokens_per_minute allows at most 50 at once", refused.error()["message"])
        self.assertIsNone(refused.headers["retry-after"])
        self.assertEqual(gateway.post(chat(max_tokens=5)).status, 200)

    def test_a_wrong_priority_is_the_clients_error(self):
        gateway = self.limited({})
        refused = gateway.post(chat(), {"x-tidegate-priority": "now"})
        self.assertEqual((refused.status, refused.error()["param"]), (400, "x-tidegate-priority"))

    def test_a_request_waits_for_its_turn(self):
        gateway = self.limited({"max_concurrent": 1})
        leave = self.hold()
        second = self.in_background(chat())
        eventually(lambda: self.waiting("global") == 1)
        self.assertFalse(second.done())
        leave()
        answer = second.result()
        self.assertEqual(answer.status, 200)
        self.assertRegex(answer.headers["x-tidegate-notes"],
                         r"waited \d+ ms for global.max_concurrent")
        metrics = eventually(gateway.metrics, lambda m: m[
            'tidegate_limit_waited_total{scope="global",name=""}'] == 1)
        self.assertEqual(metrics['tidegate_limit_waited_total{scope="global",name=""}'], 1)

    def test_who_waits_too_long_is_refused(self):
        self.limited({"max_concurrent": 1, "queue_time": "50ms"})
        self.hold()
        self.assertEqual(self.gateway.post(chat()).status, 429)

    def test_a_full_line_refuses_at_once(self):
        self.limited({"max_concurrent": 1, "queue_length": 1})
        leave = self.hold()
        first = self.in_background(chat())
        eventually(lambda: self.waiting("global") == 1)
        refused = self.gateway.post(chat())
        self.assertEqual(refused.status, 429)
        self.assertIn("too many requests wait", refused.error()["message"])
        leave()
        self.assertEqual(first.result().status, 200)

    def test_interactive_before_batch(self):
        gateway = self.limited({"max_concurrent": 1},
                               clients={"nightly": {"match": {"user_agent": "nightly"},
                                                    "priority": "batch"}})
        leave = self.hold()
        by_profile = self.in_background(chat(), {"user-agent": "nightly"})
        eventually(lambda: self.waiting("global") == 1)
        by_header = self.in_background(chat(), {"x-tidegate-priority": "batch"})
        eventually(lambda: self.waiting("global") == 2)
        interactive = self.in_background(chat())
        eventually(lambda: self.waiting("global") == 3)
        leave()
        in_order = [f.result().request_id for f in (interactive, by_profile, by_header)]
        rows = eventually(lambda: gateway.select("outcome = 'ok'"), lambda found: len(found) == 3)
        self.assertEqual([row["request"] for row in rows], in_order)

    def test_a_client_that_leaves_leaves_the_line(self):
        self.limited({"max_concurrent": 1})
        self.hold()
        connection = self.gateway.connect()
        connection.request("POST", "/v1/chat/completions", json.dumps(chat()))
        self.assertEqual(eventually(lambda: self.waiting("global"), lambda n: n == 1), 1)
        connection.close()
        self.assertEqual(eventually(lambda: self.waiting("global"), lambda n: n == 0), 0)

    def test_each_key_has_its_own(self):
        self.limited({"scopes": [{"scope": "key", "max_concurrent": 1}], "queue_time": "0s"})
        one, other = ({"authorization": f"Bearer sk-{name}"} for name in ("one", "other"))
        self.hold(headers=one)
        self.assertEqual(self.gateway.post(chat(), one).status, 429)
        self.assertEqual(self.gateway.post(chat(), other).status, 200)

    def test_a_model_at_its_limit_falls_back(self):
        self.limited({"scopes": [{"scope": "model", "name": FLASH, "max_concurrent": 1}]},
                     routes={"cheap": {"model": FLASH, "fallback": [GPT]}})
        self.hold(chat("auto"))
        answer = self.gateway.post(chat("auto"))
        self.assertEqual((answer.status, answer.model), (200, GPT))
        self.assertIn(f"{FLASH} is at its limit", answer.headers["x-tidegate-notes"])

    def test_without_a_fallback_it_waits_for_the_model(self):
        self.limited({"scopes": [{"scope": "provider", "max_concurrent": 1}]})
        leave = self.hold()
        second = self.in_background(chat())
        eventually(lambda: self.waiting("provider") == 1)
        self.assertEqual(self.gateway.post(chat(GPT)).status, 200)
        leave()
        self.assertEqual(second.result().status, 200)

    def test_a_providers_429_teaches_its_limit(self):
        gateway = self.limited({})
        answer = gateway.post(chat(), {"x-sim-fault": "429*1"})
        self.assertEqual((answer.status, answer.headers["x-tidegate-attempts"]), (200, "2"))
        name = f'tidegate_adaptive_limit{{provider="deepseek",model="{FLASH}"}}'
        self.assertEqual(gateway.metrics().get(name), 1)

    def test_the_answers_of_a_model_teach_what_is_reserved_for_it(self):
        most = 10_000_000
        gateway = self.limited({"tokens_per_day": most})

        def taken(model):
            eventually(lambda: gateway.metrics()["tidegate_requests_in_flight"] == 0)  # all settled
            leave = self.hold(chat(model))
            self.assertEqual(leave.headers["x-ratelimit-limit-tokens"], str(most))
            leave()
            return most - int(leave.headers["x-ratelimit-remaining-tokens"])

        self.assertGreater(taken(FLASH), 4096)  # of an answer whose length nobody knows
        used = 0
        for _ in range(20):
            used += gateway.post(chat(FLASH)).json()["usage"]["total_tokens"]
        self.assertLess(taken(FLASH), min(2 * used, 4096))
        self.assertGreater(taken(GPT), 4096)

    def test_a_provider_limits_headers_are_not_passed_on(self):
        self.limited({"max_concurrent": 10})
        headers = self.gateway.post(chat(GPT)).headers
        self.assertEqual([name for name in headers if "ratelimit" in name.lower()], [])

    def test_the_counters_are_the_ledgers_sums(self):
        gateway = self.limited({"tokens_per_minute": 100000000, "max_concurrent": 8,
                                "adaptive": False,  # what a 429 taught would hold up the last 8
                                "scopes": [{"scope": "model", "tokens_per_day": 1000000000}]})
        faults = ["", "500*1", "cut-3", "no-usage", "429*1", "empty-stop*1", "400", "close*1"]

        def ask(number):
            fault = faults[number % len(faults)]
            body = chat(text="word " * number, stream=number % 3 == 0)
            headers = {"x-sim-fault": fault, "x-sim-id": str(number)} if fault else {}
            return gateway.post(body, headers)

        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(ask, range(80)))
        attempts = sum(int(a.headers["x-tidegate-attempts"]) for a in answers)
        self.assertGreater(attempts, 80)
        rows = eventually(gateway.select, lambda found: len(found) >= attempts)
        self.assertEqual(len(rows), attempts)
        metrics = gateway.metrics()
        for scope, requests in (("global", len(answers)), ("model", attempts)):
            labels = f'scope="{scope}",name=""'
            self.assertEqual(metrics[f"tidegate_limit_requests_total{{{labels}}}"], requests)
            for kind, column in (("input", "prompt"), ("output", "completion")):
                self.assertEqual(metrics[f'tidegate_limit_tokens_total{{{labels},kind="{kind}"}}'],
                                 sum(row[column] for row in rows))
        self.assertEqual(self.waiting("global"), 0)
        # Nothing is held any more: as many as may run at once do.
        for _ in range(8):
            self.hold()


if __name__ == "__main__":
    unittest.main()
