"""What the tests of the simulator alone share: a simulator that answers at once, and requests to it."""

import json
import unittest

from harness import KEY, Simulator

FAST = {"x-sim-first-token": "0ms", "x-sim-rate": "1000000"}
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city"],
}


class SimulatedTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.simulator = Simulator()

    @classmethod
    def tearDownClass(cls):
        cls.simulator.stop()

    def setUp(self):
        self.simulator.reset()

    def send(self, path, body, headers=None):
        all_headers = FAST | {"authorization": f"Bearer {KEY}"} | (headers or {})
        return self.simulator.post(body, {k: v for k, v in all_headers.items() if v is not None},
                                   path)

    def seen_reasoning(self):
        """The reasoning that the last request brought back to the model."""
        return self.simulator.log_of_requests()[-1]["reasoning"]


def named_events(answer):
    """The events of a stream that names them: [(name, data)], each name checked against its data."""
    events = []
    for block in answer.body.decode().split("\n\n"):
        if not block:
            continue
        name, _, data = block.partition("\n")
        name, data = name.removeprefix("event: "), json.loads(data.removeprefix("data: "))
        assert name == data["type"], block
        events.append((name, data))
    return events
