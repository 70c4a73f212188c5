"""Providers that cannot be reached: names, ports, certificates, keys."""

import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

from harness import PATIENCE, Gateway, Simulator, chat, eventually

ANSWER = (b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 104\r\n\r\n'
          b'{"id":"1","object":"chat.completion","choices":[{"index":0,"message":{"content":"Hello"},'
          b'"finish_reason":"stop"}]}')
ANSWER = ANSWER.replace(b"104", str(len(ANSWER.split(b"\r\n\r\n")[1])).encode())


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


class Certificates:
    """An authority, and server certificates signed by it, made by the openssl command."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tidegate-certificates-"))
        self.authority = str(self.folder / "ca.pem")
        openssl(self.folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test authority",
                "-days", "2")

    def make(self, name, host, days):
        openssl(self.folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={host}")
        (self.folder / "names").write_text(f"subjectAltName=DNS:{host}\n")
        openssl(self.folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey",
                "ca.key", "-CAcreateserial", "-days", str(days), "-extfile", "names",
                "-out", f"{name}.pem")
        return str(self.folder / f"{name}.pem"), str(self.folder / f"{name}.key")


class Provider:
    """Answers every request on `localhost` with one completion, and counts its connections."""

    def __init__(self):
        self.accepted = self.ended_by_client = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            with self.secure(connection) as stream:
                self.answer(stream)
        except OSError:
            pass

    def secure(self, connection):
        return connection

    def answer(self, stream):
        while stream.recv(65536):
            stream.sendall(ANSWER)
        self.ended_by_client += 1

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class TlsProvider(Provider):
    def __init__(self, certificate, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        super().__init__()

    def secure(self, connection):
        return self.context.wrap_socket(connection, server_side=True)


class RefusingProvider(Provider):
    """Refuses each request by its head, and reads no more of it."""

    def answer(self, stream):
        head = b""
        while b"\r\n\r\n" not in head:
            head += stream.recv(1)
        body = b'{"error":{"message":"that is too much","type":"invalid_request_error"}}'
        stream.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Type: application/json\r\n"
                       b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.leave.wait(PATIENCE)

    def __init__(self):
        self.leave = threading.Event()
        super().__init__()

    def stop(self):
        self.leave.set()
        super().stop()


class BurstProvider(Provider):
    """Streams an answer whose chunks come together, cut at places of their own."""

    events = [b'data: {"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":'
              b'{"content":"word %d"}}]}\n\n' % number for number in range(40)]
    usage = (b'data: {"id":"1","object":"chat.completion.chunk","choices":[],"usage":'
             b'{"prompt_tokens":7,"completion_tokens":40}}\n\n')
    end = [b'data: {"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},'
           b'"finish_reason":"stop"}]}\n\n', b"data: [DONE]\n\n"]

    def answer(self, stream):
        parts = [*self.events[:20], self.usage, *self.events[20:], *self.end, b""]
        raw = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
        for size in (len(raw), 1000, 137):
            stream.recv(65536)
            stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                           b"Transfer-Encoding: chunked\r\n\r\n")
            for at in range(0, len(raw), size):
                stream.sendall(raw[at:at + size])


class ProviderConnections(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.certificates = Certificates()
        cls.addClassCleanup(shutil.rmtree, cls.certificates.folder)

    def gateway(self, base_url, timeouts=None, **provider):
        config = {
            "providers": {"cluster": {"dialect": "openai_compatible", "base_url": base_url}
                          | provider},
            "models": {"house": {"provider": "cluster"}},
            "routes": {"only": {"model": "house"}},
            "retry": {"attempts": 1},
            "workers": 1,
            "timeouts": {"connect": "3s"} | (timeouts or {}),
        }
        gateway = Gateway(config)
        self.addCleanup(gateway.stop)
        return gateway

    def ask(self, base_url, **options):
        gateway = self.gateway(base_url, **options)
        answer = gateway.post(chat("house"))
        return answer, gateway.records(answer)[0]

    def assert_unreachable(self, base_url, words, **provider):
        answer, row = self.ask(base_url, **provider)
        self.assertIn(answer.status, (502, 503, 504), answer)
        self.assertEqual(answer.error()["type"], "api_error")
        self.assertRegex(answer.error()["message"], words)
        self.assertEqual((row["outcome"], row["status"], row["cost_nano"]), ("unreachable", 0, 0))

    def tls_provider(self, name, host, days):
        provider = TlsProvider(*self.certificates.make(name, host, days))
        self.addCleanup(provider.stop)
        return f"https://localhost:{provider.port}/v1"

    def test_no_such_host(self):
        self.assert_unreachable("http://no-such-host.invalid/v1", "no-such-host.invalid")

    def test_nobody_listens(self):
        with socket.socket() as reserved:  # bound, but not listening
            reserved.bind(("127.0.0.1", 0))
            port = reserved.getsockname()[1]
            self.assert_unreachable(f"http://127.0.0.1:{port}/v1", f"127.0.0.1:{port}: Connection "
                                    r"refused \(is a server running there\?\); "
                                    r"check providers\.cluster\.base_url")

    def test_a_host_that_swallows_what_it_is_sent(self):
        # With its queue of connections full, Linux drops each further SYN.
        with socket.socket() as listener, socket.socket() as fills_the_queue:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            fills_the_queue.connect(listener.getsockname())
            begin = time.monotonic()
            answer, row = self.ask(f"http://127.0.0.1:{listener.getsockname()[1]}/v1",
                                   timeouts={"connect": "200ms"})
        self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual((answer.status, answer.error()["code"]), (504, "provider_timeout"))
        self.assertIn("check providers.cluster.base_url", answer.error()["message"])
        self.assertEqual((row["outcome"], row["status"]), ("timed_out", 0))

    def provider(self, make=Provider):
        provider = make()
        self.addCleanup(provider.stop)
        return provider, f"http://127.0.0.1:{provider.port}/v1"

    def test_idle_connections_are_used_again_and_closed_after_a_while(self):
        provider, url = self.provider()
        gateway = self.gateway(url, timeouts={"provider_idle": "500ms"})
        for _ in range(3):
            self.assertEqual(gateway.post(chat("house")).status, 200)
        self.assertEqual((provider.accepted, provider.ended_by_client), (1, 0))
        self.assertEqual(eventually(lambda: provider.ended_by_client), 1, "we close it")
        self.assertEqual(gateway.post(chat("house")).status, 200)
        self.assertEqual(provider.accepted, 2)

    def test_chunks_that_come_together_reach_the_client_whole_and_in_order(self):
        provider, url = self.provider(BurstProvider)
        gateway = self.gateway(url)
        for _ in range(3):
            answer = gateway.post(chat("house", stream=True))
            self.assertEqual(answer.body, b"".join(provider.events + provider.end))
            self.assertEqual(gateway.records(answer)[0]["completion"], 40)

    def test_a_refusal_is_heard_while_the_body_is_still_being_sent(self):
        _, url = self.provider(RefusingProvider)
        gateway = self.gateway(url)
        begin = time.monotonic()
        answer = gateway.post(chat("house", "x" * (40 << 20)))
        self.assertEqual((answer.status, answer.error()["message"]), (413, "that is too much"))
        self.assertLess(time.monotonic() - begin, 15, "not only at the first byte's deadline")
        row, = gateway.records(answer)
        self.assertEqual((row["outcome"], row["status"]), ("provider_error", 413))

    def test_tls_with_our_authority(self):
        url = self.tls_provider("good", "localhost", 2)
        answer, row = self.ask(url, ca_file=self.certificates.authority)
        self.assertEqual(answer.json()["choices"][0]["message"]["content"], "Hello")
        self.assertEqual(row["outcome"], "ok")

    def test_unknown_authority(self):
        self.assert_unreachable(self.tls_provider("unknown", "localhost", 2), "(?i)certificate")

    def test_expired_certificate(self):
        self.assert_unreachable(self.tls_provider("expired", "localhost", -1), "(?i)expired",
                                ca_file=self.certificates.authority)

    def test_certificate_of_another_host(self):
        self.assert_unreachable(self.tls_provider("other", "example.org", 2), "(?i)host ?name",
                                ca_file=self.certificates.authority)

    def test_https_to_a_plain_port(self):
        simulator = Simulator()
        self.addCleanup(simulator.stop)
        self.assert_unreachable(f"https://localhost:{simulator.port}/v1", "(?i)tls|ssl")


class NoKey(unittest.TestCase):
    def test_the_message_names_the_variable(self):
        simulator = Simulator()
        self.addCleanup(simulator.stop)
        config = {"providers": {"anthropic": {"dialect": "anthropic"},
                                "cluster": simulator.provider("cluster", "vllm")},
                  "models": {"house": {"provider": "cluster"}},
                  "routes": {"only": {"model": "house"}}}
        gateway = Gateway(config, {"ANTHROPIC_API_KEY": ""})
        self.addCleanup(gateway.stop)
        answer = gateway.post(chat("claude-opus-4.7"))
        self.assertGreaterEqual(answer.status, 400)
        self.assertIn("ANTHROPIC_API_KEY", answer.error()["message"])
        self.assertEqual(simulator.open()["served"], 0)


if __name__ == "__main__":
    unittest.main()
