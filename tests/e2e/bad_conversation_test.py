"""What is wrong inside a conversation, and inside an answer: by a client of each dialect, whichever provider
it goes to, a clear error in the client's words that names the place, and nothing in the ledger but what
was so (docs/dialects.md)."""

import http.server
import json
import re
import threading
import unittest

from harness import EndToEnd, Gateway, user

MODELS = {"deepseek": "deepseek-v4-pro", "openai": "gpt-5.5", "anthropic": "claude-opus-4.7",
          "kimi": "kimi-k2.6", "gemini": "gemini-3.8-flash", "vllm": "open"}
HALF = "\ud83d"  # of a character, which JSON may escape and nothing may mean


class Dialect:
    """How a client of it says what is said here, and what its errors look like."""

    def __init__(self, path, history, **members):
        self.path, self.history, self.members = path, history, members

    def body(self, model, history):
        return {"model": model, self.history: history} | self.members

    def message_of(self, test, answer):
        error = answer.error()
        if self.path == "/v1/messages":
            test.assertEqual(answer.json()["type"], "error", answer)
            test.assertEqual(error["type"], "invalid_request_error")
            return error["message"]
        test.assertEqual(set(error) & {"message", "type"}, {"message", "type"}, answer)
        return f"{error['message']} {error.get('param')}"


FUNCTION = {"name": "f", "parameters": {"type": "object"}}
CHAT = Dialect("/v1/chat/completions", "messages", tools=[{"type": "function", "function": FUNCTION}])
MESSAGES = Dialect("/v1/messages", "messages", max_tokens=4000,
                   tools=[{"name": "f", "input_schema": {"type": "object"}}])
RESPONSES = Dialect("/v1/responses", "input", tools=[FUNCTION | {"type": "function"}])


def assistant(*calls):
    return {"role": "assistant", "content": None, "tool_calls": [
        {"id": call, "type": "function", "function": {"name": "f", "arguments": "{}"}}
        for call in calls]}


def tool(call):
    return {"role": "tool", "tool_call_id": call, "content": "mild"}


def said(role, *blocks):
    return {"role": role, "content": list(blocks)}


def use(call):
    return {"type": "tool_use", "id": call, "name": "f", "input": {}}


def result(call):
    return {"type": "tool_result", "tool_use_id": call, "content": "mild"}


def call_item(call):
    return {"type": "function_call", "call_id": call, "name": "f", "arguments": "{}"}


def output(call):
    return {"type": "function_call_output", "call_id": call, "output": "mild"}


THINKING = {"type": "thinking", "thinking": "hm", "signature": "ZmFrZQ=="}

# What follows on a user's first message; where the fault is, in the client's own words.
KINDS = {
    "orphan result": {
        CHAT: ([tool("z")], "messages[1].tool_call_id"),
        MESSAGES: ([said("user", result("z"))], "messages[1].content[0].tool_use_id"),
        RESPONSES: ([output("z")], "input[1].call_id")},
    "result of another call": {
        CHAT: ([assistant("c"), tool("d")], "messages[2].tool_call_id"),
        MESSAGES: ([said("assistant", use("c")), said("user", result("d"))],
                   "messages[2].content[0].tool_use_id"),
        RESPONSES: ([call_item("c"), output("d")], "input[2].call_id")},
    "call without a result": {
        CHAT: ([assistant("c"), user("more")], "messages[2]"),
        MESSAGES: ([said("assistant", use("c")), user("more")], "messages[1].content[0]"),
        RESPONSES: ([call_item("c"), user("more")], "input[1]")},
    "result twice": {
        CHAT: ([assistant("c"), tool("c"), tool("c")], "messages[3].tool_call_id"),
        MESSAGES: ([said("assistant", use("c")), said("user", result("c"), result("c"))],
                   "messages[2].content[1].tool_use_id"),
        RESPONSES: ([call_item("c"), output("c"), output("c")], "input[3].call_id")},
    "wrong order": {
        CHAT: ([assistant("c"), user("first"), tool("c")], "messages[2]"),
        MESSAGES: ([said("assistant", use("c")), user("first"), said("user", result("c"))],
                   "messages[1].content[0]"),
        RESPONSES: ([output("c"), call_item("c")], "input[1].call_id")},
    "unknown role": {
        CHAT: ([{"role": "robot", "content": "beep"}], "messages[1].role"),
        MESSAGES: ([{"role": "robot", "content": "beep"}], "messages[1].role"),
        RESPONSES: ([{"role": "robot", "content": "beep"}], "input[1].role")},
    "unknown type": {
        CHAT: ([said("user", {"type": "hologram"})], "messages[1].content[0]"),
        MESSAGES: ([said("user", {"type": "hologram"})], "messages[1].content[0]"),
        RESPONSES: ([said("user", {"type": "hologram"})], "input[1].content[0]")},
    "malformed part": {
        CHAT: ([said("user", {"type": "text", "text": 5})], "messages[1].content[0].text"),
        MESSAGES: ([said("user", {"type": "text", "text": 5})], "messages[1].content[0].text"),
        RESPONSES: ([said("user", {"type": "input_text", "text": 5})], "input[1].content[0].text")},
    "malformed call": {
        CHAT: ([{"role": "assistant", "tool_calls": [{"id": "c", "type": "function"}]}, tool("c")],
               "messages[1].tool_calls[0].function.name"),
        MESSAGES: ([said("assistant", {"type": "tool_use", "id": "c"}), said("user", result("c"))],
                   "messages[1].content[0].name"),
        RESPONSES: ([{"type": "function_call", "call_id": "c"}, output("c")], "input[1].name")},
    "half a character": {
        CHAT: ([user("no " + HALF)], "messages[1]"),
        MESSAGES: ([user("no " + HALF)], "messages[1]"),
        RESPONSES: ([user("no " + HALF)], "input[1]")},
    "half a character in a part": {
        CHAT: ([said("user", {"type": "text", "text": HALF})], "messages[1].content[0]"),
        MESSAGES: ([said("user", {"type": "text", "text": HALF})], "messages[1].content[0]"),
        RESPONSES: ([said("user", {"type": "input_text", "text": HALF})], "input[1].content[0]")},
    "nothing": {CHAT: (None, "messages"), MESSAGES: (None, "messages"), RESPONSES: (None, "input")},
}
# Within one message. On the chat surface it passes as it is, and these providers take it.
DOUBLED = {
    CHAT: ([assistant("c", "c"), tool("c"), tool("c")], "messages[1].tool_calls[1].id"),
    MESSAGES: ([said("assistant", use("c"), use("c")), said("user", result("c"), result("c"))],
               "messages[2].content[1].tool_use_id"),
    RESPONSES: ([call_item("c"), call_item("c"), output("c"), output("c")], "input[2].call_id"),
}
FOREIGN = {
    MESSAGES: ([said("assistant", THINKING, use("c")), said("user", result("c"))], "messages.1.content.0"),
    RESPONSES: ([{"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAforged"},
                 call_item("c"), output("c")], "encrypted content gAAA...rged"),
}


class Conversations(EndToEnd):
    @classmethod
    def config(cls):
        return cls.simulator.config(
            providers={name: cls.simulator.provider(name, name) for name in MODELS},
            models={"open": {"provider": "vllm", "name": "deepseek-v4-flash", "thinking": True}})

    def ask(self, dialect, model, history, stream=False):
        history = [] if history is None else [user("Hi"), *history]
        body = dialect.body(model, history) | ({"stream": True} if stream else {})
        return self.gateway.post(body, {"anthropic-version": "2023-06-01"}, dialect.path)

    def refused(self, dialect, model, history, place):
        for stream in (False, True):
            answer = self.ask(dialect, model, history, stream)
            self.assertEqual(answer.status, 400, answer)
            # Anthropic itself writes messages.1.content.0.
            message = dialect.message_of(self, answer)
            theirs = place.partition("]")[0] + "]"
            ours = re.sub(r"messages\.\[?(\d+)\]?", r"messages[\1]", message)
            self.assertTrue(place in message or theirs in ours, f"{place}: {message}")
            rows = self.gateway.select("request = ?", answer.request_id)
            self.assertEqual([row["outcome"] for row in rows if row["outcome"] == "ok"], [])
            self.assertEqual(sum(row["cost_nano"] for row in rows), 0)
            return answer

    def test_each_fault_in_each_dialect_to_each_provider(self):
        for kind, cases in KINDS.items():
            for dialect, (history, place) in cases.items():
                for model in MODELS.values():
                    with self.subTest(f"{kind} by {dialect.path} to {model}"):
                        self.refused(dialect, model, history, place)

    def test_what_is_wrong_in_itself_is_not_tried_elsewhere(self):
        # claude-opus-4.7 falls back to models of the chat surface, which would take it as it is.
        self.refused(CHAT, "claude-opus-4.7", *KINDS["orphan result"][CHAT])
        self.assertEqual(self.simulator.bodies(), [])

    def test_an_id_twice(self):
        for dialect, (history, place) in DOUBLED.items():
            for model in MODELS.values():
                with self.subTest(f"{dialect.path} to {model}"):
                    if dialect is not CHAT or model == "claude-opus-4.7":
                        self.refused(dialect, model, history, place)
                    else:
                        self.assertEqual(self.ask(dialect, model, history).status, 200)

    def test_a_forged_seal_is_refused_by_its_provider_and_is_nothing_to_others(self):
        for dialect, home in ((MESSAGES, "claude-opus-4.7"), (RESPONSES, "gpt-5.5")):
            history, place = FOREIGN[dialect]
            self.refused(dialect, home, history, place)
            for model in MODELS.values():
                if model != home:
                    with self.subTest(f"{dialect.path} to {model}"):
                        answer = self.ask(dialect, model, history)
                        self.assertEqual((answer.status, answer.model), (200, model))
                        self.assertIn("sealed reasoning opened", answer.headers["x-tidegate-notes"])

    def test_an_error_in_a_shape_of_its_own_is_told_in_the_clients(self):
        answer = self.gateway.post({"model": "gemini-3.8-flash", "messages": [user("Hi")], "max_tokens": 1 << 40},
                                   {"x-sim-fault": "429-retry-after-60"})
        self.assertEqual(answer.status, 429)
        self.assertEqual((answer.error()["type"], answer.headers["retry-after"]), ("rate_limit_error", "60"))


class Scripted(http.server.BaseHTTPRequestHandler):
    """Gives to whoever asks what the test has put there."""

    protocol_version = "HTTP/1.1"
    content_type, answer = "text/event-stream", b""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", self.content_type)
        self.send_header("content-length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *arguments):
        pass


def events(*data, named=False):
    text = ""
    for each in data:
        if named:
            text += f"event: {each['type']}\n"
        text += f"data: {each if isinstance(each, str) else json.dumps(each)}\n\n"
    return text.encode()


def chunk(delta, **more):
    return {"id": "1", "object": "chat.completion.chunk", "model": "m",
            "choices": [{"index": 0, "delta": delta, "finish_reason": None} | more]}


START = {"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant",
         "model": "m", "content": [], "usage": {"input_tokens": 3, "output_tokens": 1}}}
BLOCK = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
DELTA = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}}
STOP = {"type": "content_block_stop", "index": 0}
CREATED = {"type": "response.created", "response": {"id": "resp_1", "status": "in_progress", "output": []}}
TEXT = {"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0,
        "delta": "Hello"}
ITEM = {"type": "response.output_item.added", "output_index": 0,
        "item": {"type": "message", "id": "msg_1", "role": "assistant", "content": []}}
PART = {"type": "response.content_part.added", "item_id": "msg_1", "output_index": 0, "content_index": 0,
        "part": {"type": "output_text", "text": "", "annotations": []}}

# A stream that goes wrong, before and after words have come.
STREAMS = {
    "chat": [
        events(chunk({"content": "Hello"}), "{\"choices\":["),
        events(chunk({"content": "Hello"}), chunk({"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]}), "[DONE]"),
        events(chunk({"role": "assistant"})) + b'data: {"choices":[{"delta":{"content":"\xf0\x9f"}}]}\n\n',
        events(chunk({"content": "Hello"})) + b'data: {"choices":[{"delta":{"content":"\xf0\x9f"}}]}\n\n',
    ],
    "anthropic": [
        events(BLOCK, DELTA, named=True),
        events(START, DELTA, named=True),
        events(START, BLOCK, DELTA, BLOCK, named=True),
        events(START, BLOCK, DELTA, STOP, DELTA, named=True),
        events(START, BLOCK, DELTA, {"type": "message_stop"}, DELTA, named=True),
        events(START, BLOCK, DELTA, named=True) + b"event: content_block_delta\ndata: {\"\xf0\x9f\"}\n\n",
    ],
    "openai": [
        events(TEXT, CREATED, named=True),
        events(CREATED, TEXT, named=True),
        events(CREATED, ITEM, PART, TEXT, ITEM | {"output_index": 7}, TEXT | {"output_index": 5}, named=True),
        events(CREATED, ITEM, PART, TEXT, named=True) + b"event: x\ndata: {\"\xf0\x9f\"}\n\n",
    ],
}


class Answers(unittest.TestCase):
    """A provider's events out of order, cut or garbled."""

    @classmethod
    def setUpClass(cls):
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
        cls.server.daemon_threads = True
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.server.server_close)
        cls.addClassCleanup(cls.server.shutdown)
        url = f"http://127.0.0.1:{cls.server.server_port}"
        dialects = {"chat": "deepseek", "anthropic": "anthropic", "openai": "openai"}
        cls.gateway = Gateway({
            "providers": {name: {"dialect": dialect, "base_url": url, "api_key": "sk-x"}
                          for name, dialect in dialects.items()},
            "models": {name: {"provider": name, "name": "m"} for name in dialects},
            "retry": {"attempts": 1}, "breaker": {"failures": 1000}})
        cls.addClassCleanup(cls.gateway.stop)

    def last_error(self, dialect, answer):
        """The message of the one error of a stream; nothing may follow on it."""
        last = json.loads(answer.body.decode(errors="replace").rpartition("data: ")[2])
        if dialect is CHAT:
            self.assertNotIn(b"[DONE]", answer.body)
            return last["error"]["message"]
        if dialect is MESSAGES:
            self.assertEqual(last["type"], "error")
            return last["error"]["message"]
        self.assertIn(last["type"], ("error", "response.failed"))
        return last.get("message") or last["response"]["error"]["message"]

    def test_streams_that_go_wrong(self):
        for provider, streams in STREAMS.items():
            for number, stream in enumerate(streams):
                for dialect in (CHAT, MESSAGES, RESPONSES):
                    if dialect is CHAT and provider == "chat" and number == 1:
                        continue  # passes as it is, and ends well
                    with self.subTest(f"{provider} {number} to {dialect.path}"):
                        Scripted.answer, Scripted.content_type = stream, "text/event-stream"
                        body = dialect.body(provider, [user("Hi")]) | {"stream": True}
                        answer = self.gateway.post(body, {}, dialect.path)
                        row, = self.gateway.records(answer)
                        self.assertIn(row["outcome"], ("truncated", "failed_in_answer", "provider_error"))
                        if answer.status == 200:
                            self.assertTrue(self.last_error(dialect, answer))
                        else:
                            self.assertGreaterEqual(answer.status, 500)
                            self.assertTrue(answer.error()["message"])

    def test_a_garbled_event_ends_a_stream_that_passes_as_it_is(self):
        message_stop = {"type": "message_stop"}
        stop_reason = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}
        completed = {"type": "response.completed", "response": CREATED["response"] | {"status": "completed"}}
        well = {"chat": (CHAT, events(chunk({"content": "Hello"})),
                         events(chunk({}, finish_reason="stop"), "[DONE]")),
                "anthropic": (MESSAGES, events(START, BLOCK, DELTA, named=True),
                              events(STOP, stop_reason, message_stop, named=True)),
                "openai": (RESPONSES, events(CREATED, ITEM, PART, TEXT, named=True), events(completed, named=True))}
        for provider, (dialect, begin, end) in well.items():
            for garbled in (b'data: {"choices":[\n\n', b'data: [1]\n\n', b'data: {"a":"\xf0\x9f"}\n\n'):
                with self.subTest(f"{provider}: {garbled}"):
                    Scripted.answer, Scripted.content_type = begin + garbled + end, "text/event-stream"
                    body = dialect.body(provider, [user("Hi")]) | {"stream": True}
                    answer = self.gateway.post(body, {}, dialect.path)
                    self.assertTrue(answer.body.startswith(begin), answer)
                    self.assertIn("could not be understood", self.last_error(dialect, answer))
                    self.assertNotIn(garbled, answer.body)
                    row, = self.gateway.records(answer)
                    self.assertEqual(row["outcome"], "failed_in_answer")

    def test_an_order_that_is_odd_passes_where_the_client_speaks_it(self):
        stream = events(chunk({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}),
                        chunk({}, finish_reason="stop"), "[DONE]")
        Scripted.answer, Scripted.content_type = stream, "text/event-stream"
        answer = self.gateway.post(CHAT.body("chat", [user("Hi")]) | {"stream": True}, {}, CHAT.path)
        self.assertEqual(answer.body, stream)

    def test_answers_that_are_none(self):
        for provider in STREAMS:
            for whole in (b"", b"{", b"[]", b'{"choices":[{"message":{"content":"\xf0\x9f"}}]}',
                          b'{"choices":[{"message":{"content":"\\ud83d"},"finish_reason":"stop"}]}',
                          b'{"type":"message","content":[{"type":"text"',
                          b'{"object":"response","output":7}'):
                for dialect in (CHAT, MESSAGES, RESPONSES):
                    with self.subTest(f"{provider} {whole} to {dialect.path}"):
                        Scripted.answer, Scripted.content_type = whole, "application/json"
                        answer = self.gateway.post(dialect.body(provider, [user("Hi")]), {}, dialect.path)
                        row, = self.gateway.records(answer)
                        if answer.status != 200:  # of the chat surface half a character passes
                            self.assertGreaterEqual(answer.status, 500)
                            self.assertTrue(answer.error()["message"])
                            self.assertNotEqual(row["outcome"], "ok")
                        answer.body.decode()


if __name__ == "__main__":
    unittest.main()
