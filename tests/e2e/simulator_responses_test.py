"""The simulated OpenAI Responses API: what it answers, and what it refuses in which words."""

import json
import unittest

from simulated import WEATHER, SimulatedTest, named_events

PATH = "/sim/openai/responses"
SEALED = "reasoning.encrypted_content"
TOOL = {"type": "function", "name": "get_weather", "parameters": WEATHER}


def said(text):
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def output(call, text="18 degrees"):
    return {"type": call["type"] + "_output", "call_id": call["call_id"], "output": text}


def of_type(items, kind):
    return [item for item in items if item["type"] == kind]


class ResponsesTest(SimulatedTest):
    def ask(self, given="Hi", headers=None, path=PATH, **fields):
        return self.send(path, {"model": "gpt-5.5", "input": given} | fields, headers)

    def good(self, *arguments, **fields):
        answer = self.ask(*arguments, **fields)
        self.assertEqual(answer.status, 200, answer)
        if not fields.get("stream"):
            return answer.json()
        return named_events(answer)[-1][1]["response"]

    def refused(self, expected, given="Hi", status=400, param=None, code=None, **fields):
        answer = self.ask(given, **fields)
        self.assertEqual(answer.status, status, answer)
        error = answer.error()
        self.assertIn(expected, error["message"])
        self.assertEqual(error["type"], "invalid_request_error")
        if param:
            self.assertEqual(error["param"], param)
        if code:
            self.assertEqual(error["code"], code)

    def test_answers(self):
        response = self.good("Hi", instructions="Be brief.", metadata={"a": "b"}, path="/v1/responses")
        self.assertEqual((response["object"], response["status"]), ("response", "completed"))
        reasoning, message = response["output"]
        self.assertEqual((reasoning["type"], reasoning["summary"]), ("reasoning", []))
        self.assertNotIn("encrypted_content", reasoning)
        self.assertIn("You asked: Hi", message["content"][0]["text"])
        self.assertEqual((response["metadata"], response["instructions"]),
                         ({"a": "b"}, "Be brief."))
        usage = response["usage"]
        self.assertEqual(usage["total_tokens"], usage["input_tokens"] + usage["output_tokens"])
        self.assertGreater(usage["output_tokens_details"]["reasoning_tokens"], 0)

    def test_the_events_of_a_stream(self):
        events = named_events(self.ask("explain and use all tools", stream=True, tools=[TOOL],
                                       reasoning={"summary": "auto"}, include=[SEALED]))
        names = [name.removeprefix("response.") for name, _ in events]
        order = list(dict.fromkeys(names))
        self.assertEqual(order, [
            "created", "in_progress", "output_item.added", "reasoning_summary_part.added",
            "reasoning_summary_text.delta", "reasoning_summary_text.done",
            "reasoning_summary_part.done", "output_item.done", "content_part.added",
            "output_text.delta", "output_text.done", "content_part.done",
            "function_call_arguments.delta", "function_call_arguments.done", "completed"])
        self.assertEqual([data["sequence_number"] for _, data in events], list(range(len(events))))
        items = [data["item"] for name, data in events if name == "response.output_item.done"]
        self.assertEqual(items, events[-1][1]["response"]["output"])
        added = [data["item"] for name, data in events if name == "response.output_item.added"]
        self.assertNotEqual(added[0]["encrypted_content"], items[0]["encrypted_content"])
        text = "".join(d["delta"] for n, d in events if n == "response.output_text.delta")
        self.assertEqual(text, items[1]["content"][0]["text"])
        arguments = "".join(d["delta"] for n, d in events
                            if n == "response.function_call_arguments.delta")
        self.assertEqual(json.loads(arguments), {"city": "simulated city", "days": 1})

    def test_a_stateless_tool_loop_of_three_steps(self):
        items = [said("use 2 tools in 3 steps")]
        for step in range(3):
            fields = dict(tools=[TOOL], store=False, include=[SEALED], stream=step == 1)
            answer = self.good(items, **fields)
            calls = of_type(answer["output"], "function_call")
            self.assertEqual(len(calls), 2)
            items += answer["output"] + [output(call) for call in calls]
        last = self.good(items, tools=[TOOL], store=False, include=[SEALED])
        self.assertEqual(last["output"][-1]["content"][0]["text"], "The tool answered: 18 degrees")
        self.assertEqual(len(set(self.seen_reasoning())), 3)

    def test_the_server_keeps_what_was_said(self):
        first = self.good("use the tool", tools=[TOOL])
        call = of_type(first["output"], "function_call")[0]
        second = self.good([output(call)], tools=[TOOL], previous_response_id=first["id"])
        self.assertIn("18 degrees", second["output"][-1]["content"][0]["text"])
        self.assertEqual(len(self.seen_reasoning()), 1)
        self.refused("No tool output found for function call call_", [said("Hi")],
                     previous_response_id=first["id"], param="input")
        self.refused("Previous response with id 'resp_x' not found.", param="previous_response_id",
                     previous_response_id="resp_x", code="previous_response_not_found")
        unkept = self.good("Hi", store=False)
        self.refused("not found", previous_response_id=unkept["id"])

    def test_encrypted_reasoning_must_be_genuine(self):
        first = self.good("use the tool", tools=[TOOL], store=False, include=[SEALED])
        reasoning, call = first["output"]
        def again(item, **fields):
            return dict(given=[said("use the tool"), item, call, output(call)]) | fields
        self.good(**again(reasoning))
        sealed = reasoning["encrypted_content"]
        words = "could not be verified. Reason: Encrypted content could not be decrypted or parsed."
        for wrong in (sealed[:-8], "tidegate1.abcdefgh", sealed.replace("A", "B")):
            self.refused(words, code="invalid_encrypted_content",
                         **again(reasoning | {"encrypted_content": wrong}))
        self.refused(words, **again(reasoning, model="gpt-5.1"))
        del reasoning["encrypted_content"]
        self.refused("Items are not persisted when `store` is set to false.", status=404,
                     **again(reasoning))

    def test_the_order_of_items(self):
        reasoning, call = self.good("use the tool", tools=[TOOL], include=[SEALED])["output"]
        lonely = f"Item '{reasoning['id']}' of type 'reasoning' was provided without its required " \
                 "following item."
        self.refused(lonely, [said("a"), reasoning])
        self.refused(lonely, [said("a"), reasoning, said("b")])
        self.refused(f"Item '{call['id']}' of type 'function_call' was provided without its "
                     f"required 'reasoning' item: '{reasoning['id']}'.",
                     [said("a"), call, output(call)])
        without_id = {k: v for k, v in call.items() if k != "id"}
        self.good([said("a"), without_id, output(call)])
        self.refused(f"No tool output found for function call {call['call_id']}.",
                     [said("a"), reasoning, call])
        self.refused("No tool call found for function call output with call_id call_9.",
                     [said("a"), {"type": "function_call_output", "call_id": "call_9",
                                  "output": "x"}])
        self.refused("Duplicate item found with id rs_", [said("a"), reasoning, call, reasoning,
                                                          call, output(call)])

    def test_an_item_by_its_id_alone(self):
        reasoning, call = self.good("use the tool", tools=[TOOL])["output"]
        refer = [{"type": "item_reference", "id": item["id"]} for item in (reasoning, call)]
        answer = self.good([said("use the tool"), *refer, output(call)], tools=[TOOL])
        self.assertIn("18 degrees", answer["output"][-1]["content"][0]["text"])
        self.refused("Item with id 'rs_1' not found.", [{"type": "item_reference", "id": "rs_1"}],
                     status=404)

    def test_fields(self):
        self.refused("Unknown parameter: 'messages'.", messages=[], param="messages",
                     code="unknown_parameter")
        self.refused("Unknown parameter: 'input[0].tool_calls'.",
                     [{"role": "user", "content": "a", "tool_calls": []}])
        self.refused("Missing required parameter: 'tools[0].name'.", param="tools[0].name",
                     tools=[{"type": "function", "function": {"name": "a"}}])
        self.refused("Invalid value: 'text'. Supported values are: 'input_text'",
                     [{"role": "user", "content": [{"type": "text", "text": "a"}]}])
        self.refused("Supported values are: 'output_text' and 'refusal'.",
                     [{"role": "assistant", "content": [{"type": "input_text", "text": "a"}]}])
        self.refused("Invalid 'input[0].id': 'call_1'. Expected an ID that begins with 'fc'.",
                     [{"type": "function_call", "id": "call_1", "call_id": "call_1", "name": "f",
                       "arguments": "{}"}])
        self.refused("string too long. Expected a string with maximum length 64",
                     [{"type": "function_call", "call_id": "c" * 65, "name": "f",
                       "arguments": "{}"}])
        self.refused("Missing required parameter: 'input[0].call_id'.",
                     [{"type": "function_call_output", "output": "a"}])
        self.refused("Invalid value: 'thinking'.", [{"type": "thinking"}])
        self.refused("integer below minimum value. Expected a value >= 16", max_output_tokens=5)
        self.refused("Invalid value: 'huge'.", reasoning={"effort": "huge"},
                     param="reasoning.effort")
        self.refused("Unsupported parameter: 'temperature'", temperature=0.5)
        self.good(temperature=0.5, reasoning={"effort": "none"})
        self.refused("Unsupported parameter: 'reasoning.effort'", model="gpt-4.1",
                     reasoning={"effort": "low"})
        self.refused("Encrypted content is not supported with this model.", model="gpt-4.1",
                     include=[SEALED])
        self.refused("'additionalProperties' is required to be supplied and to be false.",
                     tools=[TOOL | {"strict": True}], code="invalid_function_parameters")

    def test_structured_output(self):
        schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"],
                  "additionalProperties": False}
        form = {"type": "json_schema", "name": "n", "schema": schema, "strict": True}
        answer = self.good(text={"format": form})
        self.assertEqual(json.loads(answer["output"][-1]["content"][0]["text"]), {"n": 1})
        self.assertEqual(answer["text"]["format"], form)
        self.refused("Missing required parameter: 'text.format.name'.",
                     text={"format": {"type": "json_schema", "schema": schema}})
        self.refused("must contain the word 'json'", text={"format": {"type": "json_object"}})

    def test_custom_tools(self):
        tool = {"type": "custom", "name": "shell"}
        answer = self.good("use the tool", tools=[tool])
        call = answer["output"][-1]
        self.assertEqual((call["type"], call["input"]),
                         ("custom_tool_call", "simulated input of shell"))
        events = named_events(self.ask("use the tool", tools=[tool], stream=True))
        pieces = [d["delta"] for n, d in events
                  if n == "response.custom_tool_call_input.delta"]
        self.assertEqual("".join(pieces), call["input"])
        last = self.good([said("use the tool"), *answer["output"], output(call)], tools=[tool])
        self.assertIn("18 degrees", last["output"][-1]["content"][0]["text"])

    def test_how_answers_end(self):
        cut = self.good("Hi", max_output_tokens=36, stream=True)
        self.assertEqual((cut["status"], cut["incomplete_details"]),
                         ("incomplete", {"reason": "max_output_tokens"}))
        events = named_events(self.ask(stream=True, headers={"x-sim-fault": "response-failed"}))
        self.assertEqual(events[-1][0], "response.failed")
        self.assertEqual(events[-1][1]["response"]["error"]["code"], "server_error")
        refused = self.good(headers={"x-sim-fault": "refusal"})
        self.assertEqual(refused["output"][-1]["content"][0]["type"], "refusal")
        events = named_events(self.ask(stream=True, headers={"x-sim-fault": "error-event-3"}))
        self.assertEqual(events[-1][0], "error")


if __name__ == "__main__":
    unittest.main()
