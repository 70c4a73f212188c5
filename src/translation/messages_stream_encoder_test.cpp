#include <gtest/gtest.h>

#include "translation/cargo.h"
#include "translation/codec.h"

namespace tidegate::translation {
namespace {

using Kind = Event::Kind;

// What a client sees, in short: "0:text(Hi) 1:tool(call_1,f){...} end_turn".
std::string brief(std::string_view sse) {
  std::string out;
  std::size_t at = 0;
  const auto member = [&](std::string_view line, std::string_view name) {
    const std::string key = "\"" + std::string(name) + "\":\"";
    const std::size_t begin = line.find(key);
    if (begin == line.npos) return std::string();
    std::size_t end = begin + key.size();
    while (line[end] != '"' || line[end - 1] == '\\') ++end;
    return std::string(line.substr(begin + key.size(), end - begin - key.size()));
  };
  while ((at = sse.find("data: ", at)) != sse.npos) {
    const std::string_view line = sse.substr(at, sse.find('\n', at) - at);
    at += line.size();
    if (line.contains("content_block_start")) {
      const std::size_t index = line.find("\"index\":") + 8;
      out += line.substr(index, line.find(',', index) - index);
      const std::string_view block = line.substr(line.find("content_block\":{"));
      out += ":" + member(block, "type");
      if (block.contains("tool_use")) out += "[" + member(block, "id") + "]";
      if (block.contains("redacted")) out += "[" + member(block, "data") + "]";
      out += "(";
    } else if (line.contains("content_block_delta")) {
      const std::string_view delta = line.substr(line.find("\"delta\""));
      for (const auto name : {"text", "thinking", "partial_json"}) out += member(delta, name);
      if (delta.contains("signature_delta")) out += "|" + member(delta, "signature");
    } else if (line.contains("content_block_stop")) {
      out += ") ";
    } else if (line.contains("message_delta")) {
      out += member(line, "stop_reason");
    } else if (line.contains("\"error\"")) {
      out += "error:" + member(line.substr(line.find("\"error\":{")), "type");
    }
  }
  return out;
}

struct Stream {
  explicit Stream(AnswerContext context = {}) : encoder(kMessagesCodec.stream_encoder(context)) {
    event(Kind::start);
  }
  Stream& event(Kind kind, std::string_view text = {}, std::uint32_t index = 0,
                std::string_view id = {}, Seal seal = Seal::none) {
    Event event;
    event.kind = kind;
    event.text = text;
    event.index = index;
    event.id = id;
    event.name = kind == Kind::tool_call ? "f" : "";
    event.seal = seal;
    event.finish = protocol::FinishReason::stop;
    encoder->encode(event, out);
    return *this;
  }
  std::string end() { return event(Kind::finish).event(Kind::done), brief(out); }
  std::unique_ptr<StreamEncoder> encoder;
  std::string out;
};

TEST(MessagesStreamEncoder, blocks_begin_and_end_in_order) {
  Stream stream;
  stream.event(Kind::reasoning, "let ").event(Kind::reasoning, "me").event(Kind::text, "Hi");
  stream.event(Kind::text, "!").event(Kind::tool_call, "", 0, "c0");
  stream.event(Kind::tool_arguments, R"({\"a\")").event(Kind::tool_arguments, ":1}");
  const std::string plain = wrap({Seal::none, "", "", "", ""});
  EXPECT_EQ(stream.end(),
            "0:thinking(let me|" + plain + R"() 1:text(Hi!) 2:tool_use[c0]({\"a\":1}) tool_use)");
}

TEST(MessagesStreamEncoder, parallel_calls_never_interleave) {
  Stream stream;
  stream.event(Kind::tool_call, "", 0, "c0").event(Kind::tool_arguments, R"({\"a)", 0);
  stream.event(Kind::tool_call, "", 1, "c1").event(Kind::tool_arguments, R"({\"b\")", 1);
  stream.event(Kind::tool_call, "", 2, "c2").event(Kind::tool_arguments, "{}", 2);
  stream.event(Kind::tool_arguments, R"(}\":0})", 0);  // a brace within a string ends nothing
  EXPECT_TRUE(brief(stream.out).ends_with(R"(1:tool_use[c1]({\"b\")"));
  stream.event(Kind::tool_arguments, ":1}", 1);
  EXPECT_EQ(stream.end(),
            R"(0:tool_use[c0]({\"a}\":0}) 1:tool_use[c1]({\"b\":1}) 2:tool_use[c2]({}) tool_use)");
}

TEST(MessagesStreamEncoder, a_whole_call_makes_room_for_the_next_at_once) {
  Stream stream;
  stream.event(Kind::tool_call, "", 0, "c0").event(Kind::tool_arguments, "{}", 0);
  stream.event(Kind::tool_call, "", 1, "c1");
  EXPECT_EQ(brief(stream.out), "0:tool_use[c0]({}) 1:tool_use[c1](");
}

TEST(MessagesStreamEncoder, calls_without_arguments_do_not_hold_back_the_rest_forever) {
  Stream stream;
  stream.event(Kind::tool_call, "", 0, "c0").event(Kind::tool_call, "", 1, "c1");
  stream.event(Kind::text, "after");
  EXPECT_EQ(stream.end(), "0:tool_use[c0]() 1:tool_use[c1]() 2:text(after) tool_use");
}

TEST(MessagesStreamEncoder, seals_of_others_travel_in_envelopes) {
  AnswerContext context;
  context.maker = "openai/gpt-5.5";
  Stream stream(context);
  stream.event(Kind::reasoning, "sum")
      .event(Kind::reasoning_seal, "ENC", 0, "rs_1", Seal::openai_encrypted);
  stream.event(Kind::reasoning_seal, "ENC2", 0, "rs_2", Seal::openai_encrypted);
  stream.event(Kind::reasoning, "signed")
      .event(Kind::reasoning_seal, "EqQB", 0, "", Seal::anthropic_signature);
  stream.event(Kind::reasoning_seal, "RED", 0, "", Seal::anthropic_redacted);
  stream.event(Kind::tool_call, "", 0, "c0").event(Kind::tool_arguments, "{}");
  stream.event(Kind::tool_seal, "SIG", 0, "", Seal::gemini_signature);
  const std::string& maker = context.maker;
  EXPECT_EQ(stream.end(),
            "0:thinking(sum|" + wrap({Seal::openai_encrypted, maker, "rs_1", "ENC", ""}) +
                ") 1:redacted_thinking[" +
                wrap({Seal::openai_encrypted, maker, "rs_2", "ENC2", ""}) +
                "]() 2:thinking(signed|EqQB) 3:redacted_thinking[RED]() 4:tool_use[c0]({}) " +
                "5:redacted_thinking[" + wrap({Seal::gemini_signature, maker, "c0", "SIG", ""}) +
                "]() tool_use");
}

TEST(MessagesStreamEncoder, hidden_reasoning_leaves_no_trace) {
  AnswerContext context;
  context.show_reasoning = false;
  Stream stream(context);
  stream.event(Kind::reasoning, "secret").event(Kind::text, "Hi");
  EXPECT_EQ(stream.end(), "0:text(Hi) end_turn");
}

TEST(MessagesStreamEncoder, a_failure_never_looks_like_an_answer) {
  Stream stream;
  stream.event(Kind::text, "Hi");
  Event finish;
  finish.kind = Kind::finish;
  finish.finish = protocol::FinishReason::aborted;
  stream.encoder->encode(finish, stream.out);
  stream.event(Kind::done);
  EXPECT_TRUE(brief(stream.out).ends_with("error:overloaded_error"));
  EXPECT_FALSE(stream.out.contains("message_stop"));

  Stream broken;
  broken.event(Kind::error, R"({"type":"rate_limit_error","message":"slow down"})");
  EXPECT_EQ(broken.end(), "error:rate_limit_error");
}

TEST(MessagesStreamEncoder, usage_is_anthropics) {
  Stream stream;
  Event usage;
  usage.kind = Kind::usage;
  usage.usage = {.prompt = 100, .cached = 60, .cache_write = 10, .completion = 7, .reasoning = 3};
  stream.encoder->encode(usage, stream.out);
  stream.end();
  EXPECT_TRUE(stream.out.contains(R"("usage":{"input_tokens":30,"cache_creation_input_tokens":10,)"
                                  R"("cache_read_input_tokens":60,"output_tokens":7})"));
}

}  // namespace
}  // namespace tidegate::translation
