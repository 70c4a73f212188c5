"""What is only passed on, embeddings and completions, and DeepSeek's beta path: the same bytes both
ways, the same walk as chat, and clear words where a provider has none of it."""

import json
import unittest

from harness import EndToEnd, chat, eventually, user

STRICT = {"type": "function", "function": {
    "name": "f", "strict": True,
    "parameters": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"],
                   "additionalProperties": False}}}
LOOSE = {"type": "function", "function": {"name": "g", "parameters": {"type": "object"}}}
EMBEDDINGS, COMPLETIONS = "/v1/embeddings", "/v1/completions"


class Surfaces(EndToEnd):
    @classmethod
    def config(cls):
        provider = cls.simulator.provider
        beta = provider("deepseek", "deepseek")
        versioned = provider("deepseek", "deepseek")
        return cls.simulator.config(
            providers={
                "deepseek": provider("deepseek", "deepseek"), "openai": provider("openai", "openai"),
                "anthropic": provider("anthropic", "anthropic"), "kimi": provider("kimi", "kimi"),
                "gemini": provider("gemini", "gemini"), "vllm": provider("vllm", "vllm"),
                "openrouter": provider("openrouter", "openrouter"),
                "llama": provider("llama", "llamacpp"), "lab": provider("lab", "openai_compatible"),
                "at_beta": beta | {"base_url": beta["base_url"] + "/beta/"},
                "at_v1": versioned | {"base_url": versioned["base_url"] + "/v1"}},
            models={
                "coder": {"provider": "vllm", "name": "wire-coder", "context": 1000, "max_output": 100},
                "bge": {"provider": "vllm", "name": "bge-m3", "context": 50, "fallback": ["spare"]},
                "spare": {"provider": "lab", "name": "bge-m3"},
                "mixed": {"provider": "deepseek", "name": "deepseek-v4-flash", "fallback": ["claude-opus-4.7"]},
                "local": {"provider": "llama", "thinking": True, "context": 1000},
                "router": {"provider": "openrouter", "name": "acme/embed"},
                "vectors": "text-embedding-3-small",
                "beta": {"provider": "at_beta", "name": "deepseek-v4-pro"},
                "v1": {"provider": "at_v1", "name": "deepseek-v4-pro"}},
            routes={"plain": {"model": "gpt-5.5"}}, policy=[{"route": "plain"}])

    def embed(self, body, status=200, **headers):
        answer = self.gateway.post(body, headers, EMBEDDINGS)
        self.assertEqual(answer.status, status, answer)
        return answer

    def complete(self, status=200, headers=None, **fields):
        answer = self.gateway.post({"model": "deepseek-v4-flash", "prompt": "def fib(n):"} | fields,
                                   headers, COMPLETIONS)
        self.assertEqual(answer.status, status, answer)
        return answer

    def sent(self):
        """Path and body of the one request that a provider got."""
        request, = self.simulator.log_of_requests()
        return request["target"].removeprefix("/sim"), request["body"]

    # Embeddings

    def test_only_the_model_of_an_embeddings_request_changes(self):
        body = ('{ "x_more":[1.10, -0] ,"input" : ["caf\\u00e9", "\u00e9 \\/"],\r\n "model" : "%s"'
                ',"dimensions":8, "encoding_format":"float","user":"u" }')
        answer = self.embed((body % "bge").encode(), **{"x-tidegate-task": "index"})
        self.assertEqual(self.sent(), ("/vllm/embeddings", body % "bge-m3"))
        again = self.simulator.post((body % "bge-m3").encode(), {"authorization": "Bearer k"},
                                    "/sim/vllm/embeddings")
        self.assertEqual(answer.body, again.body, "the answer's bytes are the provider's")
        self.assertEqual([answer.headers[f"x-tidegate-{name}"]
                          for name in ("model", "provider", "attempts", "reason")],
                         ["bge", "vllm", "1", "model asked for by name"])

    def test_embeddings_are_recorded_and_priced(self):
        before = self.gateway.metrics()
        answer = self.embed({"model": "vectors", "input": ["one", "two three"]})
        tokens = answer.json()["usage"]["prompt_tokens"]
        row, = self.gateway.records(answer)
        self.assertEqual([row[name] for name in ("model", "requested_model", "outcome", "last", "stream")],
                         ["text-embedding-3-small", "vectors", "ok", 1, 0])
        self.assertEqual((row["prompt"], row["completion"]), (tokens, 0))
        self.assertEqual(row["cost_nano"], tokens * 20)
        def counted(metrics):
            return sum(value for key, value in metrics.items()
                       if "text-embedding-3-small" in key and key.startswith("tidegate_cost_nanodollars"))
        self.assertEqual(counted(self.gateway.metrics()) - counted(before), tokens * 20)

    def test_the_log_tells_the_endpoint(self):
        for path, model in ((EMBEDDINGS, "vectors"), (COMPLETIONS, "coder"), ("/v1/messages", "beta")):
            answer = self.gateway.post({"model": model, "input": "a", "prompt": "a", "max_tokens": 9,
                                        "messages": [user("a")]}, path=path)
            line = eventually(lambda: next((line for line in self.gateway.errors().splitlines()
                                            if answer.request_id in line), None))
            self.assertIn(f"endpoint={path} status=200 result=ok", line)

    def test_embeddings_without_usage_are_estimated(self):
        answer = self.embed({"model": "bge", "input": [[1, 2, 3, 4, 5], [6, 7]]},
                            **{"x-sim-fault": "no-usage"})
        row, = self.gateway.records(answer)
        self.assertEqual((row["usage_source"], row["completion"]), ("estimated", 0))
        self.assertIn(row["prompt"], range(7, 12))
        self.assertIsNone(row["cost_nano"], "an unknown price is not zero")

    def test_a_models_context_does_not_bound_a_batch(self):
        answer = self.embed({"model": "bge", "input": ["word " * 30] * 20})
        self.assertEqual(answer.headers["x-tidegate-model"], "bge", "the first target was not skipped")

    def test_embeddings_are_tried_again_and_elsewhere(self):
        answer = self.embed({"model": "bge", "input": "a"}, **{"x-sim-fault": "500*1,garbage*1,cut*1"})
        self.assertEqual((answer.headers["x-tidegate-model"], answer.headers["x-tidegate-attempts"]),
                         ("spare", "4"))
        self.assertEqual(self.outcomes(answer),
                         ["provider_error", "failed_in_answer", "truncated", "ok"])

    def test_a_providers_refusal_of_an_input_comes_back_as_it_is(self):
        for body, status, words in (({"input": ""}, 400, "'$.input' is invalid"),
                                    ({}, 400, "Missing required parameter: 'input'"),
                                    ({"input": ["a"] * 2049}, 400, "maximum length 2048"),
                                    ({"input": ["a", ""]}, 400, "'$.input' is invalid"),
                                    ({"input": "word " * 40000}, 400, "maximum context length"),
                                    ({"input": "a", "dimensions": 1537}, 400, "dimensions"),
                                    ({"input": "a", "encoding_format": "hex"}, 400, "hex"),
                                    ({"input": "a", "model": "gpt-5.5"}, 403, "not allowed")):
            with self.subTest(words):
                answer = self.embed({"model": "vectors"} | body, status)
                self.assertIn(words, answer.error()["message"])
                self.assertEqual(len(self.gateway.records(answer)), 1)

    def test_embeddings_need_a_model_by_name(self):
        for model in ("auto", "route:plain", ""):
            error = self.embed({"model": model, "input": "a"}, 400).error()
            self.assertEqual((error["param"], error["type"]), ("model", "invalid_request_error"))
            self.assertIn("/v1/models", error["message"])
        error = self.embed({"model": "vectors", "input": "a"}, 400, **{"x-tidegate-route": "plain"}).error()
        self.assertEqual(error["param"], "x-tidegate-route")
        self.assertEqual(self.embed({"input": "a"}, 400).error()["param"], "model")
        self.assertEqual(self.embed({"model": "vectorz", "input": "a"}, 404).error()["code"],
                         "model_not_found")
        self.assertEqual(self.embed(b'{"model":"vectors","input":["\xff"]}', 400).error()["type"],
                         "invalid_request_error")
        self.assertEqual(self.simulator.log_of_requests(), [])

    def test_who_offers_which_surface(self):
        for model, embeds, completes in (
                ("deepseek-v4-flash", False, True), ("claude-opus-4.7", False, False),
                ("kimi-k2.6", False, False), ("gpt-5.5", None, False),
                ("gemini-embedding-001", True, False), ("router", True, False),
                ("bge", True, True), ("local", True, True), ("spare", True, True)):
            for path, offered, word in ((EMBEDDINGS, embeds, "embeddings"),
                                        (COMPLETIONS, completes, "completions")):
                if offered is None:
                    continue
                with self.subTest(model=model, path=path):
                    answer = self.gateway.post({"model": model, "input": "a", "prompt": "a"}, {}, path)
                    self.assertEqual(answer.status, 200 if offered else 400, answer)
                    if not offered:
                        self.assertEqual(answer.error()["param"], "model")
                        self.assertIn(f"has no {word}", answer.error()["message"])
                        self.assertIn("openai_compatible", answer.error()["message"])

    def test_fallbacks_that_offer_nothing_are_left_out(self):
        answer = self.complete(503, model="mixed", headers={"x-sim-fault": "503"})
        self.assertEqual(self.outcomes(answer), ["provider_error"] * 3)
        self.assertEqual({row["model"] for row in self.gateway.records(answer)}, {"mixed"})

    # Completions

    def test_only_the_model_of_a_completion_changes(self):
        body = '{"prompt" :"a \\u00e9", "max_tokens": 0,"echo":true , "model":"%s" }'
        self.gateway.post((body % "coder").encode(), {}, COMPLETIONS)
        self.assertEqual(self.sent(), ("/vllm/completions", body % "wire-coder"))

    def test_fill_in_the_middle_goes_to_deepseeks_beta_path(self):
        answer = self.complete(suffix="    return fib(n-1)", max_tokens=64)
        self.assertEqual(self.sent()[0], "/deepseek/beta/completions")
        choice, = answer.json()["choices"]
        self.assertIn("def fib(n):", choice["text"])
        row, = self.gateway.records(answer)
        usage = answer.json()["usage"]
        self.assertEqual((row["prompt"], row["completion"], row["finish_reason"]),
                         (usage["prompt_tokens"], usage["completion_tokens"], "stop"))
        self.assertGreater(row["cost_nano"], 0)
        self.assertIn("[1, 4096]", self.complete(400, max_tokens=4097).error()["message"])

    def test_nothing_to_fill_in_is_an_answer(self):
        answer = self.complete(headers={"x-sim-fault": "empty-stop"})
        self.assertEqual(answer.json()["choices"][0]["text"], "")
        self.assertEqual(self.outcomes(answer), ["ok"])

    def test_a_streamed_completion(self):
        for model in ("deepseek-v4-flash", "coder"):
            answer = self.complete(model=model, stream=True)
            self.assertEqual(answer.events()[-1], "[DONE]")
            text = "".join(chunk["choices"][0]["text"] for chunk in answer.chunks())
            self.assertIn("def fib(n):", text)
            row, = self.gateway.records(answer)
            self.assertEqual((row["usage_source"], row["outcome"], row["stream"]), ("reported", "ok", 1))
        self.assertNotIn(b'"usage":{', answer.body, "vLLM was asked for it by us alone")
        self.assertIn('"include_usage":true', self.simulator.bodies()[-1])
        asked = self.complete(model="coder", stream=True, stream_options={"include_usage": True})
        self.assertIn(b'"usage":{', asked.body)

    def test_a_streamed_completion_without_its_end_mark_is_truncated(self):
        for fault in ("no-done", "cut-3"):
            answer = self.complete(stream=True, headers={"x-sim-fault": fault})
            self.assertIn("error", json.loads(answer.events()[-1]))
            self.assertEqual(self.outcomes(answer), ["truncated"])

    def test_completions_need_a_model_by_name(self):
        self.assertEqual(self.complete(400, model="auto").error()["param"], "model")

    # DeepSeek's beta features in chat

    def test_strict_tools_go_to_the_beta_path_and_keep_their_bytes(self):
        body = json.dumps(chat("deepseek-v4-pro", "Use the tool.", tools=[STRICT])).encode()
        answer = self.gateway.post(body)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.sent(), ("/deepseek/beta/chat/completions", body.decode()))
        self.assertEqual(answer.headers["x-tidegate-notes"], "beta of the provider")

    def test_everything_else_stays_on_the_usual_path(self):
        self.gateway.post(chat("deepseek-v4-pro", tools=[LOOSE]))
        self.assertEqual(self.sent()[0], "/deepseek/chat/completions")

    def test_a_base_url_may_name_beta_or_version(self):
        for model, path in (("beta", "/deepseek/beta/chat/completions"),
                            ("v1", "/deepseek/beta/v1/chat/completions")):
            self.simulator.reset()
            self.assertEqual(self.gateway.post(chat(model, tools=[STRICT])).status, 200)
            self.assertEqual(self.sent()[0], path)
            self.simulator.reset()
            self.complete(model=model)
            self.assertEqual(self.sent()[0], path.replace("chat/", ""))

    def test_a_strict_schema_is_the_providers_to_judge(self):
        bad = {"type": "function", "function": {"name": "f", "strict": True, "parameters": {
            "type": "object", "properties": {"a": {"type": "string", "minLength": 1}}}}}
        answer = self.gateway.post(chat("deepseek-v4-pro", tools=[bad]))
        self.assertEqual(answer.status, 400)
        self.assertIn("strict mode", answer.error()["message"])

    PREFIXED = [user("List three."), {"role": "assistant", "content": "1. ", "prefix": True}]

    def prefixed(self, model, messages=None, **fields):
        self.simulator.reset()
        answer = self.gateway.post({"model": model, "messages": messages or self.PREFIXED} | fields)
        self.assertEqual(answer.status, 200, answer)
        path, body = self.sent()
        return path, json.loads(body), answer.headers["x-tidegate-notes"] or ""

    def test_a_prefix_goes_to_the_beta_path(self):
        messages = [user("List."), {"role": "assistant", "content": "1. ", "prefix": True,
                                    "reasoning_content": "So."}]
        path, body, _ = self.prefixed("deepseek-v4-pro", messages)
        self.assertEqual((path, body["messages"]), ("/deepseek/beta/chat/completions", messages))

    def test_a_prefix_at_other_providers(self):
        last = lambda body: body["messages"][-1]
        plain = {"role": "assistant", "content": "1. "}
        _, body, notes = self.prefixed("kimi-k2.6")
        self.assertEqual(last(body), plain | {"partial": True})
        self.assertEqual((body["thinking"], notes),
                         ({"type": "disabled"}, "thinking off: prefix of the answer"))
        _, body, notes = self.prefixed("coder")
        self.assertEqual((last(body), notes), (plain, ""))
        self.assertEqual((body["continue_final_message"], body["add_generation_prompt"]), (True, False))
        _, body, notes = self.prefixed("local", chat_template_kwargs={"enable_thinking": False})
        self.assertEqual((last(body), notes), (plain, ""))
        _, body, notes = self.prefixed("gpt-5.5")
        self.assertEqual((last(body), notes), (plain, "prefix of the answer not marked"))
        _, body, _ = self.prefixed("claude-sonnet-4.5")
        self.assertEqual(last(body), {"role": "assistant", "content": [{"type": "text", "text": "1."}]})
        _, body, notes = self.prefixed("claude-opus-4.7")
        self.assertEqual(last(body)["role"], "user")
        self.assertIn("does not go on from the assistant's", notes)

    def prefill(self, model, **fields):
        self.simulator.reset()
        body = {"model": model, "max_tokens": 2000,
                "messages": [user("List three."), {"role": "assistant", "content": "1. It"}]} | fields
        answer = self.gateway.post(body, {"anthropic-version": "2023-06-01"}, "/v1/messages")
        self.assertEqual(answer.status, 200, answer)
        path, body = self.sent()
        return path, json.loads(body), answer.headers["x-tidegate-notes"] or ""

    def test_a_prefill_of_a_messages_client(self):
        for fields in ({}, {"thinking": {"type": "disabled"}},
                       {"thinking": {"type": "enabled", "budget_tokens": 1024}}):
            path, body, notes = self.prefill("deepseek-v4-pro", **fields)
            self.assertEqual(path, "/deepseek/beta/chat/completions")
            self.assertTrue(body["messages"][-1]["prefix"])
            self.assertEqual(body["thinking"], {"type": "disabled"})
            self.assertIn("beta of the provider", notes)
        _, body, _ = self.prefill("coder")
        self.assertTrue(body["continue_final_message"])
        _, body, notes = self.prefill("gpt-5.5")
        self.assertIn("prefix became a turn of its own", notes)

    def test_a_messages_client_need_not_name_a_version(self):
        for headers, version in (({}, "2023-06-01"), ({"anthropic-version": "2023-01-01"}, "2023-01-01")):
            self.simulator.reset()
            body = {"model": "claude-opus-4.7", "max_tokens": 99, "messages": [user("Hi")]}
            answer = self.gateway.post(body, headers, "/v1/messages")
            self.assertEqual(answer.status, 200, answer)
            request, = self.simulator.log_of_requests()
            versions = [value for name, value in dict(request["headers"]).items() if name == "anthropic-version"]
            self.assertEqual(versions, [version])

    def test_tools_of_a_messages_client_are_strict_or_none_is(self):
        strict = {"name": "f", "strict": True, "input_schema": STRICT["function"]["parameters"]}
        loose = {"name": "g", "input_schema": {"type": "object"}}
        for tools, path, note in (([strict], "/deepseek/beta/chat/completions", "beta of the provider"),
                                  ([strict, loose], "/deepseek/chat/completions", "strict dropped")):
            self.simulator.reset()
            answer = self.gateway.post({"model": "deepseek-v4-pro", "max_tokens": 2000, "tools": tools,
                                        "messages": [user("Hi")]}, path="/v1/messages")
            self.assertEqual((answer.status, self.sent()[0]), (200, path))
            self.assertIn(note, answer.headers["x-tidegate-notes"])


if __name__ == "__main__":
    unittest.main()
