"""The real `tidegate simulate`: the contracts of docs/simulator.md, seen by a plain HTTP client."""

import http.client
import json
import os
import socket
import subprocess
import time
import unittest

BINARY = os.environ.get("TIDEGATE_BIN", "build/tidegate")
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


def user(text):
    return {"role": "user", "content": text}


class SimulatorTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.process = subprocess.Popen(
            [BINARY, "simulate", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True
        )
        line = cls.process.stdout.readline()
        cls.port = int(line.strip().removeprefix("listening on 127.0.0.1:"))

    @classmethod
    def tearDownClass(cls):
        cls.process.terminate()
        cls.process.wait(timeout=10)
        cls.process.stdout.close()

    def setUp(self):
        self.request("POST", "/sim/reset")

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(
                method, path, body if body is None else json.dumps(body),
                {"Authorization": "Bearer sk-good-1234"} | (headers or {}),
            )
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def chat(self, path="/sim/deepseek/chat/completions", headers=None, **fields):
        body = {"model": "deepseek-v4-flash", "messages": [user("Hi")]} | fields
        response, data = self.request("POST", path, body, headers)
        return response.status, json.loads(data)

    def stream(self, path="/sim/deepseek/chat/completions", headers=None, **fields):
        body = {"model": "deepseek-v4-flash", "messages": [user("Hi")], "stream": True} | fields
        response, data = self.request("POST", path, body, headers)
        self.assertEqual(response.status, 200, data)
        events = [e.removeprefix("data: ") for e in data.decode().split("\n\n") if e]
        self.assertEqual(events.pop(), "[DONE]")
        return [json.loads(event) for event in events]

    def test_stream_and_body_say_the_same(self):
        chunks = self.stream(tools=[TOOL], messages=[user("Use the tool, please")])
        deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
        calls = [delta["tool_calls"][0] for delta in deltas if "tool_calls" in delta]
        self.assertEqual(deltas[0], {"role": "assistant", "content": None, "reasoning_content": ""})
        self.assertRegex(calls[0]["id"], r"^call_00_[0-9A-Za-z]{20}$")
        arguments = "".join(call["function"]["arguments"] for call in calls)
        self.assertEqual(json.loads(arguments), {"city": "simulated city"})
        self.assertEqual(chunks[-1]["choices"][0]["finish_reason"], "tool_calls")
        self.assertTrue(all(chunk["usage"] is None for chunk in chunks[:-1]))
        usage = chunks[-1]["usage"]
        self.assertEqual(
            usage["prompt_tokens"],
            usage["prompt_cache_hit_tokens"] + usage["prompt_cache_miss_tokens"],
        )

        status, answer = self.chat(tools=[TOOL], messages=[user("Use the tool, please")])
        self.assertEqual(status, 200)
        call = answer["choices"][0]["message"]["tool_calls"][0]
        self.assertEqual(call["function"], {"name": "get_weather", "arguments": arguments})

    def test_tool_loop_needs_its_reasoning(self):
        messages = [user("Use the tool")]
        _, answer = self.chat(tools=[TOOL], messages=messages)
        assistant = answer["choices"][0]["message"]
        call = assistant["tool_calls"][0]["id"]
        result = {"role": "tool", "tool_call_id": call, "content": "18 degrees"}
        status, second = self.chat(tools=[TOOL], messages=messages + [assistant, result])
        self.assertEqual(status, 200)
        self.assertIn("18 degrees", second["choices"][0]["message"]["content"])

        del assistant["reasoning_content"]
        response, data = self.request(
            "POST", "/chat/completions",
            {"model": "deepseek-v4-flash", "messages": messages + [assistant, result]},
        )
        self.assertEqual(response.status, 400)
        self.assertEqual(response.getheader("content-type"), "application/octet-stream")
        self.assertEqual(json.loads(data)["error"], {
            "message": "The `reasoning_content` in the thinking mode must be passed back to the API.",
            "type": "invalid_request_error", "param": None, "code": "invalid_request_error",
        })

    def test_unknown_fields_are_echoed(self):
        status, answer = self.chat("/v1/chat/completions", model="gpt-5.5", x_new={"a": [1, None]})
        self.assertEqual((status, answer["echo"]), (200, {"x_new": {"a": [1, None]}}))

    def test_a_smaller_context_overflows(self):
        status, answer = self.chat(headers={"x-sim-context": "100"}, messages=[user("a " * 500)])
        self.assertEqual(status, 400)
        self.assertRegex(
            answer["error"]["message"],
            r"maximum context length is 100 tokens\. However, you requested 304 tokens",
        )

    def test_a_fault_strikes_so_often_and_no_more(self):
        headers = {"x-sim-fault": "500*1,429-retry-after-2*1", "x-sim-id": "once"}
        self.assertEqual([self.chat(headers=headers)[0] for _ in range(4)], [500, 429, 200, 200])

    def test_broken_answers_break_the_client(self):
        for fault in ("close", "reset"):
            with self.subTest(fault), self.assertRaises((http.client.HTTPException, OSError)):
                self.chat(headers={"x-sim-fault": fault})
        with self.assertRaises(http.client.IncompleteRead):
            self.stream(headers={"x-sim-fault": "cut-2"})

    def test_the_log_shows_the_bytes_that_came(self):
        self.chat(headers={"X-Marker": "m1"}, odd="ü")
        _, data = self.request("GET", "/sim/log")
        (entry,) = json.loads(data)["requests"]
        self.assertEqual(entry["headers"]["x-marker"], "m1")
        self.assertEqual(entry["headers"]["authorization"], "...1234")
        self.assertEqual(
            entry["body"],
            json.dumps({"model": "deepseek-v4-flash", "messages": [user("Hi")], "odd": "ü"}),
        )

    def test_a_client_that_leaves_is_counted(self):
        body = json.dumps({"model": "deepseek-v4-flash", "messages": [user("Hi")], "stream": True})
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as client:
            client.sendall(
                b"POST /chat/completions HTTP/1.1\r\nHost: sim\r\nAuthorization: Bearer sk-1\r\n"
                b"x-sim-fault: hang-stream-1\r\nContent-Length: %d\r\n\r\n%b"
                % (len(body), body.encode())
            )
            self.assertIn(b"200 OK", client.recv(4096))
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            _, data = self.request("GET", "/sim/open")
            if json.loads(data)["in_flight"] == 0:
                break
        self.assertEqual(json.loads(data), {"in_flight": 0, "left_early": 1, "served": 1})

    def test_tokens_come_at_their_rate(self):
        begun = time.monotonic()
        self.chat(headers={"x-sim-first-token": "100ms", "x-sim-rate": "100", "x-sim-tokens": "20"},
                  thinking={"type": "disabled"})
        self.assertGreaterEqual(time.monotonic() - begun, 0.1 + 20 / 100)


if __name__ == "__main__":
    unittest.main()
