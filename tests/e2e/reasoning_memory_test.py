"""Reasoning that clients drop, put back: for whom it was made and for nobody else, after a restart too, and
where there is none the notes say so (docs/dialects.md)."""

import signal
import unittest

from harness import EndToEnd, eventually
from sessions import Chat, Messages, Responses

MODEL = "deepseek-v4-pro"


def forgetful(session_class):
    """A client that drops all reasoning, as Cursor and LangChain do."""

    class Forgetful(session_class):
        def take(self, answer):
            super().take(answer)
            for item in self.history:
                item.pop("reasoning_content", None)
                if item.get("role") == "assistant" and isinstance(item.get("content"), list):
                    item["content"] = [block for block in item["content"] if block["type"] != "thinking"]
            self.history = [item for item in self.history if item.get("type") != "reasoning"]

    return Forgetful


CLIENTS = [forgetful(dialect) for dialect in (Chat, Messages, Responses)]


class Memory(EndToEnd):
    changes = {"auth": "keys"}

    def setUp(self):
        super().setUp()
        self.gateway = self.serve(self.config())

    def key(self, name):
        made = self.gateway.run("keys", "create", name, "-c", "tidegate.yaml")
        self.assertEqual(made.returncode, 0, made.stderr)
        key = made.stdout.strip()
        known = eventually(lambda: self.gateway.request(
            "GET", "/v1/models", headers={"authorization": f"Bearer {key}"}).status, lambda s: s == 200)
        self.assertEqual(known, 200)
        return key

    def begin(self, client, key):
        """A session after its first step, and what the model thought in that."""
        session = client()
        session.headers = session.headers | {"authorization": f"Bearer {key}"}
        answer = session.turn(self.gateway, MODEL)
        self.assertEqual(answer.status, 200, answer)
        self.assertIsNone(answer.headers["x-tidegate-notes"])
        return session

    def go_on(self, session, history, key):
        """The notes of the same history's next step, and what of its reasoning reached the model."""
        self.simulator.reset()
        session.history = list(history)
        session.headers = session.headers | {"authorization": f"Bearer {key}"}
        answer = session.turn(self.gateway, MODEL)
        self.assertEqual(answer.status, 200, answer)
        request, = self.simulator.log_of_requests()
        return answer.headers["x-tidegate-notes"] or "", request["reasoning"]

    def test_no_tenant_gets_what_another_one_s_model_thought(self):
        alice, bob = self.key("alice"), self.key("bob")
        for client in CLIENTS:
            with self.subTest(client.__bases__[0].__name__):
                session = self.begin(client, alice)
                history = list(session.history)
                notes, thoughts = self.go_on(session, history, bob)
                self.assertIn("reasoning of 1 turn missing", notes)
                self.assertRegex(thoughts[0], r"^\(The reasoning of step 1 was not kept; mark ")
                notes, thoughts = self.go_on(session, history, alice)
                self.assertIn("reasoning of 1 turn restored", notes)
                self.assertIn("Simulated thought", thoughts[0])

    def test_a_restart_and_a_crash_forget_nothing(self):
        alice, bob = self.key("alice"), self.key("bob")
        begun = [self.begin(client, alice) for client in CLIENTS]
        histories = [list(session.history) for session in begun]
        seen = [self.go_on(session, history, alice)[1] for session, history in zip(begun, histories)]
        self.until_written()
        for end in (signal.SIGTERM, signal.SIGKILL):
            self.gateway.restart(end)
            for session, history, thoughts in zip(begun, histories, seen):
                with self.subTest(end=end, client=type(session).__bases__[0].__name__):
                    self.assertEqual(self.go_on(session, history, alice),
                                     ("reasoning of 1 turn restored", thoughts))
                    self.assertIn("missing", self.go_on(session, history, bob)[0])

    def until_written(self):
        """What was remembered is in the file a moment later."""
        file = self.gateway.folder / "tidegate.db.reasoning"
        self.assertTrue(eventually(file.exists))

    def test_stand_ins_differ_from_turn_to_turn(self):
        alice, bob = self.key("alice"), self.key("bob")
        session = self.begin(CLIENTS[0], alice)
        session.turn(self.gateway, MODEL)
        notes, thoughts = self.go_on(session, session.history, bob)
        self.assertIn("reasoning of 2 turns missing", notes)
        self.assertEqual(len(set(thoughts)), 2, thoughts)


if __name__ == "__main__":
    unittest.main()
