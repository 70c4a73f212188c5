"""Providers that cannot be reached: names, ports, certificates, keys."""

import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

from harness import Gateway, Simulator, chat

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


class TlsProvider:
    """Answers every request on `localhost` over TLS with one completion."""

    def __init__(self, certificate, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        try:
            with self.context.wrap_socket(connection, server_side=True) as stream:
                while stream.recv(65536):
                    stream.sendall(ANSWER)
        except OSError:
            pass

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class ProviderConnections(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.certificates = Certificates()
        cls.addClassCleanup(shutil.rmtree, cls.certificates.folder)

    def ask(self, base_url, **provider):
        config = {
            "providers": {"cluster": {"dialect": "openai_compatible", "base_url": base_url}
                          | provider},
            "models": {"house": {"provider": "cluster"}},
            "routes": {"only": {"model": "house"}},
            "retry": {"attempts": 1},
            "timeouts": {"connect": "3s"},
        }
        gateway = Gateway(config)
        self.addCleanup(gateway.stop)
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
            self.assert_unreachable(f"http://127.0.0.1:{port}/v1", "(?i)refused")

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
