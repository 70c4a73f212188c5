"""Sessions of an agent, as clients of each dialect lead them: all that came goes back, as it came."""

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
ASK = "Please use the tool in 2 steps."


class Session:
    """A client that sends back all that it got, as it got it."""

    headers = {"x-sim-first-token": "0ms", "x-sim-rate": "1000000"}
    result = "mild"  # of each tool call

    def __init__(self):
        self.history = [{"role": "user", "content": ASK}]

    def turn(self, gateway, model):
        answer = gateway.post(self.body(model), self.headers, self.path)
        if answer.status == 200:
            self.take(answer.json())
        return answer


class Chat(Session):
    path = "/v1/chat/completions"

    def body(self, model):
        return {"model": model, "messages": self.history, "reasoning_effort": "high",
                "max_tokens": 9000,
                "tools": [{"type": "function", "function": {"name": "f", "parameters": CITY}}]}

    def take(self, answer):
        message = answer["choices"][0]["message"]
        self.history.append(message)
        calls = message.get("tool_calls") or []
        self.history += [{"role": "tool", "tool_call_id": call["id"], "content": self.result}
                         for call in calls] or [{"role": "user", "content": ASK}]


class Messages(Session):
    path = "/v1/messages"
    headers = Session.headers | {"anthropic-version": "2023-06-01"}

    def body(self, model):
        thinking = {"type": "enabled", "budget_tokens": 2000}
        if model == "claude-opus-4.7":
            thinking = {"type": "adaptive"}
        return {"model": model, "max_tokens": 9000, "messages": self.history, "thinking": thinking,
                "tools": [{"name": "f", "input_schema": CITY}]}

    def take(self, answer):
        self.history.append({"role": "assistant", "content": answer["content"]})
        results = [{"type": "tool_result", "tool_use_id": block["id"], "content": self.result}
                   for block in answer["content"] if block["type"] == "tool_use"]
        self.history.append({"role": "user", "content": results or ASK})


class Responses(Session):
    path = "/v1/responses"

    def body(self, model):
        return {"model": model, "input": self.history, "store": False, "reasoning": {"effort": "high"},
                "include": ["reasoning.encrypted_content"], "max_output_tokens": 9000,
                "tools": [{"type": "function", "name": "f", "parameters": CITY}]}

    def take(self, answer):
        self.history += answer["output"]
        self.history += [{"type": "function_call_output", "call_id": item["call_id"], "output": self.result}
                         for item in answer["output"] if item["type"] == "function_call"] or [
                             {"role": "user", "content": ASK}]
