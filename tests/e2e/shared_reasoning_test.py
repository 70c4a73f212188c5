"""What one gateway remembers of reasoning, at another that shares a Redis with it (docs/many-gateways.md): to the same
client only, and nobody is held up when Redis is away."""

import time
import unittest

from harness import EndToEnd, eventually
from reasoning_memory_test import CLIENTS, MODEL
from redis_server import Redis
from sessions import Messages


class SharedReasoning(EndToEnd):
    def setUp(self):
        super().setUp()
        self.redis = Redis()
        self.addCleanup(self.redis.stop)
        config = self.simulator.config(
            providers={name: self.simulator.provider(name, name) for name in ("deepseek", "anthropic")},
            state={"limits": f"redis://127.0.0.1:{self.redis.port}/0"}, workers=1, retry={"attempts": 1})
        self.one, self.two, self.three = (self.serve(config) for _ in range(3))
        for gateway in (self.one, self.two, self.three):
            self.connected(gateway, 1)

    def connected(self, gateway, value):
        metric = eventually(gateway.metrics, lambda m: m["tidegate_redis_connected"] == value)
        self.assertEqual(metric["tidegate_redis_connected"], value)

    def turn(self, session, gateway, model, key="alice"):
        self.simulator.reset()
        session.headers = session.headers | {"authorization": f"Bearer {key}"}
        answer = session.turn(gateway, model)
        self.assertEqual(answer.status, 200, answer)
        request, = self.simulator.log_of_requests()
        return answer.headers["x-tidegate-notes"] or "", request["reasoning"]

    def until_kept(self, session):
        """What the model thought before the calls that the session has just answered is in Redis."""
        last = session.history[-1]
        if isinstance(last.get("content"), list):
            last = last["content"][-1]
        call = next(last[name] for name in ("tool_call_id", "tool_use_id", "call_id") if name in last)
        kept = eventually(lambda: self.redis.command("HKEYS", "tidegate:archive"), lambda keys: call in keys)
        self.assertIn(call, kept)

    def test_a_conversation_goes_on_at_another_gateway(self):
        for client in CLIENTS:
            with self.subTest(client.__bases__[0].__name__):
                session = client()
                self.turn(session, self.one, MODEL)
                self.until_kept(session)
                history = list(session.history)
                notes, thoughts = self.turn(session, self.two, MODEL)
                self.assertIn("reasoning of 1 turn restored", notes)
                self.assertIn("Simulated thought", thoughts[0])
                # From now on it is the second one's, too, which needs nobody for it.
                session.history = list(history)
                self.assertEqual(self.turn(session, self.two, MODEL), (notes, thoughts))
                session.history = list(history)
                notes, thoughts = self.turn(session, self.three, MODEL, "bob")
                self.assertIn("reasoning of 1 turn missing", notes)
                self.assertRegex(thoughts[0], r"^\(The reasoning of step 1 was not kept; mark ")

    def test_who_sealed_what_is_known_at_another_gateway(self):
        session = Messages()
        self.turn(session, self.one, "claude-sonnet-4.5")
        self.until_kept(session)
        notes, thoughts = self.turn(session, self.two, "claude-opus-4.7")
        self.assertEqual((notes, thoughts), ("reasoning of another model left out", []))

    def test_without_redis_each_has_its_own_memory(self):
        session = CLIENTS[0]()
        self.turn(session, self.one, MODEL)
        self.until_kept(session)
        history = list(session.history)
        self.redis.pause()
        begin = time.monotonic()
        notes, _ = self.turn(session, self.two, MODEL)
        self.assertIn("reasoning of 1 turn missing", notes)
        self.assertLess(time.monotonic() - begin, 5)
        session.history = list(history)
        self.assertIn("reasoning of 1 turn restored", self.turn(session, self.one, MODEL)[0])
        self.redis.go_on()
        self.connected(self.three, 1)
        session.history = list(history)
        restored = eventually(lambda: self.again(history), lambda notes: "restored" in notes)
        self.assertIn("reasoning of 1 turn restored", restored)

    def again(self, history):
        session = CLIENTS[0]()
        session.history = list(history)
        return self.turn(session, self.three, MODEL)[0]


if __name__ == "__main__":
    unittest.main()
