// Answers of providers of other surfaces, made by hand, as they go to a client of this one.
#include "translation/responses_encoder.h"

#include <gtest/gtest.h>

#include "json/reader.h"
#include "translation/cargo.h"

namespace tidegate::translation {
namespace {

using Kind = Event::Kind;

Event event(Kind kind, std::string_view text = {}, std::uint32_t index = 0) {
  Event made;
  made.kind = kind;
  made.text = text;
  made.index = index;
  return made;
}

Event call(std::uint32_t index, std::string_view id, std::string_view name) {
  Event made = event(Kind::tool_call, {}, index);
  made.id = id;
  made.name = name;
  return made;
}

Event finish(protocol::FinishReason reason) {
  Event made = event(Kind::finish);
  made.finish = reason;
  return made;
}

AnswerContext context() {
  AnswerContext context;
  context.id = "A1";
  context.model = "tide";
  context.maker = "deepseek/deepseek-v4-pro";
  return context;
}

std::string whole(AnswerContext of, std::initializer_list<Event> events) {
  const auto encoder = make_responses_answer_encoder(std::move(of));
  std::string out;
  for (const Event& one : events) encoder->encode(one, out);
  return out;
}

std::string output_of(std::string_view response) {
  const std::size_t begin = response.find(R"("output":)");
  return std::string(response.substr(begin, response.rfind(R"(,"usage":)") - begin));
}

TEST(ResponsesEncoder, reasoning_is_shown_and_carried_by_the_client) {
  AnswerContext with_proof = context();
  with_proof.want_proof = true;
  const std::string envelope = wrap({Seal::none, "deepseek/deepseek-v4-pro", "", "", "a\\nb"});
  EXPECT_EQ(output_of(whole(with_proof, {event(Kind::start), event(Kind::reasoning, "a\\n"),
                                         event(Kind::reasoning, "b"), event(Kind::text, "Hi"),
                                         event(Kind::done)})),
            R"("output":[{"id":"rs_A1_0","type":"reasoning","summary":[],"content":[{"type":)"
            R"("reasoning_text","text":"a\nb"}],"encrypted_content":")" +
                envelope +
                R"("},{"id":"msg_A1_1","type":"message","role":"assistant","content":[{"type":)"
                R"("output_text","text":"Hi","annotations":[],"logprobs":[]}],"status":)"
                R"("completed"}])");
}

TEST(ResponsesEncoder, reasoning_that_must_not_be_shown_is_still_carried) {
  AnswerContext hidden = context();
  hidden.show_reasoning = false;
  const auto events = {event(Kind::start), event(Kind::reasoning, "secret"), event(Kind::done)};
  EXPECT_EQ(output_of(whole(hidden, events)), R"("output":[])");
  hidden.want_proof = true;
  EXPECT_EQ(output_of(whole(hidden, events)),
            R"("output":[{"id":"rs_A1_0","type":"reasoning","summary":[],"encrypted_content":")" +
                wrap({Seal::none, "deepseek/deepseek-v4-pro", "", "", "secret"}) + R"("}])");
}

TEST(ResponsesEncoder, reasoning_is_a_summary_for_those_who_asked_for_one) {
  Request request;
  request.thinking.summary = true;
  AnswerContext asked = context();
  asked.request = &request;
  EXPECT_EQ(output_of(whole(asked, {event(Kind::reasoning, "a"), event(Kind::done)})),
            R"("output":[{"id":"rs_A1_0","type":"reasoning","summary":[{"type":"summary_text",)"
            R"("text":"a"}]}])");
}

TEST(ResponsesEncoder, interleaved_calls_keep_their_arguments_apart) {
  EXPECT_EQ(output_of(whole(context(), {call(0, "c0", "f"), call(1, "c1", "g"),
                                        event(Kind::tool_arguments, "{\\\"a\\\":", 0),
                                        event(Kind::tool_arguments, "{}", 1),
                                        event(Kind::tool_arguments, "1}", 0), event(Kind::done)})),
            R"("output":[{"id":"fc_A1_0","type":"function_call","call_id":"c0","name":"f",)"
            R"("status":"completed","arguments":"{\"a\":1}"},{"id":"fc_A1_1","type":)"
            R"("function_call","call_id":"c1","name":"g","status":"completed","arguments":"{}"}])");
}

TEST(ResponsesEncoder, text_and_refusal_are_parts_of_one_message) {
  EXPECT_EQ(output_of(whole(context(), {event(Kind::text, "Well."), event(Kind::refusal, "No."),
                                        event(Kind::done)})),
            R"("output":[{"id":"msg_A1_0","type":"message","role":"assistant","content":[{"type":)"
            R"("output_text","text":"Well.","annotations":[],"logprobs":[]},{"type":"refusal",)"
            R"("refusal":"No."}],"status":"completed"}])");
}

TEST(ResponsesEncoder, a_filtered_answer_is_incomplete_and_an_aborted_one_failed) {
  const std::string filtered =
      whole(context(), {finish(protocol::FinishReason::content_filter), event(Kind::done)});
  EXPECT_NE(filtered.find(R"("status":"incomplete")"), std::string::npos);
  EXPECT_NE(filtered.find(R"("incomplete_details":{"reason":"content_filter"})"),
            std::string::npos);
  const std::string aborted =
      whole(context(),
            {event(Kind::text, "Ha"), finish(protocol::FinishReason::aborted), event(Kind::done)});
  EXPECT_NE(aborted.find(R"("status":"failed","background":false,"error":{"code":"server_error")"),
            std::string::npos);
}

TEST(ResponsesEncoder, says_the_request_s_settings_again) {
  const std::string body =
      R"({"model":"m","instructions":"i","input":"x","tools":[{"type":"function","name":"f"}],)"
      R"("tool_choice":"required","metadata":{"a":"b"},"max_output_tokens":99})";
  const auto request = kResponsesCodec.read_request(body);
  ASSERT_TRUE(request);
  AnswerContext echo = context();
  echo.request = &*request;
  const std::string answer = whole(echo, {event(Kind::done)});
  for (const std::string_view said :
       {R"("instructions":"i")", R"("tools":[{"type":"function","name":"f"}])",
        R"("tool_choice":"required")", R"("metadata":{"a":"b"})", R"("max_output_tokens":99)"}) {
    EXPECT_NE(answer.find(said), std::string::npos) << said << " in " << answer;
  }
  EXPECT_TRUE(json::Reader(*json::check_text(answer)).skip());
}

TEST(ResponsesEncoder, what_came_in_lines_goes_out_in_one) {
  const std::string body =
      "{\"model\":\"m\",\"input\":\"x\",\"tools\":[{\n\"type\":\"function\",\r\n"
      "\"name\":\"f\"}]}";
  const auto request = kResponsesCodec.read_request(body);
  ASSERT_TRUE(request);
  AnswerContext echo = context();
  echo.request = &*request;
  const auto encoder = make_responses_stream_encoder(std::move(echo));
  std::string out;
  encoder->encode(event(Kind::text, "a"), out);
  Event citation = event(Kind::citation, "{\n\"type\":\"url_citation\"}");
  citation.name = "responses";
  encoder->encode(citation, out);
  encoder->encode(event(Kind::done), out);
  for (std::size_t at = 0; (at = out.find('\n', at)) != std::string::npos; ++at) {
    const std::string_view rest = std::string_view(out).substr(at + 1);
    EXPECT_TRUE(rest.empty() || rest.starts_with("\n") || rest.starts_with("event: ") ||
                rest.starts_with("data: {"))
        << rest.substr(0, 40);
  }
}

TEST(ResponsesEncoder, nothing_follows_an_answer_s_end) {
  const auto encoder = make_responses_stream_encoder(context());
  std::string out;
  encoder->encode(event(Kind::error, R"({"message":"Slow down","code":"rate_limit_exceeded"})"),
                  out);
  const std::size_t size = out.size();
  encoder->encode(event(Kind::text, "more"), out);
  encoder->encode(event(Kind::done), out);
  EXPECT_EQ(out.size(), size);
  EXPECT_NE(out.find("event: response.failed\n"), std::string::npos);
}

}  // namespace
}  // namespace tidegate::translation
