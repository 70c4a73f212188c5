// Keys in texts, waits, and our own errors; providers' bodies are judged by the golden answers.
#include <gtest/gtest.h>

#include "protocol/error_answer.h"
#include "protocol/error_body.h"
#include "protocol/retry_after.h"
#include "protocol/scrub.h"

namespace tidegate::protocol {
namespace {

TEST(ScrubKeys, removes_keys_and_leaves_the_rest) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"Your api key: ****abcd is invalid", "Your api key: *** is invalid"},
      {"provided: sk-proj-abc123DEF456_-x.", "provided: ***."},
      {"sk-ab\xE2\x80\xA6wxyz1", "***"},
      {R"({"message":"Authorization: Bearer abc123def456ghi","a":1})",
       R"({"message":"Authorization: Bearer ***","a":1})"},
      {R"({"api_key": "a1b2c3d4e5"})", R"({"api_key": "***"})"},
      {"Incorrect API key provided: qwertz12345.", "Incorrect API key provided: ***."},
      {"goog AIzaSyA1234567890abcdefghij", "goog ***"},
  };
  for (const auto& [text, scrubbed] : cases) {
    EXPECT_EQ(scrub_keys(text), scrubbed);
    EXPECT_TRUE(leaks_key(text));
    EXPECT_EQ(scrub_keys(scrubbed), scrubbed);
    EXPECT_FALSE(leaks_key(scrubbed)) << scrubbed;
  }
  for (const std::string_view text :
       {"use Bearer auth, **bold**, task-force-one, a sk-1",
        R"({"error":{"message":"messages[1].role: unknown variant `developer`","code":"x"}})",
        "maximum context length is 1048576 tokens", "..."}) {
    EXPECT_EQ(scrub_keys(text), text);
    EXPECT_FALSE(leaks_key(text)) << text;
  }
}

TEST(ScrubKeys, removes_a_known_secret_of_any_shape) {
  EXPECT_EQ(scrub_keys("bad key my/own+secret, xmy/own+secretx my/own+secret.", "my/own+secret"),
            "bad key ***, *** ***");
  EXPECT_EQ(scrub_keys("no EMPTY words", "EMPTY"), "no EMPTY words");
}

TEST(ReadError, bounds_and_cleans_the_message) {
  const ProviderError error = read_error(500, "\xFF" + std::string(100'000, 'x'));
  EXPECT_EQ(error.message.size(), kMaxMessage);
  EXPECT_TRUE(error.message.ends_with("x..."));
  EXPECT_EQ(error.message[0], '?');
  std::string deep = "{\"error\":";
  for (int i = 0; i < 10'000; ++i) deep += "[";
  EXPECT_EQ(read_error(400, deep).error_class, ErrorClass::bad_request);
}

TEST(ReadError, has_a_name_and_a_policy_for_each_class) {
  for (int i = 0; i <= static_cast<int>(ErrorClass::unexpected); ++i) {
    const auto error_class = static_cast<ErrorClass>(i);
    EXPECT_FALSE(name(error_class).empty());
    // What is worth a retry is worth another target.
    EXPECT_TRUE(!policy(error_class).retryable || policy(error_class).try_fallback);
  }
  EXPECT_EQ(name(ErrorClass::timeout), "timeout");
  EXPECT_EQ(name(ErrorClass::unexpected), "unexpected");
}

TEST(RetryAfter, reads_seconds_milliseconds_and_dates) {
  WallTime now;
  ASSERT_TRUE(parse_rfc3339("1994-11-06T08:49:00Z", now));
  const auto read = [&](std::string_view value, std::string_view milliseconds = "") {
    return read_retry_after(value, milliseconds, now);
  };
  EXPECT_EQ(read("120"), 120s);
  EXPECT_EQ(read(" 0 "), 0s);
  EXPECT_EQ(read("1.5"), 1500ms);
  EXPECT_EQ(read("120", "250"), 250ms);
  EXPECT_EQ(read("Sun, 06 Nov 1994 08:49:37 GMT"), 37s);
  EXPECT_EQ(read("Sunday, 06-Nov-94 08:49:37 GMT"), 37s);
  EXPECT_EQ(read("Sun Nov  6 08:49:37 1994"), 37s);
  EXPECT_EQ(read("Sun, 06 Nov 1994 08:48:37 GMT"), 0s);
  EXPECT_EQ(read("99999999999999999999999"), kMaxRetryAfter);
  EXPECT_EQ(read("Sun, 06 Nov 9999 08:49:37 GMT"), kMaxRetryAfter);
  for (const std::string_view bad :
       {"", "soon", "-1", "1e3", "inf", "nan", "12 s", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 06 Nov 1994", ",",
        "Sun Nov 6 08:49 1994", "99999999-99-99"}) {
    EXPECT_EQ(read(bad), std::nullopt) << bad;
  }
}

TEST(ErrorAnswer, is_what_openai_clients_understand) {
  const Error unknown{ErrorCode::not_found, "no model \"x\"", "model"};
  EXPECT_EQ(http_status(unknown), 404);
  EXPECT_EQ(openai_error(unknown),
            R"({"error":{"message":"no model \"x\"","type":"invalid_request_error",)"
            R"("param":"model","code":"model_not_found"}})");
  EXPECT_EQ(openai_error_event({ErrorCode::truncated, "cut", ""}),
            "data: {\"error\":{\"message\":\"cut\",\"type\":\"api_error\",\"param\":null,"
            "\"code\":\"answer_truncated\"}}\n\n");
  EXPECT_EQ(http_status({ErrorCode::too_large, "", "messages"}), 400);
  const std::pair<ErrorCode, int> statuses[] = {
      {ErrorCode::invalid, 400},   {ErrorCode::unauthorized, 401}, {ErrorCode::forbidden, 403},
      {ErrorCode::too_large, 413}, {ErrorCode::rate_limited, 429}, {ErrorCode::unavailable, 503},
      {ErrorCode::timeout, 504},   {ErrorCode::truncated, 502},    {ErrorCode::io, 502},
      {ErrorCode::internal, 500},
  };
  for (const auto& [code, status] : statuses) EXPECT_EQ(http_status({code, "", ""}), status);
}

}  // namespace
}  // namespace tidegate::protocol
