"""What a client's profile changes: prompts that do not fit, usage that was not asked for, the name in
the ledger (docs/clients.md)."""

import hashlib
import json
import unittest

from harness import EndToEnd, chat, run
from sessions import ASK as SESSION_ASK, Chat, Messages, Responses

WORDS = "word " * 820  # about 880 tokens, as long as no answer has calibrated the estimate


def message(role, name):
    return {"role": role, "content": f"{name} {WORDS}"}


CONVERSATION = [message("system", "rules"), message("user", "task"), message("assistant", "first"),
                message("user", "more"), message("assistant", "second"), message("user", "last")]


def digest(key):
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


class Profiles(EndToEnd):
    def setUp(self):
        super().setUp()
        small = {"provider": "deepseek", "name": "deepseek-v4-flash", "max_output": 1000}
        self.gateway = self.serve(self.simulator.config(
            models={"small": small | {"context": 4000},
                    "smaller": small | {"context": 3000, "fallback": ["small"]}},
            clients={
                "oldest": {"match": {"user_agent": "Oldest/*"}, "on_overflow": "truncate_oldest"},
                "middle": {"match": {"user_agent": ["m/*", "middle*"]},
                           "on_overflow": "truncate_middle"},
                "strict": {"match": {"user_agent": "strict/?"}, "on_overflow": "reject",
                           "context_window": 3500},
                "larger": {"match": {"user_agent": "larger"}, "on_overflow": "fallback"},
                "keeper": {"match": {"user_agent": "keeper"}, "drops_reasoning": False},
                "forgetful": {"match": {"user_agent": "forgetful"}, "drops_reasoning": True},
                "counting": {"match": {"user_agent": "counting"}, "needs_usage": True},
                "ci": {"match": {"key": digest("sk-ci")}, "on_overflow": "reject"},
                "team": {"match": {"key": [digest("sk-a"), digest("sk-b")],
                                   "user_agent": "team/*"}},
            }))

    def ask(self, user_agent, messages=CONVERSATION, model="small", **fields):
        body = {"model": model, "messages": messages, "max_tokens": 500} | fields
        return self.gateway.post(body, {"user-agent": user_agent})

    def sent(self):
        """The first word of each message that reached the provider, or the whole of a short one."""
        body, = self.simulator.bodies()
        return [text if len(text) < 100 else text.split()[0]
                for text in (message["content"] for message in json.loads(body)["messages"])]

    def test_the_oldest_messages_are_left_out(self):
        answer = self.ask("oldest/1.0")
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.sent(), ["rules", "[3 earlier messages were left out]", "second", "last"])
        self.assertIn("truncated 3 messages", answer.headers["x-tidegate-notes"])
        row, = self.gateway.records(answer)
        self.assertEqual(row["client"], "oldest")
        self.assertLess(row["estimated_prompt"], 3500)

    def test_the_first_user_message_stays(self):
        self.assertEqual(self.ask("middle").status, 200)
        self.assertEqual(self.sent(), ["rules", "task", "[3 earlier messages were left out]", "last"])

    def test_what_fits_is_left_alone(self):
        answer = self.ask("oldest/1.0", CONVERSATION[-3:])
        self.assertEqual(self.sent(), ["more", "second", "last"])
        self.assertIsNone(answer.headers["x-tidegate-notes"])

    def test_what_cannot_be_left_out_is_refused(self):
        answer = self.ask("oldest/1.0", [message("system", "rules")] * 4 + CONVERSATION[-1:])
        self.assertEqual((answer.status, answer.error()["code"]), (400, "context_length_exceeded"))
        self.assertIn("what must stay of it", answer.error()["message"])
        self.assertEqual(self.simulator.bodies(), [])

    def test_a_prompt_beyond_what_the_client_believes_is_refused(self):
        answer = self.ask("strict/1", CONVERSATION[:4])
        self.assertEqual((answer.status, answer.error()["code"]), (400, "context_length_exceeded"))
        self.assertIn("at most 3000 beside the answer", answer.error()["message"])
        self.assertEqual(self.simulator.bodies(), [])
        self.assertEqual(self.ask("strict/1", CONVERSATION[:2]).status, 200)

    def test_a_larger_model_is_taken(self):
        answer = self.ask("larger", CONVERSATION[:3], model="smaller")
        self.assertEqual((answer.status, answer.model), (200, "small"))
        refused = self.ask("larger", model="smaller")
        self.assertEqual(refused.error()["code"], "context_length_exceeded")

    def test_a_client_is_known_by_its_key(self):
        def client(user_agent, **credentials):
            headers = {"user-agent": user_agent} | {name.replace("_", "-"): value
                                                    for name, value in credentials.items()}
            answer = self.gateway.post(chat("small"), headers)
            return self.gateway.records(answer)[0]["client"]
        self.assertEqual(client("any/1", authorization="Bearer sk-ci"), "ci")
        self.assertEqual(client("any/1", authorization="bearer  sk-ci"), "ci")
        self.assertEqual(client("any/1", x_api_key="sk-ci"), "ci")
        self.assertEqual(client("any/1", authorization="Bearer sk-cj"), "any")
        self.assertEqual(client("any/1"), "any")
        self.assertEqual(client("team/1", authorization="Bearer sk-b"), "team")
        self.assertEqual(client("any/1", authorization="Bearer sk-b"), "any")
        answer = self.gateway.post({"model": "small", "messages": CONVERSATION, "max_tokens": 500},
                                   {"authorization": "Bearer sk-ci"})
        self.assertEqual(answer.error()["code"], "context_length_exceeded")

    def test_without_a_profile_the_provider_judges(self):
        answer = self.ask("somebody/1.0")
        self.assertEqual(answer.status, 200)
        self.assertEqual(len(self.sent()), len(CONVERSATION))
        row, = self.gateway.records(answer)
        self.assertEqual(row["client"], "somebody")

    def test_usage_comes_without_being_asked_for(self):
        for user_agent, expected in (("counting", 1), ("somebody", 0)):
            with self.subTest(user_agent):
                answer = self.gateway.post(chat("small", stream=True),
                                           {"user-agent": user_agent,
                                            "x-sim-fault": "usage-only-chunk"})
                usages = [chunk for chunk in answer.chunks() if not chunk["choices"]]
                self.assertEqual(len(usages), expected)


    def test_a_messages_client_is_shortened_and_refused_in_its_own_words(self):
        def ask(messages):
            body = {"model": "small", "max_tokens": 500, "messages": messages,
                    "system": CONVERSATION[0]["content"]}
            return self.gateway.post(body, {"user-agent": "oldest/1.0"}, path="/v1/messages")
        answer = ask(CONVERSATION[1:])
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.sent(), ["rules", "[3 earlier messages were left out]", "second", "last"])
        refused = ask([message("user", "last " + WORDS * 4)])
        self.assertEqual((refused.status, refused.json()["type"]), (400, "error"))
        self.assertEqual(refused.error()["type"], "invalid_request_error")

    def test_reasoning_is_remembered_for_clients_that_drop_it(self):
        tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
        for user_agent, remembered in (("forgetful", True), ("keeper", False), ("other", True)):
            with self.subTest(user_agent):
                asked = [{"role": "user", "content": f"{user_agent}, use the tool"}]
                first = self.ask(user_agent, asked, "deepseek-v4-flash", tools=[tool])
                said = first.json()["choices"][0]["message"]
                self.assertTrue(said.pop("reasoning_content"))
                result = {"role": "tool", "tool_call_id": said["tool_calls"][0]["id"], "content": "x"}
                second = self.ask(user_agent, asked + [said, result], "deepseek-v4-flash",
                                  tools=[tool])
                self.assertEqual(second.status, 200, second)
                notes = second.headers["x-tidegate-notes"]
                self.assertEqual("restored" in notes, remembered, notes)


class LongSessions(EndToEnd):
    """An agent's loop that outgrows the window, at the strict providers: whatever was left out, calls have
    their results, signed and encrypted reasoning is whole, and the notes say what went."""

    STEPS = 8
    HOMES = {"deepseek": "deepseek-v4-pro", "anthropic": "claude-sonnet-4.5", "openai": "gpt-5.5",
             "gemini": "gemini-3.8-flash", "kimi": "kimi-k2.6"}

    @classmethod
    def config(cls):
        # Of 12000 tokens the answer takes 9000.
        small = {home: {"provider": home, "name": name, "context": 12000, "thinking": True, "fallback": []}
                 for home, name in cls.HOMES.items()}
        large = {"large-" + home: model | {"fallback": ["claude-opus-4.7"]} for home, model in small.items()}
        return cls.simulator.config(
            providers={home: cls.simulator.provider(home, home) for home in cls.HOMES},
            models=small | large,
            clients={name: {"match": {"user_agent": name}, "on_overflow": name}
                     for name in ("truncate_oldest", "truncate_middle", "fallback", "reject")})

    def lead(self, dialect, home, strategy):
        """The answers of a session of many steps, up to one that is refused."""
        session = dialect()
        session.headers = session.headers | {"user-agent": strategy, "x-sim-tools": str(self.STEPS)}
        session.result = "mild " + WORDS
        answers = []
        while len(answers) <= self.STEPS:
            answers.append(session.turn(self.gateway, home))
            if answers[-1].status != 200:
                break
        return answers

    def sessions(self):
        for dialect in (Chat, Messages, Responses):
            for home in self.HOMES:
                yield dialect, home

    def test_what_is_shortened_is_valid_at_each_provider(self):
        for strategy in ("truncate_oldest", "truncate_middle"):
            for dialect, home in self.sessions():
                with self.subTest(f"{strategy}: {dialect.__name__} to {home}"):
                    answers = self.lead(dialect, home, strategy)
                    self.assertEqual([answer.status for answer in answers], [200] * (self.STEPS + 1),
                                     answers[-1])
                    self.assertEqual({answer.model for answer in answers}, {home})
                    notes = [answer.headers["x-tidegate-notes"] or "" for answer in answers]
                    self.assertNotIn("truncated", notes[0])
                    self.assertRegex(notes[-1], r"truncated \d+ messages? \(\d tool calls?\)")
                    body = self.simulator.bodies()[-1]
                    self.assertRegex(body, r"\[\d+ earlier messages were left out\]")
                    self.assertIn(SESSION_ASK, body, "the task is the last that the user said")

    def test_a_larger_model_takes_over_with_all_of_it(self):
        for dialect, home in self.sessions():
            with self.subTest(f"{dialect.__name__} from {home}"):
                answers = self.lead(dialect, "large-" + home, "fallback")
                self.assertEqual([answer.status for answer in answers], [200] * (self.STEPS + 1),
                                 answers[-1])
                self.assertEqual((answers[0].model, answers[-1].model), ("large-" + home, "claude-opus-4.7"))
                self.assertNotIn("left out]", self.simulator.bodies()[-1])

    def test_a_refusal_says_both_sizes(self):
        for dialect, home in self.sessions():
            with self.subTest(f"{dialect.__name__} to {home}"):
                refused = self.lead(dialect, home, "reject")[-1]
                self.assertEqual(refused.status, 400)
                self.assertRegex(refused.error()["message"], r"\d+ tokens.* at most 3000 beside the answer")


class Check(EndToEnd):
    def test_a_new_profile_must_say_whose_it_is(self):
        file = self.gateway.folder / "clients.yaml"
        file.write_text("clients:\n  curser: { on_overflow: reject }\n")
        checked = run("check", "-c", str(file))
        self.assertIn("clients.yaml:2:3: clients.curser.match: missing", checked.stdout)
        self.assertIn("Did you mean cursor?", checked.stdout)


if __name__ == "__main__":
    unittest.main()
