"""Sessions as bytes: what a client sends, what its provider must get, what the provider answers and
what the client must get, through the real binary. The cases and their files:
tests/golden/translation/README.md. TIDEGATE_WRITE_GOLDEN=1 writes upstream.json and client.http anew,
to be read before they are committed."""

import http.server
import os
import pathlib
import re
import threading
import unittest

from harness import Gateway

CASES = pathlib.Path(__file__).resolve().parents[1] / "golden/translation/sessions"
WRITE = "TIDEGATE_WRITE_GOLDEN" in os.environ
PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"}
DIALECTS = ["deepseek", "anthropic", "kimi", "gemini", "vllm", "sglang", "openrouter"]
THINKS = {"thinking": True}
# Beside those of the catalogue: open weights, and one without the catalogue's fallbacks. The calls
# that leak from `mending` are mended.
MODELS = {
    "vllm/deepseek-v4-flash": {"provider": "vllm", "name": "deepseek-v4-flash"} | THINKS,
    "mending/deepseek-v4-flash": {"provider": "mending", "name": "deepseek-v4-flash"} | THINKS,
    "sglang/deepseek-v4-flash": {"provider": "sglang", "name": "deepseek-v4-flash"} | THINKS,
    "openrouter/deepseek-v4-pro": {
        "provider": "openrouter", "name": "deepseek/deepseek-v4-pro"} | THINKS,
    "deepseek/deepseek-v4-pro": {
        "provider": "deepseek", "name": "deepseek-v4-pro"} | THINKS,
}
KEY = "sk-provider-SECRETTAIL"


class ScriptedProvider:
    """Gives the answers that it is told, in their order, and keeps what it was asked."""

    def __init__(self):
        script = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                script.asked.append(body.decode())
                head, _, answer = script.answers.pop(0).partition("\n\n")
                status, *fields = head.split("\n")
                answer = answer.encode()
                lines = [status, *fields, f"Content-Length: {len(answer)}", "Connection: close"]
                self.wfile.write("\r\n".join([*lines, "", ""]).encode() + answer)
                self.close_connection = True

            def log_message(self, *arguments):
                pass

        self.asked, self.answers = [], []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def config(self):
        url = f"http://127.0.0.1:{self.server.server_port}"
        providers = {name: {"dialect": name, "base_url": f"{url}/{name}", "api_key": KEY}
                     for name in DIALECTS}
        providers["mending"] = providers["vllm"] | {"repair_dsml": True}
        return {"providers": providers, "models": MODELS, "log": {"requests": True},
                "retry": {"attempts": 2, "base": "1ms", "max": "10ms", "budget": "100%"},
                "breaker": {"failures": 1000}}


def compact(text):
    """JSON without the white space between its tokens, so that files may be laid out for readers."""
    return "".join(re.findall(r'"(?:[^"\\]|\\.)*"|[^\s"]+', text))


def lay_out(text):
    """A line for each member of the whole, and for each element of its arrays."""
    out, open_brackets = [], ""
    for token in re.findall(r'"(?:[^"\\]|\\.)*"|[][{},]|[^][{},"\s]+', text):
        if token in "]}":
            open_brackets = open_brackets[:-1]
        line = "\n" + " " * len(open_brackets)
        if token in "]}" and (open_brackets == "" or (open_brackets == "{" and token == "]")):
            token = line + token
        if token in "[{":
            open_brackets += token
        line = "\n" + " " * len(open_brackets)
        if token in ",[{" and open_brackets in ("{", "{["):
            token += line
        out.append(token)
    return "".join(out) + "\n"


def read(path):
    return path.read_bytes().decode()


class Sessions(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.provider = ScriptedProvider()
        cls.addClassCleanup(cls.provider.server.server_close)
        cls.addClassCleanup(cls.provider.server.shutdown)
        cls.gateway = Gateway(cls.provider.config())
        cls.addClassCleanup(cls.gateway.stop)

    def judge(self, case):
        requests = sorted(case.glob("*.request.json"))
        self.assertTrue(requests, "a case has a 1.request.json")
        for request in requests:
            with self.subTest(request.name):
                self.step(case, request.name.partition(".")[0])
        never = case / "never.txt"
        if never.exists():
            self.nowhere(case, read(never).split("\n")[:-1])

    def step(self, case, number):
        surface = (case / "about.txt").read_text().split("client: ")[1].split("\n")[0]
        answers = sorted(case.glob(f"{number}.answer*.http"))
        self.provider.answers = [read(answer) for answer in answers]
        self.provider.asked = []
        body = read(case / f"{number}.request.json").encode()
        answer = self.gateway.post(body, {"authorization": f"Bearer {case.name}"}, PATHS[surface])
        for asked in self.provider.asked:
            self.expect(case / f"{number}.upstream.json", asked, compact)
        self.assertEqual(len(self.provider.asked), len(answers), answer)
        self.expect(case / f"{number}.client.http", self.as_text(answer))

    def as_text(self, answer):
        fields = "".join(f"{name}: {answer.headers[name]}\n"
                         for name in ("retry-after", "x-tidegate-attempts", "x-tidegate-notes")
                         if answer.headers[name])
        body = answer.body.decode().replace(answer.request_id.removeprefix("req_"), "ID")
        body = re.sub(r"call_[0-9a-f]{16}_", "call_SEED_", body)  # of a leaked call
        body = re.sub(r'"(created|created_at|completed_at)":\d{10}', r'"\1":0', body)
        return f"{answer.status}\n{fields}\n{body}"

    def expect(self, path, actual, form=str):
        if WRITE and (not path.exists() or form(read(path)) != form(actual)):
            path.write_bytes((lay_out(actual) if path.suffix == ".json" else actual).encode())
        expected = read(path) if path.exists() else ""
        self.assertEqual(form(actual).rstrip("\n"), form(expected).rstrip("\n"), path)

    def nowhere(self, case, words):
        """Not in what clients got, nor in what is logged and kept."""
        places = {file.name: read(file) for file in case.glob("*.client.http")}
        places["log"] = self.gateway.errors()
        for file in self.gateway.folder.glob("tidegate.db*"):
            places[file.name] = file.read_bytes().decode("latin-1")
        for place, text in places.items():
            for word in words:
                self.assertNotIn(word, text, place)


def add_case(case):
    setattr(Sessions, f"test_{case.name}", lambda self: self.judge(case))


for folder in sorted(CASES.iterdir()):
    add_case(folder)

if __name__ == "__main__":
    unittest.main()
