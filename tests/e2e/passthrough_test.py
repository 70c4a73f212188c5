"""Same dialect, same bytes: what a plain HTTP client sends reaches the provider as it was written,
but for the fields that a rule changes, and the answer comes back likewise."""

import http.server
import json
import threading
import unittest

from harness import EndToEnd, Gateway

# Numbers, spaces, escapes and orders that a JSON library would rewrite.
ODD = (b'{ "temperature" : 1.0e0,"top_p":1.0,\t"x_vendor": {"b":1.10,"a":[ -0, 1E+2, 12345678901234567890 ]},\n'
       b'  "messages":[ {"content" : "caf\\u00e9 \\ud83d\\ude00 \\/ \xc3\xa9 \\u0041", "role":"user" ,"x_extra":null} ],\r\n'
       b'"seed":0.1e-1, "%s"  "x_last":"\\b\\f" }')


def odd(more):
    return ODD.replace(b'"%s"', more)


class Passthrough(EndToEnd):
    @classmethod
    def config(cls):
        exact = {"provider": "lab", "context": 100000}
        return cls.simulator.config(
            providers={"lab": cls.simulator.provider("lab", "openai_compatible"),
                       "deepseek": cls.simulator.provider("deepseek", "deepseek")},
            models={"exact": exact, "renamed": exact | {"name": "provider-name"}},
            routes={"plain": {"model": "exact"},
                    "capped": {"model": "renamed", "max_tokens": 100}},
            policy=[{"route": "plain"}])

    def send(self, body, **headers):
        answer = self.gateway.post(body, headers)
        self.assertEqual(answer.status, 200, answer)
        received, = self.simulator.bodies()
        return answer, received.encode()

    def test_nothing_changes_when_nothing_has_to(self):
        body = odd(b'"model" : "exact" ,')
        _, received = self.send(body)
        self.assertEqual(received, body)

    def test_nothing_changes_in_a_stream_that_asks_for_usage(self):
        body = odd(b'"model":"exact","stream": true , "stream_options":{ "include_usage" :true},')
        _, received = self.send(body)
        self.assertEqual(received, body)

    def test_the_model_is_spliced_in_place(self):
        _, received = self.send(odd(b'"model" : "renamed" ,'))
        self.assertEqual(received, odd(b'"model" : "provider-name" ,'))

    def test_an_escaped_key_is_understood(self):
        self.gateway.post(odd(b'"\\u006dodel" : "renamed" ,'))  # the simulator does not unescape
        received, = self.simulator.bodies()
        self.assertEqual(received.encode(), odd(b'"\\u006dodel" : "provider-name" ,'))

    def test_a_larger_limit_is_lowered_in_place(self):
        _, received = self.send(odd(b'"model":"route:capped", "max_tokens" :  4000 ,'))
        self.assertEqual(received, odd(b'"model":"provider-name", "max_tokens" :  100 ,'))

    def test_a_smaller_limit_stays(self):
        _, received = self.send(odd(b'"model":"route:capped", "max_tokens" :  40 ,'))
        self.assertEqual(received, odd(b'"model":"provider-name", "max_tokens" :  40 ,'))

    def test_what_is_missing_is_added_and_the_rest_stays(self):
        body = odd(b'"model":"route:capped","stream":true,')
        answer, received = self.send(body)
        rest = received
        for added in (b'"max_tokens":100,', b'"stream_options":{"include_usage":true},'):
            self.assertIn(added, rest)
            rest = rest.replace(added, b"", 1)
        self.assertEqual(rest, body.replace(b"route:capped", b"provider-name"))
        self.assertNotIn(b'"usage":{', answer.body, "it was not asked for")

    def test_stream_options_of_the_client_are_extended(self):
        body = odd(b'"model":"exact","stream":true,"stream_options": { "x_more" : [1.0] },')
        _, received = self.send(body)
        self.assertEqual(json.loads(received)["stream_options"],
                         {"x_more": [1.0], "include_usage": True})
        self.assertIn(b'"x_more" : [1.0]', received)

    def test_a_large_body(self):
        text = "".join(chr(0x4E00 + i % 5000) + " word\\n" for i in range(300_000))
        body = ('{"model":"exact","messages":[{"role":"user","content":"%s"}]}' % text).encode()
        self.assertGreater(len(body), 2_000_000)
        _, received = self.send(body)
        self.assertEqual(received, body)

    def test_unknown_fields_come_back(self):
        answer, _ = self.send(odd(b'"model":"exact",'))
        self.assertEqual(answer.json()["echo"]["x_vendor"]["a"][2], 12345678901234567890)

    def test_headers(self):
        self.send(odd(b'"model":"exact",'), **{
            "authorization": "Bearer client-key", "x-api-key": "client-key", "cookie": "client=key",
            "x-tidegate-task": "t", "openai-beta": "assistants=v2", "x-forwarded-for": "10.0.0.1",
            "accept-encoding": "gzip"})
        headers = self.simulator.log_of_requests()[0]["headers"]
        self.assertEqual(headers["openai-beta"], "assistants=v2")
        self.assertEqual(headers["authorization"], "...1234", "the provider's key, not the client's")
        self.assertEqual(headers["accept-encoding"], "identity")
        self.assertFalse({"x-api-key", "cookie", "x-tidegate-task", "x-forwarded-for"} & set(headers))

    def test_chunked_requests(self):
        body = odd(b'"model":"exact",')
        connection = self.gateway.connect()
        self.addCleanup(connection.close)
        pieces = (body[i:i + 7] for i in range(0, len(body), 7))
        connection.request("POST", "/v1/chat/completions", pieces, encode_chunked=True,
                           headers={"transfer-encoding": "chunked"})
        self.assertEqual(connection.getresponse().status, 200)
        self.assertEqual(self.simulator.bodies(), [body.decode()])

    def test_one_connection_serves_many_requests(self):
        connection = self.gateway.connect()
        self.addCleanup(connection.close)
        for number in range(5):
            body = odd(b'"model":"exact","x_number":%d,' % number)
            connection.request("POST", "/v1/chat/completions", body)
            response = connection.getresponse()
            self.assertEqual(json.loads(response.read())["echo"]["x_number"], number)
        self.assertEqual(len(self.simulator.bodies()), 5)


ANSWER = (b'{ "id" : "x", "choices":[{"index":0, "message":{"content":"caf\\u00e9 \\/","x":1.0},'
          b'"finish_reason":"stop"}],\n "usage":{"prompt_tokens":3,"completion_tokens":2}, "x_odd":1e2 }\n')
EVENTS = (b': hello\n\nevent: note\ndata: {"x_first":1.0,"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
          b'id: 7\ndata: {"choices":[ {"delta":{"content":"\\u00e9"},"finish_reason":"stop"} ] , "x":1e2}\n\n'
          b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\n'
          b'data: [DONE]\n\n')


class OddProvider(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        stream = request.get("stream")
        body = EVENTS if stream else ANSWER
        self.send_response(200)
        self.send_header("content-type", "text/event-stream" if stream else "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_header("x-vendor-info", "a b  c")
        self.send_header("x-request-id", "theirs")
        self.send_header("set-cookie", "session=1")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Answers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), OddProvider)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(server.shutdown)
        url = f"http://127.0.0.1:{server.server_port}/v1"
        cls.gateway = Gateway({
            "providers": {"lab": {"dialect": "openai_compatible", "base_url": url}},
            "models": {"exact": {"provider": "lab"}}, "routes": {"only": {"model": "exact"}}})
        cls.addClassCleanup(cls.gateway.stop)

    def test_a_body_comes_back_as_it_was_written(self):
        answer = self.gateway.post({"model": "exact", "messages": [{"role": "user", "content": "x"}]})
        self.assertEqual(answer.body, ANSWER)
        self.assertEqual(answer.headers["x-vendor-info"], "a b  c")
        self.assertEqual(answer.headers["x-tidegate-upstream-request-id"], "theirs")
        self.assertTrue(answer.request_id.startswith("req_"))
        self.assertIsNone(answer.headers["set-cookie"])

    def test_a_stream_comes_back_as_it_was_written(self):
        body = {"model": "exact", "messages": [{"role": "user", "content": "x"}], "stream": True}
        asked = body | {"stream_options": {"include_usage": True}}
        comment, rest = EVENTS[:9], EVENTS[9:]
        self.assertEqual(comment, b": hello\n\n")
        answer = self.gateway.post(asked)
        # A comment before the first event may not reach the client; from there on, every byte does.
        self.assertEqual(answer.body.removeprefix(comment), rest)
        self.assertEqual(self.gateway.records(answer)[0]["prompt"], 3)
        usage = b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\n'
        self.assertEqual(self.gateway.post(body).body.removeprefix(comment), rest.replace(usage, b""))


if __name__ == "__main__":
    unittest.main()
