"""The simulated Anthropic Messages API: what it answers, and what it refuses in which words."""

import json
import unittest

from harness import KEY, user
from simulated import WEATHER, SimulatedTest, named_events

OLD, NEW = "claude-sonnet-4-5", "claude-opus-4-7"
TOOLS = [{"name": "get_weather", "input_schema": WEATHER},
         {"name": "get_time", "input_schema": {"type": "object", "properties": {}}}]
BUDGET = {"type": "enabled", "budget_tokens": 1024}
ADAPTIVE = {"type": "adaptive"}


def assistant(*blocks):
    return {"role": "assistant", "content": list(blocks)}


def results(*calls):
    return {"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": call["id"], "content": "18 degrees"}
        for call in calls]}


def call(name="toolu_1"):
    return {"type": "tool_use", "id": name, "name": "get_weather", "input": {}}


def put_together(events):
    """The message that a client builds from a stream."""
    message = None
    for name, data in events:
        if name == "message_start":
            message = data["message"]
        elif name == "content_block_start":
            assert data["index"] == len(message["content"])
            message["content"].append(data["content_block"] | {"json": ""})
        elif name == "content_block_delta":
            block, delta = message["content"][data["index"]], dict(data["delta"])
            kind = delta.pop("type")
            (member, text), = delta.items()
            if kind == "input_json_delta":
                block["json"] += text
            else:
                block[member] += text
        elif name == "content_block_stop":
            block = message["content"][data["index"]]
            text = block.pop("json")
            if block["type"] == "tool_use":
                block["input"] = json.loads(text or "{}")
        elif name == "message_delta":
            message |= data["delta"]
            message["usage"] |= data["usage"]
    return message


class MessagesTest(SimulatedTest):
    def ask(self, *messages, path="/sim/anthropic/v1/messages", headers=None, **fields):
        body = {"model": OLD, "max_tokens": 4096, "messages": list(messages)} | fields
        every = {"authorization": None, "x-api-key": KEY, "anthropic-version": "2023-06-01"}
        return self.send(path, body, every | (headers or {}))

    def good(self, *messages, **fields):
        answer = self.ask(*messages, **fields)
        self.assertEqual(answer.status, 200, answer)
        if fields.get("stream"):
            return put_together(named_events(answer))
        return answer.json()

    def refused(self, expected, *messages, status=400, kind="invalid_request_error", **fields):
        answer = self.ask(*(messages or [user("Hi")]), **fields)
        self.assertEqual(answer.status, status, answer)
        body = answer.json()
        self.assertEqual((body["type"], body["error"]["type"]), ("error", kind))
        self.assertEqual(body["request_id"], answer.headers["request-id"])
        self.assertIn(expected, body["error"]["message"])

    def test_answers(self):
        message = self.good(user("Hi"), system="Be brief.")
        self.assertEqual(message["role"], "assistant")
        self.assertRegex(message["id"], "^msg_01")
        self.assertIn("You asked: Hi", message["content"][0]["text"])
        self.assertEqual(message["stop_reason"], "end_turn")
        self.assertGreater(message["usage"]["input_tokens"], 0)
        self.assertIn("Hi", self.good(user("Hi"), path="/v1/messages")["content"][0]["text"])
        self.assertIn("Hi", self.good(user("Hi"), path="/sim/anthropic/messages")
                      ["content"][0]["text"])

    def test_a_stream_says_the_same(self):
        ask = {"tools": TOOLS, "thinking": BUDGET}
        text = user("explain and use all tools")
        whole = self.good(text, **ask)
        events = named_events(self.ask(text, stream=True, **ask))
        streamed = put_together(events)
        self.assertEqual([b["type"] for b in streamed["content"]],
                         ["thinking", "text", "tool_use", "tool_use"])
        self.assertEqual([b.get("input") for b in streamed["content"]],
                         [b.get("input") for b in whole["content"]])
        self.assertEqual(streamed["stop_reason"], "tool_use")
        self.assertEqual(streamed["usage"]["output_tokens"], whole["usage"]["output_tokens"])
        names = [name for name, _ in events]
        self.assertEqual(names[:3], ["message_start", "content_block_start", "ping"])
        self.assertEqual(names[-2:], ["message_delta", "message_stop"])
        pieces = [d["delta"]["partial_json"] for n, d in events
                  if n == "content_block_delta" and d["delta"]["type"] == "input_json_delta"]
        self.assertEqual(pieces[0], "")
        self.assertGreater(len(pieces), 3)

    def test_a_tool_loop_of_three_steps(self):
        messages = [user("use 2 tools in 3 steps")]
        for step in range(3):
            answer = self.good(*messages, tools=TOOLS[:1], thinking=BUDGET, stream=step == 1)
            calls = [b for b in answer["content"] if b["type"] == "tool_use"]
            self.assertEqual([c["input"]["city"] for c in calls],
                             ["simulated city", "simulated city 2"])
            messages += [assistant(*answer["content"]), results(*calls)]
        last = self.good(*messages, tools=TOOLS[:1], thinking=BUDGET)
        self.assertEqual(last["content"][-1]["text"], "The tool answered: 18 degrees")
        thoughts = [b["thinking"] for m in messages if m["role"] == "assistant"
                    for b in m["content"] if b["type"] == "thinking"]
        self.assertEqual(self.seen_reasoning(), thoughts)
        self.assertEqual(len(set(thoughts)), 3)

    def test_steps_by_header(self):
        answer = self.good(user("anything"), tools=TOOLS, headers={"x-sim-tools": "1x3"})
        self.assertEqual(len([b for b in answer["content"] if b["type"] == "tool_use"]), 3)

    def test_a_signature_must_come_back_as_it_was(self):
        first = self.good(user("use the tool"), tools=TOOLS, thinking=BUDGET)
        thinking, tool = first["content"]
        def again(block, **fields):
            return dict(tools=TOOLS, thinking=BUDGET) | fields, (
                user("use the tool"), assistant(block, tool), results(tool))
        fields, messages = again(thinking)
        self.good(*messages, **fields)
        wrong = "messages.1.content.0: Invalid `signature` in `thinking` block"
        for change in ({"thinking": thinking["thinking"] + " "}, {"signature": "tidegate1.x"},
                       {"signature": thinking["signature"][:-4]}, {"signature": ""}):
            with self.subTest(change):
                fields, messages = again(thinking | change)
                self.refused(wrong, *messages, **fields)
        fields, messages = again(thinking, model="claude-sonnet-4-6")
        self.refused(wrong, *messages, **fields)

    def test_new_models_hide_their_thinking_in_the_signature(self):
        first = self.good(user("use the tool"), model=NEW, tools=TOOLS, thinking=ADAPTIVE)
        thinking, tool = first["content"]
        self.assertEqual(thinking["thinking"], "")
        self.good(user("use the tool"), assistant(thinking, tool), results(tool), model=NEW,
                  tools=TOOLS, thinking=ADAPTIVE)
        self.assertIn("Simulated thought", self.seen_reasoning()[0])
        shown = self.good(user("Hi"), model=NEW, thinking=ADAPTIVE | {"display": "summarized"})
        self.assertIn("Simulated thought", shown["content"][0]["thinking"])

    def test_redacted_thinking(self):
        text = user("ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING_46C9 use the tool")
        first = self.good(text, tools=TOOLS, thinking=BUDGET, stream=True)
        redacted, tool = first["content"]
        self.assertEqual(redacted["type"], "redacted_thinking")
        redacted.pop("json", None)
        self.good(text, assistant(redacted, tool), results(tool), tools=TOOLS, thinking=BUDGET)
        self.assertIn("Simulated thought", self.seen_reasoning()[0])
        self.refused("messages.1.content.0: Invalid `data` in `redacted_thinking` block", text,
                     assistant(redacted | {"data": "Em00"}, tool), results(tool), tools=TOOLS)

    def test_a_tool_loop_with_a_budget_begins_with_thinking(self):
        words = (
            "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found "
            "`tool_use`. When `thinking` is enabled, a final `assistant` message must start with a "
            "thinking block (preceeding the lastmost set of `tool_use` and `tool_result` blocks)")
        loop = [user("a"), assistant(call()), results(call())]
        self.refused(words, *loop, tools=TOOLS, thinking=BUDGET)
        self.good(*loop, tools=TOOLS)
        self.good(*loop, tools=TOOLS, model=NEW, thinking=ADAPTIVE)
        self.refused(words, *loop, tools=TOOLS, model=NEW, thinking=ADAPTIVE,
                     headers={"x-sim-strict": "thinking-first"})
        self.good(*loop, assistant({"type": "text", "text": "b"}), user("c"), tools=TOOLS,
                  thinking=BUDGET)

    def test_thinking_by_version(self):
        self.refused('"thinking.type.enabled" is not supported for this model.', model=NEW,
                     thinking=BUDGET)
        self.refused("adaptive thinking is not supported on this model", thinking=ADAPTIVE)
        self.refused("greater than or equal to 1024",
                     thinking={"type": "enabled", "budget_tokens": 100})
        self.refused("`max_tokens` must be greater than `thinking.budget_tokens`", max_tokens=1024,
                     thinking=BUDGET)
        self.refused("thinking.enabled.budget_tokens: Field required",
                     thinking={"type": "enabled"})
        self.refused("does not support the effort parameter", output_config={"effort": "high"})
        self.good(user("Hi"), model=NEW, thinking=ADAPTIVE, output_config={"effort": "max"})

    def test_thinking_excludes(self):
        self.refused("`temperature` may only be set to 1 when thinking is enabled", temperature=0.5,
                     thinking=BUDGET)
        self.refused("Thinking may not be enabled when tool_choice forces tool use.", tools=TOOLS,
                     tool_choice={"type": "any"}, thinking=BUDGET)
        self.refused("`top_k` must be unset when thinking is enabled", top_k=5, thinking=BUDGET)
        self.refused("`temperature` is deprecated for this model", model=NEW, temperature=0.5)
        self.refused("`temperature` and `top_p` cannot both be specified", temperature=1, top_p=1)

    def test_results_follow_their_calls(self):
        found = ("messages.1: `tool_use` ids were found without `tool_result` blocks immediately "
                 "after: toolu_1. Each `tool_use` block must have a corresponding `tool_result` "
                 "block in the next message.")
        text = {"type": "text", "text": "and now"}
        result = results(call())["content"][0]
        self.refused(found, user("a"), assistant(call()), user("b"))
        self.refused(found, user("a"), assistant(call()))
        self.refused(found, user("a"), assistant(call()),
                     {"role": "user", "content": [text, result]})
        self.good(user("a"), assistant(call()), {"role": "user", "content": [result, text]})
        self.refused(
            "messages.2.content.0: unexpected `tool_use_id` found in `tool_result` blocks: "
            "toolu_9. Each `tool_result` block must have a corresponding `tool_use` block in the "
            "previous message.", user("a"), assistant(text), results(call("toolu_9")))
        self.refused("unexpected `tool_use_id`", results(call("toolu_9")))
        self.refused("each tool_use must have a single result", user("a"), assistant(call()),
                     results(call(), call()))
        self.refused("`tool_use` ids must be unique", user("a"), assistant(call(), call()),
                     results(call()))

    def test_turns(self):
        self.good(user("a"), user("b"))
        self.good(user("a"), assistant(call()), assistant(call("toolu_2")),
                  results(call(), call("toolu_2")))
        self.refused('first message must use the "user" role', assistant({"type": "text",
                                                                          "text": "a"}))
        self.refused("text content blocks must be non-empty",
                     {"role": "user", "content": [{"type": "text", "text": ""}]})
        self.refused("messages.0: all messages must have non-empty content", user(""))
        self.refused("`tool_use` blocks can only be in `assistant` messages",
                     {"role": "user", "content": [call()]})
        self.refused("does not support assistant message prefill", user("a"),
                     assistant({"type": "text", "text": "b"}), model=NEW)
        self.refused('Unexpected role "system"', {"role": "system", "content": "a"})

    def test_fields(self):
        body = {"model": OLD, "messages": [user("Hi")]}
        answer = self.send("/v1/messages", body, {"x-api-key": KEY, "anthropic-version": "1"})
        self.assertEqual(answer.error()["message"], "max_tokens: Field required")
        self.refused("reasoning_effort: Extra inputs are not permitted", reasoning_effort="high")
        self.refused("messages.0.content.0.text.name: Extra inputs are not permitted",
                     {"role": "user", "content": [{"type": "text", "text": "a", "name": "b"}]})
        self.refused("messages.1.reasoning_content: Extra inputs are not permitted", user("a"),
                     {"role": "assistant", "content": "b", "reasoning_content": "c"}, user("d"))
        self.refused("messages.1.content.0.tool_use.id: String should match pattern "
                     "'^[a-zA-Z0-9_-]+$'", user("a"), assistant(call("functions.f:0")))
        self.refused("tools.0.custom.input_schema: Field required", tools=[{"name": "a"}])
        self.refused("Input tag 'function' found using 'type'",
                     tools=[{"type": "function", "function": {"name": "a"}}])
        self.refused("messages.0.content.0: Input tag 'image_url' found using 'type'",
                     {"role": "user", "content": [{"type": "image_url", "image_url": {}}]})
        self.refused("Tool 'x' not found", tools=TOOLS, tool_choice={"type": "tool", "name": "x"})

    def test_lengths(self):
        self.refused("max_tokens: 70000 > 64000, which is the maximum allowed number of output "
                     "tokens for claude-sonnet-4-5", max_tokens=70000)
        self.refused("prompt is too long: 304 tokens > 100 maximum", user("a " * 500),
                     headers={"x-sim-context": "100"})
        cut = self.good(user("Hi"), max_tokens=3)
        self.assertEqual((cut["stop_reason"], cut["usage"]["output_tokens"]), ("max_tokens", 3))
        stopped = self.good(user("Hi"), stop_sequences=["no provider"])
        self.assertEqual((stopped["stop_reason"], stopped["stop_sequence"]),
                         ("stop_sequence", "no provider"))
        self.assertNotIn("no provider", stopped["content"][0]["text"])

    def test_keys_and_headers(self):
        bad = {"status": 401, "kind": "authentication_error"}
        self.refused("invalid x-api-key", headers={"x-api-key": "sk-wrong"}, **bad)
        self.refused("x-api-key header is required", headers={"x-api-key": None}, **bad)
        self.refused("anthropic-version: header is required",
                     headers={"anthropic-version": None})
        self.refused("credit balance is too low", headers={"x-api-key": "sk-broke"})
        self.refused("model: gpt-5.5", model="gpt-5.5", status=404, kind="not_found_error")

    def test_overload(self):
        answer = self.ask(user("Hi"), model=OLD + ":fault=429-retry-after-7")
        self.assertEqual((answer.status, answer.headers["retry-after"]), (429, "7"))
        self.assertEqual(answer.headers["anthropic-ratelimit-requests-remaining"], "0")
        self.refused("Overloaded", status=529, kind="overloaded_error",
                     headers={"x-sim-fault": "529"})
        events = named_events(self.ask(user("Hi"), stream=True,
                                       headers={"x-sim-fault": "error-event-5"}))
        self.assertEqual(events[-1][0], "error")
        self.assertEqual(events[-1][1]["error"]["type"], "overloaded_error")

    def test_counting_tokens(self):
        body = {"model": OLD, "messages": [user("Hi " * 50)], "tools": TOOLS}
        headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
        count = self.send("/sim/anthropic/v1/messages/count_tokens", body, headers).json()
        asked = self.good(*body["messages"], tools=TOOLS)
        self.assertEqual(count["input_tokens"], asked["usage"]["input_tokens"])
        answer = self.send("/v1/messages/count_tokens", body | {"max_tokens": 5}, headers)
        self.assertIn("max_tokens: Extra inputs", answer.error()["message"])

    def test_the_prompt_cache_works_where_it_is_asked_for(self):
        block = {"type": "text", "text": "a " * 3000, "cache_control": {"type": "ephemeral"}}
        messages = [{"role": "user", "content": [block]}]
        first = self.good(*messages)["usage"]
        self.assertGreater(first["cache_creation_input_tokens"], 1024)
        again = self.good(*messages)["usage"]
        self.assertEqual(again["cache_read_input_tokens"], first["cache_creation_input_tokens"])
        self.assertEqual(self.good(user("a " * 3000))["usage"]["cache_creation_input_tokens"], 0)

    def test_structured_output(self):
        schema = {"type": "object", "properties": {"n": {"type": "integer"},
                                                   "tags": {"type": "array", "items": {
                                                       "enum": ["x", "y"]}}}}
        message = self.good(user("Hi"), model=NEW, output_config={
            "format": {"type": "json_schema", "schema": schema}})
        self.assertEqual(json.loads(message["content"][0]["text"]), {"n": 1, "tags": ["x"]})


if __name__ == "__main__":
    unittest.main()
