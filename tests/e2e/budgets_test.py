"""Budgets: never overshot, equal to the ledger, kept through restarts and kill -9; what clients are told when
one is used up; alerts, each once (docs/budgets.md)."""

import concurrent.futures
import http.server
import json
import signal
import threading
import unittest

from harness import EndToEnd, chat, eventually, user

# Dollars per million tokens: an answer of 1,000 tokens costs a cent.
HOUSE = {"provider": "deepseek", "name": "deepseek-v4-flash", "context": 100000, "max_output": 1000,
         "price": {"input": 1, "cached": 1, "output": 10}}
FREE = HOUSE | {"price": {"input": 0, "cached": 0, "output": 0}}
WORST = 0.0102  # of one short question to house


class Hook:
    """Takes what is posted to it; answers with the statuses given, then with 200."""

    def __init__(self, statuses=()):
        hook = self
        self.bodies, self.ids, self.statuses = [], [], list(statuses)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                status = hook.statuses.pop(0) if hook.statuses else 200
                if status == 200:
                    hook.bodies.append(json.loads(body))
                    hook.ids.append(self.headers["idempotency-key"])
                hook.seen = self.path
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/services/T0/secret-path?x=1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Budgets(EndToEnd):
    def budgeted(self, budgets, **changes):
        self.configuration = self.simulator.config(
            models={"house": HOUSE, "free": FREE}, budgets=budgets,
            routes={"main": {"model": "house"}, "cheap": {"model": "free"}},
            policy=[{"route": "main"}], **changes)
        self.gateway = self.serve(self.configuration)
        return self.gateway

    def hook(self, statuses=()):
        hook = Hook(statuses)
        self.addCleanup(hook.close)
        return hook

    def house(self, gateway=None, headers=None, **fields):
        headers = {"user-agent": "e2e/1"} | (headers or {})
        return (gateway or self.gateway).post(chat("house", max_tokens=1000) | fields, headers)

    def standing(self, number=0):
        return self.gateway.admin.get("/api/budgets").json()["budgets"][number]

    def ledger_cost(self):
        return sum(row["cost_nano"] or 0 for row in self.gateway.select())

    def spend_until_refused(self, most=2000):
        for _ in range(most):
            answer = self.house()
            # A request is settled just after its answer has left.
            if answer.status != 200 and answer.headers["retry-after"] != "1":
                return answer
        self.fail("the budget was never used up")

    def test_many_at_once_never_overshoot_a_few_cents(self):
        gateway = self.budgeted([{"scope": "global", "usd": 0.05, "per": "day"},
                                 {"scope": "model", "name": "house", "usd": 0.04, "per": "total"}])
        faults = ["", "500*1", "cut-3", "no-usage", "400", "close*1"]

        def ask(number):
            fault = faults[number % len(faults)]
            headers = {"x-sim-fault": fault, "x-sim-id": str(number)} if fault else {}
            return self.house(headers=headers, stream=number % 2 == 0)

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(ask, range(200)))
        statuses = {answer.status for answer in answers}
        self.assertIn(200, statuses)
        refused = [a for a in answers if a.status == 429]
        self.assertTrue(refused)
        self.assertEqual({a.headers["retry-after"] for a in refused
                          if "in flight" in a.error()["message"]} - {"1"}, set())
        self.spend_until_refused()
        attempts = len(gateway.select())
        spent = eventually(self.ledger_cost, lambda cost: cost == self.standing()["spent_nanodollars"])
        for number in range(2):
            standing = self.standing(number)
            self.assertEqual(standing["spent_nanodollars"], spent)
            self.assertEqual(standing["reserved_nanodollars"], 0)
            self.assertLessEqual(spent, standing["limit_nanodollars"])
        self.assertGreater(spent, (0.04 - WORST) * 1e9)
        self.assertGreater(attempts, 2)

    def test_who_is_refused_is_told_why_and_not_to_repeat(self):
        self.budgeted([{"scope": "global", "usd": 0.02, "per": "month"}])
        refused = self.spend_until_refused()
        self.assertEqual(refused.status, 429)
        self.assertEqual(refused.error()["type"], "insufficient_quota")
        self.assertEqual(refused.error()["code"], "insufficient_quota")
        self.assertRegex(refused.error()["message"],
                         r"^budget global\.month: \$0\.02 per month: this request may cost up to \$0\.01\d* "
                         r"and \$0\.0\d+ is left; there is money again at 20\d\d-\d\d-01T00:00:00")
        self.assertEqual(refused.headers["x-should-retry"], "false")
        self.assertIsNone(refused.headers["retry-after"])
        asked = len(self.simulator.bodies())
        message = {"model": "house", "max_tokens": 1000, "messages": [user("Hi")]}
        refused = self.gateway.post(message, path="/v1/messages")
        self.assertEqual((refused.status, refused.json()["type"]), (429, "error"))
        self.assertEqual(refused.error()["type"], "rate_limit_error")
        self.assertEqual(refused.headers["x-should-retry"], "false")
        self.assertEqual(len(self.simulator.bodies()), asked)
        # A smaller question fits into what is left.
        self.assertEqual(self.house(max_tokens=1).status, 200)
        name = 'tidegate_budget_refused_total{scope="global",name="",per="month"}'
        self.assertGreaterEqual(self.gateway.metrics()[name], 2)

    def test_answers_are_multiplied_by_their_number(self):
        self.budgeted([{"scope": "global", "usd": 0.02, "per": "day"}])
        self.assertEqual(self.house(n=3).status, 429)
        self.assertEqual(self.house(n=1).status, 200)

    def test_an_unknown_price_is_refused_unless_allowed(self):
        unpriced = {key: value for key, value in HOUSE.items() if key != "price"}
        config = self.simulator.config(models={"secret": unpriced},
                                       budgets=[{"scope": "global", "usd": 1, "per": "day"}])
        gateway = self.serve(config)
        refused = gateway.post(chat("secret"))
        self.assertEqual(refused.status, 403)
        self.assertIn("nobody knows what this request costs", refused.error()["message"])
        config["budgets"][0]["unknown_price"] = "allow"
        self.assertEqual(self.serve(config).post(chat("secret")).status, 200)

    def test_an_exhausted_budget_sends_to_another_route(self):
        self.budgeted([{"scope": "global", "usd": 0.015, "per": "day",
                        "on_exhausted": {"downgrade": "cheap"}}])
        answers = [self.house() for _ in range(40)]
        self.assertEqual({a.status for a in answers}, {200})
        self.assertEqual(answers[0].model, "house")
        last = answers[-1]
        self.assertEqual((last.route, last.model), ("cheap", "free"))
        self.assertIn("budget global.day: sent to cheap", last.headers["x-tidegate-notes"])
        self.assertEqual(last.headers["x-tidegate-reason"],
                         "budget global.day is used up: route cheap")
        self.assertLessEqual(self.standing()["spent_nanodollars"], 15_000_000)

    def test_a_key_may_not_be_sent_where_it_may_not_go(self):
        gateway = self.budgeted([{"scope": "global", "usd": 0.001, "per": "day",
                                  "on_exhausted": {"downgrade": "cheap"}}], auth="keys")
        made = gateway.run("keys", "create", "narrow", "--model", "house", "-c", "tidegate.yaml")
        key = {"authorization": f"Bearer {made.stdout.strip()}"}
        refused = eventually(lambda: self.house(headers=key), lambda a: a.status != 401)
        self.assertEqual(refused.status, 429)
        self.assertIn("the route cheap of the budget global.day cannot take it",
                      refused.headers["x-tidegate-notes"])

    def test_budgets_of_tasks_and_tenants_and_keys(self):
        gateway = self.budgeted([{"scope": "task", "usd": 0.015, "per": "total"},
                                 {"scope": "tenant", "name": "small", "usd": 0.01, "per": "week"}],
                                auth="keys")
        keys = {}
        for name, tenant, *options in (("a", "small"), ("b", "large", "--budget", "0.03/month"),
                                       ("c", "large", "--requests-per-minute", "1")):
            made = gateway.run("keys", "create", name, "--tenant", tenant, *options,
                               "-c", "tidegate.yaml")
            self.assertEqual(made.returncode, 0, made.stderr)
            keys[name] = {"authorization": f"Bearer {made.stdout.strip()}"}

        def ask(key, task):
            headers = keys[key] | {"x-tidegate-task": task}
            return eventually(lambda: self.house(headers=headers), lambda a: a.status != 401)

        self.assertIn("budget tenant.week of small", ask("a", "t0").error()["message"])
        answers = [ask("b", "t1") for _ in range(30)]
        self.assertEqual(answers[0].status, 200)
        self.assertIn("budget task.total of t1", answers[-1].error()["message"])
        answers = [ask("b", f"t{number}") for number in range(2, 60)]
        self.assertEqual(answers[0].status, 200)
        self.assertIn("budget key.month of key_", answers[-1].error()["message"])
        self.assertEqual(ask("c", "t99").status, 200)
        listed = json.loads(gateway.run("keys", "list", "--json", "-c", "tidegate.yaml").stdout)
        self.assertEqual([key["budgets"] for key in listed["keys"]], [[], ["0.03/month"], []])
        self.assertEqual(listed["keys"][2]["limits"], {"requests_per_minute": 1})

    def test_a_keys_own_limits_hold(self):
        gateway = self.budgeted([], auth="keys")
        made = gateway.run("keys", "create", "slow", "--requests-per-minute", "60",
                           "--tokens-per-minute", "400", "-c", "tidegate.yaml")
        key = {"authorization": f"Bearer {made.stdout.strip()}"}
        refused = eventually(lambda: self.house(headers=key), lambda a: a.status != 401)
        self.assertEqual(refused.status, 413)
        self.assertIn("own.tokens_per_minute: ", refused.error()["message"])
        first = gateway.post(chat("house", max_tokens=1), key)
        self.assertEqual(first.status, 200)
        self.assertEqual(first.headers["x-ratelimit-limit-requests"], "60")
        self.assertEqual(first.headers["x-ratelimit-limit-tokens"], "400")

    def test_a_restart_keeps_what_was_spent(self):
        self.budgeted([{"scope": "global", "usd": 0.03, "per": "day", "alert_at": [0.1]},
                       {"scope": "client", "usd": 5, "per": "week"}])
        for how in (signal.SIGTERM, signal.SIGKILL):
            for _ in range(3):
                self.assertEqual(self.house().status, 200)
            spent = eventually(self.ledger_cost,
                               lambda cost: cost == self.standing()["spent_nanodollars"])
            self.assertGreater(spent, 0)
            self.gateway.restart(how)
            self.assertEqual([self.standing(n)["spent_nanodollars"] for n in range(2)], [spent] * 2)
        self.spend_until_refused()
        spent = eventually(self.ledger_cost,
                           lambda cost: cost == self.standing()["spent_nanodollars"])
        self.gateway.restart(signal.SIGKILL)
        self.assertEqual(self.standing()["spent_nanodollars"], spent)
        self.assertEqual(self.house().status, 429)

    def test_a_killed_gateway_agrees_with_its_ledger(self):
        self.budgeted([{"scope": "global", "usd": 1, "per": "day"}])
        for _ in range(3):
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                asked = [pool.submit(self.house) for _ in range(60)]
                eventually(lambda: sum(f.done() for f in asked) > 20)
                self.gateway.restart(signal.SIGKILL)
                for future in asked:
                    future.exception()
            self.assertEqual(self.standing()["spent_nanodollars"],
                             eventually(self.ledger_cost, lambda cost: cost > 0))
            shown = json.loads(self.gateway.run("budgets", "--json", "-c", "tidegate.yaml").stdout)
            self.assertEqual(shown["budgets"][0]["spent_nanodollars"], self.ledger_cost())

    def test_alerts_are_posted_once_each(self):
        hook = self.hook([500, 503])
        self.budgeted([{"scope": "global", "usd": 0.02, "per": "day", "webhook": hook.url,
                        "alert_at": [0.3, 1.0]}])
        self.spend_until_refused()
        eventually(lambda: len(hook.bodies) == 2)
        first, last = hook.bodies
        self.assertEqual(hook.seen, "/services/T0/secret-path?x=1")
        self.assertEqual((first["type"], first["threshold"], last["threshold"]),
                         ("budget_alert", 0.3, 1))
        self.assertEqual(first["limit_usd"], "0.02")
        self.assertEqual(first["limit_nanodollars"], 20_000_000)
        self.assertGreaterEqual(first["spent_nanodollars"], 6_000_000)
        self.assertTrue(last["turned_away"])
        self.assertEqual((last["scope"], last["name"], last["per"]), ("global", None, "day"))
        self.assertEqual(hook.ids, [body["id"] for body in hook.bodies])
        log = eventually(self.gateway.errors, lambda text: text.count("budget_alert_delivered") == 2)
        self.assertEqual(log.count(" budget_alert "), 2)
        self.assertNotIn("secret-path", log)
        metrics = self.gateway.metrics()
        self.assertEqual(metrics['tidegate_budget_alerts_total{scope="global",name="",per="day"}'], 2)
        self.assertEqual(metrics["tidegate_budget_alerts_waiting"], 0)
        # A killed gateway gives none of them again.
        self.gateway.restart(signal.SIGKILL)
        self.assertEqual(self.house().status, 429)
        self.gateway.restart(signal.SIGTERM)
        self.assertEqual(len(hook.bodies), 2)

    def test_an_alert_waits_for_its_receiver_through_a_kill(self):
        hook = self.hook([503] * 1000)
        self.budgeted([{"scope": "global", "usd": 0.02, "per": "day", "webhook": hook.url,
                        "webhook_format": "slack", "alert_at": [0.3]}])
        self.spend_until_refused()
        eventually(lambda: len(hook.statuses) < 1000)
        self.gateway.restart(signal.SIGKILL)
        self.assertEqual(eventually(lambda: self.gateway.metrics()["tidegate_budget_alerts_waiting"]), 1)
        hook.statuses.clear()
        eventually(lambda: hook.bodies)
        self.assertEqual(list(hook.bodies[0]), ["text"])
        self.assertRegex(hook.bodies[0]["text"], r"^Budget global per day: \$0\.0\d+ of \$0\.02 is spent")
        eventually(lambda: self.gateway.metrics()["tidegate_budget_alerts_waiting"] == 0)
        self.gateway.restart(signal.SIGTERM)
        self.assertEqual(len(hook.bodies), 1)

    def test_what_is_shown(self):
        gateway = self.budgeted([
            {"scope": "global", "usd": 1000, "per": "day", "time_zone": "Europe/Berlin"},
            {"scope": "model", "usd": 0.5, "per": "month"}])
        answer = self.house()
        cost = gateway.records(answer)[0]["cost_nano"]
        shown = json.loads(gateway.run("budgets", "--json", "-c", "tidegate.yaml").stdout)
        self.assertEqual(shown["budgets"], gateway.admin.get("/api/budgets").json()["budgets"])
        day, month = shown["budgets"]
        self.assertEqual(day["spent_nanodollars"], cost)
        self.assertEqual(month["name"], "house")
        self.assertEqual(day["time_zone"], "Europe/Berlin")
        self.assertEqual(day["last_hour_nanodollars"], cost)
        text = gateway.run("budgets", "-c", "tidegate.yaml").stdout
        self.assertRegex(text, r"global +- +day +\$1000\.00 +\$0\.0\d+ +0% +not in this day")
        metrics = gateway.metrics()
        labels = '{scope="global",name="",per="day"}'
        self.assertEqual(metrics["tidegate_budget_limit_nanodollars" + labels], 1e12)
        self.assertEqual(metrics["tidegate_budget_spent_nanodollars" + labels], cost)

    def test_a_reload_counts_a_new_budget_from_the_ledger(self):
        gateway = self.budgeted([])
        spent = sum(self.gateway.records(self.house())[0]["cost_nano"] for _ in range(2))
        self.configuration["budgets"] = [
            {"scope": "global", "usd": round(spent / 1e9 + 0.0099, 9), "per": "day"}]
        gateway.write_config(self.configuration)
        eventually(lambda: gateway.admin.get("/api/budgets").json()["budgets"])
        self.assertEqual(self.standing()["spent_nanodollars"], spent)
        self.assertEqual(self.house().status, 429)

    def test_a_new_budget_counts_what_was_in_flight_at_its_reload(self):
        gateway = self.budgeted([])
        slow = {"user-agent": "e2e/1", "x-sim-rate": "100", "x-sim-tokens": "150"}
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answers = [pool.submit(self.house, headers=slow) for _ in range(4)]
            eventually(lambda: gateway.metrics()["tidegate_requests_in_flight"] == 4)
            self.configuration["budgets"] = [{"scope": "global", "usd": 1, "per": "day"}]
            gateway.write_config(self.configuration)
            eventually(lambda: gateway.admin.get("/api/budgets").json()["budgets"])
            self.assertFalse(any(answer.done() for answer in answers))
            for answer in answers:
                self.assertEqual(answer.result().status, 200)
        eventually(lambda: len(gateway.select()) == 4)
        self.assertEqual(self.standing()["spent_nanodollars"], self.ledger_cost())
        self.assertGreater(self.ledger_cost(), 0)


if __name__ == "__main__":
    unittest.main()
