"""Virtual keys: made, asked for, refused, revoked, rotated; by the command line and by the admin API."""

import concurrent.futures
import json
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import unittest

from harness import BINARY, EndToEnd, chat, eventually, run

MESSAGES = {"model": "deepseek-v4-flash", "max_tokens": 100,
            "messages": [{"role": "user", "content": "Hi"}]}
KEY_FORM = re.compile(r"sk-tg-[0-9a-z]{10}-[0-9a-z]{32}")


def bearer(key):
    return {"authorization": f"Bearer {key}"}


class WithGateway(EndToEnd):
    """A gateway of its own for each test, with no key yet."""

    changes = {"auth": "keys"}

    def setUp(self):
        super().setUp()
        self.gateway = self.serve(self.config())

    def create(self, name, *options):
        result = self.gateway.run("keys", "create", name, *options, "-c", "tidegate.yaml")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, KEY_FORM)
        return result.stdout.strip()

    def keys(self, *arguments, code=0):
        result = self.gateway.run("keys", *arguments, "--json", "-c", "tidegate.yaml")
        self.assertEqual(result.returncode, code, result.stderr)
        return json.loads(result.stdout) if code == 0 else result.stderr

    def ask(self, key, body=None, path="/v1/chat/completions", **headers):
        return self.gateway.post(body or chat(), bearer(key) | headers, path)

    def until(self, key, status):
        answer = eventually(lambda: self.ask(key), lambda a: a.status == status)
        self.assertEqual(answer.status, status, answer)
        return answer

    def api(self, method, path, body=None, headers=None):
        raw = None if body is None else json.dumps(body)
        return self.gateway.admin.request(
            method, path, raw, {"content-type": "application/json"} | (headers or {}))


class Ask(WithGateway):
    def test_both_headers_are_read_and_must_agree(self):
        key = self.create("ci")
        self.until(key, 200)
        post = self.gateway.post
        self.assertEqual(post(chat(), {"x-api-key": key}).status, 200)
        self.assertEqual(post(chat(), {"x-api-key": key, "authorization": f"bearer {key}"}).status, 200)
        self.assertEqual(post(MESSAGES, {"x-api-key": key}, "/v1/messages").status, 200)
        both = post(chat(), bearer(key) | {"x-api-key": "sk-other"})
        self.assertEqual(both.status, 401)
        self.assertIn("different keys", both.error()["message"])
        self.assertEqual(post(chat(), {"authorization": f"Basic {key}"}).status, 401)

    def test_every_endpoint_asks(self):
        for method, path in (("POST", "/v1/chat/completions"), ("POST", "/v1/responses"),
                             ("POST", "/v1/messages"), ("POST", "/v1/messages/count_tokens"),
                             ("POST", "/v1/route"), ("GET", "/v1/models")):
            answer = self.gateway.request(method, path, "{}" if method == "POST" else None)
            self.assertEqual(answer.status, 401, path)
            self.assertIn("asks for a key", answer.error()["message"])
            if "messages" in path:
                self.assertEqual(answer.json()["type"], "error")
                self.assertEqual(answer.error()["type"], "authentication_error")
            else:
                self.assertEqual(answer.error()["code"], "invalid_api_key")
        self.assertEqual(self.simulator.log_of_requests(), [])

    def test_unknown_expired_and_revoked_read_alike(self):
        revoked = self.create("gone")
        expired = self.create("short", "--expires", "1ms")
        stranger = self.create("stranger")
        self.until(stranger, 200)
        # A key of another gateway: well formed, and unknown here.
        with tempfile.TemporaryDirectory() as folder:
            unknown = run("keys", "create", "x", folder=folder).stdout.strip()
        self.keys("revoke", "gone")
        said = {self.until(key, 401).body for key in (revoked, expired, unknown)}
        self.assertEqual(len(said), 1, said)
        mistyped = self.until(stranger[:-1] + ("0" if stranger[-1] != "0" else "1"), 401)
        self.assertIn("mistyped", mistyped.error()["message"])
        self.assertIn("mistyped", self.until("sk-something-else", 401).error()["message"])
        reasons = self.gateway.metrics()
        for reason in ("unknown", "expired", "malformed"):
            self.assertGreaterEqual(reasons[f'tidegate_key_refused_total{{reason="{reason}"}}'], 1)
        self.assertEqual(reasons['tidegate_keys{state="revoked"}'], 1)

    def test_models_and_routes_bound_what_is_decided(self):
        key = self.create("flash", "--model", "deepseek-v4-flash")
        self.until(key, 200)
        refused = self.ask(key, chat("gpt-5.5"))
        self.assertEqual(refused.status, 403)
        self.assertIn("only the models deepseek-v4-flash", refused.error()["message"])
        self.assertEqual(refused.error()["param"], "model")
        refused = self.ask(key, MESSAGES | {"model": "gpt-5.5"}, "/v1/messages")
        self.assertEqual((refused.status, refused.error()["type"]), (403, "permission_error"))
        hard = chat("auto", "Plan the architecture, then design a migration strategy step by step. " * 900)
        self.assertEqual(self.ask(key, hard).model, "deepseek-v4-flash")
        listed = self.gateway.request("GET", "/v1/models", None, bearer(key)).json()["data"]
        self.assertIn("deepseek-v4-flash", [model["id"] for model in listed])
        self.assertNotIn("gpt-5.5", [model["id"] for model in listed])

        routed = self.create("routed", "--route", "short_task_batch")
        self.until(routed, 403)  # names a model, which would go round the route
        self.assertEqual(self.ask(routed, chat("auto")).route, "short_task_batch")
        forced = self.ask(routed, chat("auto"), **{"x-tidegate-route": "terminal_agentic"})
        self.assertEqual(forced.status, 403)
        self.assertEqual(self.ask(routed, chat("auto"), "/v1/route").json()["route"],
                         "short_task_batch")

    def test_who_it_was_is_recorded_and_the_key_is_nowhere(self):
        key = self.create("ci", "--tenant", "search")
        name = self.keys("list")["keys"][0]["id"]
        answer = self.until(key, 200)
        row = self.gateway.records(answer)[0]
        self.assertEqual((row["key"], row["tenant"]), (name, "search"))
        self.assertEqual(self.gateway.cost("key")["rows"][0]["key"], name)
        self.assertEqual(self.gateway.cost("tenant")["rows"][0]["tenant"], "search")
        # Where a client may put it by mistake, and where it is refused.
        for headers in ({"x-tidegate-task": key}, {"x-tidegate-role": key},
                        {"user-agent": key}, {"x-tidegate-route": key}):
            refused = self.ask(key, **headers)
            self.assertEqual(refused.status, 400, headers)
            self.assertNotIn(key.encode(), refused.body)
        refused = self.ask(key, chat(key))
        self.assertEqual(refused.status, 400)
        self.assertNotIn(key.encode(), refused.body)
        self.assertNotIn(key.encode(), self.gateway.get(f"/v1/{key}").body)
        bad = key[:-1] + ("0" if key[-1] != "0" else "1")
        self.ask(bad)
        log = eventually(self.gateway.errors, lambda text: "malformed" in text)
        self.assertIn(f"key_id={name} tenant=search", log)
        everything = log.encode() + self.gateway.admin.get("/metrics").body
        self.gateway.signal(signal.SIGTERM)
        self.gateway.wait()
        for file in self.gateway.folder.iterdir():
            everything += file.read_bytes()
        self.assertNotIn(key[6:].encode(), everything)
        self.assertNotIn(key[17:43].encode(), everything, "the secret part alone")

    def test_credentials_stay_here(self):
        key = self.create("ci")
        self.until(key, 200)
        self.simulator.reset()
        self.ask(key, **{"x-api-key": key, "api-key": "sk-azure-1234", "cookie": "a=b",
                         "x-goog-api-key": "AIza12345678", "x-mine": "passes"})
        said = json.dumps(self.simulator.log_of_requests())
        self.assertIn("passes", said)
        for secret in (key, "sk-azure-1234", "a=b", "AIza12345678"):
            self.assertNotIn(secret, said)

    def test_responses_belong_to_the_key_through_a_rotation(self):
        key = self.create("ci")
        other = self.create("other")
        self.until(other, 200)
        body = {"model": "deepseek-v4-flash", "input": "My name is Ada."}
        first = self.ask(key, body, "/v1/responses").json()
        turned = self.keys("rotate", "ci")["key"]
        self.until(turned, 200)
        more = body | {"input": "And now?", "previous_response_id": first["id"]}
        self.assertEqual(self.ask(turned, more, "/v1/responses").status, 200)
        self.assertIn("Ada", json.dumps(self.simulator.bodies()[-1]))
        self.assertNotEqual(self.ask(other, more, "/v1/responses").status, 200, "not its own")


class Change(WithGateway):
    def test_a_running_gateway_sees_what_the_command_line_does(self):
        key = self.create("ci")
        self.until(key, 200)
        turned = self.keys("rotate", "ci", "--grace", "1h")
        self.until(turned["key"], 200)
        self.assertEqual(self.ask(key).status, 200, "in its grace")
        self.assertEqual(turned["id"], self.keys("list")["keys"][0]["id"])
        self.keys("revoke", "ci")
        self.until(turned["key"], 401)
        self.until(key, 401)

    def test_the_admin_api_is_in_force_at_once(self):
        self.assertEqual(self.api("GET", "/api/keys").json(), {"keys": []})
        made = self.api("POST", "/api/keys", {
            "name": "ci", "tenant": "search", "models": ["deepseek-v4-flash"], "expires": "1d",
            "labels": {"owner": "J\u00fcrgen"}})
        self.assertEqual(made.status, 201, made)
        key, name = made.json()["key"], made.json()["id"]
        self.assertEqual(self.ask(key).status, 200)
        shown = self.api("GET", "/api/keys").json()["keys"]
        self.assertEqual(shown, [{k: v for k, v in made.json().items() if k != "key"}])
        self.assertEqual(shown[0]["labels"], {"owner": "J\u00fcrgen"})
        turned = self.api("POST", f"/api/keys/{name}/rotate").json()
        self.assertEqual(self.ask(key).status, 401)
        self.assertEqual(self.ask(turned["key"]).status, 200)
        self.assertEqual(self.api("POST", f"/api/keys/{name}/revoke", {}).json()["state"], "revoked")
        self.assertEqual(self.ask(turned["key"]).status, 401)

    def test_a_head_that_came_before_is_checked_anew_when_a_key_changes(self):
        ci, other = self.create("ci"), self.create("other")
        ids = {key["name"]: key["id"] for key in self.keys("list")["keys"]}
        self.until(other, 200)
        for _ in range(40):  # after four heads that differ one is remembered
            for key in (ci, other):
                self.assertEqual(self.ask(key).status, 200)
        self.assertEqual(self.api("POST", f"/api/keys/{ids['ci']}/revoke", {}).status, 200)
        for _ in range(10):
            self.assertEqual(self.ask(ci).status, 401)
            self.assertEqual(self.ask(other).status, 200)
        self.assertEqual(self.api("POST", f"/api/keys/{ids['other']}/rotate", {"grace": "1s"}).status, 200)
        for _ in range(20):  # remembered again, until the grace ends
            self.ask(other)
        self.until(other, 401)
        self.assertEqual({self.ask(other).status for _ in range(10)}, {401})

    def test_errors_of_the_admin_api_have_one_shape(self):
        self.api("POST", "/api/keys", {"name": "ci"})
        for method, path, body, status, words in (
                ("POST", "/api/keys", {"name": "ci"}, 400, "name: a key"),
                ("POST", "/api/keys", {"name": "a b"}, 400, "name: expected"),
                ("POST", "/api/keys", {}, 400, "name: expected"),
                ("POST", "/api/keys", {"name": 1}, 400, "name: expected a string"),
                ("POST", "/api/keys", {"nam": "x"}, 400, "nam: unknown member"),
                ("POST", "/api/keys", {"name": "x", "budgets": ["5/year"]}, 400,
                 'budgets: expected a list like ["50/month"]'),
                ("POST", "/api/keys", {"name": "x", "limits": {"requests_per_minute": 0}}, 400,
                 "requests_per_minute: requests_per_minute is not a number above zero"),
                ("POST", "/api/keys", {"name": "x", "models": ["gpt-5.6"]}, 400, "Did you mean"),
                ("POST", "/api/keys", {"name": "x", "routes": "all"}, 400, "routes: expected a list"),
                ("POST", "/api/keys", {"name": "x", "expires": "2001-01-01"}, 400, "has passed"),
                ("POST", "/api/keys", [], 400, "expected an object"),
                ("POST", "/api/keys/key_0000000000/revoke", {}, 404, "no key key_0000000000"),
                ("POST", "/api/keys/ci/revoke", {}, 404, "expected an id"),
                ("POST", "/api/keys/key_0000000000/dance", {}, 404, "/revoke or /rotate"),
                ("POST", "/api/keys/key_0000000000/rotate", {"grace": "91d"}, 400, "grace: expected"),
                ("DELETE", "/api/keys", None, 405, "POST")):
            answer = self.api(method, path, body)
            self.assertEqual(answer.status, status, answer)
            self.assertEqual(set(answer.error()), {"status", "message"})
            self.assertEqual(answer.error()["status"], status)
            self.assertIn(words, answer.error()["message"])

    def test_no_web_page_can_use_the_admin_api(self):
        for headers in ({"content-type": "text/plain"}, {"origin": "http://evil.example"},
                        {"host": "evil.example"}, {"host": f"evil.example:{self.gateway.admin.port}"}):
            answer = self.api("POST", "/api/keys", {"name": "ci"}, headers)
            self.assertIn(answer.status, (400, 403), headers)
        self.assertEqual(self.api("GET", "/api/keys", None, {"host": "evil.example"}).status, 403)
        self.assertEqual(self.api("GET", "/api/keys").json(), {"keys": []})

    def test_two_processes_write_at_once_and_one_is_killed(self):
        def make(worker):
            done = 0
            for number in range(8):
                result = self.gateway.run("keys", "create", f"{worker}-{number}", "-c", "tidegate.yaml")
                done += result.returncode == 0
            return done

        def make_by_api():
            return sum(self.api("POST", "/api/keys", {"name": f"api-{number}"}).status == 201
                       for number in range(8))

        with concurrent.futures.ThreadPoolExecutor() as pool:
            made = [pool.submit(make, "a"), pool.submit(make, "b"), pool.submit(make_by_api)]
            self.assertEqual([future.result() for future in made], [8, 8, 8])
        self.assertEqual(len(self.keys("list")["keys"]), 24)
        # Killed at any moment: what was shown is kept, and the file stays whole.
        for number in range(10):
            process = subprocess.Popen(
                [BINARY, "keys", "create", f"killed-{number}", "-c", "tidegate.yaml"],
                cwd=self.gateway.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            try:
                process.wait(timeout=0.004 * number)
            except subprocess.TimeoutExpired:
                process.kill()
            shown = process.communicate()[0].strip()
            names = [key["name"] for key in self.keys("list")["keys"]]
            self.assertEqual(len(names) >= 24 and len(set(names)) == len(names), True)
            if shown:
                self.until(shown, 200)

    def test_a_key_outlives_a_kill_of_the_gateway(self):
        key = self.api("POST", "/api/keys", {"name": "ci"}).json()["key"]
        self.gateway.signal(signal.SIGKILL)
        self.gateway.wait()
        again = self.serve(self.config() | {"state": {
            "ledger": f"sqlite:{self.gateway.folder}/other.db",
            "keys": f"{self.gateway.folder}/tidegate.db.keys"}})
        self.assertEqual(again.post(chat(), bearer(key)).status, 200)

    def test_the_last_keys_stay_in_force_while_the_file_is_away(self):
        key = self.create("ci")
        self.until(key, 200)
        file = self.gateway.folder / "tidegate.db.keys"
        file.rename(self.gateway.folder / "away")
        state = eventually(lambda: self.gateway.admin.get("/readyz").json()["keys"],
                           lambda keys: not keys["store_available"])
        self.assertIn("tidegate.db.keys", state["last_error"])
        self.assertEqual(self.ask(key).status, 200)
        self.assertEqual(self.gateway.post(chat()).status, 401)


class Open(EndToEnd):
    def test_loopback_is_open_until_there_is_a_key(self):
        gateway = self.serve(self.config())
        self.assertEqual(gateway.post(chat(), bearer("unused")).status, 200)
        self.assertFalse((gateway.folder / "tidegate.db.keys").exists())
        key = gateway.run("keys", "create", "ci", "-c", "tidegate.yaml").stdout.strip()
        refused = eventually(lambda: gateway.post(chat(), bearer("unused")), lambda a: a.status == 401)
        self.assertEqual(refused.status, 401)
        self.assertEqual(gateway.post(chat(), bearer(key)).status, 200)
        gateway.run("keys", "revoke", "ci", "-c", "tidegate.yaml")
        eventually(lambda: gateway.post(chat(), bearer(key)), lambda a: a.status == 401)
        self.assertEqual(gateway.post(chat()).status, 401, "the last key's end does not open it")

    def test_auth_open_asks_nobody_and_checks_keys_all_the_same(self):
        gateway = self.serve(self.config() | {"auth": "open"})
        made = gateway.run("keys", "create", "ci", "-c", "tidegate.yaml")
        self.assertIn("nobody has to have a key", made.stderr)
        key = made.stdout.strip()
        answer = eventually(lambda: gateway.post(chat(), bearer(key)),
                            lambda a: gateway.records(a)[0]["key"] is not None)
        self.assertEqual(answer.status, 200)
        self.assertEqual(gateway.post(chat(), bearer("unused")).status, 200)
        self.assertEqual(gateway.post(chat(), bearer(key + "x")).status, 401)
        self.assertFalse(gateway.admin.get("/readyz").json()["keys"]["required"])


class Start(EndToEnd):
    def refused(self, words, changes, listen="127.0.0.1:0", admin="127.0.0.1:0",
                prepare=lambda folder: None):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            prepare(folder)
            (folder / "tidegate.yaml").write_text(json.dumps(self.config() | changes))
            result = run("serve", "--listen", listen, "--admin", admin, folder=folder)
        self.assertEqual(result.returncode, 3, result)
        self.assertIn(words, result.stderr)

    def test_nobody_else_is_let_in_without_keys(self):
        self.refused("tidegate keys create NAME", {}, listen="0.0.0.0:0")
        self.refused("set admin_token", {"auth": "open"}, admin="0.0.0.0:0")

    def test_what_is_configured_wins(self):
        for auth, status in (("keys", 401), ("open", 200)):
            gateway = self.serve(self.config() | {"auth": auth}, listen="0.0.0.0:0")
            self.assertEqual(gateway.post(chat()).status, status)
            self.assertEqual("open_to_all" in gateway.errors(), auth == "open")

    def test_one_key_is_enough_to_listen_everywhere(self):
        with tempfile.TemporaryDirectory() as name:
            run("keys", "create", "ci", folder=name)
            gateway = self.serve(self.config() | {"state": {
                "ledger": f"sqlite:{name}/tidegate.db"}}, listen="0.0.0.0:0")
            self.assertEqual(gateway.post(chat()).status, 401)

    def test_keys_that_cannot_be_trusted(self):
        def make_key(folder):
            self.assertEqual(run("keys", "create", "ci", folder=folder).returncode, 0)

        def damage(folder):
            (folder / "tidegate.db.keys").write_bytes(b"no database " * 1000)

        def lose_secret(folder):
            make_key(folder)
            (folder / "tidegate.db.keys.secret").unlink()

        def lose_keys(folder):
            make_key(folder)
            (folder / "tidegate.db.keys").unlink()

        def newer(folder):
            make_key(folder)
            with sqlite3.connect(folder / "tidegate.db.keys") as file:
                file.execute("UPDATE schema_version SET version = 99")

        self.refused("tidegate.db.keys", {}, prepare=damage)
        self.refused("secret that the keys were hashed with is gone", {}, prepare=lose_secret)
        self.refused("the file of the keys is gone", {}, prepare=lose_keys)
        self.refused("newer Tidegate", {}, prepare=newer)
        self.refused("another secret than key_secret", {"key_secret": "x" * 32}, prepare=make_key)
        self.refused("no/such: the folder of the keys' file is not there",
                     {"state": {"keys": "no/such/keys"}})


class AdminToken(EndToEnd):
    TOKEN = "a-token-of-16-or-more"
    changes = {"admin_token": TOKEN}

    def test_it_is_asked_for_where_it_matters(self):
        admin = self.gateway.admin
        for path in ("/healthz", "/readyz", "/"):
            self.assertEqual(admin.get(path).status, 200)
        for path in ("/metrics", "/api/keys"):
            self.assertEqual(admin.get(path).status, 401)
            for wrong in ("", "x", self.TOKEN + "x", self.TOKEN[:-1]):
                self.assertEqual(admin.request("GET", path, None, bearer(wrong)).status, 401)
            good = admin.request("GET", path, None, bearer(self.TOKEN) | {"host": "gate.example"})
            self.assertEqual(good.status, 200, "by any name: the token is enough")
        refused = admin.get("/metrics")
        self.assertIn("admin_token", refused.error()["message"])
        self.assertEqual(refused.headers["www-authenticate"], "Bearer")

    def test_it_is_not_repeated(self):
        short = run("check", folder=self.folder_with("admin_token: hunter2\n"))
        self.assertEqual(short.returncode, 1)
        self.assertIn("admin_token: the value is not valid; expected at least 16", short.stdout)
        self.assertNotIn("hunter2", short.stdout + short.stderr)

    def folder_with(self, text):
        folder = tempfile.mkdtemp(prefix="tidegate-token-")
        self.addCleanup(shutil.rmtree, folder)
        pathlib.Path(folder, "tidegate.yaml").write_text(text)
        return folder


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="tidegate-keys-")
        self.addCleanup(shutil.rmtree, self.folder)

    def keys(self, *arguments, code=0):
        result = run("keys", *arguments, folder=self.folder)
        self.assertEqual(result.returncode, code, result)
        return result

    def test_text(self):
        self.assertIn("There are no keys", self.keys("list").stdout)
        made = self.keys("create", "ci", "--tenant", "search", "--label", "owner=me", "--expires",
                         "30d", "--model", "gpt-5.5", "--model", "deepseek-v4-flash")
        self.assertRegex(made.stdout, f"^{KEY_FORM.pattern}\n$")
        self.assertIn("not shown again", made.stderr)
        self.assertNotRegex(made.stderr, KEY_FORM)
        line = self.keys("list").stdout
        for words in ("active", "ci", "tenant=search", "models=gpt-5.5,deepseek-v4-flash",
                      "owner=me", "expires=", made.stdout.strip()[-4:]):
            self.assertIn(words, line)
        self.assertNotRegex(line, KEY_FORM)
        turned = self.keys("rotate", "ci", "--grace", "1h")
        self.assertNotEqual(turned.stdout, made.stdout)
        self.assertIn("stays good until", turned.stderr)
        self.assertIn("is revoked", self.keys("revoke", "ci").stdout)
        self.assertIn("revoked=", self.keys("list").stdout)

    def test_json(self):
        made = json.loads(self.keys("create", "ci", "--json").stdout)
        self.assertRegex(made["key"], KEY_FORM)
        listed = json.loads(self.keys("list", "--json").stdout)["keys"]
        self.assertEqual(listed, [{k: v for k, v in made.items() if k != "key"}])
        turned = json.loads(self.keys("rotate", made["id"], "--json").stdout)
        self.assertEqual(turned["id"], made["id"])
        self.assertEqual(json.loads(self.keys("revoke", made["id"], "--json").stdout)["state"],
                         "revoked")

    def test_what_is_refused(self):
        self.keys("create", "ci")
        self.assertIn("in use", self.keys("create", "ci", code=1).stderr)
        self.assertIn("models: there is no model", self.keys("create", "x", "--model", "gpt-5.6",
                                                             code=1).stderr)
        self.assertIn("routes: there is no route", self.keys("create", "x", "--route", "nowhere",
                                                             code=1).stderr)
        self.assertIn("no key \"x\" is in use", self.keys("revoke", "x", code=1).stderr)
        self.assertIn("key_0000000000", self.keys("rotate", "key_0000000000", code=1).stderr)
        self.assertIn("--expires", self.keys("create", "x", "--expires", "soon", code=2).stderr)
        self.assertIn("--labels", self.keys("create", "x", "--label", "owner", code=2).stderr)
        self.assertIn("--grace", self.keys("rotate", "ci", "--grace", "1y", code=2).stderr)
        for wrong in ((), ("create",), ("revoke",), ("dance",)):
            self.keys(*wrong, code=2)


if __name__ == "__main__":
    unittest.main()
