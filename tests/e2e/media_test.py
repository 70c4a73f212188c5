"""What a model cannot be shown: refused with the path, or left to one that can; never lost."""

import unittest

from harness import EndToEnd, chat

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
TEXT = {"type": "text", "text": "What is this?"}
IMAGE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
FILE = {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERg=="}}
AUDIO = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}


def shown(model, *parts):
    return {"model": model, "messages": [{"role": "user", "content": [TEXT, *parts]}]}


class Media(EndToEnd):
    changes = {
        "models": {
            "blind": {"provider": "deepseek", "name": "deepseek-v4-flash", "takes": ["text"],
                      "fallback": ["gpt-5.5"]},
            "unknown": {"provider": "openai", "name": "gpt-4o"},
        },
        "routes": {
            "seeing_second": {"model": "blind", "fallback": ["deepseek-v4-pro", "gpt-5.5"]},
            "all_blind": {"model": "blind", "fallback": ["deepseek-v4-pro"]},
        },
        "policy": [{"route": "seeing_second"}],
    }

    def refused(self, answer, path, *words):
        self.assertEqual(answer.status, 400, answer)
        error = answer.error()
        self.assertEqual(error["type"], "invalid_request_error")
        for word in (path, *words):
            self.assertIn(word, error["message"])
        if "param" in error:
            self.assertEqual(error["param"], path)
        self.assertEqual(self.simulator.open()["served"], 0, "no provider was asked")

    def test_a_model_asked_for_by_name_refuses_what_it_cannot_take(self):
        self.refused(self.gateway.post(shown("blind", IMAGE)), "messages[0].content[1]",
                     "blind takes no images")
        self.refused(self.gateway.post(shown("blind", FILE)), "messages[0].content[1]",
                     "blind takes no documents")
        self.refused(self.gateway.post(shown("gpt-5.5", IMAGE, AUDIO)), "messages[0].content[2]",
                     "gpt-5.5 takes no audio")

    def test_every_surface_names_the_path_in_its_own_words(self):
        source = {"type": "base64", "media_type": "image/png", "data": PNG}
        image = {"type": "image", "source": source}
        result = {"type": "tool_result", "tool_use_id": "a", "content": [image]}
        call = {"type": "tool_use", "id": "a", "name": "look", "input": {}}
        messages = [{"role": "user", "content": "Look."}, {"role": "assistant", "content": [call]},
                    {"role": "user", "content": [result]}]
        body = {"model": "blind", "max_tokens": 100, "messages": messages}
        self.refused(self.gateway.post(body, path="/v1/messages"), "messages[2].content[0]",
                     "blind takes no images")
        picture = {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"}
        said = {"role": "user", "content": [{"type": "input_text", "text": "Look."}, picture]}
        self.refused(self.gateway.post({"model": "blind", "input": [said]}, path="/v1/responses"),
                     "input[0].content[1]", "blind takes no images")

    def test_tokens_of_pictures_are_counted_for_any_model(self):
        source = {"type": "base64", "media_type": "image/png", "data": PNG}
        content = [{"type": "image", "source": source}]
        body = {"model": "blind", "messages": [{"role": "user", "content": content}]}
        answer = self.gateway.post(body, path="/v1/messages/count_tokens")
        self.assertEqual(answer.status, 200, answer)

    def test_a_route_goes_on_to_the_first_model_that_can(self):
        for model in ("auto", "route:seeing_second"):
            answer = self.gateway.post(shown(model, IMAGE))
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(answer.model, "gpt-5.5")
            self.assertIn("2 of 3 models skipped: no images", answer.headers["x-tidegate-reason"])
            self.assertIn("blind left out: it cannot be shown all of this",
                          answer.headers["x-tidegate-notes"])
            self.assertEqual(answer.headers["x-tidegate-attempts"], "1")
        self.assertIn(PNG, self.simulator.log_of_requests()[-1]["body"])
        plain = self.gateway.post(chat("route:seeing_second"))
        self.assertEqual(plain.model, "blind")
        self.assertIsNone(plain.headers["x-tidegate-notes"])

    def test_a_route_without_such_a_model_refuses(self):
        self.refused(self.gateway.post(shown("route:all_blind", IMAGE)), "messages[0].content[1]",
                     "No model of the route all_blind takes all that is shown: blind takes no images")

    def test_what_nobody_knows_the_provider_judges(self):
        answer = self.gateway.post(shown("unknown", IMAGE, AUDIO))
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.model, "unknown")


if __name__ == "__main__":
    unittest.main()
