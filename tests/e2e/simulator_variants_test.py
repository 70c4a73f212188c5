"""The simulated providers that speak Chat Completions each in its own way: where reasoning stands,
what must come back, how errors look, and tool calls that leak."""

import json
import unittest

from harness import user
from simulated import WEATHER, SimulatedTest

TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": WEATHER}}
MODELS = {
    "kimi": "kimi-k2.6",
    "gemini": "gemini-3.8-flash",
    "vllm": "deepseek-v4-flash",
    "sglang": "deepseek-v4-flash",
    "llamacpp": "deepseek-v4-flash",
    "openrouter": "deepseek/deepseek-v4-pro",
    "openai_compatible": "any-model",
}
THINK = {"chat_template_kwargs": {"thinking": True}}


def output(call, text="18 degrees"):
    return {"role": "tool", "tool_call_id": call["id"], "content": text}


def put_together(answer):
    """The message that a client builds from a stream."""
    message = {}
    for chunk in answer.chunks():
        for choice in chunk["choices"]:
            for key, value in choice["delta"].items():
                if key == "tool_calls":
                    for piece in value:
                        calls = message.setdefault("tool_calls", [])
                        if piece.pop("index") == len(calls):
                            calls.append(piece)
                        else:
                            calls[-1]["function"]["arguments"] += piece["function"]["arguments"]
                elif key == "reasoning_details":
                    for piece in value:
                        last = message.setdefault(key, [piece | {"text": ""}])[0]
                        last |= piece | {"text": last["text"] + piece.get("text", "")}
                elif isinstance(value, str):
                    message[key] = message.get(key, "") + value
    return message | {"role": "assistant"}


class VariantsTest(SimulatedTest):
    def ask(self, provider, *messages, headers=None, **fields):
        path = f"/sim/{provider}/chat/completions"
        return self.send(path, {"model": MODELS[provider], "messages": list(messages)} | fields,
                         headers)

    def good(self, provider, *messages, **fields):
        answer = self.ask(provider, *messages, **fields)
        self.assertEqual(answer.status, 200, answer)
        if fields.get("stream"):
            return put_together(answer)
        return answer.json()["choices"][0]["message"]

    def refused(self, expected, provider, *messages, **fields):
        answer = self.ask(provider, *messages, **fields)
        self.assertEqual(answer.status, 400, answer)
        body = answer.json()
        self.assertIn(expected, json.dumps(body, ensure_ascii=False))
        return body

    def loop(self, provider, steps=3, **fields):
        """A tool loop in which all comes back as it was; its messages."""
        messages = [user(f"use 2 tools in {steps} steps")]
        for step in range(steps):
            message = self.good(provider, *messages, tools=[TOOL], stream=step == 1, **fields)
            self.assertEqual(len(message["tool_calls"]), 2)
            messages += [message, *(output(call) for call in message["tool_calls"])]
        last = self.good(provider, *messages, tools=[TOOL], **fields)
        self.assertEqual(last["content"], "The tool answered: 18 degrees")
        return messages

    def test_every_dialect_name_answers(self):
        for provider, model in MODELS.items():
            with self.subTest(provider):
                self.assertIn("You asked: Hi", self.good(provider, user("Hi"))["content"])
        self.assertIn("Hi", self.send("/sim/anthropic/chat/completions", {
            "model": "claude-opus-4-7", "messages": [user("Hi")]}).json()
            ["choices"][0]["message"]["content"])

    def test_where_reasoning_stands(self):
        thinks = {"kimi": "reasoning_content", "llamacpp": "reasoning_content",
                  "openrouter": "reasoning", "gemini": None, "vllm": None, "sglang": None,
                  "openai_compatible": None}
        for provider, name in thinks.items():
            for stream in (False, True):
                with self.subTest(f"{provider} {stream}"):
                    message = self.good(provider, user("Hi"), stream=stream)
                    found = {key for key in message if key.startswith("reasoning")}
                    self.assertEqual(found - {"reasoning_details"}, {name} - {None})
        self.assertIn("Simulated", self.good("vllm", user("Hi"), **THINK)["reasoning"])
        self.assertIn("Simulated", self.good("sglang", user("Hi"), **THINK)["reasoning_content"])
        off = {"chat_template_kwargs": {"enable_thinking": False}}
        self.assertNotIn("reasoning_content", self.good("llamacpp", user("Hi"), **off))

    def test_kimi(self):
        messages = self.loop("kimi")
        self.assertEqual([call["id"] for m in messages for call in m.get("tool_calls", [])],
                         [f"functions.get_weather:{n}" for n in range(6)])
        self.assertEqual(len(self.seen_reasoning()), 3)
        thought = messages[1].pop("reasoning_content")
        body = self.refused("thinking is enabled but reasoning_content is missing in assistant tool "
                            "call message at index 1", "kimi", *messages, tools=[TOOL])
        self.assertEqual(set(body["error"]), {"message", "type"})
        self.good("kimi", *messages, tools=[TOOL], thinking={"type": "disabled"})
        messages[1]["reasoning_content"] = thought
        messages[1]["tool_calls"][0]["id"] = messages[2]["tool_call_id"] = "functions_get_weather_0"
        self.refused("is not as it was made", "kimi", *messages, tools=[TOOL])
        self.refused("tool_choice 'required' is incompatible with thinking enabled", "kimi",
                     user("a"), tools=[TOOL], tool_choice="required")

    def test_vllm_loses_reasoning_content_in_silence(self):
        messages = self.loop("vllm", **THINK)
        self.assertEqual(len(self.seen_reasoning()), 3)
        for message in messages:
            if "reasoning" in message:
                message["reasoning_content"] = message.pop("reasoning")
        self.good("vllm", *messages, tools=[TOOL], **THINK)
        self.assertEqual(self.seen_reasoning(), [])
        self.good("sglang", *messages, tools=[TOOL], **THINK)
        self.assertEqual(len(self.seen_reasoning()), 3)

    def test_gemini(self):
        messages = self.loop("gemini")
        first, second = messages[1]["tool_calls"]
        self.assertNotIn("extra_content", second)
        google = first["extra_content"]["google"]
        self.assertEqual(len(self.seen_reasoning()), 3)
        kept = google["thought_signature"]
        google["thought_signature"] = kept[:-4]
        answer = self.ask("gemini", *messages, tools=[TOOL])
        self.assertEqual((answer.status, answer.json()[0]["error"]["status"]),
                         (400, "INVALID_ARGUMENT"))
        google["thought_signature"] = "skip_thought_signature_validator"
        self.good("gemini", *messages, tools=[TOOL])
        del first["extra_content"]
        words = "Function call `get_weather` in the `1.` content block is missing a " \
                "`thought_signature`."
        self.refused(words, "gemini", *messages, tools=[TOOL])
        self.good("gemini", *messages, {"role": "assistant", "content": "done"}, user("next"),
                  tools=[TOOL])
        self.refused("Thought signature is not valid", "gemini", *messages, tools=[TOOL],
                     model="gemini-2.5-flash")

    def test_openrouter_with_deepseek(self):
        messages = [user("use the tool")]
        message = self.good("openrouter", *messages, tools=[TOOL])
        self.assertEqual(message["reasoning_details"][0]["text"], message["reasoning"])
        messages += [message, output(message["tool_calls"][0])]
        body = self.refused("Provider returned error", "openrouter", *messages, tools=[TOOL])
        self.assertEqual(body["error"]["code"], 400)
        self.assertEqual(body["error"]["metadata"]["provider_name"], "DeepSeek")
        raw = json.loads(body["error"]["metadata"]["raw"])
        self.assertIn("`reasoning_content` in the thinking mode", raw["error"]["message"])
        message["reasoning_content"] = message["reasoning"]
        self.good("openrouter", *messages, tools=[TOOL])
        self.assertEqual(self.seen_reasoning(), [message["reasoning"]])

    def test_openrouter_with_claude_and_gemini(self):
        for model, words in {
            "anthropic/claude-opus-4.7": "Invalid `signature` in `thinking` block",
            "google/gemini-3.8-flash": "Thought signature is not valid",
        }.items():
            with self.subTest(model):
                fields = dict(model=model, tools=[TOOL], reasoning={"enabled": True})
                messages = [user("use the tool")]
                message = self.good("openrouter", *messages, stream=True, **fields)
                messages += [message, output(message["tool_calls"][0])]
                self.good("openrouter", *messages, **fields)
                detail = message["reasoning_details"][0]
                if "signature" in detail:
                    detail["text"] += "!"
                else:
                    detail["data"] = detail["data"][:-4]
                self.refused(words, "openrouter", *messages, **fields)
        del message["reasoning_details"]
        self.refused("Gemini models require OpenRouter reasoning details to be preserved",
                     "openrouter", *messages, **fields)

    def test_shapes_of_errors(self):
        shapes = {"kimi": ("error", "message"), "vllm": ("error", "message"),
                  "sglang": ("message",), "llamacpp": ("error", "message"),
                  "openrouter": ("error", "message"), "gemini": (0, "error", "message")}
        for provider, path in shapes.items():
            with self.subTest(provider):
                answer = self.ask(provider, headers={"x-sim-fault": "503"})
                self.assertEqual(answer.status, 503)
                found = answer.json()
                for step in path:
                    found = found[step]
                self.assertIn("overloaded", found)

    def test_tool_calls_that_leak(self):
        marks = {"dsml": "<｜DSML｜tool_calls>", "dsml-typo": "<｜DSML｜tool-calls>",
                 "dsml-closer": "</｜DSML｜>", "dsml-split": "</｜DSML｜tool_calls>",
                 "dsml-v32": "<｜DSML｜function_calls>", "dsml-v41": "<｜DSML｜ calls>",
                 "dsml-in-thinking": "<｜DSML｜tool_calls>"}
        for fault, mark in marks.items():
            with self.subTest(fault):
                ask = dict(tools=[TOOL], headers={"x-sim-fault": fault}, **THINK)
                answer = self.ask("vllm", user("use the tool"), stream=True, **ask)
                message = put_together(answer)
                where = "reasoning" if fault == "dsml-in-thinking" else "content"
                self.assertIn(mark, message[where])
                self.assertIn('name="city" string="true">simulated city</', message[where])
                self.assertNotIn("tool_calls", message)
                ends = [c["finish_reason"] for e in answer.chunks() for c in e["choices"]]
                self.assertEqual(ends[-1], "stop")
                pieces = [c["delta"].get("content") or "" for e in answer.chunks()
                          for c in e["choices"]]
                if fault == "dsml-split":
                    self.assertEqual(max(map(len, pieces)), 1)
                whole = self.good("vllm", user("use the tool"), **ask)
                self.assertIn(mark, whole[where])


if __name__ == "__main__":
    unittest.main()
