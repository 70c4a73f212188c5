"""Many clients at once, faulty providers, clients that leave, reloads in between. Whatever happens to a
single request, the sums are right in the end. TIDEGATE_CHAOS_SEED repeats a run's choices."""

import collections
import json
import os
import pathlib
import random
import signal
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from harness import EndToEnd, chat, eventually

SEED = int(os.environ.get("TIDEGATE_CHAOS_SEED", "0")) or random.randrange(1, 1 << 32)
CLIENTS = 8
REQUESTS = 30
FAULTS = ("500*1", "503", "429*1", "close*1", "reset*1", "cut-head*1", "garbage*1", "garbage-stream*1",
          "cut-3", "reset-4", "hang*1", "hang-stream-2", "error-event-2", "utf8-split", "no-done",
          "keepalive-comments-4", "empty-stop", "insufficient-system-resource", "400", "401",
          "slow-chunks-5", "byte-by-byte", "huge-chunk")


class Client:
    """Sends its requests one after the other and keeps what came of them."""

    def __init__(self, gateway, seed):
        self.gateway = gateway
        self.pick = random.Random(seed)
        self.seed = seed
        self.kept = []  # (fault, stream, status, headers, body)
        self.left = 0
        self.wrong = []

    def run(self):
        connection = None
        for number in range(REQUESTS):
            connection = connection or self.gateway.connect()
            stream = self.pick.random() < 0.6
            fault = self.pick.choice(FAULTS) if self.pick.random() < 0.6 else ""
            leaves = self.pick.random() < 0.15
            body = chat(self.pick.choice(("first", "second", "auto")), f"{self.seed} {number}",
                        stream=stream)
            try:
                connection.request("POST", "/v1/chat/completions", json.dumps(body),
                                   {"x-sim-fault": fault, "x-tidegate-task": f"{self.pick.random()}"})
                if leaves and self.pick.random() < 0.5:
                    raise InterruptedError
                response = connection.getresponse()
                if leaves:
                    response.read(self.pick.randrange(300))
                    raise InterruptedError
                self.kept.append((fault, stream, response.status, response.headers, response.read()))
                if response.will_close:
                    connection.close()
                    connection = None
            except InterruptedError:
                self.left += 1
                connection.close()
                connection = None
            except Exception as error:
                self.wrong.append(f"{fault} stream={stream}: {error!r}")
                connection.close()
                connection = None
        if connection:
            connection.close()


class Storm(EndToEnd):
    @classmethod
    def config(cls):
        price = {"input": 1, "cached": 0.1, "output": 2}
        return cls.simulator.config(
            models={"first": {"provider": "deepseek", "name": "deepseek-v4-flash", "price": price,
                              "fallback": ["second"]},
                    "second": {"provider": "openai", "name": "gpt-4.1", "price": price}},
            routes={"all": {"model": "first", "fallback": ["second"]}}, policy=[{"route": "all"}],
            workers=2, retry={"attempts": 2, "base": "1ms"},
            breaker={"failures": 4, "open_for": "50ms"},
            timeouts={"first_byte": "1s", "idle": "1s", "ping": "100ms"})

    def test_storm(self):
        clients = [Client(self.gateway, SEED + number) for number in range(CLIENTS)]
        threads = [threading.Thread(target=client.run) for client in clients]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            self.gateway.signal(signal.SIGHUP)
            self.assertGreater(len(self.gateway.metrics()), 10)
            threads[0].join(0.2)
        for thread in threads:
            thread.join()
        with self.subTest(seed=SEED):
            self.assertEqual([wrong for client in clients for wrong in client.wrong], [])
            self.answers_are_whole(clients)
            self.everything_has_ended()
            self.the_ledger_is_right(clients)
            self.gateway.signal(signal.SIGTERM)
            self.assertEqual(self.gateway.wait(), 0, self.gateway.errors()[-3000:])

    def answers_are_whole(self, clients):
        for client in clients:
            for fault, stream, status, headers, body in client.kept:
                self.assertIn(status, (200, 400, 401, 429, 500, 502, 503, 504), (fault, body))
                if status == 200 and headers["content-type"].startswith("text/event-stream"):
                    self.assertTrue(stream)
                    last = body.decode().rstrip("\n").rpartition("\n")[2].removeprefix("data: ")
                    self.assertTrue(last == "[DONE]" or "error" in json.loads(last), (fault, last))
                else:
                    answer = json.loads(body)
                    self.assertIn("choices" if status == 200 else "error", answer)

    def everything_has_ended(self):
        self.assertTrue(eventually(lambda: self.simulator.open()["in_flight"] == 0))
        gauges = eventually(self.gateway.metrics, lambda m: m["tidegate_requests_in_flight"] == 0)
        self.assertEqual(gauges["tidegate_requests_in_flight"], 0)
        self.assertTrue(eventually(lambda: self.gateway.metrics()["tidegate_connections"] == 0))
        self.assertTrue(eventually(lambda: self.gateway.metrics()["tidegate_ledger_queue_depth"] == 0))

    def the_ledger_is_right(self, clients):
        metrics = self.gateway.metrics()
        counted = sum(value for name, value in metrics.items()
                      if name.startswith("tidegate_attempts_total{"))
        rows = eventually(self.gateway.select, lambda found: len(found) >= counted)
        self.assertEqual(len(rows), counted)
        cost = sum(value for name, value in metrics.items()
                   if name.startswith("tidegate_cost_nanodollars_total{"))
        self.assertEqual(sum(row["cost_nano"] for row in rows), cost)
        by_request = collections.defaultdict(list)
        for row in rows:
            by_request[row["request"]].append(row)
        for found in by_request.values():
            self.assertEqual(sorted(row["attempt"] for row in found), list(range(1, len(found) + 1)))
            self.assertEqual([row["attempt"] for row in found if row["last"]], [len(found)])
        for client in clients:
            for fault, _, status, headers, body in client.kept:
                found = by_request[headers["x-request-id"]]
                if status == 200 and body.endswith((b"[DONE]\n\n", b"}")) and not fault:
                    self.assertEqual([row["outcome"] for row in found if row["last"]], ["ok"], found)


if __name__ == "__main__":
    unittest.main()
