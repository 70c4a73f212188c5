"""What clients may get wrong, by mistake or on purpose: each is refused clearly, and nobody else
notices."""

import json
import resource
import socket
import time
import unittest

from harness import PATIENCE, EndToEnd, chat, eventually

BODY_LIMIT = 48 << 20


class BadInput(EndToEnd):
    changes = {"models": {"plain": {"provider": "deepseek", "name": "deepseek-v4-flash",
                                    "price": {"input": 1, "cached": 1, "output": 2}}},
               "timeouts": {"client_head": "2s", "client_body": "2s"}}

    def tearDown(self):
        # Whatever happened: the next client is served, and what it cost is recorded.
        answer = self.gateway.post(chat("plain"))
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.outcomes(answer), ["ok"])
        self.assertEqual(self.gateway.process.poll(), None)

    def refused(self, body, status=400, **expected):
        answer = self.gateway.post(body)
        self.assertEqual(answer.status, status, answer)
        error = answer.error()
        self.assertEqual(set(error), {"message", "type", "param", "code"})
        self.assertTrue(error["message"])
        for name, value in expected.items():
            self.assertEqual(error[name], value)
        return error["message"]


class Bodies(BadInput):
    def tearDown(self):
        self.assertEqual(self.simulator.open()["served"], 0, "nothing of it reached a provider")
        super().tearDown()

    def test_malformed_json(self):
        for body in (b"", b" ", b"{", b"}", b"nonsense", b'{"model":"plain"', b'{"model":}',
                     b'{"model":"plain","messages":[{"role":"user","content":"x"}]} more',
                     b'{"model":"plain","messages":[{"role":"user","content":"x"},]}',
                     b"{'model':'plain'}", b'{"model":"pl\nain","messages":[]}', b"\xef\xbb\xbf",
                     b"\0" * 100):
            with self.subTest(body=body):
                self.refused(body, type="invalid_request_error")

    def test_wrong_types(self):
        good = chat("plain")
        for field, value in (("messages", "text"), ("messages", {}), ("messages", [1]),
                             ("messages", None), ("model", 7), ("model", ["plain"]),
                             ("stream", "yes"), ("max_tokens", "many"), ("tools", "none")):
            with self.subTest(field=field, value=value):
                message = self.refused(good | {field: value})
                self.assertIn(field, message)
        for body in ([], "text", 7, None, True, [good]):
            with self.subTest(body=body):
                self.refused(body)

    def test_missing_messages(self):
        self.refused({"model": "plain"}, param="messages")

    def test_a_field_twice(self):
        message = self.refused(b'{"model":"plain","model":"gpt-5.5","messages":[]}')
        self.assertIn("model", message)

    def test_deep_nesting(self):
        for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
            deep = opening * 10_000 + b"1" + closing * 10_000
            self.refused(b'{"model":"plain","messages":[{"role":"user","content":"x"}],"x":%s}' % deep)
            self.refused(b'{"model":"plain","messages":%s}' % deep)
            self.refused(opening * 10_000)

    def test_invalid_utf8(self):
        for bad in (b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xc0\xaf"):
            with self.subTest(bad=bad):
                body = b'{"model":"plain","messages":[{"role":"user","content":"%s"}]}' % bad
                self.refused(body)

    def test_unknown_model(self):
        message = self.refused(chat("deepseek-v4-flsh"), 404, code="model_not_found", param="model")
        self.assertIn("deepseek-v4-flash", message)
        self.refused(chat("x" * 5000), 404, code="model_not_found")
        self.refused(chat("route:nowhere"), 404)

    def test_unknown_route_header(self):
        answer = self.gateway.post(chat("auto"), {"x-tidegate-route": "short_task_bath"})
        self.assertIn(answer.status, (400, 404))
        self.assertIn("short_task_batch", answer.error()["message"])

    def test_labels_that_are_too_long(self):
        for header in ("x-tidegate-task", "x-tidegate-role"):
            answer = self.gateway.post(chat("plain"), {header: "x" * 200})
            self.assertEqual((answer.status, answer.error()["param"]), (400, header))

    def test_method_and_path(self):
        answer = self.gateway.request("GET", "/v1/chat/completions")
        self.assertEqual((answer.status, answer.headers["allow"]), (405, "POST"))
        answer = self.gateway.request("DELETE", "/v1/models")
        self.assertEqual((answer.status, answer.headers["allow"]), (405, "GET"))
        answer = self.gateway.post(chat("plain"), path="/v1/chat/completion")
        self.assertEqual(answer.status, 404)
        self.assertIn("/v1/chat/completions", answer.error()["message"])
        for path in ("/", "/v1", "/metrics", "/v1/models/../models", "//", "/%00"):
            self.assertEqual(self.gateway.get(path).status, 404, path)
        self.assertEqual(self.gateway.admin.request("POST", "/metrics").status, 405)


class Size(BadInput):
    def raw(self, head, body):
        with socket.create_connection(("127.0.0.1", self.gateway.port), PATIENCE) as connection:
            connection.sendall(head)
            connection.sendall(body)
            return connection.recv(65536)

    def test_one_byte_more_than_48_mib(self):
        text = b'{"model":"plain","messages":[{"role":"user","content":"%s"}]}'
        body = text % (b"x" * (BODY_LIMIT + 1 - len(text) + 2))
        self.assertEqual(len(body), BODY_LIMIT + 1)
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n"
        length = self.raw(head % b"Content-Length: %d" % len(body), body)
        self.assertRegex(length, rb"(?s)^HTTP/1.1 413 .*http\.body")
        chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        chunked = self.raw(head % b"Transfer-Encoding: chunked", chunked)
        self.assertRegex(chunked, rb"^HTTP/1.1 413 ")
        self.assertEqual(self.simulator.open()["served"], 0)

    def test_exactly_48_mib_is_read(self):
        text = b'{"model":"nobody","messages":[{"role":"user","content":"%s"}]}'
        body = text % (b"x" * (BODY_LIMIT - len(text) + 2))
        self.assertEqual(self.gateway.post(body).status, 404)


GOOD = json.dumps(chat("plain")).encode()


class Framing(BadInput):
    """Requests that two servers could understand differently."""

    def say(self, *pieces):
        with socket.create_connection(("127.0.0.1", self.gateway.port), PATIENCE) as connection:
            for piece in pieces:
                connection.sendall(piece)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while data := connection.recv(65536):
                answer += data
            return answer

    def test_ambiguous_heads_are_refused_and_the_connection_closed(self):
        length = b"Content-Length: %d\r\n" % len(GOOD)
        bad_heads = {
            "both framings": length + b"Transfer-Encoding: chunked\r\n",
            "two lengths": length + length.replace(b"%d" % len(GOOD), b"5"),
            "a repeated length": length + length,
            "a list of lengths": b"Content-Length: 5, 5\r\n",
            "a signed length": b"Content-Length: +%d\r\n" % len(GOOD),
            "a negative length": b"Content-Length: -1\r\n",
            "a huge length": b"Content-Length: 99999999999999999999999\r\n",
            "a hexadecimal length": b"Content-Length: 0x10\r\n",
            "no length": b"Content-Length:\r\n",
            "an unknown coding": b"Transfer-Encoding: gzip, chunked\r\n",
            "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "a disguised coding": b"Transfer-Encoding: xchunked\r\n",
            "a space before the colon": b"Content-Length : %d\r\n" % len(GOOD),
            "a folded line": length + b"X-A: 1\r\n 2\r\n",
            "a bare line feed": length + b"X-A: 1\nX-B: 2\r\n",
            "a bare carriage return": length + b"X-A: 1\rX-B: 2\r\n",
            "a null": length + b"X-A: \0\r\n",
            "no colon": length + b"X-A\r\n",
            "an empty name": length + b": x\r\n",
        }
        for name, head in bad_heads.items():
            with self.subTest(name):
                smuggled = b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n"
                answer = self.say(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n" + head
                                  + b"\r\n" + GOOD + smuggled)
                self.assertRegex(answer, rb"^HTTP/1.1 (400|501|413) ")
                self.assertEqual(answer.count(b"HTTP/1.1 "), 1, "what follows is not read")
        self.assertEqual(self.simulator.open()["served"], 0)

    def test_bad_request_lines(self):
        for line in (b"", b"POST\r\n\r\n", b"POST /v1/models\r\n\r\n", b"GET /v1/models HTTP/2.0\r\n\r\n",
                     b"GET  /v1/models HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
                     b"GET /v1/mod els HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /v1/models HTTP/1.1\r\n\r\n",
                     b"G\xc3\xa9T /v1/models HTTP/1.1\r\nHost: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
            with self.subTest(line=line):
                self.assertRegex(self.say(line), rb"^(HTTP/1.1 (4\d\d|505) |$)")

    def test_bad_chunks(self):
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        size = b"%x\r\n" % len(GOOD)
        for chunks in (b"xyz\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n",
                       b"ffffffffffffffffff\r\n", size + GOOD + b"0\r\n\r\n", b" 5\r\nhello\r\n0\r\n\r\n",
                       size.replace(b"\r", b"") + GOOD + b"\r\n0\r\n\r\n"):
            with self.subTest(chunks=chunks[:40]):
                answer = self.say(head, chunks)
                self.assertRegex(answer, rb"^HTTP/1.1 4(00|13) ")
                self.assertEqual(answer.count(b"HTTP/1.1 "), 1)
        self.assertEqual(self.simulator.open()["served"], 0)

    def test_too_many_or_too_large_headers(self):
        for head in (b"".join(b"X-%d: 1\r\n" % i for i in range(100)), b"X: %s\r\n" % (b"x" * 70_000)):
            answer = self.say(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n")
            self.assertTrue(answer.startswith(b"HTTP/1.1 431 "), answer[:100])

    def test_pipelined_requests_are_answered_in_order(self):
        request = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s"
        bodies = [json.dumps(chat("plain", f"number {i}")).encode() for i in range(5)]
        with socket.create_connection(("127.0.0.1", self.gateway.port), PATIENCE) as connection:
            connection.sendall(b"".join(request % (len(body), body) for body in bodies))
            answer = b""
            while answer.count(b"finish_reason") < 5 and (data := connection.recv(65536)):
                answer += data
        places = [answer.find(b"You asked: number %d" % i) for i in range(5)]
        self.assertTrue(all(place > 0 for place in places), answer)
        self.assertEqual(places, sorted(places))


class ClientsThatLeave(BadInput):
    def connect(self):
        return socket.create_connection(("127.0.0.1", self.gateway.port), PATIENCE)

    def test_at_every_byte_of_a_request(self):
        request = (b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s"
                   % (len(GOOD), GOOD))
        for end in range(len(request)):
            with self.connect() as connection:
                connection.sendall(request[:end])
        self.assertEqual(self.simulator.open()["served"], 0)

    def leave(self, fault, stream, after):
        """Reads until `after` has come, and goes."""
        body = json.dumps(chat("plain", stream=stream)).encode()
        head = (f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nx-sim-fault: {fault}\r\n"
                f"x-sim-tokens: 2000\r\nContent-Length: {len(body)}\r\n\r\n")
        before = {row["request"] for row in self.gateway.select()}
        with self.connect() as connection:
            connection.sendall(head.encode() + body)
            eventually(lambda: self.simulator.open()["in_flight"] == 1)
            answer = b""
            while after not in answer:
                answer += connection.recv(65536)
        gone = eventually(lambda: self.simulator.open(), lambda open: open["in_flight"] == 0)
        self.assertEqual(gone["in_flight"], 0, "the provider's work was canceled")
        rows = eventually(lambda: [row for row in self.gateway.select()
                                   if row["request"] not in before])
        self.assertEqual([row["outcome"] for row in rows], ["client_gone"])
        return rows[0]

    def test_while_the_provider_is_silent(self):
        for stream in (False, True):
            self.assertEqual(self.leave("hang", stream, b"")["cost_nano"], 0)

    def test_in_the_middle_of_a_stream(self):
        for fault in ("slow-chunks-20", "hang-stream-5"):
            row = self.leave(fault, True, b"data: ")
            self.assertGreater(row["cost_nano"], 0, "what was used so far is estimated")

    def test_while_a_body_is_awaited(self):
        self.leave("slow-chunks-50", False, b"")

    def test_between_two_attempts(self):
        body = json.dumps(chat("plain")).encode()
        head = (f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nx-sim-fault: 429-retry-after-2\r\n"
                f"Content-Length: {len(body)}\r\n\r\n")
        with self.connect() as connection:
            connection.sendall(head.encode() + body)
            self.assertTrue(eventually(lambda: self.simulator.open()["served"] == 1))
        rows = eventually(self.in_flight, lambda count: count == 0)
        self.assertEqual(rows, 0, "well before the two seconds are over")
        self.assertEqual(self.simulator.open()["served"], 1)

    def in_flight(self):
        return self.gateway.metrics()["tidegate_requests_in_flight"]

    def test_while_we_connect(self):
        # With its queue of connections full, Linux drops each further SYN.
        with socket.socket() as listener, socket.socket() as fills_the_queue:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            fills_the_queue.connect(listener.getsockname())
            gateway = self.serve(self.config() | {"providers": {"deepseek": {
                "dialect": "deepseek", "api_key": "sk-x",
                "base_url": f"http://127.0.0.1:{listener.getsockname()[1]}"}}})
            with socket.create_connection(("127.0.0.1", gateway.port), PATIENCE) as connection:
                connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
                                   b"Content-Length: %d\r\n\r\n%s" % (len(GOOD), GOOD))
                self.assertTrue(eventually(
                    lambda: gateway.metrics()["tidegate_requests_in_flight"] == 1))
            rows = eventually(gateway.select)
            self.assertEqual([row["outcome"] for row in rows], ["client_gone"])

    def test_with_a_reset(self):
        body = json.dumps(chat("plain", stream=True)).encode()
        for _ in range(20):
            connection = self.connect()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
                               b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            connection.close()
        self.assertTrue(eventually(lambda: self.simulator.open()["in_flight"] == 0))


class SlowClients(BadInput):
    def test_slow_clients_hold_nobody_up(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        slow = []
        for i in range(1000):
            connection = socket.create_connection(("127.0.0.1", self.gateway.port), PATIENCE)
            self.addCleanup(connection.close)
            half = (b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n", b"P",
                    b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
                    b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{")
            connection.sendall(half[i % len(half)])
            slow.append(connection)
        begin = time.monotonic()
        for i in range(20):
            self.assertEqual(self.gateway.post(chat("plain", f"{i}")).status, 200)
        self.assertLess(time.monotonic() - begin, 10)
        for connection in slow:
            connection.settimeout(PATIENCE)
            answer = connection.recv(65536)
            self.assertRegex(answer, rb"^(HTTP/1.1 408 |$)")
        open_now = eventually(lambda: self.gateway.metrics()["tidegate_connections"],
                              lambda count: count == 0)
        self.assertEqual(open_now, 0)

    def test_a_reader_that_does_not_read_ends(self):
        gateway = self.serve(self.config() | {"timeouts": {"client_write": "500ms"}})
        body = json.dumps(chat("plain", stream=True)).encode()
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", gateway.port))
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
                               b"x-sim-tokens: 200000\r\nx-sim-rate: 1000000\r\n"
                               b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            rows = eventually(gateway.select)
            self.assertEqual([row["outcome"] for row in rows], ["client_gone"])
        self.assertTrue(eventually(lambda: self.simulator.open()["in_flight"] == 0))


if __name__ == "__main__":
    unittest.main()
