#include "mcp/message.h"

#include <gtest/gtest.h>

#include "mcp/failure.h"

namespace tidegate::mcp {
namespace {

TEST(Message, TellsResponsesRequestsAndNotificationsApart) {
  const auto response = read_message(R"({"jsonrpc":"2.0","id":7,"result":{"a": [1, 2]} })");
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->kind, Message::Kind::response);
  EXPECT_EQ(response->id, 7u);
  EXPECT_EQ(response->result, R"({"a": [1, 2]})");

  const auto request = read_message(R"({"jsonrpc":"2.0","id":"x-1","method":"ping"})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->kind, Message::Kind::request);
  EXPECT_EQ(request->raw_id, R"("x-1")");
  EXPECT_EQ(answer_to(*request), R"({"jsonrpc":"2.0","id":"x-1","result":{}})");

  const auto note = read_message(
      R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":12,"progress":1}})");
  ASSERT_TRUE(note);
  EXPECT_EQ(note->kind, Message::Kind::notification);
  EXPECT_EQ(progress_of(*note), 12u);
}

TEST(Message, ReadsWhatAServerRefusesWith) {
  const auto read = read_message(
      R"({"jsonrpc":"2.0","id":"3","error":{"code":-32022,"message":"no\nway","data":{"supported":["2025-11-25"]}}})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->id, 3u);  // as a string, which some do
  ASSERT_TRUE(read->error);
  EXPECT_EQ(read->error->code, kUnsupportedVersion);
  EXPECT_EQ(read->error->message, "no way");
  EXPECT_EQ(read->error->supported, std::vector<std::string>{"2025-11-25"});
}

TEST(Message, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"", "{}", "[]", "null", R"({"jsonrpc":"2.0"})", R"({"id":1,"result":{}})",
        R"({"jsonrpc":"1.0","id":1,"result":{}})", R"({"jsonrpc":"2.0","id":1,"result":{})",
        R"({"jsonrpc":"2.0","id":1,"result":{}} {})"}) {
    EXPECT_FALSE(read_message(text)) << text;
  }
}

TEST(Message, TakesBatchesApart) {
  std::vector<std::string> seen;
  const auto note = [&](std::string_view text) { seen.emplace_back(text); };
  EXPECT_TRUE(each_message(R"([{"a":1}, {"b":2}])", note));
  EXPECT_TRUE(each_message(R"({"c":3})", note));
  EXPECT_FALSE(each_message(R"([{"d":4})", note));
  EXPECT_EQ(seen, (std::vector<std::string>{R"({"a":1})", R"({"b":2})", R"({"c":3})"}));
}

TEST(Message, IsOneLineWhateverAModelWrote) {
  EXPECT_EQ(write_message(1, "tools/call", "\"arguments\":{\n \"a\":\r\n1}"),
            R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{  "a":  1}}})");
  EXPECT_EQ(write_message({}, "notifications/initialized", ""),
            R"({"jsonrpc":"2.0","method":"notifications/initialized","params":{}})");
}

TEST(Message, SaysAllAboutItselfInTheStatelessEra) {
  EXPECT_EQ(meta(true, 5),
            R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
            R"("io.modelcontextprotocol/clientInfo":{"name":"tidegate","version":"0.1.0"},)"
            R"("io.modelcontextprotocol/clientCapabilities":{},"progressToken":5})");
  EXPECT_EQ(meta(false, 5), R"("_meta":{"progressToken":5})");
}

TEST(Failure, IsRepeatedOnlyWhereASecondTimeDoesNoHarm) {
  const Failure lost{{ErrorCode::unavailable, "died", {}}, Fate::unknown};
  const Failure refused{{ErrorCode::unavailable, "refused", {}}, Fate::not_run};
  const Failure wrong{{ErrorCode::invalid, "arguments", {}}, Fate::not_run};
  EXPECT_FALSE(may_repeat(lost, {}, false));
  EXPECT_TRUE(may_repeat(lost, {.read_only = true}, false));
  EXPECT_TRUE(may_repeat(lost, {.idempotent = true}, false));
  EXPECT_FALSE(may_repeat(lost, {.read_only = true, .idempotent = true}, true));
  EXPECT_TRUE(may_repeat(refused, {}, true));
  EXPECT_FALSE(may_repeat(wrong, {.read_only = true}, false));
}

TEST(Failure, QuotesStrangersShortAndWithoutControls) {
  EXPECT_EQ(excerpt("a\x1b[31mb\nc"), "a [31mb c");
  EXPECT_EQ(excerpt("0123456789", 4), "0123...");
  EXPECT_EQ(excerpt("ab\xc3\xa4", 3), "ab...");
  EXPECT_EQ(last_words("0123456789\n", 4), "...6789");
  EXPECT_EQ(excerpt("\xff\xfe"), "(not UTF-8)");
}

}  // namespace
}  // namespace tidegate::mcp
