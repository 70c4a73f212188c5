"""Another model in mid-session, and back: from each model to each other, by clients of each dialect, in the
middle of a tool loop and after it. What one model sealed goes to no other, and none of the strict
providers refuses what comes (docs/dialects.md)."""

import json
import unittest

from harness import Gateway, Simulator
from sessions import Chat, Messages, Responses

# Two of those that seal their reasoning for one model alone; OpenRouter has one of each maker.
HOUSE = {
    "gpt-5.5-mini": {"provider": "openai", "name": "gpt-5.5-mini"},
    "open": {"provider": "vllm", "name": "deepseek-v4-flash"},
    "local": {"provider": "llamacpp", "name": "deepseek-v4-flash"},
    "or-deepseek": {"provider": "openrouter", "name": "deepseek/deepseek-v4-pro"},
    "or-claude": {"provider": "openrouter", "name": "anthropic/claude-opus-4.7"},
    "or-gemini": {"provider": "openrouter", "name": "google/gemini-3.8-flash"},
}
MODELS = ["deepseek-v4-pro", "gpt-5.5", "claude-opus-4.7", "claude-sonnet-4.5", "kimi-k2.6",
          "gemini-3.8-flash", "gemini-3.5-flash", *HOUSE]
PROVIDERS = ("deepseek", "openai", "anthropic", "kimi", "gemini", "vllm", "llamacpp", "openrouter")


class ModelChange(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.simulator = Simulator()
        cls.addClassCleanup(cls.simulator.stop)
        cls.gateway = Gateway({
            "providers": {name: cls.simulator.provider(name, name) for name in PROVIDERS},
            "models": {name: model | {"thinking": True} for name, model in HOUSE.items()},
            "retry": {"attempts": 1}, "breaker": {"failures": 1000}})
        cls.addClassCleanup(cls.gateway.stop)

    def expect(self, session, model, story):
        answer = session.turn(self.gateway, model)
        self.assertEqual((answer.status, answer.model), (200, model), f"{story}: {answer}")
        return answer

    def change(self, dialect, steps):
        """`steps` of 3 by one model, then one by each other, each time by one that begins anew."""
        for first in MODELS:
            begun = dialect()
            for _ in range(steps):
                self.expect(begun, first, f"{first} begins")
            for second in MODELS:
                session = dialect()
                session.history = json.loads(json.dumps(begun.history))
                story = f"{dialect.__name__}: {first} -> {second} after {steps}"
                with self.subTest(story):
                    self.expect(session, second, story)
                    self.expect(session, first, f"{story} -> {first}")
                    self.expect(session, second, f"{story} -> {first} -> {second}")

    def test_of_a_chat_client(self):
        self.change(Chat, 1)
        self.change(Chat, 3)

    def test_of_a_messages_client(self):
        self.change(Messages, 1)
        self.change(Messages, 3)

    def test_of_a_responses_client(self):
        self.change(Responses, 1)
        self.change(Responses, 3)

    def test_what_another_claude_signed_stays_behind_and_comes_back(self):
        session = Messages()
        self.expect(session, "claude-sonnet-4.5", "first")
        signature = session.history[1]["content"][0]["signature"]
        self.simulator.reset()
        answer = self.expect(session, "claude-opus-4.7", "second")
        self.assertEqual(answer.headers["x-tidegate-notes"], "reasoning of another model left out")
        self.assertNotIn(signature, self.simulator.bodies()[0])
        self.simulator.reset()
        self.expect(session, "claude-sonnet-4.5", "first again")
        self.assertEqual(self.simulator.bodies()[0].count(signature), 1)

    def test_who_signed_is_known_after_a_restart_and_to_the_one_client_only(self):
        gateway = Gateway({"providers": {"anthropic": self.simulator.provider("anthropic", "anthropic")},
                           "retry": {"attempts": 1}})
        self.addCleanup(gateway.stop)
        session = Messages()
        session.headers = session.headers | {"x-api-key": "alice"}
        session.turn(gateway, "claude-sonnet-4.5")
        gateway.restart(15)
        stranger = Messages()
        stranger.headers = session.headers | {"x-api-key": "bob"}
        stranger.history = list(session.history)
        # To Bob nobody has ever signed anything: his word is taken, and the provider's is passed on.
        refused = stranger.turn(gateway, "claude-opus-4.7")
        self.assertEqual(refused.status, 400)
        self.assertIn("Invalid `signature`", refused.error()["message"])
        self.assertEqual(session.turn(gateway, "claude-opus-4.7").status, 200)


if __name__ == "__main__":
    unittest.main()
