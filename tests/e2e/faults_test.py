"""What clients and the ledger see when providers fail, fault by fault (docs/simulator.md)."""

import json
import time
import unittest

from harness import EndToEnd, chat, eventually

# A model without fallbacks. With two attempts a request, each earns the one retry that it may need.
PLAIN = {"plain": {"provider": "deepseek", "name": "deepseek-v4-flash"}}
TWICE = {"attempts": 2, "base": "1ms", "max": "3s", "budget": "100%"}


class Faults(EndToEnd):
    changes = {"models": PLAIN, "retry": TWICE}

    def ask(self, fault, stream=False, **headers):
        return self.gateway.post(chat("plain", stream=stream), {"x-sim-fault": fault} | headers)

    def served(self):
        return self.simulator.open()["served"]

    def last_event(self, answer):
        return json.loads(answer.events()[-1])


class SchemaOfTheAnswer(Faults):
    """structured.test.mjs has what clients see."""

    COMPLAINT = ("the answer of plain does not fit the schema in response_format: at /price: "
                 "expected a number, found a string")

    def ask_for_price(self, fault, strict, stream=False):
        schema = {"type": "object", "properties": {"price": {"type": "number"}}}
        form = {"type": "json_schema",
                "json_schema": {"name": "price", "schema": schema, "strict": strict}}
        return self.gateway.post(chat("plain", stream=stream, response_format=form),
                                 {"x-sim-fault": fault})

    def test_each_answer_that_does_not_fit_is_a_failed_attempt(self):
        for strict in (False, True):
            answer = self.ask_for_price("misfit", strict)
            self.assertEqual(answer.status, 502 if strict else 200)
            rows = self.gateway.records(answer, 2)
            self.assertEqual([row["outcome"] for row in rows], ["failed_in_answer"] * 2)
            self.assertEqual([row["error"] for row in rows], [self.COMPLAINT] * 2)
            self.assertEqual([row["last"] for row in rows], [0, 1])
            self.assertGreater(rows[0]["completion"], 0, "it was paid for")
            if strict:
                self.assertEqual(answer.headers["x-should-retry"], "false")

    def test_a_stream_is_a_failure_only_where_the_client_cannot_use_it(self):
        for strict, outcome in ((False, "ok"), (True, "failed_in_answer")):
            answer = self.ask_for_price("misfit", strict, stream=True)
            [row] = self.gateway.records(answer)
            self.assertEqual((row["outcome"], row["error"]), (outcome, self.COMPLAINT))
            if strict:
                self.assertEqual(self.last_event(answer)["error"]["code"], "bad_answer")
            else:
                self.assertEqual(answer.events()[-1], "[DONE]")

    def test_a_name_in_the_answer_cannot_break_a_header(self):
        schema = {"type": "object", "additionalProperties": {"type": "number"},
                  "properties": {"a\r\nx-evil: 1, \u00e9": {"type": "string"}}}
        form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
        answer = self.gateway.post(chat("plain", response_format=form), {"x-sim-fault": "misfit"})
        self.assertEqual(answer.status, 200)
        self.assertIsNone(answer.headers["x-evil"])
        self.assertIn("at /a??x-evil: 1; ??: expected a string", answer.headers["x-tidegate-notes"])


class ErrorStatus(Faults):
    def test_lasting_errors_are_retried_and_reach_the_client_in_the_providers_words(self):
        for status in (429, 500, 503):
            with self.subTest(status=status):
                self.simulator.reset()
                answer = self.ask(str(status))
                self.assertEqual(answer.status, status)
                self.assertNotIn("tidegate", answer.error()["message"].lower())
                self.assertEqual(answer.headers["x-tidegate-attempts"], "2")
                self.assertEqual(self.served(), 2)
                rows = self.gateway.records(answer)
                self.assertEqual([row["outcome"] for row in rows], ["provider_error"] * 2)
                self.assertEqual([row["status"] for row in rows], [status] * 2)
                self.assertEqual([row["last"] for row in rows], [0, 1])
                self.assertEqual(sum(row["prompt"] for row in rows), 0, "an error costs nothing")

    def test_errors_of_the_request_or_the_key_are_not_retried(self):
        for status in (400, 401, 402, 403, 404, 422):
            with self.subTest(status=status):
                self.simulator.reset()
                answer = self.ask(str(status))
                self.assertEqual(answer.status, status)
                self.assertEqual(self.served(), 1)

    def test_retry_then_success(self):
        for fault in ("500*1", "429*1", "503*1", "garbage*1", "cut-head*1", "cut*1",
                      "insufficient-system-resource*1", "aborted*1", "empty-stop*1"):
            with self.subTest(fault=fault):
                self.simulator.reset()
                answer = self.ask(fault)
                self.assertEqual(answer.status, 200)
                self.assertEqual(answer.json()["choices"][0]["finish_reason"], "stop")
                rows = self.gateway.records(answer, 2)
                self.assertNotEqual(rows[0]["outcome"], "ok")
                self.assertEqual(rows[1]["outcome"], "ok")
                self.assertEqual([row["last"] for row in rows], [0, 1])

    def test_the_providers_patience_is_kept(self):
        for fault in ("429-retry-after-1*1", "429-retry-after-date*1", "503-retry-after-1*1"):
            with self.subTest(fault=fault):
                begin = time.monotonic()
                answer = self.ask(fault)
                self.assertEqual(answer.status, 200)
                self.assertGreater(time.monotonic() - begin, 0.95)

    def test_more_patience_than_ours_is_left_to_the_client(self):
        answer = self.ask("429-retry-after-60")
        self.assertEqual((answer.status, answer.headers["retry-after"]), (429, "60"))
        self.assertEqual(self.served(), 1)

    def test_closed_and_reset_connections(self):
        for fault in ("close*1", "reset*1"):
            with self.subTest(fault=fault):
                self.simulator.reset()
                self.assertEqual(self.ask(fault).status, 200)
                self.assertEqual(self.served(), 2)
        answer = self.ask("close")
        self.assertEqual(answer.status, 503)
        self.assertEqual(set(self.outcomes(answer)), {"unreachable"})


class BadAnswers(Faults):
    def test_garbage_is_the_providers_failure(self):
        answer = self.ask("garbage")
        self.assertEqual((answer.status, answer.error()["type"]), (503, "api_error"))
        self.assertEqual(set(self.outcomes(answer)), {"failed_in_answer"})

    def test_a_cut_body_is_never_given_to_the_client(self):
        for fault in ("cut", "reset-3"):
            answer = self.ask(fault)
            self.assertEqual((answer.status, answer.error()["code"]), (502, "answer_truncated"))
            self.assertEqual(set(self.outcomes(answer)), {"truncated"})

    def test_finish_reasons_that_mean_failure_are_recorded(self):
        for fault, reason in (("insufficient-system-resource", "insufficient_system_resource"),
                              ("aborted", "aborted"), ("empty-stop", "stop")):
            for stream in (False, True):
                with self.subTest(fault=fault, stream=stream):
                    answer = self.ask(fault, stream)
                    self.assertEqual(answer.status, 200)
                    last = answer.chunks()[-1] if stream else answer.json()
                    self.assertEqual(last["choices"][0]["finish_reason"], reason)
                    rows = self.gateway.records(answer)
                    self.assertEqual({row["outcome"] for row in rows}, {"failed_in_answer"})
                    self.assertEqual({row["finish_reason"] for row in rows}, {reason})

    def test_empty_reasoning_passes(self):
        for stream in (False, True):
            answer = self.ask("zero-reasoning", stream)
            self.assertEqual((answer.status, self.outcomes(answer)), (200, ["ok"]))

    def test_blank_lines_before_a_body_are_no_answer_yet(self):
        answer = self.ask("blank-lines-5", **{"x-sim-gap": "10ms"})
        self.assertEqual(answer.json()["choices"][0]["finish_reason"], "stop")
        row, = self.gateway.records(answer)
        self.assertGreater(row["first_byte_ms"], 45)

    def test_without_usage_tokens_are_estimated(self):
        for stream in (False, True):
            answer = self.ask("no-usage", stream)
            row, = self.gateway.records(answer)
            self.assertEqual((row["outcome"], row["usage_source"]), ("ok", "estimated"))
            self.assertGreater(row["prompt"], 0)


class Streams(Faults):
    def test_a_broken_stream_is_an_error_event_and_is_not_tried_again(self):
        for fault in ("cut-3", "reset-3", "no-done", "cut-1"):
            with self.subTest(fault=fault):
                self.simulator.reset()
                answer = self.ask(fault, stream=True)
                self.assertEqual(answer.status, 200)
                self.assertEqual(self.last_event(answer)["error"]["code"], "answer_truncated")
                self.assertNotIn("[DONE]", answer.events())
                row, = self.gateway.records(answer)
                self.assertEqual((row["outcome"], row["last"]), ("truncated", 1))
                self.assertEqual(self.served(), 1)

    def test_a_stream_that_fails_before_its_first_event_is_tried_again(self):
        for fault in ("cut-0*1", "garbage-stream*1", "error-event-0*1", "500*1", "cut-head*1"):
            with self.subTest(fault=fault):
                self.simulator.reset()
                answer = self.ask(fault, stream=True)
                self.assertEqual(answer.events()[-1], "[DONE]")
                self.assertEqual(self.served(), 2)
                self.assertEqual(self.gateway.records(answer)[-1]["outcome"], "ok")

    def test_an_error_event_reaches_the_client_once(self):
        answer = self.ask("error-event-3", stream=True)
        self.assertEqual(len(answer.events()), 4)
        self.assertEqual(self.last_event(answer)["error"]["code"], "internal_error")
        self.assertEqual(self.outcomes(answer), ["failed_in_answer"])

    def test_delivery_does_not_change_what_arrives(self):
        expected = self.ask("", stream=True, **{"x-sim-tokens": "40"}).text()
        for fault in ("byte-by-byte", "keepalive-comments-5", "slow-chunks-1",
                      "usage-both", "usage-only-chunk", "usage-last-chunk"):
            with self.subTest(fault=fault):
                answer = self.ask(fault, stream=True, **{"x-sim-tokens": "40"})
                self.assertEqual(answer.text(), expected)
                self.assertEqual(answer.events()[-1], "[DONE]")
                row, = self.gateway.records(answer)
                self.assertEqual((row["outcome"], row["usage_source"]), ("ok", "reported"))

    def test_characters_cut_by_the_network_arrive_whole(self):
        body = chat("plain", "你好，世界 🌍 ünï", stream=True)
        answer = self.gateway.post(body, {"x-sim-fault": "utf8-split"})
        self.assertIn("你好，世界 🌍 ünï", answer.text())
        self.assertTrue(answer.text().endswith("Grüße, 你好, 🌊 и привет"), answer.text())

    def test_a_huge_event_arrives_whole(self):
        answer = self.ask("huge-chunk", stream=True)
        self.assertGreaterEqual(len(answer.text()), 1 << 20)
        self.assertEqual(answer.events()[-1], "[DONE]")
        self.assertEqual(self.outcomes(answer), ["ok"])

    def test_events_arrive_while_the_provider_still_works(self):
        connection = self.gateway.connect()
        self.addCleanup(connection.close)
        headers = {"x-sim-fault": "slow-chunks-60", "x-sim-tokens": "20"}
        connection.request("POST", "/v1/chat/completions", json.dumps(chat("plain", stream=True)),
                           headers)
        response = connection.getresponse()
        self.assertTrue(response.readline().startswith(b"data: "))
        self.assertEqual(self.simulator.open()["in_flight"], 1)
        self.assertTrue(response.read().endswith(b"data: [DONE]\n\n"))


class Silence(Faults):
    changes = {"models": PLAIN, "retry": TWICE,
               "timeouts": {"first_byte": "400ms", "idle": "400ms", "ping": "100ms"}}

    def all_closed(self):
        return eventually(lambda: self.simulator.open()["in_flight"] == 0)

    def test_no_byte_at_all(self):
        answer = self.ask("hang")
        self.assertEqual((answer.status, answer.error()["code"]), (504, "provider_timeout"))
        self.assertEqual(self.outcomes(answer), ["timed_out"] * 2)
        self.assertTrue(self.all_closed())

    def test_a_client_of_a_silent_provider_is_kept_company(self):
        answer = self.ask("", stream=True, **{"x-sim-first-token": "250ms"})
        company, _, events = answer.body.partition(b"data: ")
        self.assertRegex(company, rb"^(: tidegate: the provider is working\n\n)+$")
        self.assertTrue(events.endswith(b"data: [DONE]\n\n"))
        self.assertEqual(self.outcomes(answer), ["ok"])
        answer = self.ask("hang", stream=True)
        self.assertTrue(answer.body.startswith(b": tidegate"))
        self.assertEqual(self.last_event(answer)["error"]["code"], "provider_timeout")
        whole = self.ask("", **{"x-sim-first-token": "250ms"})
        self.assertEqual(whole.body[:1], b"{", "an answer that is no stream is left alone")

    def test_a_body_that_falls_silent(self):
        answer = self.ask("hang-stream-1")
        self.assertEqual((answer.status, answer.error()["code"]), (504, "provider_timeout"))
        self.assertEqual(self.outcomes(answer), ["timed_out"] * 2)
        self.assertTrue(self.all_closed())

    def test_silence_and_then_an_answer(self):
        self.assertEqual(self.ask("hang*1").status, 200)
        self.assertEqual(self.served(), 2)

    def test_a_stream_that_falls_silent_is_an_error_event(self):
        answer = self.ask("hang-stream-3", stream=True)
        self.assertEqual(self.last_event(answer)["error"]["code"], "provider_timeout")
        self.assertIn(b"\n\n: tidegate", answer.body, "the client is kept company meanwhile")
        self.assertEqual(self.outcomes(answer), ["timed_out"])
        self.assertEqual(self.served(), 1)
        self.assertTrue(self.all_closed())

    def test_comments_are_life_but_no_answer(self):
        answer = self.ask("keepalive-comments-100", stream=True, **{"x-sim-gap": "50ms"})
        self.assertIn(b"provider_timeout", answer.body)
        self.assertEqual(set(self.outcomes(answer)), {"timed_out"})
        self.assertTrue(self.all_closed())


class Fallbacks(EndToEnd):
    @classmethod
    def config(cls):
        def model(fault, *fallback):
            return {"provider": "deepseek", "name": f"deepseek-v4-flash:fault={fault}",
                    "fallback": list(fallback)}
        return cls.simulator.config(
            models={"broken": model("500", "gpt-4.1"), "full": model("429-retry-after-60", "gpt-4.1"),
                    "keyless": model("401", "gpt-4.1"), "strict": model("400", "gpt-4.1"),
                    "chain": model("500", "broken", "gpt-4.1"), "doomed": model("500", "strict"),
                    "cut": model("cut-2", "gpt-4.1")},
            retry=TWICE)

    def test_another_model_of_another_provider_answers(self):
        for model, attempts in (("broken", 3), ("full", 2), ("keyless", 2), ("chain", 5)):
            for stream in (False, True):
                with self.subTest(model=model, stream=stream):
                    answer = self.gateway.post(chat(model, stream=stream))
                    self.assertEqual(answer.status, 200)
                    self.assertEqual(answer.model, "gpt-4.1")
                    self.assertEqual(answer.headers["x-tidegate-provider"], "openai")
                    self.assertEqual(answer.headers["x-tidegate-attempts"], str(attempts))
                    rows = self.gateway.records(answer)
                    self.assertEqual([row["attempt"] for row in rows], list(range(1, attempts + 1)))
                    self.assertEqual(rows[-1]["outcome"], "ok")

    def test_a_bad_request_is_bad_everywhere(self):
        answer = self.gateway.post(chat("strict"))
        self.assertEqual((answer.status, answer.model), (400, "strict"))
        self.assertEqual(self.simulator.open()["served"], 1)

    def test_the_last_word_of_the_last_provider(self):
        answer = self.gateway.post(chat("doomed"))
        self.assertEqual((answer.status, answer.model), (400, "strict"))

    def test_never_after_the_first_byte(self):
        answer = self.gateway.post(chat("cut", stream=True))
        self.assertEqual((answer.status, answer.model), (200, "cut"))
        self.assertEqual(self.simulator.open()["served"], 1)


class Breaker(EndToEnd):
    @classmethod
    def config(cls):
        return cls.simulator.config(
            models={"shaky": {"provider": "deepseek", "name": "deepseek-v4-flash:fault=500*3"},
                    "refusing": {"provider": "deepseek", "name": "deepseek-v4-flash:fault=400"},
                    "keyless": {"provider": "deepseek", "name": "deepseek-v4-flash:fault=401"}},
            retry={"attempts": 1}, breaker={"failures": 3, "open_for": "1s"})

    def state(self, model):
        return self.gateway.metrics()[
            f'tidegate_breaker_state{{provider="deepseek",model="{model}"}}']

    def test_opens_rests_and_recovers(self):
        for _ in range(3):
            self.assertEqual(self.gateway.post(chat("shaky")).status, 500)
        self.assertEqual(self.state("shaky"), 2)
        answer = self.gateway.post(chat("shaky"))
        self.assertEqual((answer.status, answer.error()["code"]), (503, "provider_unavailable"))
        self.assertEqual(answer.headers["retry-after"], "1")
        self.assertIn("resting", answer.headers["x-tidegate-notes"])
        self.assertEqual(self.simulator.open()["served"], 3, "nothing was sent meanwhile")
        answer = eventually(lambda: self.gateway.post(chat("shaky")), lambda a: a.status == 200)
        self.assertEqual(answer.status, 200)
        # The client has its answer a moment before the breaker hears of it.
        self.assertEqual(eventually(lambda: self.state("shaky"), lambda state: state == 0), 0)

    def test_bad_requests_and_bad_keys_are_not_the_providers_fault(self):
        for model, status in (("refusing", 400), ("keyless", 401)):
            for _ in range(5):
                self.assertEqual(self.gateway.post(chat(model)).status, status)
            self.assertEqual(self.state(model), 0)


class RetryBudget(EndToEnd):
    changes = {"models": PLAIN,
               "retry": {"attempts": 10, "base": "1ms", "max": "1ms", "budget": "20%"}}

    def test_an_outage_is_not_met_with_a_multiple_of_the_load(self):
        begin = time.monotonic()
        answers = [self.gateway.post(chat("plain"), {"x-sim-fault": "500"}) for _ in range(10)]
        self.assertEqual({answer.status for answer in answers}, {500})
        self.assertIn("retry budget used up", answers[-1].headers["x-tidegate-notes"])
        reserve_and_time = 10 + (time.monotonic() - begin) + 1
        self.assertLessEqual(self.simulator.open()["served"], 10 + 2 + reserve_and_time)


if __name__ == "__main__":
    unittest.main()
